//! Texts about limits and freezing.

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
