//! A transaction's id: what stands in field 37 towards the host.

use tessera_kit::clock::Timestamp;

use crate::{Reader, Unreadable};

const COUNTER_BITS: u32 = 16;
const WORKER_BITS: u32 = 4;
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// 41 bits of milliseconds since 1970, 4 bits of worker, 16 bits of counter: 61 bits, which fit the
/// twelve characters of field 37 in base 36.
///
/// It is given once, and all that are given later are higher, also after a restart and whatever the system's clock
/// was set to: its milliseconds are those of `clock::now`. Journals of builds
/// that did not see to that hold references that fall, or come twice: nothing that reads a journal may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Reference(pub u64);

impl Reference {
    /// Appends eight bytes; zeros for `None`.
    pub(crate) fn write_optional(reference: Option<Self>, out: &mut Vec<u8>) {
        out.extend_from_slice(&reference.map_or(0, |reference| reference.0).to_le_bytes());
    }

    /// Reads what [`write_optional`](Self::write_optional) wrote.
    pub(crate) fn read_optional(from: &mut Reader<'_>) -> Result<Option<Self>, Unreadable> {
        Ok(Some(Self(from.u64()?)).filter(|reference| reference.0 != 0))
    }

    /// The first reference of a worker in a millisecond.
    pub fn first(moment: Timestamp, worker: usize) -> Self {
        let worker = worker as u64 & ((1 << WORKER_BITS) - 1);
        Self((moment.milliseconds() << (WORKER_BITS + COUNTER_BITS)) | (worker << COUNTER_BITS))
    }

    /// The same worker's next one: where the millisecond has no more, the first of the next millisecond, so that it
    /// never becomes another worker's.
    pub fn next(self) -> Self {
        const COUNTER_MAX: u64 = (1 << COUNTER_BITS) - 1;
        match self.0 & COUNTER_MAX {
            COUNTER_MAX => {
                let worker = (self.0 >> COUNTER_BITS) as usize;
                Self::first(self.given_at().plus(1), worker)
            }
            _ => Self(self.0 + 1),
        }
    }

    /// When it was given.
    pub fn given_at(self) -> Timestamp {
        Timestamp::from_milliseconds(self.0 >> (WORKER_BITS + COUNTER_BITS))
    }

    /// Twelve characters, base 36, for field 37.
    pub fn to_text(self) -> [u8; 12] {
        let mut text = [b'0'; 12];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            *place = DIGITS[(rest % 36) as usize];
            rest /= 36;
        }
        text
    }

    /// The authorization number (field 38) of the transaction's approval.
    pub fn approval(self) -> [u8; 6] {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
        let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        std::array::from_fn(|place| DIGITS[(mixed >> (5 * place)) as usize & 31])
    }

    /// The reverse of [`Reference::to_text`]; `None` where a character is no base 36 digit.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let mut value: u64 = 0;
        for &character in text {
            let digit = (character as char).to_digit(36)?;
            value = value.checked_mul(36)?.checked_add(u64::from(digit))?;
        }
        (text.len() == 12).then_some(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reference_of_a_worker_is_ever_another_workers() {
        let begin = Timestamp::from_milliseconds(1_790_000_000_000);
        let mut last = Reference::first(begin, 3);
        for _ in 0..200_000 {
            let next = last.next();
            assert!(next > last);
            assert_eq!(next.0 >> COUNTER_BITS & 15, 3);
            last = next;
        }
        assert_eq!(last.given_at(), begin.plus(3));
    }

    #[test]
    fn reads_what_it_writes() {
        for value in [0, 1, 35, 36, u64::MAX >> 3] {
            assert_eq!(
                Reference::from_text(&Reference(value).to_text()),
                Some(Reference(value))
            );
        }
        assert_eq!(Reference::from_text(b"ABC"), None);
        assert_eq!(Reference::from_text(b"ABC-EFGHIJKL"), None);
    }
}
