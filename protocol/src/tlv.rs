//! Text TLVs, as in field 48: two digits of tag, three digits of length, the value.

use arrayvec::ArrayVec;

/// Field 48: order number of the mall, 1 to 32 characters.
pub const ORDER: u8 = 1;
/// Field 48: what was bought, for the payer's eyes.
pub const PURPOSE: u8 = 2;
/// Field 48: key material, hexadecimal.
pub const KEY_MATERIAL: u8 = 3;
/// Field 48: reason of a decline, for a developer's eyes.
pub const REASON: u8 = 9;
/// Field 48, towards the financial system: field 37 of the original, as we sent it.
pub const ORIGINAL: u8 = 5;
/// Field 48, in the answer to a status inquiry: a [`State`](crate::State) in a word.
pub const STATE: u8 = 10;
/// The same: field 39 of the answer to the request in question.
pub const DECIDED_CODE: u8 = 11;
/// The same: what was asked for, 12 digits.
pub const AMOUNT: u8 = 12;
/// The same: what was approved of it.
pub const APPROVED_AMOUNT: u8 = 13;
/// The same: what was taken back by reversals.
pub const REVERSED_AMOUNT: u8 = 14;
/// The same: what was given back by refunds.
pub const REFUNDED_AMOUNT: u8 = 15;
/// The same: what was debited by completions.
pub const COMPLETED_AMOUNT: u8 = 16;
/// The same: field 37 of the request in question.
pub const RETRIEVAL: u8 = 17;
/// Field 48: `1`: the terminal takes an approval of less than the amount (answer 10).
pub const TAKES_PART: u8 = 4;

/// What a tag of field 48 holds; `None` for one that the protocol does not name.
pub const fn name(tag: u8) -> Option<&'static str> {
    match tag {
        ORDER => Some("order number"),
        PURPOSE => Some("what was bought"),
        KEY_MATERIAL => Some("key material"),
        TAKES_PART => Some("takes part"),
        ORIGINAL => Some("original"),
        REASON => Some("reason"),
        STATE => Some("status"),
        DECIDED_CODE => Some("answered with"),
        AMOUNT => Some("amount"),
        APPROVED_AMOUNT => Some("amount approved"),
        REVERSED_AMOUNT => Some("amount reversed"),
        REFUNDED_AMOUNT => Some("amount refunded"),
        COMPLETED_AMOUNT => Some("amount completed"),
        RETRIEVAL => Some("retrieval reference"),
        _ => None,
    }
}

/// Whether a tag's value is masked where people read it.
pub const fn is_sensitive(tag: u8) -> bool {
    tag == KEY_MATERIAL
}

/// The longest value that three digits of length can state.
pub const VALUE_BYTES_MAX: usize = 999;

/// What is wrong with a list of TLVs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// Five characters of digits were needed.
    #[error("no tag and length at byte {offset}")]
    Head {
        /// Byte of the field's body.
        offset: usize,
    },
    /// The value runs past the field.
    #[error("tag {tag:02}: value of {needed} bytes needed, {had} there at byte {offset}")]
    Short {
        /// The tag.
        tag: u8,
        /// Byte of the field's body.
        offset: usize,
        /// The length that was announced.
        needed: usize,
        /// The bytes that were there.
        had: usize,
    },
}

/// The TLVs of a field, in order; the first error ends it.
pub fn iterate(body: &[u8]) -> Tlvs<'_> {
    Tlvs { body, offset: 0 }
}

/// The value of the first TLV with this tag; an error before it is reported.
///
/// ```
/// use tessera_protocol::tlv;
///
/// assert_eq!(tlv::find(b"01007ORDER-102007two tea", 2), Ok(Some(&b"two tea"[..])));
/// assert_eq!(tlv::find(b"01007ORDER-1", 2), Ok(None));
/// assert!(tlv::find(b"01007ORD", 1).is_err());
/// ```
pub fn find(body: &[u8], tag: u8) -> Result<Option<&[u8]>, TlvError> {
    for tlv in iterate(body) {
        let (found, value) = tlv?;
        if found == tag {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// See [`iterate`].
#[derive(Debug, Clone)]
pub struct Tlvs<'a> {
    body: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<(u8, &'a [u8]), TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.body[self.offset..];
        if rest.is_empty() {
            return None;
        }
        let tlv = read(rest, self.offset);
        self.offset = match &tlv {
            Ok((_, value)) => self.offset + 5 + value.len(),
            Err(_) => self.body.len(),
        };
        Some(tlv)
    }
}

fn read(rest: &[u8], offset: usize) -> Result<(u8, &[u8]), TlvError> {
    let Some((head, values)) = rest.split_first_chunk::<5>() else {
        return Err(TlvError::Head { offset });
    };
    if !head.iter().all(u8::is_ascii_digit) {
        return Err(TlvError::Head { offset });
    }
    let digits = head.map(|character| usize::from(character - b'0'));
    let tag = (digits[0] * 10 + digits[1]) as u8;
    let needed = digits[2] * 100 + digits[3] * 10 + digits[4];
    match values.get(..needed) {
        Some(value) => Ok((tag, value)),
        None => Err(TlvError::Short {
            tag,
            offset,
            needed,
            had: values.len(),
        }),
    }
}

/// Writes TLVs for a field of at most 999 characters.
#[derive(Debug, Clone, Default)]
pub struct TlvWriter {
    body: ArrayVec<u8, VALUE_BYTES_MAX>,
}

impl TlvWriter {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a TLV; `false`, and nothing added, where it does not fit. `tag` is 0 to 99.
    pub fn add(&mut self, tag: u8, value: &[u8]) -> bool {
        if tag > 99 || value.len() + 5 > self.body.remaining_capacity() {
            return false;
        }
        let length = value.len();
        let head = [
            usize::from(tag) / 10,
            usize::from(tag) % 10,
            length / 100,
            length / 10 % 10,
            length % 10,
        ];
        self.body.extend(head.map(|digit| b'0' + digit as u8));
        // The capacity has been checked above.
        let _ = self.body.try_extend_from_slice(value);
        true
    }

    /// The field's body.
    pub fn as_bytes(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let mut writer = TlvWriter::new();
        assert!(writer.add(ORDER, b"ORDER-1") && writer.add(PURPOSE, b""));
        assert_eq!(writer.as_bytes(), b"01007ORDER-102000");
        let read: Result<Vec<_>, _> = iterate(writer.as_bytes()).collect();
        assert_eq!(read, Ok(vec![(1, &b"ORDER-1"[..]), (2, &b""[..])]));
        assert!(!writer.add(REASON, &[b'x'; 990]));
    }

    #[test]
    fn says_where_a_list_is_wrong() {
        assert_eq!(find(b"01002ab02", 2), Err(TlvError::Head { offset: 7 }));
        assert_eq!(find(b"0a002ab", 1), Err(TlvError::Head { offset: 0 }));
        let short = TlvError::Short {
            tag: 1,
            offset: 0,
            needed: 9,
            had: 2,
        };
        assert_eq!(find(b"01009ab", 1), Err(short));
        assert_eq!(find(b"02000", 1), Ok(None));
    }
}
