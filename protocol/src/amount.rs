//! Money.

use std::fmt;

/// An amount in minor units (cents), 0 to 999,999,999,999: what twelve digits can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(u64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Twelve nines.
    pub const MAX: Self = Self(999_999_999_999);

    /// `None` above [`Amount::MAX`].
    pub const fn new(minor: u64) -> Option<Self> {
        if minor <= Self::MAX.0 {
            Some(Self(minor))
        } else {
            None
        }
    }

    /// Minor units.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` above [`Amount::MAX`].
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        // Two values of forty bits cannot overflow sixty-four.
        Self::new(self.0 + other.0)
    }

    /// The difference; `None` below zero.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// The difference, or zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_leaves_its_twelve_digits() {
        let one = Amount(1);
        assert_eq!(Amount::MAX.checked_add(one), None);
        assert_eq!(Amount::ZERO.checked_sub(one), None);
        assert_eq!(one.checked_add(one), Amount::new(2));
        assert_eq!(Amount::new(1_000_000_000_000), None);
    }
}
