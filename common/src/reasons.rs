//! Why the switch declined, in words for the payer. Pages, messages and lists use the same.

/// The rule as tag 09 of field 48 names it, and what a payer reads behind `Declined: `. Rules of which a payer needs to know
/// no more than the response code says are left out.
const REASONS: &[(&str, &str)] = &[
    ("reversed before it came", "the mall cancelled it"),
    ("reversed while it was decided", "the mall cancelled it"),
    (
        "reversed while it waited for the order",
        "the mall cancelled it",
    ),
    (
        "not the wallet's currency",
        "it was in a currency that your wallet does not have",
    ),
    ("not enough money", "not enough money"),
    (
        "above the limit of a purchase",
        "above the limit for one purchase",
    ),
    ("above the limit of a day", "above the limit for a day"),
    ("above the limit of a month", "above the limit for a month"),
    (
        "above the number of purchases a day",
        "too many purchases in a day",
    ),
    (
        "above the number of purchases a month",
        "too many purchases in a month",
    ),
    (
        "above the limit of the party's profile",
        "more than this mall may charge",
    ),
    (
        "not this merchant category",
        "your card can't pay at malls of this kind",
    ),
    ("not in this country", "your card can't pay in this country"),
    ("only e-commerce", "your card pays online only"),
    (
        "the operator has blocked such cards",
        "your card is blocked: please contact us",
    ),
    (
        "the operator has blocked the wallet",
        "your wallet is blocked: please contact us",
    ),
    (
        "the operator has blocked the merchant",
        "this mall is blocked",
    ),
    ("the payer has frozen it", "your wallet was frozen"),
    ("the wallet was ended", "your wallet was closed"),
    ("the wallet has no card", "you have no card yet"),
    ("nothing to pay", "the amount was zero"),
    ("not a card of the wallet", "the card number was wrong"),
    ("the card number is dead", "this card number was ended"),
    ("not the card's expiry", "the expiry date was wrong"),
    ("the card has expired", "the card has expired"),
    (
        "the number was for one purchase",
        "this number was for one purchase",
    ),
    (
        "the number is another mall's",
        "this number belongs to another mall",
    ),
    (
        "above the limit of the card number",
        "above the limit of this card number",
    ),
    ("the order was cancelled", "you had cancelled the order"),
    (
        "the payer's agreement has expired",
        "you had agreed too long before",
    ),
    (
        "not the currency that the payer agreed to",
        "it was not the currency that you agreed to",
    ),
    (
        "not the amount that the payer agreed to",
        "it was not the amount that you agreed to",
    ),
    (
        "no payer has agreed to this order",
        "you did not agree in time",
    ),
    (
        "no line to the financial system is up",
        "the bank could not be reached",
    ),
    (
        "the line to the financial system is down",
        "the bank could not be reached",
    ),
    (
        "the financial system did not answer",
        "the bank did not answer",
    ),
    (
        "the financial system has not answered yet",
        "the bank did not answer",
    ),
    (
        "declined by the financial system",
        "the bank did not say why",
    ),
];

/// What a payer reads about a rule; none where the response code says enough.
pub fn for_payer(rule: &str) -> Option<&'static str> {
    let found = REASONS.iter().find(|(text, _)| *text == rule);
    found.map(|(_, words)| *words)
}

/// The rules of which [`for_payer`] has words.
pub fn rules() -> impl Iterator<Item = &'static str> {
    REASONS.iter().map(|(rule, _)| *rule)
}
