//! The steps of a transaction, in words for payers.

use tessera_texts::{Text, transaction as text};

use crate::history::{Kind, Step, StepKind, Transaction};

/// A step. `money` writes an amount.
pub fn step(transaction: &Transaction, step: &Step, money: impl Fn(u64) -> String) -> Text {
    let amount = || money(step.amount);
    let purchase = transaction.kind == Kind::Purchase;
    match step.what {
        StepKind::Asked if transaction.taken.is_some() => text::step_reserve_asked(amount()),
        StepKind::Asked => match transaction.kind {
            Kind::Purchase => text::step_purchase_asked(amount()),
            Kind::Refund => text::step_refund_asked(amount()),
            Kind::Reversal => text::step_cancelled(amount()),
            Kind::Load => text::STEP_LOAD_ASKED,
            Kind::Payout => text::STEP_PAYOUT_ASKED,
            Kind::Start => text::STEP_START,
        },
        StepKind::Approved if transaction.taken.is_some() => text::STEP_APPROVED,
        StepKind::Approved if purchase => text::STEP_APPROVED_PAID,
        StepKind::Approved => text::STEP_DONE,
        StepKind::Declined => text::STEP_DECLINED,
        StepKind::Taken => text::step_taken(amount()),
        StepKind::Freed => text::STEP_FREED,
        StepKind::Reversed if step.amount == 0 => text::STEP_ALL_CANCELLED,
        StepKind::Reversed => text::step_part_cancelled(amount()),
        StepKind::RefundAsked => text::step_refund_asked(amount()),
        StepKind::Refunded => text::step_refunded(amount()),
        StepKind::RefundFailed => text::step_refund_failed(amount()),
        StepKind::Disputed => text::STEP_DISPUTED,
    }
}
