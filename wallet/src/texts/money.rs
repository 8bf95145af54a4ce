//! Sources, loading, automatic reload.

pub const TITLE: &str = "Money";
pub const SOURCES: &str = "Funding sources";
pub const SOURCES_LEAD: &str = "Where money comes from and goes back to. At most five.";
pub const NO_SOURCES: &str =
    "No source yet. Add a credit card or a bank account to load money from it.";
pub const REMOVE: &str = "Remove";
pub const ADD: &str = "Add a source";
pub const KIND: &str = "Kind";
pub const CARD: &str = "Credit card";
pub const ACCOUNT: &str = "Bank account";
pub const NUMBER: &str = "Card number or account number";
pub const NUMBER_HINT: &str =
    "It goes to the financial system and is shown masked from then on. Malls never see it.";
pub const BAD_NUMBER: &str = "That is no card or account number: up to 28 letters and digits.";
pub const ADD_IT: &str = "Add";
pub const LOAD: &str = "Load money";
pub const FROM: &str = "From";
pub const AMOUNT: &str = "Amount";
pub const LOAD_IT: &str = "Load";
pub const RELOAD: &str = "Automatic reload";
pub const RELOAD_LEAD: &str = "When little is left, the wallet loads by itself.";
pub const THRESHOLD: &str = "When less than this is available";
pub const RELOAD_AMOUNT: &str = "Load this much";
pub const RELOAD_ON: &str = "Switch on";
pub const RELOAD_CHANGE: &str = "Change";
pub const RELOAD_OFF: &str = "Switch off";
pub const RELOAD_OFF_TITLE: &str = "Switch automatic reload off";
pub const RELOAD_IS_OFF: &str = "It is off.";
pub const CLOSE: &str = "Close the wallet";
pub const CLOSE_LEAD: &str = "Your money goes back to a source of yours, your card and all further numbers die, and the wallet ends for good.";
pub const CLOSE_TO: &str = "Pay the money back to";
pub const CLOSE_NOTHING: &str = "There is no money left";
pub const CLOSE_SURE: &str = "Yes, end this wallet for good";
pub const CLOSE_NOT_SURE: &str = "Tick the box to say that you mean it.";
pub const CLOSE_IT: &str = "Close for good";

/// What automatic reload does now.
pub fn reload_is(threshold: &str, amount: &str, source: &str) -> String {
    format!("Below {threshold}, {amount} is loaded from {source}.")
}
