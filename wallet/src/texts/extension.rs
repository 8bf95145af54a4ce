//! Messages of the extension's interface, which the extension shows to the payer.

pub const NOT_AN_EXTENSION: &str = "This address is only for the extension.";
pub const MALFORMED: &str = "This extension is out of date. Please get the newest one.";
pub const SIGN_IN_AGAIN: &str = "Your session has ended. Please sign in again.";
