//! Section 4: two ways to say who pays.

use super::words::*;

const RULE: &str = "5, 0200/00 by order (section 4, two ways to say who pays)";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "5.120",
            RULE,
            "an order that the payer has agreed to is paid, and the answer has no card number",
        )
        .needs(Need::Mall)
        .paying(1_999)
        .send(purchase(1_999), approved().with(2, Expected::Absent))
        .balance(-1_999, -1_999),
        Case::new("5.121", RULE, "a second purchase of a paid order gets 94")
            .needs(Need::Mall)
            .paying(700)
            .send(purchase(700), approved())
            .send(purchase(700), answered("94"))
            .balance(-700, -700),
        Case::new(
            "5.122",
            RULE,
            "a purchase with another amount than the payer has agreed to gets 13",
        )
        .needs(Need::Mall)
        .paying(700)
        .send(purchase(800), answered("13"))
        .nothing_moved(),
        Case::new(
            "5.123",
            RULE,
            "a purchase of an order without an agreement gets 25 after a wait",
        )
        .needs(Need::Mall)
        .send(purchase(700).order(9), answered("25").with_reason()),
        Case::new(
            "5.124",
            RULE,
            "a purchase that arrives before the payer agrees waits for the agreement",
        )
        .needs(Need::Mall)
        .needs(Need::Payer)
        .send(purchase(700), Expect::Nothing)
        .agreed(1, 700)
        .awaits(0, 1, approved())
        .balance(-700, -700),
        Case::new(
            "5.125",
            RULE,
            "a mall may ask again after a decline, as a new request",
        )
        .needs(Need::Mall)
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(purchase(6_605), answered("05"))
        .send(purchase(6_605), answered("05"))
        .nothing_moved(),
        Case::new(
            "5.126",
            RULE,
            "a mall may ask again after a whole reversal, and the order is paid",
        )
        .needs(Need::Mall)
        .paying(700)
        .send(purchase(700), approved())
        .send(reversal(1), approved())
        .send(purchase(700), approved())
        .balance(-700, -700),
        Case::new(
            "5.127",
            RULE,
            "a reversal of a purchase that waits for its order gets 00, and the purchase gets 05",
        )
        .needs(Need::Mall)
        .needs(Need::Payer)
        .together(vec![
            (purchase(700), Expect::AnswerOrNothing(answered("05"))),
            (reversal(1), approved().into()),
        ])
        .nothing_moved(),
        Case::new("5.128", RULE, "a mall that sends a card number gets 58")
            .needs(Need::Mall)
            .send(
                purchase(700)
                    .without(48)
                    .with(2, "9900000000000010")
                    .with(14, "3112"),
                answered("58"),
            ),
        Case::new("5.129", RULE, "a mall that asks for balances gets 58")
            .needs(Need::Mall)
            .send(
                inquiry().with(2, "9900000000000010").with(14, "3112"),
                answered("58"),
            ),
        Case::new(
            "5.130",
            RULE,
            "an acquirer that sends an order number gets 58",
        )
        .needs(Need::Acquirer)
        .send(
            purchase(700)
                .without(2)
                .without(14)
                .with(48, Value::Tags(vec![(1, "ORDER-1")])),
            answered("58"),
        ),
    ]
}
