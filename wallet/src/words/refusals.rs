//! The reasons of failures, in words for payers.

use tessera_texts::{Text, refusals as text};

use crate::line::Failure;

/// A failed operation.
pub fn words(failure: &Failure) -> Text {
    match failure {
        Failure::Refused(refusal) => match (refusal.code.as_str(), refusal.retry_after) {
            ("65", Some(seconds)) => text::try_again(seconds),
            ("96", Some(seconds)) => text::busy(seconds),
            (code, _) => sentence(code),
        },
        Failure::NotSent => text::NO_LINE,
        Failure::NoAnswer => text::NO_ANSWER,
        Failure::TooLong => text::TOO_LONG,
        Failure::Nonsense(_) => text::NONSENSE,
    }
}

/// A field 39 as a sentence.
fn sentence(code: &str) -> Text {
    match code {
        "12" => text::NOT_NOW,
        "13" => text::AMOUNT,
        "14" => text::NO_CARD,
        "25" => text::GONE,
        "30" => text::NOT_VALID,
        "51" => text::MONEY,
        "54" => text::EXPIRED,
        "57" => text::NOT_ALLOWED,
        "61" => text::LIMIT,
        "62" => text::FROZEN,
        "63" => text::SESSION,
        "65" => text::NUMBER,
        "91" => text::BANK_SILENT,
        "94" => text::EXISTS,
        "96" => text::PROBLEM,
        _ => text::DECLINED,
    }
}

/// A field 39 behind `Declined:`.
pub fn reason(code: &str) -> Text {
    match code {
        "12" => text::REASON_NOT_POSSIBLE,
        "13" => text::REASON_AMOUNT,
        "14" => text::REASON_NUMBER,
        "25" => text::REASON_AGREEMENT,
        "51" => text::REASON_MONEY,
        "54" => text::REASON_EXPIRED,
        "57" => text::REASON_NOT_PERMITTED,
        "61" => text::REASON_LIMIT,
        "62" => text::REASON_FROZEN,
        "65" => text::REASON_COUNT,
        "91" => text::REASON_BANK_SILENT,
        "94" => text::REASON_DUPLICATE,
        "96" => text::REASON_BUSY,
        _ => text::REASON_UNKNOWN,
    }
}
