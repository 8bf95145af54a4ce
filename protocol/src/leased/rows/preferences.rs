//! A payer's notification preferences.

use std::fmt;
use std::str::FromStr;

use super::RowError;

/// The payer's notification preferences, as letters: `p` purchases, `d` declines, `l` loads, `r` refunds and reversals,
/// `s` security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationPreferences {
    /// Purchases.
    pub purchases: bool,
    /// Declined purchases.
    pub declines: bool,
    /// Loads and payouts.
    pub loads: bool,
    /// Refunds and reversals.
    pub refunds: bool,
    /// Sign-ins, changes of the password and the like.
    pub security: bool,
}

impl NotificationPreferences {
    /// All but declines.
    pub const DEFAULT: Self = Self {
        purchases: true,
        declines: false,
        loads: true,
        refunds: true,
        security: true,
    };

    fn letters(self) -> [(char, bool); 5] {
        [
            ('p', self.purchases),
            ('d', self.declines),
            ('l', self.loads),
            ('r', self.refunds),
            ('s', self.security),
        ]
    }
}

impl fmt::Display for NotificationPreferences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters()
            .into_iter()
            .filter(|(_, wanted)| *wanted)
            .try_for_each(|(letter, _)| write!(formatter, "{letter}"))
    }
}

impl FromStr for NotificationPreferences {
    type Err = RowError;

    fn from_str(letters: &str) -> Result<Self, RowError> {
        if !letters.chars().all(|letter| "pdlrs".contains(letter)) {
            return Err(RowError("list of notification preferences"));
        }
        let has = |letter| letters.contains(letter);
        Ok(Self {
            purchases: has('p'),
            declines: has('d'),
            loads: has('l'),
            refunds: has('r'),
            security: has('s'),
        })
    }
}
