//! Why the switch declined, in words for the payer. Pages and messages use the same.

use crate::{Text, reasons};

/// The rule as tag 09 of field 48 names it, and what a payer reads behind `Declined: `. Rules of which a payer needs to know
/// no more than the response code says are left out.
const RULES: &[(&str, Text)] = &[
    ("reversed before it came", reasons::CANCELLED),
    ("reversed while it was decided", reasons::CANCELLED),
    ("reversed while it waited for the order", reasons::CANCELLED),
    ("not the wallet's currency", reasons::CURRENCY),
    ("not enough money", reasons::MONEY),
    ("above the limit of a purchase", reasons::LIMIT_PURCHASE),
    ("above the limit of a day", reasons::LIMIT_DAY),
    ("above the limit of a month", reasons::LIMIT_MONTH),
    ("above the number of purchases a day", reasons::COUNT_DAY),
    (
        "above the number of purchases a month",
        reasons::COUNT_MONTH,
    ),
    (
        "above the limit of the party's profile",
        reasons::LIMIT_SHOP,
    ),
    ("not this merchant category", reasons::CATEGORY),
    ("not in this country", reasons::COUNTRY),
    ("only e-commerce", reasons::ONLINE),
    ("the operator has blocked such cards", reasons::CARD_BLOCKED),
    (
        "the operator has blocked the wallet",
        reasons::WALLET_BLOCKED,
    ),
    (
        "the operator has blocked the merchant",
        reasons::SHOP_BLOCKED,
    ),
    ("the payer has frozen it", reasons::FROZEN),
    ("the wallet was ended", reasons::CLOSED),
    ("the wallet has no card", reasons::NO_CARD),
    ("nothing to pay", reasons::ZERO),
    ("not a card of the wallet", reasons::NUMBER),
    ("the card number is dead", reasons::NUMBER_ENDED),
    ("not the card's expiry", reasons::EXPIRY),
    ("the card has expired", reasons::EXPIRED),
    ("the number was for one purchase", reasons::ONCE),
    ("the number is another mall's", reasons::OTHER_SHOP),
    ("above the limit of the card number", reasons::LIMIT_NUMBER),
    ("the order was cancelled", reasons::ORDER_CANCELLED),
    (
        "the payer's agreement has expired",
        reasons::AGREED_TOO_EARLY,
    ),
    (
        "not the currency that the payer agreed to",
        reasons::AGREED_CURRENCY,
    ),
    (
        "not the amount that the payer agreed to",
        reasons::AGREED_AMOUNT,
    ),
    ("no payer has agreed to this order", reasons::NOT_AGREED),
    (
        "no line to the financial system is up",
        reasons::BANK_UNREACHABLE,
    ),
    (
        "the line to the financial system is down",
        reasons::BANK_UNREACHABLE,
    ),
    ("the financial system did not answer", reasons::BANK_SILENT),
    (
        "the financial system has not answered yet",
        reasons::BANK_SILENT,
    ),
    ("declined by the financial system", reasons::BANK),
];

/// What a payer reads about a rule; none where the response code says enough.
pub fn for_payer(rule: &str) -> Option<Text> {
    let found = RULES.iter().find(|(text, _)| *text == rule);
    found.map(|(_, words)| words.clone())
}

/// The rules of which [`for_payer`] has words.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(rule, _)| *rule)
}
