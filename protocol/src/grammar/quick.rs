//! Where a field ends, found in a few instructions. In comes a message and where a field begins in it; out comes where it ends, or
//! `None` where the field is of a rarer kind, is faulty, or stands so near the message's end that a load would go beyond it: then
//! the rules of the grammar read it, and they alone say what is wrong.

use crate::fields::{FIELDS, Packing};
use crate::frame::FRAME_BYTES_MAX;

/// Bytes of one load.
const WORD_BYTES: usize = 8;

/// Digits that one load covers.
const WORD_DIGITS: u16 = 16;

/// How the end of a field is found.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    /// Bit 3 of each nibble that must be a digit, in a word that was read with its first byte lowest.
    digits: u64,
    /// Bytes of a field of fixed length.
    bytes: u16,
    /// Bytes that must be left in the message: the field's, and no fewer than a word.
    needed: u16,
    /// The greatest count of digits where a count stands in front of them, otherwise 0.
    counted: u8,
    /// The bits of the first byte that must be 0: the nibble in front of an odd count of digits.
    zeros: u8,
}

/// The checks of fields 1 to 64 and of fields 65 to 128.
pub(crate) static CHECKS: [[Check; 64]; 2] = {
    let mut checks = [[Check::RARE; 64]; 2];
    let mut index = 0;
    while index < 128 {
        checks[index / 64][index % 64] = Check::of(FIELDS[index].packing);
        index += 1;
    }
    checks
};

const _: () = assert!(FRAME_BYTES_MAX < Check::RARE.needed as usize);

impl Check {
    /// No message has so many bytes.
    const RARE: Self = Self {
        digits: 0,
        bytes: 0,
        needed: u16::MAX,
        counted: 0,
        zeros: 0,
    };

    const fn of(packing: Packing) -> Self {
        // Of a field of fixed length: the first byte that holds digits, and their count.
        let (first, digits) = match packing {
            Packing::Numeric(digits) => (0, digits as usize),
            Packing::Signed(length) => (1, length as usize - 1),
            Packing::Text(_) | Packing::Binary(_) => (0, 0),
            Packing::NumericUpTo(maximum) => {
                return Self {
                    counted: maximum as u8,
                    ..Self::RARE
                };
            }
            Packing::TrackUpTo(_)
            | Packing::ShortTextUpTo(_)
            | Packing::TextUpTo(_)
            | Packing::BinaryUpTo(_) => return Self::RARE,
        };
        let end = first + digits.div_ceil(2);
        if end > WORD_BYTES {
            return Self::RARE;
        }
        let mut mask = 0;
        let mut byte = first;
        while byte < end {
            mask |= 0x88 << (8 * byte);
            byte += 1;
        }
        let bytes = packing.body_bytes(packing.length_max());
        let odd = matches!(packing, Packing::Numeric(_)) && digits % 2 == 1;
        Self {
            digits: mask,
            bytes: bytes as u16,
            needed: if bytes > WORD_BYTES {
                bytes
            } else {
                WORD_BYTES
            } as u16,
            counted: 0,
            zeros: if odd { 0xF0 } else { 0 },
        }
    }

    /// Of a field of fixed length whose digits stand in its first eight bytes.
    #[inline(always)]
    pub(crate) fn fixed_end(&self, message: &[u8], at: u16) -> Option<u16> {
        let field = message.get(usize::from(at)..usize::from(at) + usize::from(self.needed))?;
        let word = u64::from_le_bytes(*field.first_chunk()?);
        let wrong = above_nine(word) & self.digits | word & u64::from(self.zeros);
        (wrong == 0).then_some(at + self.bytes)
    }

    /// Of a field of 1 to 16 digits behind their count.
    #[inline(always)]
    pub(crate) fn counted_end(&self, message: &[u8], at: u16) -> Option<u16> {
        let at = usize::from(at);
        let field = message.get(at..at + 1 + WORD_BYTES)?;
        let count = u16::from(field[0] >> 4) * 10 + u16::from(field[0] & 0xF);
        let counts = (1..=WORD_DIGITS.min(u16::from(self.counted))).contains(&count);
        if !counts || field[0] & 0xF > 9 || field[0] >> 4 > 9 {
            return None;
        }
        // The digits stand in front, whatever follows is shifted out.
        let word = u64::from_be_bytes(*field[1..].first_chunk()?) >> (64 - 4 * count);
        let end = at + 1 + usize::from(count.div_ceil(2));
        (above_nine(word) & BITS_3 == 0).then_some(end as u16)
    }
}

/// Bit 3 of each nibble.
const BITS_3: u64 = 0x8888_8888_8888_8888;

/// Of its bits 3, those of the nibbles above 9: these have it and one of bits 2 and 1.
#[inline(always)]
const fn above_nine(word: u64) -> u64 {
    word & (word << 1 | word << 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::body;

    /// Bytes of digits, and here and there others.
    fn random_bytes(seed: u64) -> [u8; 64] {
        let mut state = seed;
        std::array::from_fn(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let [value, kind, tens, ones, ..] = state.to_be_bytes();
            match kind % 16 {
                0 => value,
                // Of few digits, as a count and the first nibble of an odd count of them are.
                1..=5 => ones % 10,
                _ => ((tens % 10) << 4) | (ones % 10),
            }
        })
    }

    #[test]
    fn finds_no_end_but_the_one_of_the_grammar() {
        for (index, field) in FIELDS.iter().enumerate() {
            let check = &CHECKS[index / 64][index % 64];
            let (mut found, mut left_to_grammar) = (0, 0);
            for seed in 0..4000 {
                let bytes = random_bytes(seed);
                // Also so near the end that the field, or a word, goes beyond it.
                let at = (seed % 64) as u16;
                let quick = check
                    .fixed_end(&bytes, at)
                    .or_else(|| check.counted_end(&bytes, at));
                let by_grammar = body(field.packing, &bytes[usize::from(at)..]).ok();
                let by_grammar = by_grammar.map(|(rest, _)| (bytes.len() - rest.len()) as u16);
                match quick {
                    Some(_) => {
                        assert_eq!(quick, by_grammar, "field {}, seed {seed}", index + 1);
                        found += 1;
                    }
                    None if by_grammar.is_some() => left_to_grammar += 1,
                    None => {}
                }
            }
            // What is only correct because nothing is ever found would be of no use.
            let is_common = match field.packing {
                Packing::Numeric(digits) => digits <= 16,
                Packing::Signed(length) => length <= 15,
                Packing::Text(_) | Packing::Binary(_) | Packing::NumericUpTo(_) => true,
                Packing::TrackUpTo(_)
                | Packing::ShortTextUpTo(_)
                | Packing::TextUpTo(_)
                | Packing::BinaryUpTo(_) => false,
            };
            let counts = (found, left_to_grammar);
            assert_eq!(
                found > left_to_grammar,
                is_common,
                "field {}: {counts:?}",
                index + 1
            );
        }
    }
}
