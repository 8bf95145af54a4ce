//! How requests and events name a card: the number itself is only in the event that brought it, and in its wallet.

use std::fmt;

use tessera_protocol::CardNumber;

/// Names a card of a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardName {
    /// Which of the wallet's cards it is, from 1; 0 for a card that the wallet no longer remembers.
    pub serial: u32,
    /// For people.
    pub last_four: LastFour,
}

/// The last four digits of a card number, as people are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastFour(u16);

impl CardName {
    /// No card.
    pub(crate) const NONE: Self = Self {
        serial: 0,
        last_four: LastFour(0),
    };

    /// The card with this number, which is the wallet's card `serial`.
    pub fn new(serial: u32, number: &CardNumber) -> Self {
        Self {
            serial,
            last_four: LastFour::of(number),
        }
    }
}

impl LastFour {
    /// Those of a number.
    pub fn of(number: &CardNumber) -> Self {
        // Below 10,000.
        Self((number.expose() % 10_000) as u16)
    }

    /// What was stored; `None` above 9,999.
    pub(crate) fn from_stored(digits: u16) -> Option<Self> {
        (digits < 10_000).then_some(Self(digits))
    }

    /// As a number below 10,000.
    pub(crate) fn to_stored(self) -> u16 {
        self.0
    }
}

impl fmt::Display for LastFour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}", self.0)
    }
}
