//! Section 8: bad input, row by row. Nothing of it touches a balance, and none of it is visible to another connection.

use super::words::*;

const RULE: &str = "8, Bad input";

/// The time of a sign-on and of a frame, and how much later the end may be seen.
const TEN_SECONDS: Duration = Duration::from_secs(10);
const FOURTEEN_SECONDS: Duration = Duration::from_secs(14);

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("8.01", RULE, "a length above 4,096 closes the connection, and no other connection is affected")
            .send_over(1, echo(), approved())
            .raw_closes(Raw::Oversized, Duration::from_secs(5))
            .send_over(1, echo(), approved()),
        Case::new("8.02", RULE, "a frame that is begun and not finished within 10 s closes the connection")
            .raw_closes(Raw::HalfAMessage, FOURTEEN_SECONDS),
        Case::new("8.03", RULE, "a message without a readable MTI closes the connection")
            .send_over(1, echo(), approved())
            .raw_closes(Raw::NoMti, Duration::from_secs(5))
            .send_over(1, echo(), approved()),
        Case::new("8.04", RULE, "an answer that nobody asked for is dropped, and the connection stays")
            .send(echo().mti("0810").named("an answer"), Expect::Nothing)
            .send(purchase(700).mti("0210").named("an answer"), Expect::Nothing),
        Case::new("8.05", RULE, "a character that is no digit (field 4) gets 30")
            .needs(Need::Payer)
            .send(purchase(700).with(4, "00000000070A"), format_error("field 4"))
            .nothing_moved()
            .serves(),
        Case::new("8.06", RULE, "a length above the field's maximum (field 32) gets 30")
            .needs(Need::Payer)
            .send(
                purchase(700).with(32, Value::Lengthened("12", "200000000019")),
                format_error("field 32"),
            )
            .nothing_moved()
            .serves(),
        Case::new("8.07", RULE, "a field that runs past the end of the frame gets 30")
            .needs(Need::Payer)
            .send(purchase(700).sealed(Seal::None).spoiled(Spoiled::CutOff(2)), format_error("field 49"))
            .nothing_moved()
            .serves(),
        Case::new("8.08", RULE, "bytes behind the last field get 30")
            .needs(Need::Payer)
            .send(purchase(700).spoiled(Spoiled::LeftOver), format_error(""))
            .nothing_moved()
            .serves(),
        Case::new("8.09", RULE, "an impossible value (the 13th month in field 13) gets 30")
            .needs(Need::Payer)
            .send(purchase(700).with(13, "1322"), format_error("field 13"))
            .nothing_moved()
            .serves(),
        Case::new("8.10", RULE, "a field 48 that is no list of text values gets 30")
            .needs(Need::Payer)
            .send(purchase(700).with(48, "019"), format_error("field 48"))
            .nothing_moved()
            .serves(),
        Case::new("8.11", RULE, "a message without a mandatory field gets 30 with the field's number (every field: cases 4.07 to 4.20)")
            .needs(Need::Payer)
            .send(purchase(700).lacking(3), format_error("field 3"))
            .nothing_moved()
            .serves(),
        Case::new("8.12", RULE, "a message with an unreadable trace number gets no answer, since none could be matched, and the connection stays")
            .send(echo().with(11, "00000A"), Expect::Nothing),
        Case::new("8.13", RULE, "a message with an unknown MTI gets 12")
            .send(echo().mti("0300").named("0300"), answered("12"))
            .send(echo().mti("0100").mti("1800").named("1800, of ISO 8583:1993"), answered("12"))
            .serves(),
        Case::new("8.14", RULE, "a purchase with amount 0 gets 13")
            .needs(Need::Payer)
            .send(purchase(0), answered("13").with_reason())
            .nothing_moved(),
        Case::new("8.15", RULE, "a connection above the party's limit is refused")
            .needs(Need::Alone(64))
            .step(Step::CrowdOut { most: 64 }),
        Case::new("8.16", RULE, "the switch stops reading at the limit of unanswered requests, and answers every request in the end")
            .together((0..600).map(|_| (echo(), approved().into())).collect()),
        Case::new("8.17", RULE, "a connection that does not sign on within 10 s is closed").step(Step::Silent {
            line: 0,
            after: TEN_SECONDS - Duration::from_secs(1),
            within: FOURTEEN_SECONDS,
        }),
        Case::new("8.18", RULE, "a connection that is idle for 5 minutes is closed")
            .needs(Need::Long)
            .send(echo(), approved())
            .step(Step::Idle {
                line: 0,
                within: Duration::from_secs(310),
            }),
        Case::new("8.19", RULE, "a bad frame on one connection is not visible to another")
            .send_over(1, echo(), approved())
            .send(echo().with(70, "30A"), format_error("field 70"))
            .send_over(1, echo(), approved()),
        Case::new("8.20", RULE, "a date that does not exist (30 February) gets 30")
            .needs(Need::Payer)
            .send(purchase(700).with(13, "0230"), format_error("field 13"))
            .send(purchase(700).with(7, "0230120000"), format_error("field 7"))
            .send(purchase(700).with(15, "0431"), format_error("field 15"))
            .nothing_moved()
            .serves(),
    ]
}
