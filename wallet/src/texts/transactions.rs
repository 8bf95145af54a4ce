//! Transactions and their states, in words for payers.

use tessera_common::reasons;

use super::refusals::reason;
use crate::history::{Kind, Outcome, Transaction};

pub const TITLE: &str = "Transactions";
pub const SEARCH_TITLE: &str = "Search and filter";
pub const EMPTY: &str =
    "No transactions yet. Load money, and your loads and purchases appear here.";
pub const EMPTY_NEXT: &str = "Load money";
pub const SEARCH: &str = "Search";
pub const SEARCH_HINT: &str = "A word, a mall, or an amount.";
pub const STATUS: &str = "Which";
pub const FROM: &str = "From";
pub const UNTIL: &str = "Until";
pub const FIND: &str = "Find";
pub const CLEAR: &str = "Show all";
pub const CSV: &str = "Download as CSV";
pub const NEWER: &str = "Newer";
pub const OLDER: &str = "Older";
pub const NOTHING: &str = "No transactions found.";
pub const CARD_ENDING: &str = "card ending";
pub const ZONE: &str = "UTC";
pub const BAD_DATE: &str = "This is not a date. Write it like 2026-11-22.";
pub const CSV_HEAD: &str = "time_utc,type,state,what,mall,mall_reference,reference,belongs_to,amount,balance_change,balance,currency";

/// The states in the filter: the word in the address, the text on the page.
pub const CHOICES: &[(&str, &str)] = &[
    ("", "Everything"),
    ("paid", "Paid"),
    ("waiting", "Waiting"),
    ("declined", "Declined"),
    ("refunded", "Refunds and reversals"),
    ("money", "Money in and out"),
];

/// What it is, in a word.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Purchase => "Purchase",
        Kind::Refund => "Refund",
        Kind::Reversal => "Reversal",
        Kind::Load => "Load",
        Kind::Payout => "Payout",
        Kind::Start => "Starting balance",
    }
}

pub const TODAY: &str = "Today";
pub const YESTERDAY: &str = "Yesterday";

/// The state of a transaction. `money` writes an amount without its currency's name repeated.
pub fn state(transaction: &Transaction, money: impl Fn(u64) -> String) -> String {
    let amount = || money(transaction.amount);
    match (transaction.kind, &transaction.outcome) {
        (Kind::Refund, Outcome::Failed(code)) => format!("Did not come back: {}", reason(code)),
        (_, Outcome::Failed(code)) => {
            let words = reasons::for_payer(&transaction.reason).unwrap_or_else(|| reason(code));
            format!("Declined: {words}")
        }
        (_, Outcome::Waiting) => "Waiting for the bank".to_owned(),
        (Kind::Refund, Outcome::Done) => "Came back to you".to_owned(),
        (Kind::Reversal, Outcome::Done) if transaction.moved < 0 => {
            "Taken back by the mall".to_owned()
        }
        (Kind::Reversal, Outcome::Done) => "Came back to you".to_owned(),
        (Kind::Load, Outcome::Done) => "Loaded".to_owned(),
        (Kind::Payout, Outcome::Done) => "Paid back to you".to_owned(),
        (Kind::Start, Outcome::Done) => "Ready".to_owned(),
        (Kind::Purchase, Outcome::Done) => {
            let taken = transaction.taken.unwrap_or(0);
            if transaction.set_aside() > 0 && taken > 0 {
                let set_aside = money(transaction.set_aside());
                format!("Paid {} so far, {set_aside} set aside", money(taken))
            } else if transaction.set_aside() > 0 {
                format!("{} set aside, not paid yet", money(transaction.set_aside()))
            } else if transaction.taken == Some(0) {
                "Nothing was charged".to_owned()
            } else if transaction.is_undone() {
                "Reversed by the mall".to_owned()
            } else if transaction.refunded > 0 {
                format!("Refunded {} of {}", money(transaction.refunded), amount())
            } else if transaction.refund_waiting > 0 {
                format!("Refund of {} on its way", money(transaction.refund_waiting))
            } else if transaction.standing < transaction.amount {
                format!("Paid {} of {}", money(transaction.standing), amount())
            } else {
                "Paid".to_owned()
            }
        }
    }
}

/// The title of a transaction without a description.
pub fn nameless(kind_of: Kind) -> &'static str {
    match kind_of {
        Kind::Purchase => "Purchase",
        Kind::Refund => "Refund",
        Kind::Reversal => "Reversal",
        Kind::Load => "Money loaded",
        Kind::Payout => "Money paid back",
        Kind::Start => "Starting balance",
    }
}
