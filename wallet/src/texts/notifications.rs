//! Texts about notifications.

pub const TITLE: &str = "Notifications";
pub const LEAD: &str = "An address is optional. We use it only for these messages, no mall sees it, and you can remove it at any time.";
pub const NONE: &str = "You get no messages.";
pub const SENT_TO: &str = "Sent to";
pub const REMOVE: &str = "Remove the address";
pub const ADD: &str = "Add an address";
pub const CHANGE: &str = "Change the address";
pub const KIND: &str = "By";
pub const EMAIL: &str = "E-mail";
pub const MOBILE: &str = "Text message";
pub const ADDRESS: &str = "Address or number";
pub const ADDRESS_HINT: &str =
    "An e-mail address, or a mobile number with its country code, as in +44 7700 900123.";
pub const EMAIL_ADDRESS: &str = "E-mail address";
pub const EMAIL_HINT: &str = "We send a code to it. This wallet can't send text messages.";
pub const MOBILE_NUMBER: &str = "Mobile number";
pub const MOBILE_HINT: &str =
    "With its country code, as in +44 7700 900123. This wallet can't send e-mail.";
pub const NO_CHANNEL: &str =
    "This wallet can send neither e-mail nor text messages. Its operator has to set that up first.";
pub const BAD_EMAIL: &str = "This is not an e-mail address. It looks like name@example.com.";
pub const BAD_MOBILE: &str =
    "This is not a mobile number with its country code. It looks like +44 7700 900123.";
pub const SEND_CODE: &str = "Send a code";
pub const CONFIRM: &str = "Confirm the address";
pub const CODE: &str = "Code";
pub const WRONG_CODE: &str = "This code is wrong. Check it, or request a new one.";
pub const NO_CODE: &str = "This code is no longer valid. Please request a new one.";
pub const CONFIRM_IT: &str = "Confirm";
pub const PREFERENCES: &str = "Messages that you want to get";
pub const SAVE: &str = "Save";

/// A code is on its way to an address.
pub fn pending(shown: &str) -> String {
    format!("We sent a code to {shown}. It is valid for 15 minutes.")
}

/// Name of the box, label.
pub const CHOICES: &[(&str, &str)] = &[
    ("purchases", "Purchases"),
    ("declines", "Declined purchases"),
    ("loads", "Loads and payouts"),
    ("refunds", "Refunds"),
    ("security", "Sign-ins and changes of the password"),
];
