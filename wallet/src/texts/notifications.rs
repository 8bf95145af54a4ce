//! Notifications.

pub const TITLE: &str = "Notifications";
pub const LEAD: &str = "You need not give an address. If you do, it is used for nothing else, no mall sees it, and you can take it back.";
pub const NONE: &str = "Nothing is sent to you.";
pub const SENT_TO: &str = "Sent to";
pub const REMOVE: &str = "Forget the address";
pub const ADD: &str = "Add an address";
pub const CHANGE: &str = "Another address";
pub const KIND: &str = "By";
pub const EMAIL: &str = "E-mail";
pub const MOBILE: &str = "Text message";
pub const ADDRESS: &str = "Address or number";
pub const ADDRESS_HINT: &str =
    "An e-mail address, or a mobile number with its country code, as in +44 7700 900123.";
pub const BAD_ADDRESS: &str =
    "That is neither an e-mail address nor a mobile number with its country code.";
pub const SEND_CODE: &str = "Send a code";
pub const CONFIRM: &str = "Confirm the address";
pub const CODE: &str = "Code";
pub const WRONG_CODE: &str = "That is not the code. Look again, or have a new one sent.";
pub const NO_CODE: &str = "The code is no longer good. Have a new one sent.";
pub const CONFIRM_IT: &str = "Confirm";
pub const PREFERENCES: &str = "What you want to be told";
pub const SAVE: &str = "Save";

/// A code is on its way to an address.
pub fn pending(shown: &str) -> String {
    format!("A code was sent to {shown}. It is good for 15 minutes.")
}

/// Name of the box, label.
pub const CHOICES: &[(&str, &str)] = &[
    ("purchases", "Purchases"),
    ("declines", "Declined purchases"),
    ("loads", "Loads and payouts"),
    ("refunds", "Refunds"),
    ("security", "Sign-ins and changes of the password"),
];
