//! A message read as far as it goes: for answers to bad messages and for people.

use crate::bcd;
use crate::error::{ParseError, Place};
use crate::fields::{FIELDS, Field};
use crate::grammar;
use crate::message::{Head, end, field, head, located, read_mti};
use crate::mti::Mti;

/// What could be read of a message, and the first fault in it. A field that is wrong but whose end is
/// known is left out and the ones behind it are still read.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// The message type, where readable.
    pub mti: Option<Mti>,
    /// The readable fields, ascending.
    pub fields: Vec<ReadField<'a>>,
    /// The first fault; `None` for a good message.
    pub fault: Option<ParseError>,
}

/// A field that could be read.
#[derive(Debug, Clone, Copy)]
pub struct ReadField<'a> {
    /// 2 to 128.
    pub number: u8,
    /// Where it begins in the message, its length included.
    pub offset: usize,
    /// As it stands on the wire, its length included.
    pub wire: &'a [u8],
    /// As it stands on the wire, without its length.
    pub body: &'a [u8],
}

impl ReadField<'_> {
    /// Its row of the table.
    pub fn table(&self) -> &'static Field {
        // Only numbers of 2 to 128 are ever read.
        &FIELDS[usize::from(self.number) - 1]
    }

    /// Its length in digits, characters or bytes.
    pub fn length(&self) -> usize {
        let prefix = &self.wire[..self.wire.len() - self.body.len()];
        match prefix {
            [] => self.table().packing.length_max(),
            // The grammar has checked the prefix to be BCD of at most four digits.
            digits => bcd::number(digits).unwrap_or(0) as usize,
        }
    }
}

impl<'a> Reading<'a> {
    /// Reads what can be read.
    pub fn of(bytes: &'a [u8]) -> Self {
        let mut reading = Self {
            mti: read_mti(bytes).ok().map(|(_, mti)| mti),
            fields: Vec::new(),
            fault: None,
        };
        match head(bytes) {
            Ok(head) => reading.read_fields(bytes, &head),
            Err(fault) => reading.fault = Some(fault),
        }
        reading
    }

    /// A field, where it could be read.
    pub fn field(&self, number: u8) -> Option<&ReadField<'a>> {
        self.fields.iter().find(|field| field.number == number)
    }

    fn read_fields(&mut self, bytes: &'a [u8], head: &Head<'a>) {
        let mut rest = head.body;
        for number in head.bitmap.fields() {
            match field(number, rest) {
                Ok((behind, body)) => {
                    let wire = &rest[..rest.len() - behind.len()];
                    self.fields.push(ReadField {
                        number,
                        offset: bytes.len() - rest.len(),
                        wire,
                        body,
                    });
                    rest = behind;
                }
                Err(error) => {
                    let fault = located(Place::Field(number), bytes, error);
                    self.fault.get_or_insert(fault);
                    let packing = FIELDS[usize::from(number) - 1].packing;
                    match grammar::skip(packing, rest) {
                        Ok((behind, _)) => rest = behind,
                        Err(_) => return,
                    }
                }
            }
        }
        if let Err(fault) = end(bytes, rest) {
            self.fault.get_or_insert(fault);
        }
    }
}
