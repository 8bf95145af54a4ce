//! Texts about funding sources, loading and automatic reload.

pub const TITLE: &str = "Money";
pub const SOURCES: &str = "Funding sources";
pub const SOURCES_LEAD: &str =
    "You load money from them, and can pay it back to them. You can have up to five.";
pub const NO_SOURCES: &str =
    "No source yet. Add a credit card or a bank account to load money from it.";
pub const REMOVE: &str = "Remove";
pub const ADD: &str = "Add a source";
pub const KIND: &str = "Kind";
pub const CARD: &str = "Credit card";
pub const ACCOUNT: &str = "Bank account";
pub const NUMBER: &str = "Card number or account number";
pub const NUMBER_HINT: &str =
    "It is sent to the bank and only shown masked afterwards. Malls never see it.";
pub const BAD_NUMBER: &str =
    "This is not a card or account number. It has up to 28 letters and digits.";
pub const ADD_IT: &str = "Add";
pub const LOAD: &str = "Load money";
pub const FROM: &str = "From";
pub const AMOUNT: &str = "Amount";
pub const AVAILABLE: &str = "Available:";
pub const QUICK: &str = "Common amounts";
pub const LOAD_IT: &str = "Load";
pub const RELOAD: &str = "Automatic loading";
pub const RELOAD_LEAD: &str = "The wallet loads money automatically when your balance is low.";
pub const THRESHOLD: &str = "When less than this is available";
pub const RELOAD_AMOUNT: &str = "Load this much";
pub const RELOAD_ON: &str = "Switch on";
pub const RELOAD_CHANGE: &str = "Change";
pub const RELOAD_OFF: &str = "Switch off";
pub const RELOAD_OFF_TITLE: &str = "Switch automatic loading off";
pub const RELOAD_IS_OFF: &str = "It is off.";
pub const CLOSE: &str = "Close the wallet";
pub const CLOSE_LEAD: &str = "Your money is paid back to one of your sources. Your card and all further numbers stop working, and the wallet is closed permanently.";
pub const CLOSE_TO: &str = "Pay the money back to";
pub const CLOSE_NOTHING: &str = "There is no money left";
pub const CLOSE_SURE: &str = "Yes, close this wallet permanently";
pub const CLOSE_NOT_SURE: &str = "Please tick the box to confirm.";
pub const CLOSE_IT: &str = "Close permanently";

/// What automatic reload does now.
pub fn reload_is(threshold: &str, amount: &str, source: &str) -> String {
    format!("Below {threshold}, {amount} is loaded from {source}.")
}
