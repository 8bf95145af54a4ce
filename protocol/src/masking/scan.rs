//! Where runs of digits stand, in every representation in which people and machines write them.
//!
//! Everything is a sequence of nibbles with their places. Digits are looked for in it as packed BCD (so at either
//! nibble offset, whatever the order of bytes or nibbles), as ASCII and EBCDIC characters at either offset, with and
//! without separators; and hexadecimal text is read as nibbles again, whose places are those of its characters.

use std::ops::Range;

/// The shortest and the longest card number that is hidden.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// Digits of a run that are shown in front and behind.
const FIRST_SHOWN: usize = 6;
const LAST_SHOWN: usize = 4;
/// A run that touches an end of the input may be the rest of a longer one.
const CUT_DIGITS: usize = 11;
/// Separators in a row that don't end a run, in bytes of unknown layout.
const GAP: usize = 3;
/// Separators in a row between the bytes of hexadecimal text: `", "\x`.
const HEX_GAP: usize = 6;
/// How often hexadecimal text is read as bytes that hold hexadecimal text.
const DEPTH_MAX: usize = 2;

/// A nibble, and which nibbles of the input say it: one, or the two of a hexadecimal character.
#[derive(Debug, Clone, Copy)]
struct Nibble {
    value: u8,
    at: usize,
    width: usize,
}

/// Which runs of digits are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// Bytes of unknown layout: every run of 13 digits and more.
    Bytes,
    /// Text for people: every run of 13 digits and more, in one piece or in groups with one space or dash between.
    Text,
    /// Text that may hold long numbers of other kinds: 13 to 19 digits with the check digit of a card number.
    Luhn,
}

enum Token {
    Digit(u8, Range<usize>),
    Separator,
    Other,
}

/// A run of digits: their values and places, and where its groups begin.
#[derive(Default)]
struct Run {
    values: Vec<u8>,
    places: Vec<Range<usize>>,
    groups: Vec<usize>,
    gap: usize,
    at_start: bool,
}

impl Run {
    fn clear(&mut self) {
        self.values.clear();
        self.places.clear();
        self.groups.clear();
        self.gap = 0;
        self.at_start = false;
    }

    /// Digits behind leading zeros.
    fn significant(&self) -> usize {
        self.values.iter().skip_while(|value| **value == 0).count()
    }

    fn group_digits(&self) -> usize {
        self.values.len() - self.groups.last().copied().unwrap_or(0)
    }
}

/// Hexadecimal text so far.
#[derive(Default)]
struct HexText {
    nibbles: Vec<Nibble>,
    /// Of the group that is being read, and of the first one.
    group: usize,
    first_group: usize,
    /// What stands behind the last digit, and what stood between the first groups.
    gap: Vec<u8>,
    first_gap: Vec<u8>,
}

impl HexText {
    fn clear(&mut self) {
        self.nibbles.clear();
        self.gap.clear();
        self.group = 0;
        self.first_group = 0;
    }

    /// Notes a separator; `false` where there are too many.
    fn separate(&mut self, byte: u8) -> bool {
        if !self.nibbles.is_empty() {
            self.gap.push(byte);
        }
        self.gap.len() <= HEX_GAP
    }

    /// Whether a further digit belongs to it. In text for people, dates, times and columns of numbers are no bytes: those
    /// stand in groups of the same even size, with the same between them.
    fn takes(&mut self, suspicion: Suspicion) -> bool {
        if self.gap.is_empty() || suspicion == Suspicion::Bytes {
            return true;
        }
        if self.first_group == 0 {
            self.first_group = self.group;
            self.first_gap.clone_from(&self.gap);
        }
        self.group.is_multiple_of(2) && self.group == self.first_group && self.gap == self.first_gap
    }

    fn push(&mut self, nibble: Nibble) {
        if !self.gap.is_empty() {
            self.gap.clear();
            self.group = 0;
        }
        self.group += 1;
        self.nibbles.push(nibble);
    }
}

pub(super) struct Scan<'a> {
    /// One for each nibble of the input.
    hidden: &'a mut [bool],
    suspicion: Suspicion,
}

impl<'a> Scan<'a> {
    /// Hides what it finds in `bytes`; `hidden` has two places for each of them.
    pub(super) fn run(bytes: &[u8], suspicion: Suspicion, hidden: &'a mut [bool]) {
        let nibbles: Vec<Nibble> = bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xF])
            .enumerate()
            .map(|(at, value)| Nibble {
                value,
                at,
                width: 1,
            })
            .collect();
        Self { hidden, suspicion }.level(&nibbles, 0);
    }

    fn level(&mut self, nibbles: &[Nibble], depth: usize) {
        // The characters of a text are not digits in BCD.
        let is_text = depth == 0 && self.suspicion != Suspicion::Bytes;
        if !is_text {
            self.packed(nibbles);
        }
        let offsets = if is_text { 0..1 } else { 0..2 };
        for offset in offsets {
            let aligned = nibbles.get(offset..).unwrap_or_default();
            let (pairs, _) = aligned.as_chunks::<2>();
            self.characters(pairs, Self::ascii);
            if !is_text {
                self.characters(pairs, ebcdic);
                self.characters(pairs, ebcdic_swapped);
            }
            if depth < DEPTH_MAX {
                self.hexadecimal(pairs, depth);
            }
        }
    }

    /// Packed BCD.
    fn packed(&mut self, nibbles: &[Nibble]) {
        self.runs(nibbles.iter().map(|nibble| match nibble.value {
            0..=9 => Token::Digit(nibble.value, nibble.at..nibble.at + nibble.width),
            _ => Token::Other,
        }));
    }

    fn characters(&mut self, pairs: &[[Nibble; 2]], kind: fn(Suspicion, u8) -> Option<char>) {
        let suspicion = self.suspicion;
        self.runs(pairs.iter().map(|[high, low]| {
            match kind(suspicion, high.value << 4 | low.value) {
                Some(digit @ '0'..='9') => {
                    Token::Digit(digit as u8 - b'0', high.at..low.at + low.width)
                }
                Some(_) => Token::Separator,
                None => Token::Other,
            }
        }));
    }

    /// A digit, or a space for what separates digits.
    fn ascii(suspicion: Suspicion, byte: u8) -> Option<char> {
        match byte {
            b'0'..=b'9' => Some(char::from(byte)),
            b' ' | b'-' => Some(' '),
            b'\t' | b'\n' | b'\r' | 0 | b'.' | b',' | b':' | b'/' | b'_' | b'|' | b'\'' | b'"'
            | b'\\'
                if suspicion == Suspicion::Bytes =>
            {
                Some(' ')
            }
            _ => None,
        }
    }

    /// Text of hexadecimal digits, with `0x`, `\x` and what stands between bytes passed over, as the nibbles that it says.
    fn hexadecimal(&mut self, pairs: &[[Nibble; 2]], depth: usize) {
        let mut text = HexText::default();
        let mut rest = pairs;
        while let [[high, low], behind @ ..] = rest {
            rest = behind;
            let byte = high.value << 4 | low.value;
            let prefix = behind
                .first()
                .map(|[high, low]| high.value << 4 | low.value);
            let goes_on = match (byte, prefix) {
                (b'0', Some(x @ (b'x' | b'X'))) => {
                    rest = &behind[1..];
                    text.separate(x)
                }
                _ if byte.is_ascii_hexdigit() => {
                    let nibble = Nibble {
                        value: (byte as char).to_digit(16).unwrap_or_default() as u8,
                        at: high.at,
                        width: low.at + low.width - high.at,
                    };
                    if !text.takes(self.suspicion) {
                        self.inner(&text.nibbles, depth);
                        text.clear();
                    }
                    text.push(nibble);
                    true
                }
                (b'x' | b' ' | b'\t' | b'\n' | b'\r', _)
                | (b',' | b':' | b';' | b'-' | b'|' | b'\'' | b'"' | b'\\', _) => {
                    text.separate(byte)
                }
                _ => false,
            };
            if !goes_on {
                self.inner(&text.nibbles, depth);
                text.clear();
            }
        }
        self.inner(&text.nibbles, depth);
    }

    fn inner(&mut self, nibbles: &[Nibble], depth: usize) {
        if nibbles.len() >= CUT_DIGITS {
            self.level(nibbles, depth + 1);
        }
    }

    fn runs(&mut self, tokens: impl Iterator<Item = Token>) {
        let in_bytes = self.suspicion == Suspicion::Bytes;
        let gap_max = if in_bytes { GAP } else { 1 };
        let group_min = if in_bytes { 1 } else { 2 };
        let mut run = Run::default();
        for (index, token) in tokens.enumerate() {
            match token {
                Token::Digit(value, place) => {
                    if run.values.is_empty() {
                        run.at_start = index == 0;
                    }
                    if run.values.is_empty() || run.gap > 0 {
                        run.groups.push(run.values.len());
                    }
                    run.values.push(value);
                    run.places.push(place);
                    run.gap = 0;
                }
                Token::Separator
                    if run.gap < gap_max && (run.gap > 0 || run.group_digits() >= group_min) =>
                {
                    run.gap += 1;
                }
                Token::Separator | Token::Other => {
                    self.close(&run, run.at_start);
                    run.clear();
                }
            }
        }
        self.close(&run, true);
    }

    fn close(&mut self, run: &Run, at_edge: bool) {
        let digits = run.values.len();
        match self.suspicion {
            Suspicion::Bytes if at_edge && digits >= CUT_DIGITS => self.hide(&run.places),
            // A position or a file name filled up with zeros: no card number begins with one.
            Suspicion::Text
                if digits > *CARD_DIGITS.end() && run.significant() < *CARD_DIGITS.start() => {}
            Suspicion::Bytes | Suspicion::Text if digits >= *CARD_DIGITS.start() => {
                self.hide(&run.places);
            }
            Suspicion::Luhn => {
                // From the beginning of a group to the end of one.
                let ends = run.groups.iter().skip(1).copied().chain([digits]);
                let ends: Vec<usize> = ends.collect();
                for (index, &start) in run.groups.iter().enumerate() {
                    for &end in &ends[index..] {
                        let is_card = CARD_DIGITS.contains(&(end - start))
                            && luhn_valid(&run.values[start..end]);
                        if is_card {
                            self.hide(&run.places[start..end]);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// All but the first six and the last four.
    fn hide(&mut self, places: &[Range<usize>]) {
        let last = places.len().saturating_sub(LAST_SHOWN);
        for place in places.get(FIRST_SHOWN..last).unwrap_or_default() {
            self.hidden[place.clone()].fill(true);
        }
    }
}

fn ebcdic(_: Suspicion, byte: u8) -> Option<char> {
    match byte {
        0xF0..=0xF9 => Some(char::from(b'0' + (byte & 0xF))),
        // Space, dash, full stop, comma, colon, slash, line ends, zero.
        0x40 | 0x60 | 0x4B | 0x6B | 0x7A | 0x61 | 0x0D | 0x15 | 0x25 | 0 => Some(' '),
        _ => None,
    }
}

/// The same with its nibbles in the other order.
fn ebcdic_swapped(_: Suspicion, byte: u8) -> Option<char> {
    match byte.rotate_left(4) {
        digit @ 0xF0..=0xF9 => Some(char::from(b'0' + (digit & 0xF))),
        _ => None,
    }
}

/// ISO/IEC 7812-1 annex B.
fn luhn_valid(digits: &[u8]) -> bool {
    let from_the_right = digits.iter().rev().enumerate();
    let sum: u32 = from_the_right
        .map(|(place, &digit)| match (place % 2, u32::from(digit) * 2) {
            (0, _) => u32::from(digit),
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
