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
        Case::new("5.70", RULE, "an 0420 reverses a purchase and gets 00")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(reversal(1), approved())
            .nothing_moved(),
        Case::new("5.71", RULE, "an 0400 reverses a purchase and gets 00")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(reversal_request(1), approved())
            .nothing_moved(),
        Case::new("5.72", RULE, "a reversal with field 95 leaves the amount that it states")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .send(reversal(1).with(95, shrunk_to(500)), approved())
            .balance(-500, -500),
        Case::new(
            "5.73",
            ORDER,
            "a reversal with field 95 above the original amount gets 13, and no money moves",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).with(95, shrunk_to(2_000)), answered("13"))
        .balance(-1_999, -1_999),
        Case::new(
            "5.74",
            ORDER,
            "a reversal with field 95 equal to the amount gets 00 and moves no money, and another can still reverse the purchase",
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
            "a second reversal of the same original gets 00 and credits nothing",
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
            "a repeat of a reversal gets the same answer",
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
            "an 0420 of an unknown original gets 00, and the original gets 05 if it arrives later",
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
            "an 0400 of an unknown original gets 25, and the original gets 05 if it arrives later",
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
            "an 0400 of an unknown original gets 00, where the profile says so",
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
            "a reversal of a declined request gets 00, and no money moves",
        )
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(purchase(6_605), answered("05"))
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "5.81",
            ORDER,
            "a reversal of a request that is still being decided gets 00, and the request gets 05 or no answer",
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
            "field 90 may name the original by the type and time of its repeat",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(repeat("0201", 1), approved().like(1))
        .send(reversal(2), approved())
        .nothing_moved(),
        Case::new(
            "5.84",
            ORDER,
            "a reversal with another trace number in field 90 and another field 37 finds no original and gets 00 with tag 09",
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
            "a reversal with another institution in field 90 finds no original",
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
            "field 37 names the original where field 90 has no trace number",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).by_reference(1), approved())
        .nothing_moved(),
        Case::new(
            "5.88",
            NAMED,
            "another terminal of the card acceptor may name the original by its field 37",
        )
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(reversal(1).by_reference(1).with(41, "OTHER-T1"), approved())
        .nothing_moved(),
        Case::new(
            "5.89",
            NAMED,
            "a reversal that names the original by field 37 with another amount gets 00 with tag 09, or 25",
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
