//! The packings in characters: ASCII, as jPOS `ISO87APackager` and the default ASCII specification of pyiso8583 have it; ASCII
//! with bitmaps as bytes, as jPOS `ISO87APackagerBBitmap`; and EBCDIC, where all that is binary stands as bytes.
//!
//! ```text
//! MTI       4 digits
//! bitmap    16 hexadecimal digits, a second one right behind it; or 8 bytes
//! N n       n digits
//! A n       a sign character, n - 1 digits
//! C n       n characters
//! B n       2n hexadecimal digits; in EBCDIC n bytes
//! LN, LC n  2 digits of length, then so many digits or characters (track 2: 0 to 9 and :;<=>?, of which D may stand for =)
//! LLC n     3 digits of length, then so many characters; of EMV data, so many hexadecimal digits, in EBCDIC so many bytes
//! ```

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use nom::Err;
use subtle::ConstantTimeEq;

use super::{FieldPlace, ebcdic};
use crate::bitmap::Bitmap;
use crate::error::{ParseError, Place, Problem};
use crate::fields::{FIELDS, Packing};
use crate::frame::FRAME_BYTES_MAX;
use crate::grammar::{Fault, Parsed};
use crate::mac::{MAC_BYTES, MacKey};
use crate::message::{Message, end, located};
use crate::mti::Mti;
use crate::packer::Packer;

/// A packing in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// Whether characters are EBCDIC (code page 037) and not ASCII.
    pub(super) ebcdic: bool,
    /// Whether bitmaps are bytes and not hexadecimal.
    pub(super) raw_bitmaps: bool,
    /// Whether binary fields are bytes and not hexadecimal.
    pub(super) raw_fields: bool,
}

impl Style {
    pub(super) const ASCII: Self = Self {
        ebcdic: false,
        raw_bitmaps: false,
        raw_fields: false,
    };
    pub(super) const ASCII_BITMAP: Self = Self {
        raw_bitmaps: true,
        ..Self::ASCII
    };
    pub(super) const EBCDIC: Self = Self {
        ebcdic: true,
        raw_bitmaps: true,
        raw_fields: true,
    };

    fn bitmap_bytes(self) -> usize {
        if self.raw_bitmaps { 8 } else { 16 }
    }

    fn mac_bytes(self) -> usize {
        if self.raw_fields {
            MAC_BYTES
        } else {
            2 * MAC_BYTES
        }
    }

    /// A character in ISO 8859-1.
    fn read(self, byte: u8) -> u8 {
        if self.ebcdic {
            ebcdic::to_latin(byte)
        } else {
            byte
        }
    }

    fn read_all(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self.ebcdic {
            true => bytes
                .iter()
                .map(|&byte| ebcdic::to_latin(byte))
                .collect::<Vec<_>>()
                .into(),
            false => bytes.into(),
        }
    }

    fn write(self, characters: &[u8], out: &mut BytesMut) {
        match self.ebcdic {
            true => out.extend(
                characters
                    .iter()
                    .map(|&character| ebcdic::from_latin(character)),
            ),
            false => out.put_slice(characters),
        }
    }

    fn is_raw(self, packing: Packing) -> bool {
        self.raw_fields && matches!(packing, Packing::Binary(_) | Packing::BinaryUpTo(_))
    }
}

/// Where the primary bitmap begins.
const PRIMARY_AT: usize = 4;
/// The length that a canonical message has in front, and that is not wanted here.
const LENGTH_BYTES: usize = 2;

/// A message put into the binary packing.
#[derive(Debug, Clone)]
pub struct Unpacked {
    /// Its readable fields; empty where not even its bitmaps could be read.
    pub message: Bytes,
    /// The first fault, its place counted in characters of the wire; `None` for a good message.
    pub fault: Option<ParseError>,
}

/// Reads a message as far as it goes: a field that is wrong but whose end is known is left out.
pub(super) fn unpack(style: Style, message: &[u8]) -> Unpacked {
    let unreadable = |fault| Unpacked {
        message: Bytes::new(),
        fault: Some(fault),
    };
    let (mti, bitmap, rest) = match head(style, message) {
        Ok(head) => head,
        Err(fault) => return unreadable(fault),
    };
    let mut unpacked = BytesMut::with_capacity(LENGTH_BYTES + message.len());
    let mut packer = Packer::new(&mut unpacked, mti);
    let fault = read_fields(style, message, bitmap, rest, |number, _, body| {
        let packing = FIELDS[usize::from(number) - 1].packing;
        put(style, &mut packer, number, packing, &message[body]);
    });
    packer.finish();
    unpacked.advance(LENGTH_BYTES);
    Unpacked {
        message: unpacked.freeze(),
        fault,
    }
}

/// Where the readable fields of a message stand in it.
pub(super) fn places(style: Style, message: &[u8]) -> Vec<FieldPlace> {
    let mut places = Vec::new();
    if let Ok((_, bitmap, rest)) = head(style, message) {
        read_fields(style, message, bitmap, rest, |number, field, body| {
            places.push(FieldPlace {
                number,
                field,
                body,
            });
        });
    }
    places
}

/// Hands out the readable fields, with and without their lengths, and returns the first fault.
fn read_fields(
    style: Style,
    message: &[u8],
    bitmap: Bitmap,
    mut rest: &[u8],
    mut take: impl FnMut(u8, Range<usize>, Range<usize>),
) -> Option<ParseError> {
    let mut fault = None;
    for number in bitmap.fields() {
        let packing = FIELDS[usize::from(number) - 1].packing;
        let read = extent(style, packing, rest).and_then(|(behind, body)| {
            check(style, packing, body).map_err(|(at, found)| {
                let left = behind.len() + body.len() - at;
                Err::Error(Fault {
                    left,
                    problem: Problem::Character { found },
                })
            })?;
            Ok((behind, body))
        });
        match read {
            Ok((behind, body)) => {
                let end = message.len() - behind.len();
                take(
                    number,
                    message.len() - rest.len()..end,
                    end - body.len()..end,
                );
                rest = behind;
            }
            Err(error) => {
                fault.get_or_insert(located(Place::Field(number), message, error));
                match skip(style, packing, rest) {
                    Some(behind) => rest = behind,
                    None => return fault,
                }
            }
        }
    }
    if let Err(left_over) = end(message, rest) {
        fault.get_or_insert(left_over);
    }
    fault
}

fn head(style: Style, message: &[u8]) -> Result<(Mti, Bitmap, &[u8]), ParseError> {
    if message.len() > FRAME_BYTES_MAX {
        return Err(ParseError {
            place: Place::End,
            offset: FRAME_BYTES_MAX,
            problem: Problem::Oversized { had: message.len() },
        });
    }
    let in_mti = |error| located(Place::Mti, message, error);
    let (rest, digits) = exactly(PRIMARY_AT, message).map_err(in_mti)?;
    let mti = number(style, digits, message).map_err(in_mti)?;
    // Four digits, each of them in a nibble.
    let bcd = [1000, 100, 10, 1].map(|place| (mti / place % 10) as u16);
    let mti = Mti::new(bcd.iter().fold(0, |value, digit| value << 4 | digit));
    let in_bitmap = |error| located(Place::Bitmap, message, error);
    let (rest, primary) = bitmap(style, rest).map_err(in_bitmap)?;
    let (rest, secondary) = match primary >> 63 {
        1 => bitmap(style, rest).map_err(in_bitmap)?,
        _ => (rest, 0),
    };
    let bitmap = Bitmap { primary, secondary };
    if bitmap.has(65) {
        return Err(ParseError {
            place: Place::Field(65),
            offset: PRIMARY_AT + style.bitmap_bytes(),
            problem: Problem::NeverSent,
        });
    }
    match mti {
        Some(mti) => Ok((mti, bitmap, rest)),
        // Its digits were looked at already.
        None => Err(ParseError {
            place: Place::Mti,
            offset: 0,
            problem: Problem::Character { found: message[0] },
        }),
    }
}

/// `bitmap = 16HEXDIG / 8OCTET`.
fn bitmap(style: Style, input: &[u8]) -> Parsed<'_, u64> {
    let (rest, digits) = exactly(style.bitmap_bytes(), input)?;
    let mut bitmap = 0;
    if style.raw_bitmaps {
        let value = digits
            .iter()
            .fold(0, |value, &byte| value << 8 | u64::from(byte));
        return Ok((rest, value));
    }
    for (at, &character) in digits.iter().enumerate() {
        let Some(digit) = hex_digit(style.read(character)) else {
            return wrong(input.len() - at, character);
        };
        bitmap = bitmap << 4 | u64::from(digit);
    }
    Ok((rest, bitmap))
}

/// The characters of a field, without its length.
fn extent(style: Style, packing: Packing, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, length) = length(style, packing, input)?;
    let maximum = packing.length_max();
    if length > maximum {
        return Err(Err::Error(Fault {
            left: input.len(),
            problem: Problem::TooLong {
                maximum,
                had: length,
            },
        }));
    }
    exactly(characters(style, packing, length), rest)
}

/// What follows a field whose length can be read, even if it is too long or its characters are wrong.
fn skip(style: Style, packing: Packing, input: &[u8]) -> Option<&[u8]> {
    let (rest, length) = length(style, packing, input).ok()?;
    rest.get(characters(style, packing, length)..)
}

fn characters(style: Style, packing: Packing, length: usize) -> usize {
    match packing {
        Packing::Binary(bytes) if style.raw_fields => usize::from(bytes),
        Packing::Binary(bytes) => 2 * usize::from(bytes),
        _ => length,
    }
}

/// The length of a field: a constant, or two or three digits in front.
fn length(style: Style, packing: Packing, input: &[u8]) -> Parsed<'_, usize> {
    match packing.prefix_bytes() {
        0 => Ok((input, packing.length_max())),
        prefix => {
            let (rest, digits) = exactly(prefix + 1, input)?;
            Ok((rest, number(style, digits, input)?))
        }
    }
}

fn number(style: Style, digits: &[u8], input: &[u8]) -> Result<usize, Err<Fault>> {
    let mut value = 0;
    for (at, &byte) in digits.iter().enumerate() {
        let digit = style.read(byte);
        if !digit.is_ascii_digit() {
            return wrong(input.len() - at, byte);
        }
        value = value * 10 + usize::from(digit - b'0');
    }
    Ok(value)
}

fn exactly(count: usize, input: &[u8]) -> Parsed<'_, &[u8]> {
    match input.split_at_checked(count) {
        Some((body, rest)) => Ok((rest, body)),
        None => Err(Err::Error(Fault {
            left: input.len(),
            problem: Problem::Short {
                needed: count,
                had: input.len(),
            },
        })),
    }
}

fn wrong<T>(left: usize, found: u8) -> Result<T, Err<Fault>> {
    let problem = Problem::Character { found };
    Err(Err::Error(Fault { left, problem }))
}

/// The characters of a body are those of its packing; where the first is that is not, and which.
fn check(style: Style, packing: Packing, body: &[u8]) -> Result<(), (usize, u8)> {
    if style.is_raw(packing) {
        return Ok(());
    }
    let fits = |at: usize, character: u8| match packing {
        Packing::Numeric(_) | Packing::NumericUpTo(_) => character.is_ascii_digit(),
        Packing::Signed(_) if at == 0 => character.is_ascii(),
        Packing::Signed(_) => character.is_ascii_digit(),
        Packing::TrackUpTo(_) => matches!(character, b'0'..=b'?' | b'D'),
        Packing::Binary(_) | Packing::BinaryUpTo(_) => hex_digit(character).is_some(),
        Packing::Text(_) | Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => true,
    };
    let found = body.iter().copied().enumerate();
    let mut misfits = found.filter(|&(at, byte)| !fits(at, style.read(byte)));
    match misfits.next() {
        Some(misfit) => Err(misfit),
        // Half a byte.
        None if matches!(packing, Packing::BinaryUpTo(_)) && body.len() % 2 == 1 => {
            Err((body.len() - 1, body[body.len() - 1]))
        }
        None => Ok(()),
    }
}

/// Adds a field whose characters were checked.
fn put(style: Style, packer: &mut Packer<'_>, number: u8, packing: Packing, body: &[u8]) {
    if style.is_raw(packing) {
        packer.raw(number, body);
        return;
    }
    let body = &*style.read_all(body);
    match packing {
        Packing::Binary(_) | Packing::BinaryUpTo(_) => {
            let pairs = body.chunks_exact(2);
            let byte = |pair: &[u8]| {
                let digit = |character| hex_digit(character).unwrap_or_default();
                digit(pair[0]) << 4 | digit(pair[1])
            };
            packer.raw(number, &pairs.map(byte).collect::<Vec<u8>>());
        }
        Packing::Text(_) | Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => {
            packer.raw(number, body);
        }
        _ => {
            // ASCII, as was checked.
            packer.digits(number, std::str::from_utf8(body).unwrap_or_default());
        }
    }
}

/// Appends a message in this packing, and its MAC where there is a key: then the message has none.
///
/// # Errors
/// Where a field is longer than three digits can say: EMV data of 500 bytes and more.
pub(super) fn pack(
    style: Style,
    message: &Message<'_>,
    key: Option<&MacKey>,
    out: &mut BytesMut,
) -> Result<(), ParseError> {
    let begin = out.len();
    style.write(message.mti().to_string().as_bytes(), out);
    let mut bitmap = message.bitmap();
    let has_secondary = bitmap.primary >> 63 == 1;
    match (key, has_secondary) {
        (Some(_), true) => bitmap.secondary |= 1,
        (Some(_), false) => bitmap.primary |= 1,
        (None, _) => {}
    }
    let put = |bitmap: u64, out: &mut BytesMut| match style.raw_bitmaps {
        true => out.put_u64(bitmap),
        false => style.write(&hex(&bitmap.to_be_bytes()), out),
    };
    put(bitmap.primary, out);
    if has_secondary {
        put(bitmap.secondary, out);
    }
    for (number, body) in message.fields() {
        let packing = FIELDS[usize::from(number) - 1].packing;
        let prefix = message.wire(number).unwrap_or_default();
        field(style, number, packing, prefix, body, out)?;
    }
    if let Some(key) = key {
        let mac = key.mac(&out[begin..]);
        match style.raw_fields {
            true => out.put_slice(&mac),
            false => style.write(&hex(&mac), out),
        }
    }
    Ok(())
}

/// One field; `wire` begins with its length in the binary packing.
fn field(
    style: Style,
    number: u8,
    packing: Packing,
    wire: &[u8],
    body: &[u8],
    out: &mut BytesMut,
) -> Result<(), ParseError> {
    let nibbles = |body: &[u8]| -> Vec<u8> {
        let pairs = body.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        pairs.map(|nibble| b'0' + nibble).collect()
    };
    let length = |digits: usize, length: usize| format!("{length:0digits$}").into_bytes();
    let characters: Vec<u8> = match packing {
        Packing::Numeric(digits) => nibbles(body)[usize::from(digits % 2)..].to_vec(),
        Packing::Signed(_) => [&body[..1], &nibbles(&body[1..])].concat(),
        Packing::Text(_) => body.to_vec(),
        Packing::Binary(_) if style.raw_fields => {
            out.put_slice(body);
            return Ok(());
        }
        Packing::Binary(_) => hex(body),
        Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => {
            let count = usize::from(wire[0] >> 4) * 10 + usize::from(wire[0] & 0xF);
            [&length(2, count)[..], &nibbles(body)[..count]].concat()
        }
        Packing::ShortTextUpTo(_) => [&length(2, body.len())[..], body].concat(),
        Packing::TextUpTo(_) => [&length(3, body.len())[..], body].concat(),
        Packing::BinaryUpTo(_) if style.raw_fields => {
            style.write(&length(3, body.len()), out);
            out.put_slice(body);
            return Ok(());
        }
        Packing::BinaryUpTo(maximum) => {
            let (maximum, had) = (usize::from(maximum), 2 * body.len());
            if had > maximum {
                return Err(ParseError {
                    place: Place::Field(number),
                    offset: out.len(),
                    problem: Problem::TooLong { maximum, had },
                });
            }
            [length(3, had), hex(body)].concat()
        }
    };
    style.write(&characters, out);
    Ok(())
}

/// Whether a message ends in its right MAC; `false` where it has none.
pub(super) fn verify(style: Style, key: &MacKey, message: &[u8]) -> bool {
    let Some((covered, mac)) = message
        .len()
        .checked_sub(style.mac_bytes())
        .map(|at| message.split_at(at))
    else {
        return false;
    };
    let mut sent = [0; MAC_BYTES];
    if style.raw_fields {
        sent.copy_from_slice(mac);
    } else {
        for (byte, pair) in sent.iter_mut().zip(mac.chunks_exact(2)) {
            let digit = |byte: u8| hex_digit(style.read(byte));
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return false;
            };
            *byte = high << 4 | low;
        }
    }
    carries_mac(style, covered) && bool::from(key.mac(covered).ct_eq(&sent))
}

/// Whether the bitmaps of a message show its last field to be a MAC.
fn carries_mac(style: Style, message: &[u8]) -> bool {
    head(style, message).is_ok_and(|(_, bitmap, _)| match bitmap.primary >> 63 {
        1 => bitmap.secondary & 1 == 1,
        _ => bitmap.primary & 1 == 1,
    })
}

fn hex_digit(character: u8) -> Option<u8> {
    (character as char).to_digit(16).map(|digit| digit as u8)
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}
