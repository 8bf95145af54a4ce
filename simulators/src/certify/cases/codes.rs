//! Section 6: response codes that no other section has a case for. 96 depends on a fault that no party can bring about; and on
//! what the operator and the payer have decided depend the switch's own 03, 62 and 65, and its 61 to a purchase where the
//! profile has no limit. Of these the cases see that what the financial system says is passed on.

use super::words::*;

const RULE: &str = "6, Response codes";

pub(super) fn cases() -> Vec<Case> {
    vec![
        declined(
            "6.03",
            "03",
            6_603,
            "a purchase at a card acceptor that the financial system does not know gets 03",
        ),
        declined("6.05", "05", 6_605, "a purchase that the financial system declines gets 05"),
        Case::new("6.12", RULE, "a purchase with an unknown processing code gets 12")
            .paying(700)
            .send(purchase(700).with(3, "990000"), answered("12"))
            .nothing_moved(),
        Case::new("6.13", RULE, "a purchase in a currency that is not the wallet's gets 12")
            .paying(700)
            .send(purchase(700).with(49, "978"), answered("12"))
            .nothing_moved(),
        Case::new("6.14", RULE, "a purchase with an unknown card number gets 14")
            .needs(Need::Acquirer)
            .send(
                purchase(700).with(2, "9900009999999999").with(14, "3112"),
                answered("14"),
            ),
        declined(
            "6.51",
            "51",
            6_651,
            "a purchase that the financial system declines for lack of funds gets 51",
        ),
        Case::new("6.54", RULE, "a purchase with another expiry date than the card's gets 54")
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(purchase(700).with(14, "2001"), answered("54"))
            .nothing_moved(),
        controlled(
            "6.57",
            Control::Categories,
            "a purchase in a merchant category that the profile forbids gets 57, and in one that it allows is served",
        )
        .send(not_there(purchase(700)), answered("57").with_reason())
        .send(not_there(authorization(700)), answered("57").with_reason())
        .nothing_moved()
        .served(),
        controlled(
            "6.58",
            Control::Countries,
            "a purchase from a country that the profile does not list, or from none, gets 57, and from a listed one is served",
        )
        .send(
            purchase(700).with(19, Value::CountryRefused),
            answered("57").with_reason(),
        )
        .send(purchase(700).without(19), answered("57").with_reason())
        .nothing_moved()
        .served(),
        controlled(
            "6.59",
            Control::EcommerceOnly,
            "a purchase that is not e-commerce gets 57 where the profile allows e-commerce only, and e-commerce is served",
        )
        .send(purchase(700).with(25, "00"), answered("57").with_reason())
        .nothing_moved()
        .served(),
        Case::new(
            "6.60",
            RULE,
            "a refund that would bring the wallet above the largest balance gets 61",
        )
        .needs(Need::Granted(Grant::UnreferencedRefunds))
        .needs(Need::Acquirer)
        .paying(700)
        .send(purchase(700), approved())
        .send(
            refund(1, 999_999_999_999).without(90),
            answered("61").with_reason(),
        )
        .balance(-700, -700),
        declined(
            "6.61",
            "61",
            6_661,
            "a purchase above a limit of the financial system gets 61",
        ),
        declined(
            "6.62",
            "62",
            6_662,
            "a purchase with a card that the financial system has blocked gets 62",
        ),
        Case::new("6.63", RULE, "a purchase above the amount limit of the profile gets 61")
            .needs(Need::AmountMax)
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(
                purchase(700).with(4, Value::AboveAmountMax),
                answered("61").with_reason(),
            )
            .nothing_moved(),
        declined(
            "6.65",
            "65",
            6_665,
            "a purchase above the count limit of the financial system gets 65",
        ),
        declined(
            "6.68",
            "68",
            6_668,
            "a purchase that the financial system declines as too late gets 68",
        ),
    ]
}

/// The financial system of a sandbox says so to this amount.
fn declined(number: &'static str, code: &'static str, amount: u64, title: &'static str) -> Case {
    Case::new(number, RULE, title)
        .needs(Need::Sandbox)
        .paying(amount)
        .send(purchase(amount), answered(code).with_reason())
        .nothing_moved()
}

fn controlled(number: &'static str, control: Control, title: &'static str) -> Case {
    Case::new(number, RULE, title)
        .needs(Need::Controlled(control))
        .paying(700)
}

/// From a merchant of a category that the profile forbids.
fn not_there(message: Message) -> Message {
    message.with(18, Value::CategoryRefused)
}

impl Case {
    /// The same purchase where it may be.
    fn served(self) -> Self {
        self.send(purchase(700), approved()).balance(-700, -700)
    }
}
