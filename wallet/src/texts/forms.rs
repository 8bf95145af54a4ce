//! Texts that all forms share.

pub const OPTIONAL: &str = "(optional)";
pub const PASSWORD: &str = "Your password";
pub const SHOW: &str = "Show";
pub const HIDE: &str = "Hide";
pub const SHOWN: &str = "The password is visible.";
pub const HIDDEN: &str = "The password is hidden.";
pub const WRONG: &str = "That did not work";
pub const AMOUNT: &str = "This is not an amount. Write it like 25 or 19.99.";
pub const ZERO: &str =
    "With a limit of 0 you could pay nothing. Leave the field empty for no limit.";
pub const CHOOSE: &str = "Please choose from the list.";
