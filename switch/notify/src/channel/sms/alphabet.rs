//! The letters of a short message, and where a long one is cut.
//!
//! | alphabet | one segment | of several | never cut apart |
//! | --- | --- | --- | --- |
//! | GSM 03.38 default, a septet in each byte | 160 | 152 | an escape and what it escapes |
//! | UCS-2 (UTF-16, big-endian) | 70 | 66 | the halves of a surrogate pair |
//!
//! The segments of one message begin with a user data header (3GPP TS 23.040, 9.2.3.24.8) that takes seven of the 140 bytes:
//!
//! ```text
//! 06 08 04 | reference 2 | segments | this one, from 1
//! ```

use rusmpp::extra::encoding::gsm7bit::Gsm7BitUnpacked;
use rusmpp::values::DataCoding;

/// Nobody reads more than this on a telephone, and each is paid for.
const SEGMENTS_MAX: usize = 8;
const ESCAPE: u8 = 0x1B;

/// A text, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) coding: DataCoding,
    /// One body, or several that each begin with their header.
    pub(super) bodies: Vec<Vec<u8>>,
}

/// `None` for a text that is too long. The same text under the same reference is cut alike.
pub(super) fn encode(text: &str, reference: u16) -> Option<Encoded> {
    let (coding, units) = match Gsm7BitUnpacked::new().encode_to_vec(text) {
        Ok(septets) => (DataCoding::McSpecific, cut_septets(&septets)),
        Err(_) => (DataCoding::Ucs2, cut_utf16(text)),
    };
    if units.len() > SEGMENTS_MAX {
        return None;
    }
    let bodies = match units.len() {
        1 => units,
        count => (1u8..)
            .zip(units)
            .map(|(number, body)| headed(reference, count as u8, number, &body))
            .collect(),
    };
    Some(Encoded { coding, bodies })
}

fn headed(reference: u16, count: u8, number: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = reference.to_be_bytes();
    let mut whole = vec![6, 8, 4, high, low, count, number];
    whole.extend_from_slice(body);
    whole
}

fn cut_septets(septets: &[u8]) -> Vec<Vec<u8>> {
    let splits = |before: &u8, _: &u8| *before == ESCAPE;
    cut(septets, 160, 152, splits)
}

fn cut_utf16(text: &str) -> Vec<Vec<u8>> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let splits = |before: &u16, _: &u16| (0xD800..0xDC00).contains(before);
    cut(&units, 70, 66, splits)
        .into_iter()
        .map(|part| part.iter().flat_map(|unit| unit.to_be_bytes()).collect())
        .collect()
}

/// Pieces of at most `several` units, or one of at most `single`. `splits`: nothing may be cut between these two.
fn cut<T: Copy>(
    units: &[T],
    single: usize,
    several: usize,
    splits: impl Fn(&T, &T) -> bool,
) -> Vec<Vec<T>> {
    if units.len() <= single {
        return vec![units.to_vec()];
    }
    let mut pieces = Vec::new();
    let mut rest = units;
    while rest.len() > several {
        let split = splits(&rest[several - 1], &rest[several]);
        let (piece, behind) = rest.split_at(several - usize::from(split));
        pieces.push(piece.to_vec());
        rest = behind;
    }
    pieces.push(rest.to_vec());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_the_default_alphabet_where_it_can() {
        let encoded = encode("@£ 5€ {ä}", 7).unwrap();
        assert_eq!(encoded.coding, DataCoding::McSpecific);
        let expected = [
            0, 1, b' ', b'5', 0x1B, 0x65, b' ', 0x1B, 0x28, 0x7B, 0x1B, 0x29,
        ];
        assert_eq!(encoded.bodies, [expected]);
        let encoded = encode("тест", 7).unwrap();
        assert_eq!(encoded.coding, DataCoding::Ucs2);
        assert_eq!(encoded.bodies, [[4, 0x42, 4, 0x35, 4, 0x41, 4, 0x42]]);
    }

    #[test]
    fn a_segment_holds_160_septets_and_several_hold_152_each() {
        let lengths = |text: &str| -> Vec<usize> {
            encode(text, 7)
                .unwrap()
                .bodies
                .iter()
                .map(Vec::len)
                .collect()
        };
        assert_eq!(lengths(&"a".repeat(160)), [160]);
        assert_eq!(lengths(&"a".repeat(161)), [7 + 152, 7 + 9]);
        assert_eq!(lengths(&"a".repeat(304)), [7 + 152, 7 + 152]);
        assert_eq!(lengths(&"я".repeat(70)), [140]);
        assert_eq!(lengths(&"я".repeat(71)), [7 + 132, 7 + 10]);
        assert_eq!(encode(&"a".repeat(152 * 8 + 1), 7), None);
    }

    #[test]
    fn the_header_counts_the_segments() {
        let bodies = encode(&"a".repeat(400), 0xABCD).unwrap().bodies;
        let heads: Vec<&[u8]> = bodies.iter().map(|body| &body[..7]).collect();
        assert_eq!(
            heads,
            [
                [6, 8, 4, 0xAB, 0xCD, 3, 1],
                [6, 8, 4, 0xAB, 0xCD, 3, 2],
                [6, 8, 4, 0xAB, 0xCD, 3, 3]
            ]
        );
    }

    #[test]
    fn neither_escapes_nor_pairs_are_cut_apart() {
        for before in 149..155 {
            let text = "a".repeat(before) + &"€".repeat(20);
            for body in encode(&text, 7).unwrap().bodies {
                assert_ne!(body.last(), Some(&ESCAPE), "{before}");
            }
        }
        for before in 63..69 {
            let text = "я".repeat(before) + &"🙂".repeat(10);
            let mut joined = Vec::new();
            for body in encode(&text, 7).unwrap().bodies {
                let units = body[7..]
                    .chunks_exact(2)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                let part = String::from_utf16(&units.collect::<Vec<_>>());
                joined.push(part.expect("whole characters"));
            }
            assert_eq!(joined.concat(), text);
        }
    }
}
