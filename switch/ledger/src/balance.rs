//! What an account holds: any sum of amounts, where an [`Amount`] is what one message can carry.

use std::fmt;

use tessera_protocol::Amount;

/// A sum in minor units (cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Balance(pub u64);

impl Balance {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Minor units.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// With this added; `None` above 64 bits.
    pub const fn plus(self, amount: Amount) -> Option<Self> {
        match self.0.checked_add(amount.value()) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// With this taken out; `None` below zero.
    pub const fn minus(self, amount: Amount) -> Option<Self> {
        match self.0.checked_sub(amount.value()) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// Whether so much is there.
    pub const fn covers(self, amount: Amount) -> bool {
        self.0 >= amount.value()
    }

    /// So much of `amount` as is there.
    pub fn of(self, amount: Amount) -> Amount {
        amount.min(self.as_amount())
    }

    /// As one message can carry it (field 54 has twelve digits): what is above is not said.
    pub fn as_amount(self) -> Amount {
        Amount::new(self.0).unwrap_or(Amount::MAX)
    }
}

impl From<Amount> for Balance {
    fn from(amount: Amount) -> Self {
        Self(amount.value())
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
