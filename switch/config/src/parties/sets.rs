//! Sets of codes that a party may send. Asking one costs a shift.

use std::fmt;

use tessera_protocol::Mti;

/// Codes of two decimal digits: processing codes, entry modes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeSet(u128);

impl CodeSet {
    /// Every code.
    pub const ANY: Self = Self(u128::MAX);

    /// Those of these texts; the first text that is not two digits is the error.
    pub(super) fn of(texts: &[String]) -> Result<Self, &str> {
        let mut set = 0;
        for text in texts {
            set |= 1_u128 << digits(text, 2).ok_or(text.as_str())?;
        }
        Ok(Self(set))
    }

    /// Whether a code, below 100, is one of them.
    #[inline]
    pub fn allow(&self, code: u8) -> bool {
        self.0.checked_shr(u32::from(code)).unwrap_or(0) & 1 == 1
    }
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ANY => out.write_str("any"),
            set => out
                .debug_set()
                .entries((0..100).filter(|&code| set.allow(code)))
                .finish(),
        }
    }
}

/// Messages by class and kind; a repeat is its original here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Messages(u32);

/// What a party can be allowed. Network management (0800) needs no permission.
pub(super) const MESSAGES: [&str; 9] = [
    "0100", "0120", "0200", "0220", "0400", "0420", "0500", "0520", "0600",
];

impl Messages {
    /// Every message.
    pub const ANY: Self = Self(u32::MAX);

    /// Those of these texts; the first one that is none of [`MESSAGES`] is the error.
    pub(super) fn of(texts: &[String]) -> Result<Self, &str> {
        let mut set = 0;
        for text in texts {
            let known = MESSAGES.contains(&text.as_str());
            let mti = u16::from_str_radix(text, 16).ok().and_then(Mti::new);
            set |= mti.filter(|_| known).map(bit).ok_or(text.as_str())?;
        }
        Ok(Self(set))
    }

    /// Whether a message of this type is one of them.
    #[inline]
    pub fn allow(&self, mti: Mti) -> bool {
        self.0 & bit(mti) != 0
    }
}

/// Class and whether it is an advice: no other two messages share them.
#[inline]
fn bit(mti: Mti) -> u32 {
    let advice = u32::from(mti.value() >> 4 & 0xF == 2);
    1 << (2 * u32::from(mti.class()) + advice)
}

impl fmt::Debug for Messages {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            u32::MAX => out.write_str("any"),
            set => write!(out, "{set:#b}"),
        }
    }
}

/// A text of exactly so many decimal digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let whole = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn codes_are_two_digits() {
        let stated = texts(&["00", "31", "99"]);
        let set = CodeSet::of(&stated).unwrap();
        let allowed: Vec<u8> = (0..=255).filter(|&code| set.allow(code)).collect();
        assert_eq!(allowed, [0, 31, 99]);
        assert_eq!(format!("{set:?}"), "{0, 31, 99}");
        for wrong in ["", "0", "000", "+1", "A1"] {
            assert_eq!(CodeSet::of(&texts(&["00", wrong])), Err(wrong));
        }
    }

    #[test]
    fn a_repeat_is_allowed_where_its_original_is() {
        let stated = texts(&["0200", "0420"]);
        let set = Messages::of(&stated).unwrap();
        let mti = |value| Mti::new(value).unwrap();
        for allowed in [0x0200, 0x0201, 0x0420, 0x0421] {
            assert!(set.allow(mti(allowed)), "{allowed:04x}");
        }
        for other in [0x0100, 0x0120, 0x0220, 0x0221, 0x0400, 0x0401, 0x0500] {
            assert!(!set.allow(mti(other)), "{other:04x}");
        }
        for wrong in ["0201", "0210", "200", "0800", "x"] {
            assert_eq!(Messages::of(&texts(&[wrong])), Err(wrong));
        }
    }
}
