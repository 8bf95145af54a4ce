//! The result of an action, by the word in the address.

use tessera_texts::{Text, done as text};

/// In words; `None` for a word that is not ours.
pub fn words(key: &str) -> Option<Text> {
    Some(match key {
        "ended" => text::ENDED,
        "signed-out" => text::SIGNED_OUT,
        "everywhere" => text::EVERYWHERE,
        "closed" => text::CLOSED,
        "card" => text::CARD,
        "reissued" => text::REISSUED,
        "retired" => text::RETIRED,
        "source" => text::SOURCE,
        "source-removed" => text::SOURCE_REMOVED,
        "reload" => text::RELOAD,
        "no-reload" => text::NO_RELOAD,
        "frozen" => text::FROZEN,
        "disputed" => text::DISPUTED,
        "unfrozen" => text::UNFROZEN,
        "limits" => text::LIMITS,
        "code-sent" => text::CODE_SENT,
        "confirmed" => text::CONFIRMED,
        "no-contact" => text::NO_CONTACT,
        "browser-added" => text::BROWSER_ADDED,
        "browser-removed" => text::BROWSER_REMOVED,
        "preferences" => text::PREFERENCES,
        "session-ended" => text::SESSION_ENDED,
        "recovered" => text::RECOVERED,
        "passkey-added" => text::PASSKEY_ADDED,
        "passkey-renamed" => text::PASSKEY_RENAMED,
        "passkey-removed" => text::PASSKEY_REMOVED,
        "password" => text::PASSWORD,
        "language" => text::LANGUAGE,
        _ => return None,
    })
}
