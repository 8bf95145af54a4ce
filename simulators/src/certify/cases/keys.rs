//! Section 4: change of the MAC key. Whatever a case changes the party's key to, it ends with that of the profile.

use super::super::answer::Answer;
use super::words::*;

const RULE: &str = "4, Messages, 0800/101 change of the MAC key";

/// Characters of the wrapped key without its check value.
const WRAPPED: usize = 48;

pub(super) fn cases() -> Vec<Case> {
    vec![
        change("4.40", "a change is answered under the old key; then both keys are valid, and each answer has the key of its message")
            .send(key_change(Key::New), approved())
            .send(echo().under(Key::New), approved())
            .send(echo(), approved())
            .send_over(1, sign_on().under(Key::New).before_sign_on(), approved())
            .send_over(1, echo(), approved())
            .changed_back(Key::New),
        change("4.41", "purchases under the new key and under the old one are served, and reversed under either")
            .needs(Need::Payer)
            .agreed(1, 700)
            .agreed(2, 800)
            .send(key_change(Key::New), approved())
            .send(purchase(700).under(Key::New), approved())
            .send(purchase(800).order(2), approved())
            .balance(-1_500, -1_500)
            .send(reversal(2), approved())
            .send(reversal(3).under(Key::New), approved())
            .nothing_moved()
            .changed_back(Key::New),
        change("4.42", "a repeat of a change changes nothing, under either key")
            .send(key_change(Key::New), approved())
            .send(again("0801", 1), approved())
            .send(key_change(Key::New), approved())
            .send(key_change(Key::New).under(Key::New), approved())
            .send(echo().under(Key::New), approved())
            .send(echo(), approved())
            .changed_back(Key::New),
        change("4.43", "the next change has a MAC of the newest key and ends the oldest key: a message under it then gets 63")
            .send(key_change(Key::New), approved())
            .send(key_change(Key::Newer).under(Key::New), approved())
            .send(echo().under(Key::Newer), approved())
            .send(echo().under(Key::New), approved())
            .send(echo(), answered("63").under(Key::Newer))
            .send(key_change(Key::Profile).under(Key::New), answered("63").under(Key::New).with_reason())
            .send(key_change(Key::Profile).under(Key::Newer), approved())
            .send(echo().under(Key::New), answered("63").under(Key::Profile))
            .serves(),
        change("4.44", "a change with a wrong MAC gets 63 and changes nothing")
            .send(key_change(Key::New).sealed(Seal::None), answered("63"))
            .send(key_change(Key::New).sealed(Seal::OneBitOff), answered("63"))
            .send(key_change(Key::New).under(Key::New), answered("63").under(Key::Profile))
            .changed_nothing(),
        change("4.45", "a wrapped key that is damaged, or wrapped under another key-encrypting key, gets 63 and changes nothing")
            .send(material(Wrapped::Damaged), answered("63").with_reason())
            .send(material(Wrapped::Elsewhere), answered("63").with_reason())
            .changed_nothing(),
        change("4.46", "a check value that is not the new key's gets 63 and changes nothing")
            .send(material(Wrapped::WrongCheckValue), answered("63").with_reason())
            .changed_nothing(),
        change("4.47", "a change without tag 03, or with one of another length, gets 30 and changes nothing")
            .send(key_change(Key::New).without(48), no_material())
            .send(material(Wrapped::Short(WRAPPED)), no_material())
            .send(material(Wrapped::Short(1)), no_material())
            .send(material(Wrapped::Long), no_material())
            .changed_nothing(),
        change("4.48", "a change before the sign-on gets 58, changes nothing, and the connection is closed")
            .send(
                key_change(Key::New).before_sign_on(),
                Expect::AnswerAndClosed(answered("58")),
            )
            .send(sign_on(), approved())
            .changed_nothing(),
        Case::new("4.49", RULE, "a change by a party without a key-encrypting key gets 12")
            .needs(Need::NoKeyEncryptingKey)
            .send(
                network("key change", "101").with(48, Value::Tags(vec![(3, NO_KEY)])),
                answered("12"),
            )
            .serves(),
    ]
}

/// What might be a wrapped key.
const NO_KEY: &str = "000000000000000000000000000000000000000000000000000000";

fn change(number: &'static str, title: &'static str) -> Case {
    Case::new(number, RULE, title).needs(Need::KeyEncryptingKey)
}

/// A change to the new key with something about it.
fn material(wrapped: Wrapped) -> Message {
    key_change(Key::New).with(48, Value::KeyMaterial(Key::New, wrapped))
}

/// A field is there, and what it holds is not: field 70 may be echoed.
fn no_material() -> Answer {
    answered("30")
        .with(48, Expected::Says("field 48".into()))
        .with(70, Expected::EchoedIfAtAll)
}

impl Case {
    /// Ends with the key of the profile, under this newest one.
    fn changed_back(self, newest: Key) -> Self {
        self.send(key_change(Key::Profile).under(newest), approved())
            .serves()
    }

    /// The profile's key still counts, and the new one never did.
    fn changed_nothing(self) -> Self {
        self.send(echo().under(Key::New), answered("63").under(Key::Profile))
            .serves()
    }
}
