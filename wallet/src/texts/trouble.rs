//! Pages for errors.

pub const NOT_FOUND_TITLE: &str = "This page does not exist";
pub const NOT_FOUND: &str = "The address may be mistyped, or the page was removed.";
pub const FORM_TITLE: &str = "This form is out of date";
pub const FORM: &str = "You opened it before you signed in or out, or it does not come from this site. Nothing has been done. Open the page again and send the form again.";
pub const TOO_LARGE_TITLE: &str = "The form is too long";
pub const TOO_LARGE: &str = "Please enter less text. Nothing has been done.";
pub const BUSY: &str = "Your transactions are already being read for another page or file. Please try again in a moment.";
pub const FAILURE_TITLE: &str = "Please try again later";
pub const BACK: &str = "Back to the start";
pub const AGAIN: &str = "Try again";
