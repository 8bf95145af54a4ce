//! The reasons of failures, in words for payers.

use crate::line::Failure;

pub const WRONG_PASSWORD: &str = "The password is wrong.";
pub const PASSWORD_AGAIN: &str = "Please type your password: we ask for it again after a while.";
pub const NO_LINE: &str =
    "The payment service can't be reached. Nothing has been done. Please try again in a moment.";
pub const NO_ANSWER: &str = "The payment service has not answered. We don't know yet whether this was done. Please check your transactions before you try again.";

/// A failed operation.
pub fn words(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => match (refusal.code.as_str(), refusal.retry_after) {
            ("65", Some(seconds)) => try_again(seconds),
            ("96", Some(seconds)) => format!(
                "The payment service is busy. Nothing has been done. Try again in {seconds} seconds."
            ),
            (code, _) => sentence(code).to_owned(),
        },
        Failure::NotSent => NO_LINE.to_owned(),
        Failure::NoAnswer => NO_ANSWER.to_owned(),
        Failure::TooLong => "One of the entries is too long.".to_owned(),
        Failure::Nonsense(_) => "The payment service sent an unexpected answer.".to_owned(),
    }
}

/// Too many tries.
pub fn try_again(seconds: u64) -> String {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    format!("Too many tries. Try again in {seconds} {unit}.")
}

/// A field 39 as a sentence.
fn sentence(code: &str) -> &'static str {
    match code {
        "05" => "The bank declined.",
        "12" => "This is not possible at the moment.",
        "13" => "This amount is not possible.",
        "14" => "You have no card yet.",
        "25" => "This no longer exists.",
        "30" => "One of the entries is not valid. Please check them.",
        "51" => "You don't have enough money.",
        "54" => "The card has expired.",
        "57" => "This is not allowed.",
        "61" => "This is above a limit.",
        "62" => "The wallet is frozen or closed.",
        "63" => "The session has ended.",
        "65" => "You have reached the maximum number.",
        "91" => {
            "The bank does not answer. If money was involved, please check your transactions before you try again."
        }
        "94" => "This exists already, or was already done.",
        "96" => "The payment service had a problem. Nothing has changed.",
        _ => "The bank declined.",
    }
}

/// A field 39 behind `Declined:`.
pub fn reason(code: &str) -> &'static str {
    match code {
        "12" => "not possible",
        "13" => "amount differs from the agreement",
        "14" => "unknown card number",
        "25" => "not agreed to in time",
        "51" => "not enough money",
        "54" => "card expired",
        "57" => "not permitted",
        "61" => "above an amount limit",
        "62" => "wallet frozen",
        "65" => "too many purchases",
        "91" => "the bank did not answer",
        "94" => "duplicate request",
        "96" => "the payment service was busy",
        _ => "the bank did not say why",
    }
}
