//! Moments, which are not durations and not plain numbers.

use std::fmt;

/// A moment by the wall clock: milliseconds since 1970, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(0);

    /// The moment that is so many milliseconds after the beginning of 1970.
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970.
    pub const fn milliseconds(self) -> u64 {
        self.0
    }

    /// So many milliseconds later, or the last moment there is.
    pub const fn plus(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// So many milliseconds earlier, but not before 1970.
    pub const fn saturating_sub(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }

    /// How many milliseconds it is later than another moment; 0 where it is not.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_by_milliseconds_and_never_past_an_end() {
        let noon = Timestamp::from_milliseconds(1_796_040_000_000);
        let later = noon.plus(90_000);
        assert_eq!(later.milliseconds(), 1_796_040_090_000);
        assert_eq!((later.since(noon), noon.since(later)), (90_000, 0));
        assert_eq!(later.saturating_sub(90_000), noon);
        assert_eq!(noon.saturating_sub(u64::MAX), Timestamp::EPOCH);
        assert_eq!(noon.plus(u64::MAX).milliseconds(), u64::MAX);
        assert!(noon < later);
    }

    #[test]
    fn is_shown_as_a_bare_number() {
        let moment = Timestamp::from_milliseconds(1_000);
        assert_eq!(
            (moment.to_string(), format!("{moment:?}")),
            ("1000".into(), "1000".into())
        );
    }

    #[test]
    fn is_as_large_as_its_number() {
        assert_eq!(size_of::<Timestamp>(), size_of::<u64>());
    }
}
