//! The page of one transaction.

use crate::history::{Kind, Step, StepKind, Transaction};

pub const BACK: &str = "All transactions";
pub const KIND: &str = "Type";
pub const WHEN: &str = "Date";
pub const AMOUNT: &str = "Amount";
pub const FEE: &str = "Fee";
pub const NO_FEE: &str = "None";
pub const CHANGE: &str = "Change of your balance";
pub const MALL: &str = "Mall";
pub const MALL_ID: &str = "Number of the mall";
pub const WHAT: &str = "What";
pub const PAID_WITH: &str = "Paid with";
pub const ORIGINAL: &str = "Belongs to";
pub const MALLS_REFERENCE: &str = "Reference of the mall";
pub const REFERENCE: &str = "Reference of the wallet";
pub const STEPS: &str = "What happened";
pub const MORE: &str = "Show it";
pub const UNKNOWN: &str = "I don't recognise this";
pub const UNKNOWN_LEAD: &str = "Report it, and your wallet is frozen at once: new purchases are declined until you unfreeze it. Purchases in progress are not affected. We look into the transaction. You can still load money.";
pub const DISPUTE: &str = "Report it and freeze the wallet";
pub const DISPUTED: &str =
    "You have reported this transaction, and we look into it. Your wallet was frozen then.";
pub const UNFREEZE: &str = "Unfreeze the wallet";

/// A step, in words. `money` writes an amount.
pub fn step(transaction: &Transaction, step: &Step, money: impl Fn(u64) -> String) -> String {
    let amount = || money(step.amount);
    let purchase = transaction.kind == Kind::Purchase;
    match step.what {
        StepKind::Asked if transaction.taken.is_some() => {
            format!("The mall asked to set {} aside.", amount())
        }
        StepKind::Asked => match transaction.kind {
            Kind::Purchase => format!("The mall asked for {}.", amount()),
            Kind::Refund => format!("The mall wanted to give {} back.", amount()),
            Kind::Reversal => format!("The mall undid {}.", amount()),
            Kind::Load => "The money was requested from your source.".to_owned(),
            Kind::Payout => "The money was sent to your source.".to_owned(),
            Kind::Start => "The wallet began with it.".to_owned(),
        },
        StepKind::Approved if transaction.taken.is_some() => "It was approved.".to_owned(),
        StepKind::Approved if purchase => "It was approved and paid.".to_owned(),
        StepKind::Approved => "Done.".to_owned(),
        StepKind::Declined => "It was declined. No money has moved.".to_owned(),
        StepKind::Taken => format!("The mall took {}.", amount()),
        StepKind::Freed => "What was set aside is free again.".to_owned(),
        StepKind::Reversed if step.amount == 0 => "The mall undid it.".to_owned(),
        StepKind::Reversed => format!("The mall undid a part; {} is left.", amount()),
        StepKind::RefundAsked => format!("The mall wanted to give {} back.", amount()),
        StepKind::Refunded => format!("{} came back.", amount()),
        StepKind::RefundFailed => format!("{} did not come back: the bank declined.", amount()),
        StepKind::Disputed => "You reported it.".to_owned(),
    }
}
