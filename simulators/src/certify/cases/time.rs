//! Section 5: time.

use super::words::*;

const RULE: &str = "5, Time";

/// An hour and a half.
const TOO_FAR: i64 = 5_400;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("5.110", RULE, "a request that is too old (field 7) gets 12, so that a recorded one cannot be replayed")
            .paying(700)
            .send(purchase(700).with(7, Value::Now(-TOO_FAR)), answered("12"))
            .nothing_moved(),
        Case::new("5.111", RULE, "a request from the future (field 7) gets 12")
            .paying(700)
            .send(purchase(700).with(7, Value::Now(TOO_FAR)), answered("12"))
            .nothing_moved(),
        Case::new("5.112", RULE, "a request within the clock window (half an hour) is served")
            .paying(700)
            .send(purchase(700).with(7, Value::Now(-1_800)), approved())
            .balance(-700, -700),
        Case::new("5.113", RULE, "an echo outside the clock window gets 12")
            .send(echo().with(7, Value::Now(-TOO_FAR)), answered("12"))
            .serves(),
        Case::new("5.114", RULE, "a purchase that the financial system does not answer gets 91 within 7 s, its hold is released, and its repeat gets 91")
            .needs(Need::Sandbox)
            .paying(6_690)
            .send(purchase(6_690), answered("91").with_reason())
            .nothing_moved()
            .send(repeat("0201", 1), answered("91"))
            .nothing_moved(),
        Case::new("5.115", RULE, "an authorization that the financial system does not answer gets 91 and holds nothing")
            .needs(Need::Sandbox)
            .paying(6_690)
            .send(authorization(6_690), answered("91"))
            .nothing_moved(),
        Case::new("5.116", RULE, "a purchase whose approval by the financial system was lost gets 91 and is reversed there")
            .needs(Need::Sandbox)
            .paying(6_691)
            .send(purchase(6_691), answered("91"))
            .send(reversal(1), approved())
            .nothing_moved(),
    ]
}
