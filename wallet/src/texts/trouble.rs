//! Where a page can't be shown.

pub const NOT_FOUND_TITLE: &str = "There is nothing here";
pub const NOT_FOUND: &str = "The address may be mistyped, or what was here has gone.";
pub const FORM_TITLE: &str = "This form is out of date";
pub const FORM: &str = "It was opened before you signed in or out, or it does not come from this site. Nothing has been done. Open the page again and send it once more.";
pub const TOO_LARGE_TITLE: &str = "That is too much";
pub const TOO_LARGE: &str = "No form of this site is that long. Nothing has been done.";
pub const BUSY: &str = "Your transactions are being read already, for another page or for a file. Try again when that is done.";
pub const FAILURE_TITLE: &str = "Not just now";
pub const BACK: &str = "Back to the start";
pub const AGAIN: &str = "Try again";
