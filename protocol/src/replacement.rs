//! Field 95: what a partial reversal leaves of the purchase.

use crate::amount::Amount;

/// Twelve digits of amount, then thirty zeros, as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplacementAmounts {
    /// What the purchase shrinks to.
    pub transaction: Amount,
}

impl ReplacementAmounts {
    /// Bytes of field 95.
    pub const BYTES: usize = 42;

    /// From the body of field 95; `None` where it is not 42 digits. What follows the first twelve
    /// (settlement amount and fees in ISO 8583) is not looked at.
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() != Self::BYTES || !body.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let transaction = digits(&body[..12])?;
        Some(Self { transaction })
    }

    /// The body of field 95.
    pub fn pack(&self) -> [u8; Self::BYTES] {
        let mut body = [b'0'; Self::BYTES];
        body[..12].copy_from_slice(&to_digits(self.transaction));
        body
    }
}

/// An amount from digits as text.
pub(crate) fn digits(text: &[u8]) -> Option<Amount> {
    let minor = text.iter().try_fold(0u64, |value, character| {
        let digit = character.is_ascii_digit().then(|| character - b'0')?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })?;
    Amount::new(minor)
}

/// Twelve digits as text.
pub(crate) fn to_digits(amount: Amount) -> [u8; 12] {
    let mut text = [b'0'; 12];
    let mut rest = amount.value();
    for place in text.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let body = b"000000010000000000000000000000000000000000";
        let replacement = ReplacementAmounts::parse(body);
        assert_eq!(
            replacement.map(|amounts| amounts.transaction.value()),
            Some(10_000)
        );
        assert_eq!(replacement.map(|amounts| amounts.pack()), Some(*body));
        assert_eq!(ReplacementAmounts::parse(&body[1..]), None);
    }
}
