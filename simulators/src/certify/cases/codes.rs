//! Section 6: response codes that no other section has a case for. 57, 61, 62, 65, 68 and 96 depend on the payer's card, on
//! limits and on faults that no party can bring about.

use super::words::*;

const RULE: &str = "6, Response codes";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("6.05", RULE, "05: declined by the financial system")
            .needs(Need::Sandbox)
            .paying(6_605)
            .send(purchase(6_605), answered("05").with_reason()),
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
        Case::new(
            "6.51",
            RULE,
            "51: the financial system has not enough money for it",
        )
        .needs(Need::Sandbox)
        .paying(6_651)
        .send(purchase(6_651), answered("51"))
        .nothing_moved(),
        Case::new("6.54", RULE, "54: another expiry than the card's")
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(purchase(700).with(14, "2001"), answered("54"))
            .nothing_moved(),
    ]
}
