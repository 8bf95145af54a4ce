//! Transactions and their states, in words for payers.

use tessera_texts::{Text, rules, transactions as text};

use super::refusals::reason;
use crate::history::{Kind, Outcome, Transaction};

/// The states in the filter: the word in the address, the text on the page.
pub const CHOICES: &[(&str, Text)] = &[
    ("", text::ALL),
    ("paid", text::PAID),
    ("waiting", text::WAITING),
    ("declined", text::DECLINED),
    ("refunded", text::REFUNDED),
    ("money", text::MONEY),
];

/// What it is, in a word.
pub fn kind(kind: Kind) -> Text {
    match kind {
        Kind::Purchase => text::KIND_PURCHASE,
        Kind::Refund => text::KIND_REFUND,
        Kind::Reversal => text::KIND_REVERSAL,
        Kind::Load => text::KIND_LOAD,
        Kind::Payout => text::KIND_PAYOUT,
        Kind::Start => text::KIND_START,
    }
}

/// The state of a transaction. `money` writes an amount.
pub fn state(transaction: &Transaction, money: impl Fn(u64) -> String) -> Text {
    match (transaction.kind, &transaction.outcome) {
        (Kind::Refund, Outcome::Failed(code)) => text::state_did_not_come_back(reason(code)),
        (_, Outcome::Failed(code)) => {
            let words = rules::for_payer(&transaction.reason).unwrap_or_else(|| reason(code));
            text::state_declined(words)
        }
        (_, Outcome::Waiting) => text::STATE_WAITING,
        (Kind::Refund, Outcome::Done) => text::STATE_CAME_BACK,
        (Kind::Reversal, Outcome::Done) if transaction.moved < 0 => text::STATE_TAKEN_BACK,
        (Kind::Reversal, Outcome::Done) => text::STATE_CAME_BACK,
        (Kind::Load, Outcome::Done) => text::STATE_LOADED,
        (Kind::Payout, Outcome::Done) => text::STATE_PAID_BACK,
        (Kind::Start, Outcome::Done) => text::STATE_READY,
        (Kind::Purchase, Outcome::Done) => purchase(transaction, money),
    }
}

fn purchase(transaction: &Transaction, money: impl Fn(u64) -> String) -> Text {
    let amount = || money(transaction.amount);
    let reserved = transaction.set_aside();
    let taken = transaction.taken.unwrap_or(0);
    if reserved > 0 && taken > 0 {
        text::state_paid_so_far(money(taken), money(reserved))
    } else if reserved > 0 {
        text::state_reserved(money(reserved))
    } else if transaction.taken == Some(0) {
        text::STATE_NOTHING_CHARGED
    } else if transaction.is_undone() {
        text::STATE_CANCELLED
    } else if transaction.refunded > 0 {
        text::state_refunded(amount(), money(transaction.refunded))
    } else if transaction.refund_waiting > 0 {
        text::state_refund_waiting(money(transaction.refund_waiting))
    } else if transaction.standing < transaction.amount {
        text::state_paid_part(amount(), money(transaction.standing))
    } else {
        text::STATE_PAID
    }
}

/// The title of a transaction without a shop.
pub fn nameless(kind: Kind) -> Text {
    match kind {
        Kind::Load => text::NAME_LOAD,
        Kind::Payout => text::NAME_PAYOUT,
        Kind::Purchase | Kind::Refund | Kind::Reversal | Kind::Start => self::kind(kind),
    }
}
