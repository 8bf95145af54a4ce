//! The result of an action, by the word in the address.

use super::passkeys;

/// In words; `None` for a word that is not ours.
pub fn words(key: &str) -> Option<&'static str> {
    Some(match key {
        "ended" => "You have been signed out. Sign in to continue.",
        "signed-out" => "You are signed out.",
        "everywhere" => "You are signed out on every device.",
        "closed" => "Your wallet is closed, and its money is on the way back to you.",
        "card" => "Your card is ready.",
        "reissued" => {
            "You have a new card number. The old number no longer works; your money stays."
        }
        "retired" => "This number no longer works.",
        "source" => "The source is saved.",
        "source-removed" => "The source is removed.",
        "reload" => "Automatic loading is on.",
        "no-reload" => "Automatic loading is off.",
        "frozen" => "Your wallet is frozen. Purchases are declined.",
        "disputed" => {
            "We have your report and are looking into it. Your wallet is frozen: new purchases are declined until you unfreeze it."
        }
        "unfrozen" => "Your wallet is open again.",
        "limits" => "Your limits are set.",
        "code-sent" => "A code is on its way. Type it below.",
        "confirmed" => "The address is confirmed.",
        "no-contact" => "The address is removed. You get no more messages.",
        "preferences" => "Saved.",
        "session-ended" => "The session has ended.",
        "recovered" => {
            "Your password is set, and all other devices are signed out. The recovery code is used up: create another one below."
        }
        "passkey-added" => passkeys::ADDED,
        "passkey-renamed" => passkeys::RENAMED,
        "passkey-removed" => passkeys::REMOVED,
        "password" => "Your password is changed. All other sessions have ended.",
        _ => return None,
    })
}
