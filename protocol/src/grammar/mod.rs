//! The grammar of the wire: one nom function per rule of the packing. nom's types stay in this crate.

mod quick;

use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Parser};

use crate::bcd;
use crate::error::Problem;
use crate::fields::Packing;
use crate::mti::Mti;

pub(crate) use quick::CHECKS;

/// A rule takes bytes from the front and leaves the rest.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Fault>;

/// Where a rule failed, as bytes left in the message, and why.
#[derive(Debug)]
pub(crate) struct Fault {
    pub left: usize,
    pub problem: Problem,
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        let had = input.len();
        let problem = Problem::Short {
            needed: had + 1,
            had,
        };
        Self { left: had, problem }
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

fn fault<T>(left: usize, problem: Problem) -> Parsed<'static, T> {
    Err(Err::Error(Fault { left, problem }))
}

/// `body = numeric / signed / ... ` by the packing of its field; the length in front is read and left out.
#[inline(always)]
pub(crate) fn body(packing: Packing, input: &[u8]) -> Parsed<'_, &[u8]> {
    match packing {
        Packing::Numeric(digits) => numeric(digits, input),
        Packing::Signed(length) => signed(length, input),
        Packing::Text(length) | Packing::Binary(length) => exactly(usize::from(length), input),
        Packing::NumericUpTo(maximum) => numeric_up_to(maximum, input),
        Packing::TrackUpTo(maximum) => track_up_to(maximum, input),
        Packing::ShortTextUpTo(maximum) => short_text_up_to(maximum, input),
        Packing::TextUpTo(maximum) | Packing::BinaryUpTo(maximum) => text_up_to(maximum, input),
    }
}

/// As [`body`], but only far enough to find its end: for what stands behind a fault.
pub(crate) fn skip(packing: Packing, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (input, length) = match packing.prefix_bytes() {
        0 => (input, packing.length_max()),
        1 => length_of_one_byte(input)?,
        _ => length_of_two_bytes(input)?,
    };
    exactly(packing.body_bytes(length), input)
}

/// `mti = 4DIGIT`, packed.
#[inline]
pub(crate) fn mti(input: &[u8]) -> Parsed<'_, Mti> {
    let Some((digits, rest)) = input.split_first_chunk() else {
        return short(2, input);
    };
    match Mti::new(u16::from_be_bytes(*digits)) {
        Some(mti) => Ok((rest, mti)),
        None => wrong_nibble(&input[bcd::first_wrong(input, 2).unwrap_or_default()..]),
    }
}

/// `bitmap = 8OCTET`.
#[inline]
pub(crate) fn bitmap(input: &[u8]) -> Parsed<'_, u64> {
    match input.split_first_chunk::<8>() {
        Some((bytes, rest)) => Ok((rest, u64::from_be_bytes(*bytes))),
        None => short(8, input),
    }
}

/// `N n = [%x0] nDIGIT`, packed.
#[inline]
fn numeric(digits: u16, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, body) = exactly(usize::from(digits.div_ceil(2)), input)?;
    check_digits(input, body.len())?;
    if digits % 2 == 1 && body[0] > 9 {
        return fault(input.len(), Problem::Nibble { found: body[0] });
    }
    Ok((rest, body))
}

/// `A n = OCTET (n-1)DIGIT`: the sign is looked at only where the field is used.
fn signed(length: u16, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, body) = exactly(1 + usize::from((length - 1).div_ceil(2)), input)?;
    check_digits(&input[1..], body.len() - 1)?;
    Ok((rest, body))
}

/// `LN n = 2DIGIT *nDIGIT [OCTET-half]`, packed: the last nibble of an odd count is ignored.
#[inline]
fn numeric_up_to(maximum: u16, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (input, digits) = bounded(length_of_one_byte, maximum, input)?;
    let (rest, body) = exactly(digits.div_ceil(2), input)?;
    check_digits(input, digits / 2)?;
    match body.last() {
        Some(last) if digits % 2 == 1 && last >> 4 > 9 => {
            fault(rest.len() + 1, Problem::Nibble { found: *last })
        }
        _ => Ok((rest, body)),
    }
}

/// `track = 2DIGIT *nNIBBLE`.
fn track_up_to(maximum: u16, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, nibbles) = bounded(length_of_one_byte, maximum, input)?;
    exactly(nibbles.div_ceil(2), rest)
}

/// `LC n = 2DIGIT *nCHAR`.
fn short_text_up_to(maximum: u16, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, length) = bounded(length_of_one_byte, maximum, input)?;
    exactly(length, rest)
}

/// `LLC n = 4DIGIT *nCHAR`.
fn text_up_to(maximum: u16, input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, length) = bounded(length_of_two_bytes, maximum, input)?;
    exactly(length, rest)
}

/// A length that may not exceed the field's greatest.
#[inline]
fn bounded<'a>(
    mut length: impl Parser<&'a [u8], Output = usize, Error = Fault>,
    maximum: u16,
    input: &'a [u8],
) -> Parsed<'a, usize> {
    let maximum = usize::from(maximum);
    let (rest, had) = length.parse(input)?;
    if had > maximum {
        return fault(input.len(), Problem::TooLong { maximum, had });
    }
    Ok((rest, had))
}

#[inline]
fn length_of_one_byte(input: &[u8]) -> Parsed<'_, usize> {
    let Some((&byte, rest)) = input.split_first() else {
        return short(1, input);
    };
    Ok((rest, length_digits(byte, input)?))
}

#[inline]
fn length_of_two_bytes(input: &[u8]) -> Parsed<'_, usize> {
    let Some(([high, low], rest)) = input.split_first_chunk() else {
        return short(2, input);
    };
    let high = length_digits(*high, input)?;
    Ok((rest, high * 100 + length_digits(*low, &input[1..])?))
}

#[inline]
fn length_digits(byte: u8, input: &[u8]) -> Result<usize, Err<Fault>> {
    let (tens, ones) = (byte >> 4, byte & 0xF);
    if tens > 9 || ones > 9 {
        return Err(Err::Error(Fault {
            left: input.len(),
            problem: Problem::Length { found: byte },
        }));
    }
    Ok(usize::from(tens * 10 + ones))
}

/// `take(count)`, which says how much was needed.
#[inline(always)]
fn exactly(count: usize, input: &[u8]) -> Parsed<'_, &[u8]> {
    match input.split_at_checked(count) {
        Some((body, rest)) => Ok((rest, body)),
        None => short(count, input),
    }
}

#[cold]
#[inline(never)]
fn short<T>(needed: usize, input: &[u8]) -> Parsed<'static, T> {
    let had = input.len();
    fault(had, Problem::Short { needed, had })
}

/// The first `length` bytes of the input, which are there, hold digits only.
#[inline(always)]
fn check_digits(input: &[u8], length: usize) -> Result<(), Err<Fault>> {
    match bcd::first_wrong(input, length) {
        None => Ok(()),
        Some(index) => wrong_nibble(&input[index..]).map(|(_, nothing)| nothing),
    }
}

/// The first byte holds a nibble that is no digit.
#[cold]
#[inline(never)]
fn wrong_nibble<T>(input: &[u8]) -> Parsed<'static, T> {
    let found = input.first().copied().unwrap_or_default();
    fault(input.len(), Problem::Nibble { found })
}
