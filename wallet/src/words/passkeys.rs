//! What the switch has refused about a passkey, in words for payers.

use tessera_texts::{Text, passkeys as text};

use crate::line::Failure;

/// In words; `None` where it is about something else.
pub fn refusal(failure: &Failure) -> Option<Text> {
    let Failure::Refused(refusal) = failure else {
        return None;
    };
    Some(match refusal.reason.as_str() {
        "no such passkey, or it has signed something else" => text::WRONG,
        "the passkey's challenge is over, used or another's" => text::TOO_LATE,
        "the passkey's counter does not rise: there is a copy of it" => text::COPIED,
        "too many passkeys: remove one of them first" => text::FULL,
        "the wallet has this passkey" => text::KNOWN,
        "passkeys are not configured" => text::FAILED,
        _ => return None,
    })
}
