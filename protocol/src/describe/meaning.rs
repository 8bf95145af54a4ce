//! What codes mean: MTI, processing code, response code and the like.

use crate::currency::Currency;
use crate::money::money_text;
use crate::mti::Mti;
use crate::request::{NetworkCode, STATUS_INQUIRY};
use crate::response_code::ResponseCode;

/// What the four digits say.
pub(super) fn of_mti(mti: Mti) -> String {
    let class = match mti.class() {
        1 => "authorization",
        2 => "financial",
        3 => "card file",
        4 => "reversal",
        5 => "reconciliation",
        6 => "administrative",
        8 => "network management",
        _ => return "unknown".to_owned(),
    };
    let function = match mti.value() >> 4 & 0xF {
        0 => "request",
        1 => "answer",
        2 => "advice",
        3 => "answer to an advice",
        _ => "message of an unknown function",
    };
    let repeat = if mti.is_repeat() { ", repeat" } else { "" };
    format!("{class} {function}{repeat}")
}

/// What the value of a field says; `None` where a code is unknown or the value speaks for itself.
pub(super) fn of_field(number: u8, value: &str, currency: Option<Currency>) -> Option<String> {
    let meaning = match number {
        3 => processing_code(value)?,
        22 => return entry_mode(value),
        24 if value.parse() == Ok(STATUS_INQUIRY) => "status inquiry",
        25 => condition(value)?,
        39 => {
            let code = ResponseCode::new(value.as_bytes().try_into().ok()?);
            code.meaning()?
        }
        66 => match value {
            "1" => "totals agree",
            "2" => "totals do not agree",
            _ => return None,
        },
        70 => NetworkCode::of(value.parse().ok()?)?.meaning(),
        91 => match value {
            "1" => "issue a card",
            "2" => "replace a card",
            "3" => "cancel a card",
            _ => return None,
        },
        4 => return of_amount(value, currency),
        7 => return split(value, &[2, 2, 2, 2, 2], &["-", " ", ":", ":", " UTC"]),
        12 => return split(value, &[2, 2, 2], &[":", ":", ""]),
        13 | 15 => return split(value, &[2, 2], &["-", ""]),
        14 => return split(value, &[2, 2], &["-", ""]).map(|date| format!("20{date}")),
        49..=51 => Currency::from_text(value.as_bytes())?.letters()?,
        _ => return None,
    };
    Some(meaning.to_owned())
}

/// Minor units as money, where the currency is known.
pub(super) fn of_amount(digits: &str, currency: Option<Currency>) -> Option<String> {
    let currency = currency.filter(|currency| currency.letters().is_some())?;
    Some(money_text(digits.parse::<u64>().ok()?, currency))
}

fn processing_code(value: &str) -> Option<&'static str> {
    Some(match value.get(..2)? {
        "00" => "purchase",
        "20" => "refund",
        "21" | "28" => "load",
        "29" => "payout",
        "31" => "balance inquiry",
        "38" => "account verification",
        _ => return None,
    })
}

/// Two digits of how the card was read, one of what the terminal can do with a PIN.
fn entry_mode(value: &str) -> Option<String> {
    let entry = match value.get(..2)? {
        "00" => "unknown",
        "01" => "typed in",
        "02" | "90" => "magnetic stripe",
        "03" => "optical code",
        "05" | "95" => "chip",
        "07" | "91" => "contactless",
        "10" => "credential on file",
        "80" => "stripe after failed chip",
        "81" => "e-commerce",
        _ => return None,
    };
    let pin = match value.get(2..)? {
        "1" => ", PIN can be entered",
        "2" => ", no PIN can be entered",
        _ => "",
    };
    Some(format!("{entry}{pin}"))
}

fn condition(value: &str) -> Option<&'static str> {
    Some(match value {
        "00" => "normal presentment",
        "01" => "payer not present",
        "02" => "unattended terminal",
        "05" => "payer present, card not",
        "08" => "mail or telephone order",
        "59" => "e-commerce",
        _ => return None,
    })
}

/// Puts something behind each group of digits.
fn split(value: &str, groups: &[usize], behind: &[&str]) -> Option<String> {
    let mut rest = value;
    let mut text = String::new();
    for (&digits, behind) in groups.iter().zip(behind) {
        let (group, tail) = rest.split_at_checked(digits)?;
        text = text + group + behind;
        rest = tail;
    }
    Some(text)
}
