//! The sandbox: amounts, test cards and order numbers with which a development switch and the simulated financial system
//! play every outcome of a purchase. One table says what is played; switch, financial system, certification and
//! `docs/test-cards.md` are made from it.
//!
//! An outcome has a number of four digits, 6600 to 6699. It is played for a purchase or authorization
//! - whose amount ends in the number (field 4, minor units), or
//! - that is paid with the test card of the number, or
//! - whose order number ends in `-` and the number: then the payer of that test card agrees to the order by itself.
//!
//! What never happens here: nothing decides whether the sandbox is on. In production it never is.

use crate::amount::Amount;
use crate::card::CardNumber;
use crate::response_code::ResponseCode;

/// Serial numbers of test cards begin here: `9900 0066 000` and the number of the outcome. No provisioned card of a load
/// test comes so far.
const SERIALS: u64 = 660_000_000;
/// What remains of an amount.
const ENDING: u64 = 10_000;
/// In front of a stated amount in an order number.
const AMOUNT_MARK: u8 = b'@';

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing goes wrong.
    Approved,
    /// The payer agrees one second after the purchase has arrived.
    AgreedLate,
    /// The payer has agreed to another amount.
    AgreedOtherwise,
    /// The financial system declines with this code.
    Declined(ResponseCode),
    /// The balance suffices for half of the amount.
    Partial,
    /// The financial system takes its time, but less than the switch waits for it.
    Slow,
    /// The switch's answer is lost. A repeat is answered.
    AnswerLost,
    /// The switch's answer is late.
    AnswerLate,
    /// The request does not reach the financial system.
    HostIgnores,
    /// The financial system applies the purchase and does not answer.
    HostSilent,
    /// The financial system answers when the switch has given up.
    HostLate,
    /// The financial system answers twice.
    HostTwice,
    /// The financial system applies the purchase and cuts the line.
    HostCuts,
}

/// One outcome of the sandbox.
#[derive(Debug, Clone, Copy)]
pub struct TestCase {
    /// Four digits, 6600 to 6699.
    pub number: u64,
    /// What is played.
    pub outcome: Outcome,
    /// Field 39 of the answer, and when it comes.
    pub answer: &'static str,
    /// What happens.
    pub what: &'static str,
    /// What the mall or acquirer has to do.
    pub remedy: &'static str,
}

macro_rules! outcomes {
    ($($number:literal $outcome:expr, $answer:literal, $what:literal, $remedy:literal;)*) => {
        &[$(TestCase {
            number: $number,
            outcome: $outcome,
            answer: $answer,
            what: $what,
            remedy: $remedy,
        }),*]
    };
}

/// Every outcome, by its number.
pub const OUTCOMES: &[TestCase] = outcomes! {
    6600 Outcome::Approved, "00 at once",
        "The purchase is approved.", "Deliver.";
    6601 Outcome::AgreedLate, "00 after 1 s",
        "The purchase arrives before the payer agrees, and waits.", "Wait for the answer.";
    6602 Outcome::AgreedOtherwise, "13 at once",
        "The payer has agreed to 1.00 more than the purchase asks for.",
        "Send the amount that the pay window has shown.";
    6603 Outcome::Declined(ResponseCode::UNKNOWN_ACCEPTOR), "03 at once",
        "The financial system does not know the card acceptor.",
        "Check field 42. Ask the operator to register the card acceptor.";
    6605 Outcome::Declined(ResponseCode::DECLINED), "05 at once",
        "The financial system declines without a reason.", "Offer another way to pay.";
    6610 Outcome::Partial, "10 at once, or 51",
        "The balance suffices for half of the amount. The purchase is approved in part if the party's profile has \
         `partial_approval = true` and the request has tag 04 in field 48; otherwise it is declined.",
        "Read the approved amount from field 4. Take the rest in another way, or reverse.";
    6651 Outcome::Declined(ResponseCode::NOT_ENOUGH_MONEY), "51 at once",
        "There is not enough money.", "Offer another way to pay. The payer may load money and try again.";
    6654 Outcome::Declined(ResponseCode::EXPIRED), "54 at once",
        "The card has expired.", "Ask for another card.";
    6661 Outcome::Declined(ResponseCode::ABOVE_AMOUNT_LIMIT), "61 at once",
        "The amount is above a limit.", "Offer another way to pay, or a smaller amount.";
    6662 Outcome::Declined(ResponseCode::WALLET_BLOCKED), "62 at once",
        "The card is blocked.", "Offer another way to pay. Do not try again by yourself.";
    6665 Outcome::Declined(ResponseCode::ABOVE_COUNT_LIMIT), "65 at once",
        "The number of purchases is above a limit.", "Offer another way to pay.";
    6668 Outcome::Declined(ResponseCode::TOO_LATE), "68 at once",
        "The financial system says that it was too late.",
        "Nothing was debited. The order may be charged again, as a new request.";
    6680 Outcome::Slow, "00 after 3 s",
        "The financial system takes three seconds.", "Wait: an answer may take up to 7 s.";
    6681 Outcome::AnswerLost, "none; a repeat gets 00",
        "The purchase is approved, and its answer is lost.",
        "Repeat the same request (0201, 0101), or reverse it. Never send a new one.";
    6682 Outcome::AnswerLate, "00 after 12 s",
        "The purchase is approved, and its answer comes when most clients have stopped waiting.",
        "As for a lost answer. Ignore an answer to a request that was already answered or reversed.";
    6690 Outcome::HostIgnores, "91 after 7 s",
        "The request does not reach the financial system.",
        "Nothing was debited. The order may be charged again, as a new request.";
    6691 Outcome::HostSilent, "91 after 7 s",
        "The financial system debits the card and does not answer. The switch reverses.",
        "Nothing remains debited. The order may be charged again, as a new request.";
    6692 Outcome::HostLate, "91 after 7 s",
        "The financial system answers after ten seconds. The switch has reversed by then.",
        "Nothing remains debited. The order may be charged again, as a new request.";
    6693 Outcome::HostTwice, "00 at once",
        "The financial system answers twice. The mall or acquirer gets one answer.", "Deliver.";
    6694 Outcome::HostCuts, "91 within 7 s",
        "The financial system debits the card and cuts the line to the switch. The switch reverses.",
        "Nothing remains debited. The order may be charged again, as a new request.";
};

impl TestCase {
    /// The test card of the outcome.
    pub fn card(&self) -> CardNumber {
        CardNumber::development(self.serial())
    }

    /// The serial number of the test card, which is also the number of its wallet.
    pub fn serial(&self) -> u64 {
        SERIALS + self.number
    }

    /// Whether amounts select the outcome: the others are about the payer of an order.
    pub fn has_amount(&self) -> bool {
        !matches!(
            self.outcome,
            Outcome::Approved | Outcome::AgreedLate | Outcome::AgreedOtherwise
        )
    }

    /// Whether the test card selects the outcome by itself, without an order.
    pub fn has_card(&self) -> bool {
        !matches!(self.outcome, Outcome::AgreedLate | Outcome::AgreedOtherwise)
    }
}

fn find(number: u64) -> Option<&'static TestCase> {
    let at = OUTCOMES.binary_search_by_key(&number, |case| case.number);
    at.ok().map(|at| &OUTCOMES[at])
}

/// What the amount selects.
#[inline]
pub fn of_amount(amount: Amount) -> Option<Outcome> {
    let case = find(amount.value() % ENDING)?;
    case.has_amount().then_some(case.outcome)
}

/// What the wallet of a test card selects: its number is the card's serial number.
#[inline]
pub fn of_wallet(wallet: u64) -> Option<Outcome> {
    find(wallet.checked_sub(SERIALS)?).map(|case| case.outcome)
}

/// What a card selects.
pub fn of_card(card: &CardNumber) -> Option<Outcome> {
    let serial = card.expose() / 10 % 1_000_000_000;
    let outcome = of_wallet(serial)?;
    (CardNumber::development(serial) == *card).then_some(outcome)
}

/// A payer who agrees to an order by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The outcome that the payer stands for.
    pub outcome: Outcome,
    /// The payer's test card.
    pub serial: u64,
    /// The amount that is agreed to; `None` for the amount of the purchase.
    pub amount: Option<Amount>,
}

/// Who agrees to an order of this number: `ORDER-7-6600`, or `ORDER-7-6600@1999` if the payer agrees to 19.99 whatever
/// the purchase asks for.
pub fn of_order(order: &[u8]) -> Option<Agreement> {
    let (order, amount) = match order.iter().rposition(|&byte| byte == AMOUNT_MARK) {
        Some(at) => {
            let digits = order.get(at + 1..)?;
            (order.get(..at)?, Some(Amount::new(number(digits)?)?))
        }
        None => (order, None),
    };
    let (_, ending) = order.split_at_checked(order.len().checked_sub(5)?)?;
    let (&b'-', digits) = ending.split_first()? else {
        return None;
    };
    let case = find(number(digits)?)?;
    Some(Agreement {
        outcome: case.outcome,
        serial: case.serial(),
        amount,
    })
}

/// 1 to 12 digits.
fn number(digits: &[u8]) -> Option<u64> {
    let plain = (1..=12).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_sorted_and_each_has_a_card_of_its_own() {
        assert!(OUTCOMES.is_sorted_by(|one, next| one.number < next.number));
        for case in OUTCOMES {
            assert!((6600..6700).contains(&case.number));
            assert_eq!(of_card(&case.card()), Some(case.outcome));
            assert_eq!(of_wallet(case.serial()), Some(case.outcome));
        }
        assert_eq!(of_card(&CardNumber::development(6605)), None);
        let other = CardNumber::new(1_110_066_000_660_513, 16).unwrap();
        assert_eq!(of_card(&other), None);
        assert_eq!(of_wallet(6605), None);
    }

    #[test]
    fn amounts_select_what_is_not_about_the_agreement() {
        let of = |minor| of_amount(Amount::new(minor).unwrap());
        assert_eq!(of(6_605), Some(Outcome::Declined(ResponseCode::DECLINED)));
        assert_eq!(of(120_006_681), Some(Outcome::AnswerLost));
        for minor in [0, 605, 6_600, 6_601, 6_602, 6_604, 66_050] {
            assert_eq!(of(minor), None, "{minor}");
        }
    }

    #[test]
    fn orders_name_who_agrees_and_to_what() {
        let of = |order: &str| of_order(order.as_bytes());
        let agreement = of("ORDER-7-6651").unwrap();
        let poor = Outcome::Declined(ResponseCode::NOT_ENOUGH_MONEY);
        assert_eq!((agreement.outcome, agreement.amount), (poor, None));
        assert_eq!(agreement.serial, 660_006_651);
        let stated = of("ORDER-7-6600@1999").unwrap();
        assert_eq!(stated.outcome, Outcome::Approved);
        assert_eq!(stated.amount, Amount::new(1_999));
        for other in [
            "",
            "6600",
            "ORDER-7",
            "ORDER6600",
            "ORDER-66000",
            "ORDER-6600@",
            "ORDER-6600@1x",
            "ORDER-6600@1234567890123",
            "ORDER-6604",
            "A-66\u{664}",
            "ORDER-7@1999",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
