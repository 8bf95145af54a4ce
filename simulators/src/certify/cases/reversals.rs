//! Section 5: reversals.

use super::words::*;

const RULE: &str = "5, 0400/0420 reversal";
const ORDER: &str = "5, Reversals";
const NAMED: &str = "5, Reversals (section 4, original data elements)";

pub(super) fn cases() -> Vec<Case> {
    [of_purchases(), without_effect(), named()].concat()
}

/// Reversals of approved purchases, whole and in part.
fn of_purchases() -> Vec<Case> {
    vec![
        Case::new("5.70", RULE, "0420 undoes a purchase: 00")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(reversal(1), approved())
            .nothing_moved(),
        Case::new("5.71", RULE, "0400 undoes a purchase: 00")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(reversal_request(1), approved())
            .nothing_moved(),
        Case::new("5.72", RULE, "95 undoes it down to what it names")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(reversal(1).with(95, shrunk_to(500)), approved())
            .balance(-500, -500),
        Case::new(
            "5.73",
            ORDER,
            "95 above the original amount: 13, and nothing moves",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).with(95, shrunk_to(2_000)), answered("13"))
        .balance(-1_999, -1_999),
        Case::new(
            "5.74",
            ORDER,
            "95 equal to the amount: 00, nothing moves, and it can still be reversed",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).with(95, shrunk_to(1_999)), approved())
        .balance(-1_999, -1_999)
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "5.75",
            ORDER,
            "a second reversal of the same original credits nothing: 00",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1), approved())
        .send(reversal(1), approved())
        .send(reversal_request(1), approved())
        .nothing_moved(),
        Case::new(
            "5.76",
            ORDER,
            "a repeat of a reversal is answered as the first time",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1), approved())
        .send(repeat("0421", 2), approved())
        .nothing_moved(),
    ]
}

/// Reversals of what was never seen, was declined, or is still being decided.
fn without_effect() -> Vec<Case> {
    vec![
        Case::new(
            "5.77",
            ORDER,
            "0420 of what was never seen: 00, and the original is declined (05) should it come",
        )
        .needs(Need::Payer)
        .agreed(1, 700)
        .send(unseen("0420"), approved().not_found())
        .send(
            purchase(700).with(11, Value::AnnouncedEarly),
            answered("05"),
        )
        .nothing_moved(),
        Case::new(
            "5.78",
            ORDER,
            "0400 of what was never seen: 25, and the original is declined (05) should it come",
        )
        .needs(Need::NotGranted(Grant::UnknownReversalApproved))
        .needs(Need::Payer)
        .agreed(1, 700)
        .send(unseen("0400"), answered("25"))
        .send(
            purchase(700).with(11, Value::AnnouncedEarly),
            answered("05"),
        )
        .nothing_moved(),
        Case::new(
            "5.79",
            ORDER,
            "0400 of what was never seen: 00, where the profile says so",
        )
        .needs(Need::Granted(Grant::UnknownReversalApproved))
        .needs(Need::Payer)
        .agreed(1, 700)
        .send(unseen("0400"), approved().not_found())
        .send(
            purchase(700).with(11, Value::AnnouncedEarly),
            answered("05"),
        )
        .nothing_moved(),
        Case::new(
            "5.80",
            ORDER,
            "a reversal of what was declined: 00, and nothing moves",
        )
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(purchase(6_605), answered("05"))
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "5.81",
            ORDER,
            "a reversal of what is still being decided: 00, and the original 05 or no answer",
        )
        .needs(Need::Sandbox)
        .paying(6_692)
        .together(vec![
            (purchase(6_692), Expect::AnswerOrNothing(answered("05"))),
            (reversal(1), approved().into()),
        ])
        .nothing_moved(),
    ]
}

/// The ways to name the original.
fn named() -> Vec<Case> {
    vec![
        Case::new(
            "5.82",
            ORDER,
            "field 90 without time and institution names the original too",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(
            reversal(1).with(90, Value::OriginalWithoutTime(1)),
            approved(),
        )
        .nothing_moved(),
        Case::new(
            "5.83",
            ORDER,
            "field 90 may name the original by its repeat's type and time",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(repeat("0201", 1), approved().like(1))
        .send(reversal(2), approved())
        .nothing_moved(),
        Case::new(
            "5.84",
            ORDER,
            "another trace number in field 90 and another field 37 is another original: 00, and tag 09 says so",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(
            reversal(1).with(90, "020099999900000000000000000000000000000000"),
            approved().not_found(),
        )
        .balance(-1_999, -1_999),
        Case::new(
            "5.85",
            ORDER,
            "field 90 with another institution is another original",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(
            reversal(1).with(90, Value::OriginalOfAnother(1)),
            approved().not_found(),
        )
        .balance(-1_999, -1_999),
        Case::new(
            "5.86",
            NAMED,
            "field 90 may name a transmission that was lost",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(
            reversal(1).with(90, Value::OriginalLost(1)),
            approved(),
        )
        .nothing_moved(),
        Case::new(
            "5.87",
            NAMED,
            "without a trace number in field 90, field 37 names the original",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).by_reference(1), approved())
        .nothing_moved(),
        Case::new(
            "5.88",
            NAMED,
            "another terminal of the card acceptor names the original by its field 37",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).by_reference(1).with(41, "OTHER-T1"), approved())
        .nothing_moved(),
        Case::new(
            "5.89",
            NAMED,
            "field 37 with another amount names nothing: 00 and tag 09, or 25",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(
            reversal(1).by_reference(1).amount(1_998),
            approved().not_found(),
        )
        .balance(-1_999, -1_999),
    ]
}

/// The reversal of a purchase of 7.00 that is still to come.
fn unseen(mti: &'static str) -> Message {
    purchase(700)
        .mti(mti)
        .named("reversal of what was never seen")
        .without(14)
        .without(18)
        .without(22)
        .without(25)
        .with(90, Value::OriginalToCome)
}
