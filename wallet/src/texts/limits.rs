//! Texts about limits and freezing.

use crate::headroom::Limited;

pub const TITLE: &str = "Limits";
pub const FREEZE_TITLE: &str = "Freeze";
pub const FREEZE_LEAD: &str =
    "Purchases are declined until you unfreeze the wallet. Purchases in progress are not affected.";
pub const FREEZE: &str = "Freeze the wallet";
pub const FROZEN: &str = "Your wallet is frozen: purchases are declined.";
pub const UNFREEZE: &str = "Unfreeze";
pub const OWN: &str = "Your limits";
pub const OWN_LEAD: &str =
    "Leave a field empty for no limit of your own. Days and months are in UTC.";
pub const SET: &str = "Set limits";
pub const GO_ON: &str = "Continue";
pub const GO_BACK: &str = "Change";
pub const REVIEW: &str = "Check your limits";
pub const LIMIT: &str = "Limit";
pub const NOW: &str = "Now";
pub const THEN: &str = "Then";
pub const NO_LIMIT: &str = "no limit";
pub const RAISED: &str =
    "With a higher limit, somebody who gets into your wallet could spend more.";
pub const UNCHANGED: &str = "These are your limits already. Change one of them first.";
/// After it comes a time.
pub const ANEW: &str = "Begins anew at";
pub const SPENT: &str = "Spent so far";
pub const TODAY: &str = "Today";
pub const MONTH: &str = "This month";
pub const BAD_COUNT: &str = "That is not a whole number.";

/// The limits in their order: name of the field, label, whether it is an amount.
pub const FIELDS: &[(&str, &str, bool)] = &[
    ("transaction", "One purchase", true),
    ("day", "Per day", true),
    ("month", "Per month", true),
    ("day_count", "Purchases per day", false),
    ("month_count", "Purchases per month", false),
];

/// A limit above the operator's.
pub fn above(limit: &str) -> String {
    format!("The operator allows at most {limit}. Enter this or less.")
}

/// The limit that a purchase would go beyond; after it comes what can be done.
pub fn reached(what: Limited, is_own: bool, most: &str, used: &str) -> String {
    let whose = if is_own {
        "your limit"
    } else {
        "the operator's limit"
    };
    match what {
        Limited::Purchase => format!("This is above {whose} of {most} for one purchase."),
        Limited::Day => {
            format!("This would go beyond {whose} of {most} per day: {used} are spent today.")
        }
        Limited::Month => {
            format!(
                "This would go beyond {whose} of {most} per month: {used} are spent this month."
            )
        }
        Limited::DayCount => format!("You have reached {whose} of {most} per day."),
        Limited::MonthCount => format!("You have reached {whose} of {most} per month."),
    }
}

/// What the operator allows.
pub fn allowed(limit: &str) -> String {
    format!("At most {limit}.")
}

/// So many purchases.
pub fn purchases(count: u64) -> String {
    match count {
        1 => "1 purchase".to_owned(),
        count => format!("{count} purchases"),
    }
}
