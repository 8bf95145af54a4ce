//! Limits, freezing.

pub const TITLE: &str = "Limits";
pub const FREEZE_TITLE: &str = "Freeze";
pub const FREEZE_LEAD: &str = "No purchase goes through until you open the wallet again. What is under way ends as it would have.";
pub const FREEZE: &str = "Freeze the wallet";
pub const FROZEN: &str = "Your wallet is frozen: no purchase goes through.";
pub const UNFREEZE: &str = "Open again";
pub const OWN: &str = "Your limits";
pub const OWN_LEAD: &str =
    "Leave a field empty for no limit of your own. Days and months are those of UTC.";
pub const SET: &str = "Set limits";
pub const SPENT: &str = "Spent so far";
pub const TODAY: &str = "Today";
pub const MONTH: &str = "This month";
pub const BAD_COUNT: &str = "That is not a whole number.";

/// The limits in their order: name of the field, label, whether it is an amount.
pub const FIELDS: &[(&str, &str, bool)] = &[
    ("transaction", "One purchase", true),
    ("day", "A day", true),
    ("month", "A month", true),
    ("day_count", "Purchases a day", false),
    ("month_count", "Purchases a month", false),
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
