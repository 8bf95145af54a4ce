//! The recovery code.

pub const CODE: &str = "Recovery code";
pub const CODE_HINT: &str =
    "25 characters: letters, digits and +. Capitals, spaces and hyphens do not matter.";
pub const THERE: &str = "There is a recovery code for this wallet. It sets a new password if you lose yours, and works once. Only you have it: create another one if you no longer do.";
pub const NONE: &str = "There is no recovery code. Without one, a lost password can't be replaced: create one, and keep it away from this device.";
pub const CREATE: &str = "Create a recovery code";
pub const ANOTHER: &str = "Create another code";
pub const NEW_TITLE: &str = "Your new recovery code";
pub const NEW_LEAD: &str = "Print this page or write the code down, and keep it away from this device. It is shown only now. Together with the identification number it sets a new password, once. An earlier code no longer works.";
pub const PICTURE: &str = "QR code that opens the sign-in page with your identification number";
pub const PICTURE_LEAD: &str = "Scan it to sign in on a phone; it holds the number, not the code.";
pub const PRINT: &str = "Print, or save as PDF";
pub const PRINTED: &str = "Keep this page where nobody else finds it. Sign in, or set a new password with the recovery code, at";
pub const FORGOTTEN: &str = "Forgotten your password?";
pub const FORGOTTEN_TITLE: &str = "Set a new password";
pub const FORGOTTEN_LEAD: &str = "With your identification number and the recovery code. All devices are signed out, and the code is used up.";
pub const NEW_PASSWORD: &str = "New password";
pub const RECOVER: &str = "Set the password and sign in";
pub const NO_MATCH: &str =
    "The identification number or the recovery code is wrong, or the code was used.";
pub const NO_CODE_TITLE: &str = "No number, or no code?";
pub const NO_CODE: &str = "Look at the page that you printed, at your notes and in your password manager: it may have saved the number as the user name. We know neither the number nor the code, so we can't send them. A device that is still signed in can show the number and create another code, under Security.";
