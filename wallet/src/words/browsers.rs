//! What the switch has refused about a browser that shows notifications, in words for payers.

use tessera_texts::{Text, browsers as text};

use crate::line::Failure;

/// In words; `None` where it is about something else.
pub fn refusal(failure: &Failure) -> Option<Text> {
    let Failure::Refused(refusal) = failure else {
        return None;
    };
    Some(match refusal.reason.as_str() {
        "this browser shows notifications already" => text::KNOWN,
        "too many browsers: remove one of them first" => text::FULL,
        "this push service is not in the configured list" => text::SERVICE,
        "tag 60: not the address of a push service, or too long"
        | "tag 61: no public key and secret of a browser"
        | "notifications in browsers are not configured" => text::FAILED,
        _ => return None,
    })
}
