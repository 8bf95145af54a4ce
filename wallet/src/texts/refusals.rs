//! Why something came to nothing, in a person's words.

use crate::line::Failure;

pub const WRONG_PASSWORD: &str = "The password is not right.";
pub const NO_LINE: &str =
    "The payment service can't be reached. Nothing has been done. Please try again in a moment.";
pub const NO_ANSWER: &str = "The payment service has not answered. We don't know yet whether this was done: look at your transactions before you try again.";

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
        Failure::TooLong => "That is longer than it may be.".to_owned(),
        Failure::Nonsense(_) => {
            "The payment service gave an answer that we don't understand.".to_owned()
        }
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
        "05" => "The bank said no.",
        "12" => "That is not possible as things are.",
        "13" => "That amount is not possible.",
        "14" => "There is no card yet.",
        "25" => "That is not there any more.",
        "30" => "Something in it can't be read. Look at what you typed.",
        "51" => "There is not enough money.",
        "54" => "The card has expired.",
        "57" => "That is not permitted.",
        "61" => "That is above a limit.",
        "62" => "The wallet is frozen or closed.",
        "63" => "The session has ended.",
        "65" => "That is more often than it may be, or one too many.",
        "91" => {
            "The bank does not answer. If money was about to move, look at your transactions before you try again."
        }
        "94" => "That exists already, or has been done before.",
        "96" => "The payment service could not do it. Nothing has changed.",
        _ => "The bank said no.",
    }
}

/// A field 39 behind `Declined:`.
pub fn reason(code: &str) -> &'static str {
    match code {
        "12" => "not possible",
        "13" => "another amount than agreed",
        "14" => "card number not known",
        "25" => "not agreed to in time",
        "51" => "not enough money",
        "54" => "card expired",
        "57" => "not permitted",
        "61" => "above an amount limit",
        "62" => "wallet frozen",
        "65" => "too many purchases",
        "91" => "the bank did not answer",
        "94" => "asked twice",
        "96" => "the payment service was busy",
        _ => "the bank said no",
    }
}
