//! What is wrong with a message, and where.

use std::fmt;

/// A format error: the first byte at which the message stopped making sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// What was being read.
    pub place: Place,
    /// The byte of the fault, counted from the first byte of the MTI.
    pub offset: usize,
    /// What was wrong.
    pub problem: Problem,
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The message type indicator.
    Mti,
    /// The primary or the secondary bitmap.
    Bitmap,
    /// A field, by its number.
    Field(u8),
    /// What follows the last field.
    End,
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The message ends inside.
    Short {
        /// Bytes that were needed from the offset on.
        needed: usize,
        /// Bytes that were there.
        had: usize,
    },
    /// A nibble that should be a digit is above 9, or one that pads is not 0.
    Nibble {
        /// The byte.
        found: u8,
    },
    /// A length that is not BCD.
    Length {
        /// The byte.
        found: u8,
    },
    /// A character that its field can't have.
    Character {
        /// The byte.
        found: u8,
    },
    /// A length above the field's greatest.
    TooLong {
        /// The field's greatest length.
        maximum: usize,
        /// The length that was announced.
        had: usize,
    },
    /// Bytes after the last field.
    LeftOver {
        /// How many.
        had: usize,
    },
    /// A message type that no message has.
    Unknown,
    /// A field that this protocol never sends.
    NeverSent,
    /// The message is longer than a frame may be.
    Oversized {
        /// Its length.
        had: usize,
    },
}

impl ParseError {
    /// The field in which the fault lies.
    pub fn field(&self) -> Option<u8> {
        match self.place {
            Place::Field(number) => Some(number),
            _ => None,
        }
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} at byte {}",
            self.place, self.problem, self.offset
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mti => f.write_str("MTI"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Field(number) => write!(f, "field {number}"),
            Self::End => f.write_str("end"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { needed, had } => write!(f, "{needed} bytes needed, {had} there"),
            Self::Nibble { found } if found >> 4 <= 9 && found & 0xF <= 9 => {
                write!(f, "padding that is not 0")
            }
            Self::Nibble { .. } => f.write_str("nibble above 9"),
            Self::Character { found } => {
                write!(f, "a character that does not belong there (0x{found:02x})")
            }
            Self::Length { .. } => f.write_str("length that is not BCD"),
            Self::TooLong { maximum, had } => write!(f, "length {had} above {maximum}"),
            Self::LeftOver { had } => write!(f, "{had} bytes left over"),
            Self::Unknown => f.write_str("of no message"),
            Self::NeverSent => f.write_str("never sent in this protocol"),
            Self::Oversized { had } => write!(f, "{had} bytes are more than a frame holds"),
        }
    }
}
