//! Texts about sessions and the password.

pub const TITLE: &str = "Security";
pub const SESSIONS: &str = "Where you are signed in";
pub const THIS: &str = "This device";
pub const EXTENSION: &str = "Extension";
pub const OPENED: &str = "since";
pub const USED: &str = "last used";
pub const END: &str = "End";
pub const EVERYWHERE: &str = "Sign out everywhere";
pub const PASSWORD: &str = "Change the password";
pub const OLD: &str = "Current password";
pub const NEW: &str = "New password";
pub const AGAIN: &str = "Repeat the new password";
pub const CHANGE: &str = "Change";
pub const CHANGE_LEAD: &str = "All other sessions end.";

/// A device on which the payer is signed in, as named by its browser.
pub fn device(browser: Option<&str>, system: Option<&str>) -> String {
    let browser = browser.unwrap_or("A browser");
    match system {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}
