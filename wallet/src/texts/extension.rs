//! What the extension's interface answers. The extension shows it to its payer.

pub const NOT_AN_EXTENSION: &str = "This is for the extension alone.";
pub const MALFORMED: &str = "The wallet does not understand this extension. Get the newest one.";
pub const SIGN_IN_AGAIN: &str = "Your session has ended. Please sign in again.";
