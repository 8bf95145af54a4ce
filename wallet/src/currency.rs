//! Amounts as payers write and read them.

use tessera_protocol::{Currency, plain_amount, typed_amount};

/// An amount in minor units, and its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// In minor units.
    pub minor: u64,
    /// In which currency.
    pub currency: Currency,
}

impl Money {
    /// So much of it.
    pub const fn new(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// With a point, without anything else: `1234.50`.
    pub fn plain(self) -> String {
        plain_amount(self.minor, self.currency)
    }

    /// The currency's three letters; its number where it has none.
    pub fn currency_letters(self) -> String {
        let letters = self.currency.letters();
        letters.map_or_else(|| self.currency.to_string(), str::to_owned)
    }

    /// What a person typed. `None` where it is not an amount, or more than the switch can carry.
    pub fn from_typed(text: &str, currency: Currency) -> Option<Self> {
        let minor = typed_amount(text, currency)?.value();
        Some(Self { minor, currency })
    }
}

/// ISO 4217: no currency involved.
const NONE: u16 = 999;

/// The currency of a text: three digits or three letters.
pub fn from_text(text: &str) -> Option<Currency> {
    let found = Currency::from_text(text.as_bytes()).or_else(|| Currency::from_letters(text));
    found.filter(|currency| currency.code() != NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_currency_has_its_own_decimals_and_letters() {
        for currency in Currency::all() {
            let money = Money::new(123_456, currency);
            let text = format!("{} {}", money.plain(), money.currency_letters());
            assert_eq!(text, tessera_protocol::money_text(123_456, currency));
            assert_eq!(Money::from_typed(&money.plain(), currency), Some(money));
        }
        assert_eq!(from_text("USD"), Some(Currency::USD));
        assert_eq!(from_text("840"), Some(Currency::USD));
        assert_eq!(from_text("usd"), None);
    }
}
