//! On forms everywhere.

pub const OPTIONAL: &str = "(may be left empty)";
pub const PASSWORD: &str = "Your password";
pub const WRONG: &str = "That did not work";
pub const AMOUNT: &str = "That is not an amount. Write it like 25 or 19.99.";
pub const ZERO: &str =
    "Nothing could be paid with a limit of 0. Leave the field empty for no limit.";
pub const CHOOSE: &str = "Choose one of the list.";
