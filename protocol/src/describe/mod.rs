//! Messages as people read them.
//!
//! In comes the bytes of one message, good or bad; out comes a [`Description`]: every field with its
//! name, its value and what the value means, the fault where there is one. Sensitive values are masked
//! unless they are asked for. It prints as an aligned table and turns into JSON.

mod hex_lines;
mod json;
mod meaning;
mod parts;
mod table;
mod value;

pub use meaning::money_text;

use crate::currency::Currency;
use crate::error::ParseError;
use crate::mti::Mti;
use crate::reading::{ReadField, Reading};

/// What a message says. Made by [`describe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The message type and what it means, where readable.
    pub mti: Option<(Mti, String)>,
    /// The fields, ascending, as far as they could be read.
    pub rows: Vec<Row>,
    /// The first fault, and the bytes around it.
    pub fault: Option<Fault>,
}

/// A field, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A field's number, or what a part is called on the wire (a tag, a place).
    pub label: String,
    /// Its name.
    pub name: &'static str,
    /// Its value, masked where it is sensitive.
    pub value: String,
    /// What the value means, where that is known.
    pub meaning: Option<String>,
    /// Its parts, where it has some.
    pub parts: Vec<Row>,
}

/// The first fault of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong and where.
    pub error: ParseError,
    /// Lines of hexadecimal around the fault, with a caret under the byte. Sensitive bytes are masked.
    pub lines: String,
}

/// Whether sensitive values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Card numbers as first six and last four, everything else that is sensitive as asterisks.
    Masked,
    /// As they stand in the message.
    Shown,
}

/// Describes one message, without the two bytes of its length.
pub fn describe(message: &[u8], secrets: Secrets) -> Description {
    let reading = Reading::of(message);
    let currency = reading
        .field(49)
        .and_then(|field| Currency::from_text(field.body));
    let fault = reading.fault.map(|error| Fault {
        error,
        lines: hex_lines::around(message, &reading, &error, secrets),
    });
    // Behind a fault a misread length may have shifted everything: nothing of that is shown as a fact.
    let sound = |field: &&ReadField<'_>| {
        reading
            .fault
            .is_none_or(|error| field.offset + field.wire.len() <= error.offset)
    };
    Description {
        mti: reading.mti.map(|mti| (mti, meaning::of_mti(mti))),
        rows: reading
            .fields
            .iter()
            .filter(sound)
            .map(|field| row(field, currency, secrets))
            .collect(),
        fault,
    }
}

fn row(field: &ReadField<'_>, currency: Option<Currency>, secrets: Secrets) -> Row {
    let table = field.table();
    let plain = value::of(field);
    let meaning = meaning::of_field(field.number, &plain, currency);
    let parts = parts::of(field, currency, secrets);
    let hidden = secrets == Secrets::Masked;
    Row {
        label: field.number.to_string(),
        name: table.name,
        // A field that is broken out is shown by its parts, each with its own secrecy.
        value: match (&parts, hidden && table.sensitive) {
            (Some(_), _) => format!("{} bytes", field.body.len()),
            (None, true) => value::masked(field.number, &plain),
            (None, false) => plain,
        },
        meaning: meaning.filter(|_| !(hidden && table.sensitive)),
        parts: parts.unwrap_or_default(),
    }
}
