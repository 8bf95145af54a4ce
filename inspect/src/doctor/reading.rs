//! A message as one packing reads it, and how much it looks like one.

use std::ops::Range;

use tessera_protocol::{
    CardNumber, Currency, MessagePacking, Mti, NetworkCode, Reading, to_ebcdic,
};

/// What speaks for and against a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looks {
    /// Fields that could be read in front of any fault.
    pub(super) fields: usize,
    /// Whether it could be read to its end.
    pub(super) is_whole: bool,
    /// 1987, 1993 or 2003.
    pub(super) version: u16,
    /// What the fields' contents say: a date that is one speaks for a reading, and one that is none against it.
    pub(super) weight: i32,
    /// The first field whose content can't be.
    pub(super) implausible: Option<u8>,
}

/// Looks at the bytes as a message in this packing; `None` where there is no message type.
pub(super) fn looks(packing: MessagePacking, bytes: &[u8], message: Range<usize>) -> Option<Looks> {
    let wire = bytes.get(message)?;
    if !begins_with_mti(packing, wire) {
        return None;
    }
    let (version, wire) = with_version_0(packing, wire)?;
    let unpacked = packing.unpack(&wire.into());
    let reading = Reading::of(&unpacked.message);
    if !reading.mti.is_some_and(Mti::is_plausible) {
        return None;
    }
    let fault = unpacked.fault.or(reading.fault);
    let sound = reading.fields.iter().filter(|field| {
        // Of text packings only what the binary one has kept can be asked.
        packing != MessagePacking::Binary
            || fault.is_none_or(|fault| field.offset + field.wire.len() <= fault.offset)
    });
    let mut looks = Looks {
        fields: 0,
        is_whole: fault.is_none(),
        version,
        weight: 0,
        implausible: None,
    };
    for field in sound {
        looks.fields += 1;
        let weight = weight(field.number, field.body, field.length());
        looks.weight += weight;
        if weight < 0 {
            looks.implausible.get_or_insert(field.number);
        }
    }
    Some(looks)
}

/// Whether it begins with an MTI of any version: most places do not, and need not be read.
fn begins_with_mti(packing: MessagePacking, wire: &[u8]) -> bool {
    let digit = |at: usize| match packing {
        MessagePacking::Binary => wire.get(at / 2).map(|byte| byte >> (4 - at % 2 * 4) & 0xF),
        MessagePacking::Ebcdic => wire.get(at).map(|byte| byte.wrapping_sub(0xF0)),
        MessagePacking::Ascii | MessagePacking::AsciiBitmap => {
            wire.get(at).map(|byte| byte.wrapping_sub(b'0'))
        }
    };
    let digits = [0, 1, 2, 3].map(|at| digit(at).unwrap_or(u8::MAX));
    matches!(digits, [0..=2, 1..=8, 0..=5, 0..=5])
}

/// The message as one of version 0, and its year; the versions of 1993 and 2003 begin alike.
fn with_version_0(packing: MessagePacking, wire: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut wire = wire.to_vec();
    let first = wire.first_mut()?;
    let character = |digit: u8| match packing {
        MessagePacking::Ebcdic => to_ebcdic(b'0' + digit),
        _ => b'0' + digit,
    };
    let digit = match packing {
        MessagePacking::Binary => *first >> 4,
        _ => (0..=2).find(|&digit| character(digit) == *first)?,
    };
    *first = match packing {
        MessagePacking::Binary => *first & 0xF,
        _ => character(0),
    };
    let year = match digit {
        0 => 1987,
        1 => 1993,
        2 => 2003,
        _ => return None,
    };
    Some((year, wire))
}

/// How much a field's content speaks for the reading.
fn weight(number: u8, body: &[u8], length: usize) -> i32 {
    let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let two = |at: usize| {
        digits
            .get(at..at + 2)
            .and_then(|digits| digits.parse::<u8>().ok())
            .unwrap_or(u8::MAX)
    };
    let is_day = |at: usize| (1..=12).contains(&two(at)) && (1..=31).contains(&two(at + 2));
    let is_time = |at: usize| two(at) < 24 && two(at + 2) < 60 && two(at + 4) < 60;
    // What can't be is rarer in a message than what can be is elsewhere.
    let judged = |good: bool, by: i32| if good { by } else { -2 * by };
    match number {
        2 => {
            let card = digits.get(..length).and_then(CardNumber::from_digits);
            judged(
                card.is_some_and(|card| length < 13 || card.luhn_valid()),
                20,
            )
        }
        // Debits, credits, inquiries, transfers, payments and what is private.
        3 => judged(matches!(two(0), 0..=49 | 90..=99), 5),
        4 => judged(digits.starts_with("00"), 5),
        7 => judged(is_day(0) && is_time(4), 60),
        12 => judged(is_time(0), 30),
        13 | 15 | 17 => judged(is_day(0), 30),
        14 => judged((1..=12).contains(&two(2)), 20),
        49..=51 => judged(
            Currency::from_text(body).is_some_and(|currency| currency.letters().is_some()),
            30,
        ),
        37..=43 => judged(body.iter().all(|byte| (b' '..=b'~').contains(byte)), 15),
        70 => {
            let code = digits.parse().ok().and_then(NetworkCode::of);
            judged(code.is_some(), 15)
        }
        _ => 0,
    }
}
