//! Section 5: reconciliation.

use super::super::answer::Answer;
use super::words::*;

const RULE: &str = "5, 0500 reconciliation";

/// 74 to 77, 86 to 89 and 97.
const TOTALS: [u8; 9] = [74, 75, 76, 77, 86, 87, 88, 89, 97];

pub(super) fn cases() -> Vec<Case> {
    let may = Need::Sending("0500", "");
    vec![
        Case::new(
            "5.140",
            RULE,
            "totals that differ get 66=2 and the switch's own totals",
        )
        .needs(may)
        .send(reconciliation(), compared("2")),
        Case::new(
            "5.141",
            RULE,
            "equal totals get 66=1, and each request is compared anew",
        )
        .needs(may)
        .needs(Need::Last)
        .send(reconciliation(), compared("2"))
        .send(with_the_answers_totals(reconciliation(), 1), compared("1"))
        .send(repeat("0501", 1), compared("2")),
        Case::new(
            "5.142",
            RULE,
            "an 0520, the advice of totals, is answered by 0530",
        )
        .needs(may)
        .send(reconciliation().mti("0520"), compared("2"))
        .send(repeat("0521", 1), compared("2")),
        Case::new(
            "5.143",
            RULE,
            "a purchase changes the totals: those that agreed before it no longer agree",
        )
        .needs(may)
        .needs(Need::Last)
        .paying(700)
        .send(reconciliation(), compared("2"))
        .send(purchase(700), approved())
        .send(with_the_answers_totals(reconciliation(), 1), compared("2"))
        .send(with_the_answers_totals(reconciliation(), 3), compared("1"))
        .balance(-700, -700),
        Case::new(
            "5.144",
            RULE,
            "a request for reconciliation without a mandatory field gets 30",
        )
        .needs(may)
        .send(reconciliation().lacking(15), format_error("field 15"))
        .send(reconciliation().lacking(86), format_error("field 86"))
        .send(reconciliation().lacking(97), format_error("field 97")),
        Case::new(
            "5.145",
            RULE,
            "a request for reconciliation with a wrong MAC gets 63",
        )
        .needs(may)
        .needs(Need::MacKey)
        .send(reconciliation().sealed(Seal::OneBitOff), answered("63")),
    ]
}

/// 00, whether it agrees, and the switch's own totals.
fn compared(code: &'static str) -> Answer {
    let answer = approved().with(66, Expected::Exactly(code.into()));
    TOTALS.into_iter().fold(answer, |answer, field| {
        let length = match field {
            74..=77 => 10,
            97 => 17,
            _ => 16,
        };
        answer.with(field, Expected::Present(length))
    })
}

/// The totals that came back.
fn with_the_answers_totals(message: Message, answer: usize) -> Message {
    TOTALS.into_iter().fold(message, |message, field| {
        message.with(field, Value::AsAnswer(answer))
    })
}
