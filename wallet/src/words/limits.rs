//! The limits, and which of them keeps a payer from a purchase.

use tessera_texts::{Argument, Text, limits as text};

use crate::headroom::Limited;

/// The limits in their order: name of the field, label, whether it is an amount.
pub const FIELDS: &[(&str, Text, bool)] = &[
    ("transaction", text::TRANSACTION, true),
    ("day", text::DAY, true),
    ("month", text::MONTH, true),
    ("day_count", text::DAY_COUNT, false),
    ("month_count", text::MONTH_COUNT, false),
];

/// The limit that a purchase would go beyond.
pub fn reached(what: Limited, is_own: bool, most: Argument, used: Argument) -> Text {
    match (what, is_own) {
        (Limited::Purchase, true) => text::reached_own_purchase(most),
        (Limited::Day, true) => text::reached_own_day(most, used),
        (Limited::Month, true) => text::reached_own_month(most, used),
        (Limited::DayCount, true) => text::reached_own_day_count(most),
        (Limited::MonthCount, true) => text::reached_own_month_count(most),
        (Limited::Purchase, false) => text::reached_purchase(most),
        (Limited::Day, false) => text::reached_day(most, used),
        (Limited::Month, false) => text::reached_month(most, used),
        (Limited::DayCount, false) => text::reached_day_count(most),
        (Limited::MonthCount, false) => text::reached_month_count(most),
    }
}
