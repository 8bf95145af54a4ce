//! What was done, by the word that stands in the address.

/// In words; `None` for a word that is not ours.
pub fn words(key: &str) -> Option<&'static str> {
    Some(match key {
        "ended" => "You have been signed out. Sign in to go on.",
        "signed-out" => "You are signed out.",
        "everywhere" => "You are signed out on every device.",
        "closed" => "Your wallet is closed, and its money is on the way back to you.",
        "card" => "Your card is ready.",
        "reissued" => "You have a new card number. The old one is dead; your money stays.",
        "retired" => "That number is dead.",
        "source" => "The source is stored.",
        "source-removed" => "The source is forgotten.",
        "loaded" => "The money is in your wallet.",
        "reload" => "Automatic reload is on.",
        "no-reload" => "Automatic reload is off.",
        "frozen" => "Your wallet is frozen. No purchase goes through.",
        "unfrozen" => "Your wallet is open again.",
        "limits" => "Your limits are set.",
        "code-sent" => "A code is on its way. Type it below.",
        "confirmed" => "The address is confirmed.",
        "no-contact" => "The address is forgotten. Nothing will be sent.",
        "wishes" => "Saved.",
        "session-ended" => "That session is ended.",
        "password" => "Your password is changed. All other sessions are ended.",
        _ => return None,
    })
}
