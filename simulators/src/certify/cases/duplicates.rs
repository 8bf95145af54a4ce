//! Section 5: duplicates.

use super::words::*;

const RULE: &str = "5, Duplicates";
const ORIGINAL: &str = "5, Reversals (section 4, original data elements)";

pub(super) fn cases() -> Vec<Case> {
    [repeats(), other_requests(), undecided()].concat()
}

/// Repeats of a request that is answered.
fn repeats() -> Vec<Case> {
    vec![
        Case::new(
            "5.90",
            RULE,
            "a repeat (0201) is applied once and answered with the same fields 38 and 39",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(again("0201", 1), approved().like(1))
        .balance(-1_999, -1_999),
        Case::new(
            "5.91",
            RULE,
            "the same request again (0200) is applied once and answered with the same fields 38 and 39",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(again("0200", 1), approved().like(1))
        .balance(-1_999, -1_999),
        Case::new("5.92", RULE, "a repeat may have a new field 7")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(again("0201", 1).with(7, Value::Now(30)), approved().like(1))
            .balance(-1_999, -1_999),
        Case::new("5.93", RULE, "a repeat may come over another connection")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send_over(1, repeat("0201", 1), approved().like(1))
            .balance(-1_999, -1_999),
        Case::new(
            "5.94",
            RULE,
            "a request with the key of another and another amount gets 94, and no money moves",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(again("0200", 1).amount(2_000), answered("94"))
        .balance(-1_999, -1_999),
    ]
}

/// What differs in its key is no repeat.
fn other_requests() -> Vec<Case> {
    vec![
        Case::new(
            "5.95",
            RULE,
            "a request for another order is another request",
        )
        .needs(Need::Mall)
        .needs(Need::Payer)
        .agreed(1, 700)
        .agreed(2, 700)
        .send(purchase(700), approved())
        .send(again("0200", 1).order(2), approved())
        .balance(-1_400, -1_400),
        Case::new(
            "5.96",
            RULE,
            "a repeat of a declined request is declined alike",
        )
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(purchase(6_605), answered("05"))
        .send(repeat("0201", 1), answered("05"))
        .nothing_moved(),
        Case::new(
            "5.97",
            RULE,
            "a request with another trace number is another request",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .send(purchase(700), approved())
        .send(again("0200", 1).with(11, Value::Fresh), approved())
        .balance(-1_400, -1_400),
        Case::new(
            "5.98",
            RULE,
            "a request with another local second is another request",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .send(purchase(700).with(12, "000001"), approved())
        .send(again("0200", 1).with(12, "000002"), approved())
        .balance(-1_400, -1_400),
        Case::new(
            "5.99",
            RULE,
            "a repeated inquiry is answered with the present balance",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .needs(Need::Sending("0100", "31"))
        .send(inquiry(), approved())
        .send(purchase(700), approved())
        .send(again("0100", 1), approved())
        .balance(-700, -700),
    ]
}

/// Repeats of a request that is not answered yet, and originals that fit equally well.
fn undecided() -> Vec<Case> {
    vec![
        Case::new(
            "5.100",
            RULE,
            "a repeat of a request that is still being decided gets one answer, on the connection that asked last",
        )
        .needs(Need::Mall)
        .needs(Need::Payer)
        .send(purchase(700), Expect::Nothing)
        .send_over(1, repeat("0201", 1), Expect::Nothing)
        .agreed(1, 700)
        .awaits(1, 3, approved())
        .serves()
        .balance(-700, -700),
        Case::new(
            "5.101",
            RULE,
            "a request with another card is another request",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .send(purchase(700), approved())
        .send(again("0200", 1).with(2, "4000000000000002"), answered("14"))
        .balance(-700, -700),
        Case::new(
            "5.102",
            RULE,
            "a request with the key of one that waits for its order and another amount gets 94",
        )
        .needs(Need::Mall)
        .needs(Need::Payer)
        .send(purchase(700), Expect::Nothing)
        .send_over(1, again("0200", 1).amount(800), answered("94"))
        .agreed(1, 700)
        .awaits(0, 1, approved())
        .balance(-700, -700),
        Case::new(
            "5.103",
            ORIGINAL,
            "a reversal that fits two originals equally well reverses none: 0400 gets 25, 0420 gets 00 with tag 09",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .needs(Need::NotGranted(Grant::UnknownReversalApproved))
        .send(purchase(700).with(12, "000001"), approved())
        .send(again("0200", 1).with(12, "000002"), approved())
        .send(
            reversal_request(1).with(90, Value::OriginalWithoutTime(1)),
            answered("25").not_found(),
        )
        .send(
            reversal(1).with(90, Value::OriginalWithoutTime(1)),
            approved().not_found(),
        )
        .balance(-1_400, -1_400),
    ]
}
