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
            "03: the financial system does not know the card acceptor",
        ),
        declined("6.05", "05", 6_605, "05: declined by the financial system"),
        Case::new("6.12", RULE, "12: an unknown processing code")
            .paying(700)
            .send(purchase(700).with(3, "990000"), answered("12"))
            .nothing_moved(),
        Case::new("6.13", RULE, "12: a currency that is not the wallet's")
            .paying(700)
            .send(purchase(700).with(49, "978"), answered("12"))
            .nothing_moved(),
        Case::new("6.14", RULE, "14: no such card")
            .needs(Need::Acquirer)
            .send(
                purchase(700).with(2, "9900009999999999").with(14, "3112"),
                answered("14"),
            ),
        declined(
            "6.51",
            "51",
            6_651,
            "51: the financial system has not enough money for it",
        ),
        Case::new("6.54", RULE, "54: another expiry than the card's")
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(purchase(700).with(14, "2001"), answered("54"))
            .nothing_moved(),
        controlled(
            "6.57",
            Control::Categories,
            "57: a merchant category that the profile forbids; one that it allows is served",
        )
        .send(not_there(purchase(700)), answered("57").with_reason())
        .send(not_there(authorization(700)), answered("57").with_reason())
        .nothing_moved()
        .served(),
        controlled(
            "6.58",
            Control::Countries,
            "57: a country that the profile does not list, or none; one that it lists is served",
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
            "57: not e-commerce, and the profile allows nothing else; e-commerce is served",
        )
        .send(purchase(700).with(25, "00"), answered("57").with_reason())
        .nothing_moved()
        .served(),
        Case::new(
            "6.60",
            RULE,
            "61: a refund that would be more than a wallet can hold",
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
            "61: above a limit of the financial system",
        ),
        declined(
            "6.62",
            "62",
            6_662,
            "62: the financial system has blocked the card",
        ),
        Case::new("6.63", RULE, "61: more than the profile lets a purchase be")
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
            "65: more often than the financial system allows",
        ),
        declined(
            "6.68",
            "68",
            6_668,
            "68: the financial system has answered itself too late",
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
