//! Messages as people read them.
//!
//! In come the bytes of one message, good or bad; out comes a [`Description`]: every field with its
//! name, its value and what the value means, the fault where there is one. Sensitive values are masked
//! unless they are asked for: by the field table in a message that was read completely, and wherever a card number may
//! stand in any other. It prints as an aligned table and turns into JSON.

mod emv;
mod hex_lines;
mod json;
mod meaning;
mod parts;
mod table;
mod value;

use std::ops::Range;

use bytes::Bytes;

use crate::currency::Currency;
use crate::dialect::{FieldPlace, MessagePacking};
use crate::error::{ParseError, Problem};
use crate::fields::Packing;
use crate::masking::{Veil, mask_likely_card_numbers};
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
    /// The same in words, without digits of what may be a card number.
    pub text: String,
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

impl Secrets {
    /// Masked unless they are asked for.
    pub const fn unless(asked_for: bool) -> Self {
        if asked_for { Self::Shown } else { Self::Masked }
    }
}

/// Describes one message in binary packing, without the two bytes of its length.
///
/// ```
/// use bytes::BytesMut;
/// use tessera_protocol::{CardNumber, Mti, Packer, Secrets, describe};
///
/// let mut frame = BytesMut::new();
/// let mut packer = Packer::new(&mut frame, Mti::PURCHASE);
/// packer.card(&CardNumber::development(1)).number(11, 45).finish();
/// let text = describe(&frame[2..], Secrets::Masked).to_string();
/// assert!(text.contains("000045"));
/// assert!(!text.contains("9900000000000010"));
/// ```
pub fn describe(message: &[u8], secrets: Secrets) -> Description {
    describe_in(MessagePacking::Binary, message, 0..message.len(), secrets)
}

/// Describes a message in any packing that stands in `input`; offsets count from its first byte.
///
/// What was not read completely may be something else than it seems, and its fields may begin anywhere. There every run
/// of digits that may hold a card number is hidden, in rows, lines and texts, also where it goes beyond the message.
pub fn describe_in(
    packing: MessagePacking,
    input: &[u8],
    message: Range<usize>,
    secrets: Secrets,
) -> Description {
    let wire = input.get(message.clone()).unwrap_or_default();
    let unpacked = packing.unpack(&Bytes::copy_from_slice(wire));
    let reading = Reading::of(&unpacked.message);
    let error = unpacked.fault.or(reading.fault);
    let is_trusted = error.is_none() && reading.mti.is_some_and(Mti::is_plausible);
    let veil = match is_trusted || secrets == Secrets::Shown {
        true => Veil::none(),
        false => veil_of(input, message),
    };
    let page = Page {
        places: packing.places(wire, &reading),
        currency: reading
            .field(49)
            .and_then(|field| Currency::from_text(field.body)),
        wire,
        reading,
        veil,
        secrets,
    };
    page.description(error)
}

/// What hides a part of an input, by the part and what stands around it.
fn veil_of(input: &[u8], part: Range<usize>) -> Veil {
    /// More than the longest card number takes, in any representation.
    const AROUND: usize = 256;
    let from = part.start.saturating_sub(AROUND);
    let to = input.len().min(part.end + AROUND);
    Veil::over(input.get(from..to).unwrap_or_default()).part(part.start - from..part.end - from)
}

/// A message with everything that it takes to print it.
struct Page<'a> {
    wire: &'a [u8],
    reading: Reading<'a>,
    /// Of each field that could be read, in the wire's bytes.
    places: Vec<FieldPlace>,
    currency: Option<Currency>,
    veil: Veil,
    secrets: Secrets,
}

impl Page<'_> {
    fn description(&self, error: Option<ParseError>) -> Description {
        // Behind a fault a misread length may have shifted everything: nothing of that is shown as a fact.
        let sound = |place: &&FieldPlace| error.is_none_or(|error| place.field.end <= error.offset);
        let field = |place: &FieldPlace| Some((place.clone(), self.reading.field(place.number)?));
        let mti = self
            .reading
            .mti
            .filter(|mti| mti.is_plausible() || !self.veil.covers_any(0..self.wire.len().min(4)));
        Description {
            mti: mti.map(|mti| (mti, meaning::of_mti(mti))),
            rows: self
                .places
                .iter()
                .filter(sound)
                .filter_map(field)
                .map(|(place, field)| self.row(field, &place))
                .collect(),
            fault: error.map(|error| Fault {
                text: self.fault_text(&error),
                lines: hex_lines::around(self.wire, &self.places, &error, &self.veil, self.secrets),
                error,
            }),
        }
    }

    fn row(&self, field: &ReadField<'_>, place: &FieldPlace) -> Row {
        match self.veil.covers_any(place.field.clone()) {
            true => self.veiled_row(field, place),
            false => row(field, self.currency, self.secrets),
        }
    }

    /// A field of which something is hidden: no parts, no meaning.
    fn veiled_row(&self, field: &ReadField<'_>, place: &FieldPlace) -> Row {
        let table = field.table();
        let veil = self.veil.part(place.body.clone());
        let value = match table.sensitive {
            true => "*".repeat(value::of(field).chars().count()),
            // A body that stands on the wire as it is read.
            false if self.wire.get(place.body.clone()) == Some(field.body) => {
                value::veiled(field, &veil)
            }
            false => value::text_under(&self.veil, self.wire, place.body.clone()),
        };
        Row {
            label: field.number.to_string(),
            name: table.name,
            value,
            meaning: None,
            parts: Vec::new(),
        }
    }

    /// Lengths are digits as well.
    fn fault_text(&self, error: &ParseError) -> String {
        let around = error.offset.saturating_sub(4)..self.wire.len().min(error.offset + 4);
        let is_covered = self.veil.covers_any(around);
        match error.problem {
            Problem::TooLong { .. } | Problem::Short { .. } | Problem::Character { .. }
                if is_covered =>
            {
                let what = match error.problem {
                    Problem::TooLong { .. } => "length too long",
                    Problem::Short { .. } => "message too short",
                    _ => "a character that does not belong there",
                };
                format!("{}: {what} at byte {}", error.place, error.offset)
            }
            _ => error.to_string(),
        }
    }
}

fn row(field: &ReadField<'_>, currency: Option<Currency>, secrets: Secrets) -> Row {
    let table = field.table();
    let plain = value::of(field);
    let meaning = meaning::of_field(field.number, &plain, currency);
    let parts = parts::of(field, currency, secrets);
    let hidden = secrets == Secrets::Masked;
    let is_text = matches!(
        table.packing,
        Packing::ShortTextUpTo(_) | Packing::TextUpTo(_)
    );
    Row {
        label: field.number.to_string(),
        name: table.name,
        // A field that is broken out is shown by its parts, each with its own secrecy.
        value: match (&parts, hidden && table.sensitive) {
            (Some(_), _) => format!("{} bytes", field.body.len()),
            (None, true) => value::masked(field.number, &plain),
            // Senders put anything into these.
            (None, false) if hidden && is_text => mask_likely_card_numbers(&plain).into_owned(),
            (None, false) => plain,
        },
        meaning: meaning.filter(|_| !(hidden && table.sensitive)),
        parts: parts.unwrap_or_default(),
    }
}
