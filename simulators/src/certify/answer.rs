//! What an answer has to be. The rule that holds for every answer is in `judge`; here stands what a case adds to it.

use std::borrow::Cow;

use super::keys::Key;
use super::message::Value;

/// An answer of the type that belongs to its message.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Field 39: one of these.
    pub codes: Vec<&'static str>,
    /// Whether the message could not be read, so that only fields 7, 11, 32, 37, 41 and 42 come back, as far as that goes.
    pub format_error: bool,
    /// With which of the party's keys it is sealed, where there is one.
    pub sealed: Sealed,
    /// Fields of which more is expected than the rule for every answer says.
    pub fields: Vec<(u8, Expected)>,
}

/// With which key an answer is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// That with which its message came.
    AsAsked,
    /// This one.
    Under(Key),
    /// None: the switch does not know whose it would be.
    Not,
}

/// What a field of an answer has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This.
    Exactly(Value),
    /// What the message had.
    Echoed,
    /// What the message had, or nothing.
    EchoedIfAtAll,
    /// Something of so many characters.
    Present(usize),
    /// Nothing.
    Absent,
    /// What the answer to the case's message of this number had.
    AsAnswer(usize),
    /// Something in which this occurs.
    Says(Cow<'static, str>),
    /// Field 48 with these values in these tags.
    Tags(Vec<(u8, Cow<'static, str>)>),
    /// Ledger and available balance in groups of 20 characters.
    Balances,
    /// In field 4: what was available, and less than was asked for.
    WhatWasAvailable,
    /// Nothing in particular.
    Anything,
}

/// Approved.
pub fn approved() -> Answer {
    answered("00")
}

/// To a status inquiry: the request in question is in this state, and so much was approved, reversed, refunded and completed.
pub fn reported(state: &'static str, amounts: Option<[u64; 4]>) -> Answer {
    let mut tags = vec![(10, state.into())];
    for (tag, amount) in (13..).zip(amounts.into_iter().flatten()) {
        tags.push((tag, format!("{amount:012}").into()));
    }
    let numbered = match amounts {
        Some(_) => Expected::Present(6),
        None => Expected::Absent,
    };
    // The purchase that pays an order is named where the inquiry names none.
    approved()
        .with(38, numbered)
        .with(48, Expected::Tags(tags))
        .with(90, Expected::Anything)
}

/// With this code in field 39.
pub fn answered(code: &'static str) -> Answer {
    one_of(&[code])
}

/// With one of these codes in field 39.
pub fn one_of(codes: &[&'static str]) -> Answer {
    Answer {
        codes: codes.to_vec(),
        format_error: false,
        sealed: Sealed::AsAsked,
        fields: Vec::new(),
    }
}

/// 30, and a reason that names this field.
pub fn format_error(field: impl Into<Cow<'static, str>>) -> Answer {
    Answer {
        codes: vec!["30"],
        format_error: true,
        sealed: Sealed::AsAsked,
        fields: vec![(48, Expected::Says(field.into()))],
    }
}

impl Answer {
    /// A field has to be more than the rule for every answer says.
    pub fn with(mut self, field: u8, expected: Expected) -> Self {
        self.fields.push((field, expected));
        self
    }

    /// Without a MAC: the switch does not know whose it would be.
    pub fn unsealed(mut self) -> Self {
        self.sealed = Sealed::Not;
        self
    }

    /// Sealed with this key, whatever its message was sealed with.
    pub fn under(mut self, key: Key) -> Self {
        self.sealed = Sealed::Under(key);
        self
    }

    /// Says in tag 09 that the original was not found.
    pub fn not_found(self) -> Self {
        self.with(48, Expected::Says("original not found".into()))
    }

    /// Says why, in tag 09.
    pub fn with_reason(self) -> Self {
        self.with(48, Expected::Says("".into()))
    }

    /// Field 38 and 39 as in an earlier answer.
    pub fn like(self, answer: usize) -> Self {
        self.with(38, Expected::AsAnswer(answer))
            .with(39, Expected::AsAnswer(answer))
    }
}
