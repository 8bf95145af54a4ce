//! Section 4: messages and their fields.

use super::words::*;

const NETWORK: &str = "4, Messages, 0800 network";
const FIELDS: &str = "4, Messages, mandatory fields";
const ANSWERS: &str = "4, Messages, answers";

/// Mandatory on every request for money, beside 7 and 11.
const FINANCIAL: [u8; 12] = [3, 4, 12, 13, 18, 22, 25, 32, 37, 41, 42, 49];
/// Mandatory on what follows another message.
const FOLLOWING: [u8; 9] = [3, 4, 12, 13, 32, 37, 41, 42, 49];

pub(super) fn cases() -> Vec<Case> {
    [network_messages(), mandatory_fields(), answers()].concat()
}

/// 0800: sign-on, echo, sign-off.
fn network_messages() -> Vec<Case> {
    vec![
        Case::new(
            "4.01",
            NETWORK,
            "a sign-on (001) gets 00, also the second time",
        )
        .send(sign_on().before_sign_on(), approved())
        .send(sign_on(), approved())
        .serves(),
        Case::new("4.02", NETWORK, "an echo (301) gets 00").send(echo(), approved()),
        Case::new(
            "4.03",
            NETWORK,
            "a sign-off (002) gets 00, and everything gets 58 until the next sign-on",
        )
        .send(network("sign-off", "002"), approved())
        .send(echo(), answered("58"))
        .send(sign_on(), approved())
        .serves(),
        Case::new(
            "4.04",
            NETWORK,
            "a first message that is no sign-on gets 58, and the connection is closed",
        )
        .send(
            echo().before_sign_on(),
            Expect::AnswerAndClosed(answered("58")),
        )
        .send(
            purchase(700).before_sign_on(),
            Expect::AnswerAndClosed(answered("58")),
        )
        .send(sign_on(), approved())
        .serves(),
        Case::new("4.05", NETWORK, "an unknown network code gets 12")
            .send(network("network code 999", "999"), answered("12"))
            .serves(),
        Case::new("4.06", NETWORK, "a repeat (0801) is answered by 0810")
            .send(echo().mti("0801"), approved()),
        Case::new("4.07", FIELDS, "an 0800 without a mandatory field gets 30")
            .lacking(echo, &[32, 70])
            .serves(),
    ]
}

/// Requests and advices without one of their mandatory fields.
fn mandatory_fields() -> Vec<Case> {
    vec![
        Case::new(
            "4.10",
            FIELDS,
            "a purchase without a mandatory field gets 30, and no money moves",
        )
        .paying(700)
        .lacking(|| purchase(700), &FINANCIAL)
        .nothing_moved()
        .serves(),
        Case::new("4.11", FIELDS, "a purchase without field 7 gets 30")
            .paying(700)
            .lacking(|| purchase(700), &[7])
            .nothing_moved(),
        Case::new(
            "4.12",
            FIELDS,
            "a purchase with a card number and without field 14 gets 30",
        )
        .needs(Need::Acquirer)
        .paying(700)
        .lacking(|| purchase(700), &[14])
        .nothing_moved(),
        Case::new(
            "4.13",
            FIELDS,
            "a purchase that names no payer (neither field 2 nor 48 tag 01) gets 30",
        )
        .send(
            purchase(700).without(2).without(14).without(48),
            format_error(""),
        )
        .serves(),
        Case::new(
            "4.14",
            FIELDS,
            "an authorization without a mandatory field gets 30",
        )
        .paying(700)
        .lacking(|| authorization(700), &FINANCIAL)
        .nothing_moved(),
        Case::new(
            "4.15",
            FIELDS,
            "a reversal without a mandatory field gets 30 and reverses nothing",
        )
        .paying(700)
        .send(purchase(700), approved())
        .lacking(|| reversal(1), &FOLLOWING)
        .lacking(|| reversal(1), &[90])
        .balance(-700, -700),
        Case::new(
            "4.16",
            FIELDS,
            "a reversal request without a mandatory field gets 30",
        )
        .paying(700)
        .send(purchase(700), approved())
        .lacking(|| reversal_request(1), &FOLLOWING)
        .lacking(|| reversal_request(1), &[90])
        .balance(-700, -700),
        Case::new(
            "4.17",
            FIELDS,
            "a completion without a mandatory field gets 30, and the hold stays",
        )
        .paying(700)
        .send(authorization(700), approved())
        .lacking(|| completion(1, 700), &FOLLOWING)
        .balance(0, -700)
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "4.18",
            FIELDS,
            "a refund without a mandatory field gets 30 and credits nothing",
        )
        .paying(700)
        .send(purchase(700), approved())
        .lacking(|| refund(1, 700), &FINANCIAL)
        .balance(-700, -700),
        Case::new(
            "4.19",
            FIELDS,
            "an inquiry without a mandatory field gets 30",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .needs(Need::Sending("0100", "31"))
        .lacking(inquiry, &[3, 4, 12, 13, 14, 32, 37, 41, 42, 49]),
        Case::new("4.20", FIELDS, "an inquiry without a card number gets 30")
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .needs(Need::Sending("0100", "31"))
            .send(inquiry().without(2).without(14), format_error("")),
    ]
}

/// Types and fields of answers.
fn answers() -> Vec<Case> {
    vec![
        Case::new(
            "4.30",
            ANSWERS,
            "a repeat is answered by the same type as its original: 0201 by 0210, 0101 by 0110",
        )
        .needs(Need::Payer)
        .agreed(1, 700)
        .agreed(2, 800)
        .send(purchase(700).mti("0201"), approved())
        .send(authorization(800).mti("0101").order(2), approved())
        .balance(-700, -1_500)
        .send(reversal(2), approved()),
        Case::new(
            "4.31",
            ANSWERS,
            "0400 is answered by 0410, 0420 and 0421 by 0430",
        )
        .paying(700)
        .send(purchase(700), approved())
        .send(reversal(1).mti("0421"), approved())
        .send(reversal_request(1), approved())
        .nothing_moved(),
        Case::new("4.32", ANSWERS, "0220 and 0221 are answered by 0230")
            .paying(700)
            .send(authorization(700), approved())
            .send(completion(1, 700).mti("0221"), approved())
            .send(again("0220", 2), approved())
            .balance(-700, -700),
        Case::new(
            "4.33",
            ANSWERS,
            "a decline echoes the same fields as an approval, has no field 38, and states the reason in 48 tag 09",
        )
        .needs(Need::Payer)
        .send(purchase(0), answered("13").with_reason()),
    ]
}

impl Case {
    /// The message without each of these fields in turn: 30, naming the field.
    fn lacking(self, message: impl Fn() -> Message, fields: &[u8]) -> Self {
        fields.iter().fold(self, |case, &field| {
            case.send(
                message().lacking(field),
                format_error(format!("field {field}")),
            )
        })
    }
}
