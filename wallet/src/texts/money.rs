//! Texts about funding sources, loading and automatic reload.

pub const TITLE: &str = "Money";
pub const SOURCES: &str = "Funding sources";
pub const SOURCES_LEAD: &str =
    "You load money from them, and can pay it back to them. You can have up to five.";
pub const NO_SOURCES: &str =
    "No source yet. Add a credit card or a bank account to load money from it.";
pub const REMOVE: &str = "Remove";
pub const REMOVE_TITLE: &str = "Remove this source?";
pub const REMOVE_LEAD: &str = "You can't load money from it then, nor pay money back to it. You can add it again at any time.";
pub const REMOVE_RELOAD: &str = "Automatic loading, which uses it, is switched off.";
pub const KEEP: &str = "Keep it";
pub const ADD: &str = "Add a source";
pub const KIND: &str = "Kind";
pub const CARD: &str = "Credit card";
pub const ACCOUNT: &str = "Bank account";
pub const NUMBER: &str = "Card number or account number";
pub const NUMBER_HINT: &str =
    "It is sent to the bank and only shown masked afterwards. Malls never see it.";
pub const BAD_NUMBER: &str =
    "This is not a card or account number. It has up to 28 letters and digits.";
pub const BAD_CARD: &str =
    "A card number has 8 to 19 digits and nothing else. For a bank account, choose that above.";
pub const MISTYPED_CARD: &str = "A digit of this card number is wrong: its check digit does not match. Please compare it with the card.";
pub const MISTYPED_ACCOUNT: &str = "A character of this account number is wrong: its check digits do not match. Please compare it with a statement of your bank.";
pub const TOO_MANY_SOURCES: &str =
    "You have five sources, which is the maximum. Remove one before you add another.";
pub const KNOWN_SOURCE: &str = "You have added this source already.";
pub const ADD_IT: &str = "Add";
pub const LOAD: &str = "Load money";
pub const FROM: &str = "From";
pub const AMOUNT: &str = "Amount";
pub const AVAILABLE: &str = "Available:";
pub const QUICK: &str = "Common amounts";
/// After it comes the amount.
pub const LOAD_IT: &str = "Load";
pub const GO_ON: &str = "Continue";
pub const GO_BACK: &str = "Change";
pub const REVIEW: &str = "Check and load";
pub const AVAILABLE_NOW: &str = "Available now";
pub const OWED: &str = "You owe (paid first)";
pub const AVAILABLE_AFTER: &str = "Available afterwards";
pub const LOADED: &str = "Money loaded";
pub const TO_WALLET: &str = "To your wallet";
pub const LOAD_MORE: &str = "Load more";
pub const LOAD_NOTHING: &str = "Enter an amount above 0.";
pub const LOAD_DECLINED: &str =
    "The bank declined, and nothing was loaded. Try another source, or ask the bank why.";
pub const LOAD_NO_CARD: &str =
    "Money is loaded onto your card, and you have none yet. Get one on the page Card.";
pub const LOAD_SOURCE_SHORT: &str = "The source does not have enough money, and nothing was loaded. Try a smaller amount, or another source.";
pub const LOAD_SOURCE_EXPIRED: &str =
    "This card has expired, and nothing was loaded. Add its new number as a source.";
pub const LOAD_TOO_MUCH: &str = "This is above a limit of the bank or more than a wallet can hold. Nothing was loaded. Try a smaller amount.";
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

/// So much was loaded.
pub fn loaded(amount: &str) -> String {
    format!("{amount} was loaded.")
}

/// What automatic reload does now.
pub fn reload_is(threshold: &str, amount: &str, source: &str) -> String {
    format!("Below {threshold}, {amount} is loaded from {source}.")
}
