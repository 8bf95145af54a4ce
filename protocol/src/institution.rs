//! Institution codes.

use std::fmt;
use std::num::NonZeroU64;

use crate::message::Message;

/// Fields 32 and 33, the code of an institution: 1 to 11 digits. A field of zeros names none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Institution(NonZeroU64);

impl Institution {
    /// The last one.
    pub const MAX: u64 = 99_999_999_999;

    /// `None` for zero and for more than eleven digits.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(valid) if number <= Self::MAX => Some(Self(valid)),
            _ => None,
        }
    }

    /// The code that people write: nothing but digits.
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        Self::new(text.parse().ok().filter(|_| digits && text.len() <= 11)?)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// What the digits of a field are: zeros where there is none.
    pub const fn digits(institution: Option<Self>) -> u64 {
        match institution {
            Some(institution) => institution.number(),
            None => 0,
        }
    }
}

impl Message<'_> {
    /// Field 32; `None` where it is not there, or zeros.
    #[inline]
    pub fn institution(&self) -> Option<Institution> {
        self.number(32).and_then(Institution::new)
    }
}

impl fmt::Display for Institution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Institution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_twelve_digits_are_none() {
        for (number, valid) in [
            (0, false),
            (1, true),
            (Institution::MAX, true),
            (Institution::MAX + 1, false),
        ] {
            let institution = Institution::new(number);
            assert_eq!(
                institution.map(Institution::number),
                valid.then_some(number)
            );
            assert_eq!(
                Institution::digits(institution),
                if valid { number } else { 0 }
            );
        }
        assert_eq!(size_of::<Option<Institution>>(), size_of::<u64>());
    }

    #[test]
    fn a_text_has_nothing_but_digits() {
        assert_eq!(Institution::from_text("00000000007"), Institution::new(7));
        for wrong in [
            "",
            "0",
            "x",
            "+7",
            " 7",
            "7 ",
            "123456789012",
            "000000000007",
        ] {
            assert_eq!(Institution::from_text(wrong), None, "{wrong:?}");
        }
    }
}
