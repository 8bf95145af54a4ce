//! Texts about passkeys.

use crate::line::Failure;

pub const TITLE: &str = "Passkeys";
pub const LEAD: &str = "A passkey signs you in, and confirms payments, with your fingerprint, your face or the PIN of your device: nothing to remember, and nothing that a false page could steal.";
pub const NONE: &str = "You have no passkey yet.";
pub const NEEDS_SCRIPT: &str =
    "To add a passkey, allow JavaScript for this page. Your password works without it.";
pub const UNSUPPORTED: &str = "This browser can't make passkeys. Your password works as before.";
pub const ADD: &str = "Add a passkey";
pub const ADD_LEAD: &str = "Your browser then asks where to keep it: on this device, on your phone, on a security key, or in your password manager. Your password and your recovery code stay as they are.";
pub const FULL: &str = "You have ten passkeys, which is the most. Remove one to add another.";
pub const ADDED_AT: &str = "added";
pub const USED_AT: &str = "last used";
pub const SYNCED: &str = "On several devices";
pub const RENAME: &str = "Rename";
pub const NAME: &str = "Name";
pub const SAVE: &str = "Save";
pub const NAME_MISSING: &str = "Please give the passkey a name.";
pub const REMOVE: &str = "Remove";
pub const REMOVE_TITLE: &str = "Remove this passkey?";
pub const REMOVE_LEAD: &str = "It no longer signs you in. Sessions that it has opened stay open: you can end them under Security. Delete it in your browser or password manager too, so that it is not offered any more.";
pub const KEEP: &str = "Keep it";
pub const CHECK: &str =
    "Your passkeys still work. Do you know every one of them? Remove those that you don't.";
pub const STAY: &str =
    "Passkeys stay when you change the password, use the recovery code or sign out everywhere.";
pub const ADDED: &str = "The passkey is added. It signs you in from now on.";
pub const RENAMED: &str = "The passkey has its new name.";
pub const REMOVED: &str = "The passkey is removed.";
pub const SIGN_IN: &str = "Sign in with a passkey";
pub const CONFIRM: &str = "Confirm with a passkey";
pub const CHANGE_PASSWORD: &str = "Change it with a passkey";
pub const CANCELLED: &str = "The passkey was not used. Try again, or use your password.";
pub const NOT_MADE: &str = "No passkey was made. Nothing has changed.";
pub const KNOWN: &str = "This device or password manager has a passkey of your wallet already.";
pub const FAILED: &str = "Your browser could not use a passkey here. Please use your password.";
pub const UNREACHABLE: &str = "The payment service can't be reached. Please try again in a moment.";
pub const NOT_CONFIRMED: &str = "Please type your password, or confirm with a passkey.";
/// In the list of a passkey manager, with the name of the wallet behind it.
pub const WALLET: &str = "Tessera wallet";

/// Question, answer: on the help page.
pub const QUESTIONS: &[(&str, &str)] = &[
    (
        "What is a passkey?",
        "A key that your device or password manager keeps for this site. You unlock it with your fingerprint, your face or the PIN of the device, and it signs you in without number and password. You add one under Security. Keep your identification number, password and recovery code: they work as before.",
    ),
    (
        "I have lost a device with a passkey",
        "Sign in on another device and remove the passkey under Security. Nobody can use it there without your fingerprint, face or PIN.",
    ),
];

const WRONG: &str = "This passkey does not open this wallet. It may have been removed here. Use another one, or your password.";
const TOO_LATE: &str = "That took too long, or was sent twice. Please try again.";
const COPIED: &str = "This passkey was refused, because there may be a copy of it. Sign in with your password, remove it under Security, and add another one.";

/// What the switch has refused about a passkey; `None` where it is about something else.
pub fn refusal(failure: &Failure) -> Option<&'static str> {
    let Failure::Refused(refusal) = failure else {
        return None;
    };
    Some(match refusal.reason.as_str() {
        "no such passkey, or it has signed something else" => WRONG,
        "the passkey's challenge is over, used or another's" => TOO_LATE,
        "the passkey's counter does not rise: there is a copy of it" => COPIED,
        "too many passkeys: remove one of them first" => FULL,
        "the wallet has this passkey" => KNOWN,
        "passkeys are not configured" => FAILED,
        _ => return None,
    })
}
