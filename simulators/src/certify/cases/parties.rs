//! Section 3: who is speaking, and the MAC.

use super::words::*;

const RULE: &str = "3, Who is speaking";
const MAC: &str = "3, MAC";

pub(super) fn cases() -> Vec<Case> {
    [identity(), macs()].concat()
}

/// Who the party is: sign-on, field 32, field 42.
fn identity() -> Vec<Case> {
    vec![
        Case::new("3.01", RULE, "a sign-on binds the connection to the party")
            .send(sign_on().before_sign_on(), approved())
            .serves(),
        Case::new(
            "3.02",
            RULE,
            "a party may be signed on over many connections at once",
        )
        .send(echo(), approved())
        .send_over(1, echo(), approved())
        .send_over(2, echo(), approved())
        .send(echo(), approved()),
        Case::new(
            "3.03",
            RULE,
            "a message with another party's code in field 32 gets 63",
        )
        .paying(700)
        .send(purchase(700).with(32, Value::OtherParty), answered("63"))
        .nothing_moved()
        .serves(),
        Case::new(
            "3.04",
            RULE,
            "a message with another party's card acceptor gets 63",
        )
        .needs(Need::OwnAcceptors)
        .paying(700)
        .send(purchase(700).with(42, "SOMEBODY-ELSE"), answered("63"))
        .nothing_moved()
        .serves(),
        Case::new(
            "3.05",
            RULE,
            "the sign-on of an unknown party gets 63 and has no effect",
        )
        .send(
            sign_on()
                .with(32, Value::OtherParty)
                .sealed(Seal::None)
                .before_sign_on(),
            answered("63").unsealed(),
        )
        .send(echo(), answered("58")),
    ]
}

/// MACs.
fn macs() -> Vec<Case> {
    vec![
        Case::new(
            "3.10",
            MAC,
            "the answer to a request with a right MAC has a right MAC",
        )
        .needs(Need::MacKey)
        .paying(700)
        .send(purchase(700), approved())
        .balance(-700, -700),
        Case::new(
            "3.11",
            MAC,
            "a message without a MAC gets 63 with a MAC, and changes nothing",
        )
        .needs(Need::MacKey)
        .paying(700)
        .send(purchase(700).sealed(Seal::None), answered("63"))
        .nothing_moved()
        .serves(),
        Case::new(
            "3.12",
            MAC,
            "a message with one wrong bit in its MAC gets 63 and changes nothing",
        )
        .needs(Need::MacKey)
        .paying(700)
        .send(purchase(700).sealed(Seal::OneBitOff), answered("63"))
        .nothing_moved()
        .serves(),
        Case::new(
            "3.13",
            MAC,
            "a message with one changed bit under its MAC gets 63 and changes nothing",
        )
        .needs(Need::MacKey)
        .paying(700)
        .send(
            purchase(700).sealed(Seal::ChangedAfterwards),
            answered("63").with(49, Expected::Anything),
        )
        .nothing_moved()
        .serves(),
        Case::new(
            "3.14",
            MAC,
            "a message with the MAC of another key gets 63 and changes nothing",
        )
        .needs(Need::MacKey)
        .paying(700)
        .send(purchase(700).sealed(Seal::ForeignKey), answered("63"))
        .nothing_moved()
        .serves(),
        Case::new("3.15", MAC, "a sign-on without a right MAC gets 63")
            .needs(Need::MacKey)
            .send(
                sign_on().sealed(Seal::None).before_sign_on(),
                answered("63"),
            )
            .send(echo(), answered("58")),
        Case::new("3.16", MAC, "a reversal with a wrong MAC reverses nothing")
            .needs(Need::MacKey)
            .paying(700)
            .send(purchase(700), approved())
            .send(reversal(1).sealed(Seal::OneBitOff), answered("63"))
            .balance(-700, -700),
        Case::new(
            "3.17",
            MAC,
            "a party without a key sends no MAC and gets none",
        )
        .needs(Need::NoMacKey)
        .send(echo(), approved()),
    ]
}
