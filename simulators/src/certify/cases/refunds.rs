//! Section 5: refunds.

use super::words::*;

const RULE: &str = "5, 0200/20 refund";

pub(super) fn cases() -> Vec<Case> {
    [of_purchases(), unreferenced(), with_reversals()].concat()
}

/// Refunds of purchases, whole and in part.
fn of_purchases() -> Vec<Case> {
    vec![
        Case::new("5.50", RULE, "a refund of the whole purchase is credited")
            .paying(2_000)
            .send(purchase(2_000), approved())
            .send(refund(1, 2_000), approved())
            .nothing_moved(),
        Case::new(
            "5.51",
            RULE,
            "a refund that would bring all refunds above the purchase gets 13",
        )
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(refund(1, 1_500), approved())
        .send(refund(1, 501), answered("13"))
        .send(refund(1, 500), approved())
        .send(refund(1, 1), answered("13"))
        .nothing_moved(),
        Case::new("5.52", RULE, "a refund above the purchase gets 13")
            .paying(2_000)
            .send(purchase(2_000), approved())
            .send(refund(1, 2_001), answered("13"))
            .balance(-2_000, -2_000),
        Case::new("5.53", RULE, "a refund of an unknown purchase gets 25")
            .paying(2_000)
            .send(purchase(2_000), approved())
            .send(
                refund(1, 2_000).with(90, "020099999901010000000000000000000000000000"),
                answered("25").not_found(),
            )
            .balance(-2_000, -2_000),
        Case::new(
            "5.54",
            RULE,
            "a refund of a reversed purchase gets 13 or 25",
        )
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(reversal(1), approved())
        .send(refund(1, 100), one_of(&["13", "25"]))
        .nothing_moved(),
        Case::new(
            "5.55",
            RULE,
            "a repeated refund gets the same answer and credits once",
        )
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(refund(1, 700), approved())
        .send(repeat("0201", 2), approved().like(2))
        .balance(-1_300, -1_300),
    ]
}

/// Refunds without field 90.
fn unreferenced() -> Vec<Case> {
    vec![
        Case::new(
            "5.56",
            RULE,
            "a refund that names no purchase is refused, unless the profile allows it",
        )
        .needs(Need::NotGranted(Grant::UnreferencedRefunds))
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(refund(1, 700).without(90), answered("12"))
        .balance(-2_000, -2_000),
        Case::new(
            "5.57",
            RULE,
            "a refund that names no purchase is credited, where the profile allows it",
        )
        .needs(Need::Granted(Grant::UnreferencedRefunds))
        .needs(Need::Acquirer)
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(refund(1, 700).without(90), approved())
        .balance(-1_300, -1_300),
    ]
}

/// Refunds and reversals of the same purchase, and the ways to name it.
fn with_reversals() -> Vec<Case> {
    vec![
        Case::new("5.58", RULE, "a reversal of a refund debits it again")
            .paying(2_000)
            .send(purchase(2_000), approved())
            .send(refund(1, 700), approved())
            .send(reversal(2), approved())
            .balance(-2_000, -2_000),
        Case::new(
            "5.59",
            RULE,
            "a reversal of a purchase credits only what was not refunded",
        )
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(refund(1, 700), approved())
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "5.60",
            RULE,
            "a refund can credit what a partial reversal has left of a purchase",
        )
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(reversal(1).with(95, shrunk_to(600)), approved())
        .send(refund(1, 601), answered("13"))
        .send(refund(1, 600), approved())
        .nothing_moved(),
        Case::new(
            "5.61",
            RULE,
            "a refund from the purchase's own terminal means that purchase, and not one of another terminal with the same trace number",
        )
        .needs(Need::Acquirer)
        .paying(2_000)
        .send(purchase(2_000), approved())
        .send(
            again("0200", 1).amount(100).with(41, "OTHER-T1"),
            approved(),
        )
        .send(refund(1, 2_000), approved())
        .balance(-100, -100),
        Case::new("5.62", RULE, "a refund names its purchase by field 37 where field 90 has no trace number")
            .paying(2_000)
            .send(purchase(2_000), approved())
            .send(refund(1, 2_000).by_reference(1), approved())
            .nothing_moved(),
    ]
}
