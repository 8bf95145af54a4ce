//! Sessions and the password.

pub const TITLE: &str = "Security";
pub const SESSIONS: &str = "Where you are signed in";
pub const THIS: &str = "This device";
pub const EXTENSION: &str = "Extension";
pub const OPENED: &str = "since";
pub const USED: &str = "last used";
pub const END: &str = "End";
pub const EVERYWHERE: &str = "Sign out everywhere";
pub const PASSWORD: &str = "Change the password";
pub const OLD: &str = "Password until now";
pub const NEW: &str = "New password";
pub const AGAIN: &str = "The new one once more";
pub const CHANGE: &str = "Change it";
pub const CHANGE_LEAD: &str = "All other sessions end.";
