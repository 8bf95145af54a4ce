//! The ASCII packing, as jPOS `ISO87APackager` and the default ASCII specification of pyiso8583 have it.
//!
//! ```text
//! MTI       4 digits
//! bitmap    16 hexadecimal digits, a second one right behind it
//! N n       n digits
//! A n       a sign character, n - 1 digits
//! C n       n characters
//! B n       2n hexadecimal digits
//! LN, LC n  2 digits of length, then so many digits or characters (track 2: 0 to 9 and :;<=>?, of which D may stand for =)
//! LLC n     3 digits of length, then so many characters; of EMV data, so many hexadecimal digits
//! ```

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use nom::Err;
use subtle::ConstantTimeEq;

use super::FieldPlace;
use crate::bitmap::Bitmap;
use crate::error::{ParseError, Place, Problem};
use crate::fields::{FIELDS, Packing};
use crate::frame::FRAME_BYTES_MAX;
use crate::grammar::{Fault, Parsed};
use crate::mac::{MAC_BYTES, MacKey};
use crate::message::{Message, end, located};
use crate::mti::Mti;
use crate::packer::Packer;

/// Characters of a bitmap and of a MAC.
const BITMAP_CHARACTERS: usize = 16;
const MAC_CHARACTERS: usize = 2 * MAC_BYTES;
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
pub(super) fn unpack(message: &[u8]) -> Unpacked {
    let unreadable = |fault| Unpacked {
        message: Bytes::new(),
        fault: Some(fault),
    };
    let (mti, bitmap, rest) = match head(message) {
        Ok(head) => head,
        Err(fault) => return unreadable(fault),
    };
    let mut unpacked = BytesMut::with_capacity(LENGTH_BYTES + message.len());
    let mut packer = Packer::new(&mut unpacked, mti);
    let fault = read_fields(message, bitmap, rest, |number, _, body| {
        let packing = FIELDS[usize::from(number) - 1].packing;
        put(&mut packer, number, packing, &message[body]);
    });
    packer.finish();
    unpacked.advance(LENGTH_BYTES);
    Unpacked {
        message: unpacked.freeze(),
        fault,
    }
}

/// Where the readable fields of a message stand in it.
pub(super) fn places(message: &[u8]) -> Vec<FieldPlace> {
    let mut places = Vec::new();
    if let Ok((_, bitmap, rest)) = head(message) {
        read_fields(message, bitmap, rest, |number, field, body| {
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
    message: &[u8],
    bitmap: Bitmap,
    mut rest: &[u8],
    mut take: impl FnMut(u8, Range<usize>, Range<usize>),
) -> Option<ParseError> {
    let mut fault = None;
    for number in bitmap.fields() {
        let packing = FIELDS[usize::from(number) - 1].packing;
        let read = extent(packing, rest).and_then(|(behind, body)| {
            check(packing, body).map_err(|(at, found)| {
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
                match skip(packing, rest) {
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

fn head(message: &[u8]) -> Result<(Mti, Bitmap, &[u8]), ParseError> {
    if message.len() > FRAME_BYTES_MAX {
        return Err(ParseError {
            place: Place::End,
            offset: FRAME_BYTES_MAX,
            problem: Problem::Oversized { had: message.len() },
        });
    }
    let in_mti = |error| located(Place::Mti, message, error);
    let (rest, digits) = exactly(PRIMARY_AT, message).map_err(in_mti)?;
    let mti = number(digits, message).map_err(in_mti)?;
    // Four digits, each of them in a nibble.
    let bcd = [1000, 100, 10, 1].map(|place| (mti / place % 10) as u16);
    let mti = Mti::new(bcd.iter().fold(0, |value, digit| value << 4 | digit));
    let in_bitmap = |error| located(Place::Bitmap, message, error);
    let (rest, primary) = bitmap(rest).map_err(in_bitmap)?;
    let (rest, secondary) = match primary >> 63 {
        1 => bitmap(rest).map_err(in_bitmap)?,
        _ => (rest, 0),
    };
    let bitmap = Bitmap { primary, secondary };
    if bitmap.has(65) {
        return Err(ParseError {
            place: Place::Field(65),
            offset: PRIMARY_AT + BITMAP_CHARACTERS,
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

/// `bitmap = 16HEXDIG`.
fn bitmap(input: &[u8]) -> Parsed<'_, u64> {
    let (rest, digits) = exactly(BITMAP_CHARACTERS, input)?;
    let mut bitmap = 0;
    for (at, &character) in digits.iter().enumerate() {
        let Some(digit) = hex_digit(character) else {
            return wrong(input.len() - at, character);
        };
        bitmap = bitmap << 4 | u64::from(digit);
    }
    Ok((rest, bitmap))
}

/// The characters of a field, without its length.
fn extent(packing: Packing, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, length) = length(packing, input)?;
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
    exactly(characters(packing, length), rest)
}

/// What follows a field whose length can be read, even if it is too long or its characters are wrong.
fn skip(packing: Packing, input: &[u8]) -> Option<&[u8]> {
    let (rest, length) = length(packing, input).ok()?;
    rest.get(characters(packing, length)..)
}

fn characters(packing: Packing, length: usize) -> usize {
    match packing {
        Packing::Binary(bytes) => 2 * usize::from(bytes),
        _ => length,
    }
}

/// The length of a field: a constant, or two or three digits in front.
fn length(packing: Packing, input: &[u8]) -> Parsed<'_, usize> {
    match packing.prefix_bytes() {
        0 => Ok((input, packing.length_max())),
        prefix => {
            let (rest, digits) = exactly(prefix + 1, input)?;
            Ok((rest, number(digits, input)?))
        }
    }
}

fn number(digits: &[u8], input: &[u8]) -> Result<usize, Err<Fault>> {
    let mut value = 0;
    for (at, &digit) in digits.iter().enumerate() {
        if !digit.is_ascii_digit() {
            return wrong(input.len() - at, digit);
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
fn check(packing: Packing, body: &[u8]) -> Result<(), (usize, u8)> {
    let fits = |at: usize, character: u8| match packing {
        Packing::Numeric(_) | Packing::NumericUpTo(_) => character.is_ascii_digit(),
        Packing::Signed(_) if at == 0 => character.is_ascii(),
        Packing::Signed(_) => character.is_ascii_digit(),
        Packing::TrackUpTo(_) => matches!(character, b'0'..=b'?' | b'D'),
        Packing::Binary(_) | Packing::BinaryUpTo(_) => hex_digit(character).is_some(),
        Packing::Text(_) | Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => true,
    };
    let found = body.iter().copied().enumerate();
    let mut misfits = found.filter(|&(at, character)| !fits(at, character));
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
fn put(packer: &mut Packer<'_>, number: u8, packing: Packing, body: &[u8]) {
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
    message: &Message<'_>,
    key: Option<&MacKey>,
    out: &mut BytesMut,
) -> Result<(), ParseError> {
    let begin = out.len();
    out.put_slice(message.mti().to_string().as_bytes());
    let mut bitmap = message.bitmap();
    let has_secondary = bitmap.primary >> 63 == 1;
    match (key, has_secondary) {
        (Some(_), true) => bitmap.secondary |= 1,
        (Some(_), false) => bitmap.primary |= 1,
        (None, _) => {}
    }
    hex(&bitmap.primary.to_be_bytes(), out);
    if has_secondary {
        hex(&bitmap.secondary.to_be_bytes(), out);
    }
    for (number, body) in message.fields() {
        let packing = FIELDS[usize::from(number) - 1].packing;
        let prefix = message.wire(number).unwrap_or_default();
        field(number, packing, prefix, body, out)?;
    }
    if let Some(key) = key {
        let mac = key.mac(&out[begin..]);
        hex(&mac, out);
    }
    Ok(())
}

/// One field; `wire` begins with its length in the binary packing.
fn field(
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
    match packing {
        Packing::Numeric(digits) => out.put_slice(&nibbles(body)[usize::from(digits % 2)..]),
        Packing::Signed(_) => {
            out.put_u8(body[0]);
            out.put_slice(&nibbles(&body[1..]));
        }
        Packing::Text(_) => out.put_slice(body),
        Packing::Binary(_) => hex(body, out),
        Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => {
            let count = usize::from(wire[0] >> 4) * 10 + usize::from(wire[0] & 0xF);
            out.put_slice(format!("{count:02}").as_bytes());
            out.put_slice(&nibbles(body)[..count]);
        }
        Packing::ShortTextUpTo(_) => {
            out.put_slice(format!("{:02}", body.len()).as_bytes());
            out.put_slice(body);
        }
        Packing::TextUpTo(_) => {
            out.put_slice(format!("{:03}", body.len()).as_bytes());
            out.put_slice(body);
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
            out.put_slice(format!("{had:03}").as_bytes());
            hex(body, out);
        }
    }
    Ok(())
}

/// Whether a message ends in its right MAC; `false` where it has none.
pub(super) fn verify(key: &MacKey, message: &[u8]) -> bool {
    let Some((covered, mac)) = message
        .len()
        .checked_sub(MAC_CHARACTERS)
        .map(|at| message.split_at(at))
    else {
        return false;
    };
    let mut sent = [0; MAC_BYTES];
    for (byte, pair) in sent.iter_mut().zip(mac.chunks_exact(2)) {
        let (Some(high), Some(low)) = (hex_digit(pair[0]), hex_digit(pair[1])) else {
            return false;
        };
        *byte = high << 4 | low;
    }
    carries_mac(covered) && bool::from(key.mac(covered).ct_eq(&sent))
}

/// Whether the bitmaps of a message show its last field to be a MAC.
fn carries_mac(message: &[u8]) -> bool {
    let digit = |at: usize| message.get(at).copied().and_then(hex_digit);
    let last_of = |bitmap: usize| digit(PRIMARY_AT + bitmap * BITMAP_CHARACTERS - 1);
    let has_secondary = digit(PRIMARY_AT).is_some_and(|first| first & 8 != 0);
    last_of(1 + usize::from(has_secondary)).is_some_and(|last| last & 1 == 1)
}

fn hex_digit(character: u8) -> Option<u8> {
    (character as char).to_digit(16).map(|digit| digit as u8)
}

fn hex(bytes: &[u8], out: &mut BytesMut) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        out.put_u8(DIGITS[usize::from(byte >> 4)]);
        out.put_u8(DIGITS[usize::from(byte & 0xF)]);
    }
}
