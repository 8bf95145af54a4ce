//! A parsed message: it borrows its frame and knows where each field stands.

use nom::Err;

use crate::bcd;
use crate::bitmap::{Bitmap, places};
use crate::card::CardNumber;
use crate::error::{ParseError, Place, Problem};
use crate::fields::{FIELDS, Field, Packing};
use crate::frame::FRAME_BYTES_MAX;
use crate::grammar::{self, CHECKS, Fault, Parsed};
use crate::mti::Mti;

/// A message whose every field is well formed.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    mti: Mti,
    bitmap: Bitmap,
    /// Where field n begins, its length in front included: `starts[n - 1]`, up to field 64. A frame is shorter than 64 KiB.
    starts: [u16; 64],
    /// Where the first field above 64 would begin. Few messages have such a field, so that all are spared the places of 64
    /// more.
    secondary_at: u16,
}

impl<'a> Message<'a> {
    /// Reads one message: the bytes after the two of the length. Nothing is copied.
    ///
    /// ```
    /// use tessera_protocol::{Message, Mti, Place};
    ///
    /// // A network message without a MAC: fields 7, 11, 32 and 70.
    /// let bytes = b"\x08\x00\x82\x20\x00\x01\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\
    ///     \x11\x22\x09\x45\x00\x00\x00\x02\x11\x20\x00\x00\x00\x00\x20\x03\x01";
    /// let message = Message::parse(bytes)?;
    /// assert_eq!(message.mti(), Mti::NETWORK);
    /// assert_eq!(message.number(11), Some(2));
    /// assert_eq!(message.number(70), Some(301));
    ///
    /// let torn = Message::parse(&bytes[..20]).unwrap_err();
    /// assert_eq!((torn.place, torn.offset), (Place::Field(7), 18));
    /// # Ok::<(), tessera_protocol::ParseError>(())
    /// ```
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Head { mti, bitmap, body } = head(bytes)?;
        let mut starts = [0; 64];
        let [primary, secondary] = bitmap.words();
        let body_at = (bytes.len() - body.len()) as u16;
        let secondary_at = lay(bytes, body_at, primary, |place, at| starts[place] = at)?;
        let end_at = lay(bytes, secondary_at, secondary, |_, _| ())?;
        end(bytes, &bytes[usize::from(end_at)..])?;
        Ok(Self {
            bytes,
            mti,
            bitmap,
            starts,
            secondary_at,
        })
    }

    /// The message type.
    #[inline]
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// The whole message, from its MTI to its last field.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fields that it carries.
    #[inline]
    pub fn bitmap(&self) -> Bitmap {
        self.bitmap
    }

    /// Whether it carries the field.
    #[inline]
    pub fn has(&self, number: u8) -> bool {
        self.bitmap.has(number)
    }

    /// The body of a field as it stands on the wire, without its length.
    #[inline(always)]
    pub fn raw(&self, number: u8) -> Option<&'a [u8]> {
        let start = self.start(number)?;
        Some(&self.bytes[self.extent(number, start)?])
    }

    /// The field as it stands on the wire, its length included.
    #[inline(always)]
    pub fn wire(&self, number: u8) -> Option<&'a [u8]> {
        let start = self.start(number)?;
        Some(&self.bytes[start..self.extent(number, start)?.end])
    }

    /// The number in a field of digits; `None` where it has none, more than `u64` holds, or another packing.
    #[inline(always)]
    pub fn number(&self, number: u8) -> Option<u64> {
        let start = self.start(number)?;
        match Field::of(number)?.packing {
            Packing::Numeric(digits) if digits <= 16 => {
                let at = &self.bytes[start..];
                Some(bcd::short_number(at, usize::from(digits.div_ceil(2))))
            }
            Packing::Numeric(_) => bcd::number(&self.bytes[self.extent(number, start)?]),
            Packing::NumericUpTo(_) => {
                bcd::number_left(&self.bytes[start + 1..], self.length_byte(start))
            }
            _ => None,
        }
    }

    /// The characters of a text field; padding on the right is left out.
    #[inline(always)]
    pub fn text(&self, number: u8) -> Option<&'a [u8]> {
        let body = self.raw(number)?;
        match Field::of(number)?.packing {
            Packing::Text(_) => Some(body.trim_ascii_end()),
            Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) | Packing::BinaryUpTo(_) => Some(body),
            _ => None,
        }
    }

    /// Field 2, where it holds 8 to 19 digits.
    #[inline]
    pub fn card_number(&self) -> Option<CardNumber> {
        let start = self.start(2)?;
        let length = self.length_byte(start);
        CardNumber::new(bcd::number_left(&self.bytes[start + 1..], length)?, length)
    }

    /// The bytes from the beginning of a field, which is there, and how many of them stand in front of another; where
    /// `end` is 65, in front of the secondary bitmap's fields.
    #[inline]
    pub(crate) fn between(&self, first: u8, end: u8) -> (&'a [u8], usize) {
        let end = match end {
            1..=64 => self.start(end).unwrap_or(self.bytes.len()),
            _ => self.secondary_at.into(),
        };
        let start = self.start(first).unwrap_or(end);
        (&self.bytes[start..], end - start)
    }

    /// Every field in ascending order, with its body.
    pub fn fields(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        self.bitmap
            .fields()
            .filter_map(|number| Some((number, self.raw(number)?)))
    }

    /// How many digits the length byte at an offset announces.
    #[inline]
    fn length_byte(&self, start: usize) -> usize {
        let byte = self.bytes[start];
        usize::from(byte >> 4) * 10 + usize::from(byte & 0xF)
    }

    #[inline(always)]
    fn start(&self, number: u8) -> Option<usize> {
        match number {
            2..=64 if self.bitmap.has(number) => Some(self.starts[usize::from(number) - 1].into()),
            65..=128 if self.bitmap.has(number) => self.start_above_64(number),
            _ => None,
        }
    }

    /// Past the fields in front of it.
    #[inline(never)]
    fn start_above_64(&self, number: u8) -> Option<usize> {
        let mut start = self.secondary_at.into();
        for before in self
            .bitmap
            .fields_above_64()
            .take_while(|&field| field < number)
        {
            start = self.extent(before, start)?.end;
        }
        Some(start)
    }

    /// The body's place, by the field's packing. Inlined, as all that is called with a field's number, so
    /// that a number known to the compiler leaves nothing of the table to be looked up.
    #[inline(always)]
    fn extent(&self, number: u8, start: usize) -> Option<std::ops::Range<usize>> {
        let packing = Field::of(number)?.packing;
        let (prefix, length) = match packing.prefix_bytes() {
            0 => (0, packing.length_max()),
            1 => (1, self.length_byte(start)),
            _ => (
                2,
                self.length_byte(start) * 100 + self.length_byte(start + 1),
            ),
        };
        let begin = start + prefix;
        Some(begin..begin + packing.body_bytes(length))
    }
}

/// Finds the place of each field of a word of the bitmap, the first one at `at`, and returns where the last one ends.
#[inline(always)]
fn lay(
    bytes: &[u8],
    mut at: u16,
    (word, first): (u64, u8),
    mut note: impl FnMut(usize, u16),
) -> Result<u16, ParseError> {
    let checks = if first == 1 { &CHECKS[0] } else { &CHECKS[1] };
    for place in places(word) {
        note(place, at);
        let check = &checks[place];
        let end = check
            .fixed_end(bytes, at)
            .or_else(|| check.counted_end(bytes, at));
        at = match end {
            Some(end) => end,
            None => end_of(first + place as u8, bytes, at)?,
        };
    }
    Ok(at)
}

/// As the grammar finds it.
#[inline(never)]
fn end_of(number: u8, bytes: &[u8], at: u16) -> Result<u16, ParseError> {
    match field(number, &bytes[usize::from(at)..]) {
        Ok((rest, _)) => Ok((bytes.len() - rest.len()) as u16),
        Err(error) => Err(located(Place::Field(number), bytes, error)),
    }
}

/// What stands in front of the fields.
pub(crate) struct Head<'a> {
    pub mti: Mti,
    pub bitmap: Bitmap,
    pub body: &'a [u8],
}

/// The MTI and the bitmaps.
#[inline]
pub(crate) fn head(bytes: &[u8]) -> Result<Head<'_>, ParseError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(ParseError {
            place: Place::End,
            offset: FRAME_BYTES_MAX,
            problem: Problem::Oversized { had: bytes.len() },
        });
    }
    let (rest, mti) = read_mti(bytes)?;
    let in_bitmap = |error| located(Place::Bitmap, bytes, error);
    let (rest, primary) = grammar::bitmap(rest).map_err(in_bitmap)?;
    let (body, secondary) = if primary >> 63 == 1 {
        grammar::bitmap(rest).map_err(in_bitmap)?
    } else {
        (rest, 0)
    };
    let bitmap = Bitmap { primary, secondary };
    if bitmap.has(65) {
        return Err(ParseError {
            place: Place::Field(65),
            offset: 10,
            problem: Problem::NeverSent,
        });
    }
    Ok(Head { mti, bitmap, body })
}

/// The MTI and what follows it.
#[inline]
pub(crate) fn read_mti(bytes: &[u8]) -> Result<(&[u8], Mti), ParseError> {
    grammar::mti(bytes).map_err(|error| located(Place::Mti, bytes, error))
}

/// One field by its row in the table.
#[inline(always)]
pub(crate) fn field(number: u8, input: &[u8]) -> Parsed<'_, &[u8]> {
    grammar::body(FIELDS[usize::from(number) - 1].packing, input)
}

/// Nothing may follow the last field.
#[inline]
pub(crate) fn end(bytes: &[u8], rest: &[u8]) -> Result<(), ParseError> {
    if rest.is_empty() {
        return Ok(());
    }
    Err(ParseError {
        place: Place::End,
        offset: bytes.len() - rest.len(),
        problem: Problem::LeftOver { had: rest.len() },
    })
}

#[cold]
pub(crate) fn located(place: Place, bytes: &[u8], error: Err<Fault>) -> ParseError {
    let (left, problem) = match error {
        Err::Error(fault) | Err::Failure(fault) => (fault.left, fault.problem),
        // Complete parsers never ask for more.
        Err::Incomplete(_) => (0, Problem::Short { needed: 1, had: 0 }),
    };
    ParseError {
        place,
        offset: bytes.len() - left,
        problem,
    }
}
