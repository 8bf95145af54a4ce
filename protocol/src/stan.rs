//! System trace audit numbers.

use std::fmt;
use std::num::NonZeroU32;

/// Field 11, the system trace audit number (STAN): 1 to 999,999. A field of zeros has none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stan(NonZeroU32);

impl Stan {
    /// The first one.
    pub const MIN: Self = Self(NonZeroU32::MIN);
    /// The last one, after which they begin again.
    pub const MAX: u32 = 999_999;

    /// `None` for zero and for more than six digits.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(valid) if number <= Self::MAX => Some(Self(valid)),
            _ => None,
        }
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }

    /// What the six digits of a field are: zeros where there is none.
    pub const fn digits(stan: Option<Self>) -> u32 {
        match stan {
            Some(stan) => stan.number(),
            None => 0,
        }
    }
}

impl fmt::Display for Stan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Stan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_seven_digits_are_none() {
        for (number, valid) in [(0, false), (1, true), (999_999, true), (1_000_000, false)] {
            let stan = Stan::new(number);
            assert_eq!(stan.map(Stan::number), valid.then_some(number));
            assert_eq!(Stan::digits(stan), if valid { number } else { 0 });
        }
        assert_eq!(Stan::new(1), Some(Stan::MIN));
        assert_eq!(size_of::<Option<Stan>>(), size_of::<u32>());
    }
}
