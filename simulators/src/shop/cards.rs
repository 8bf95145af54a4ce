//! Card numbers as buyers type them, and the tokens that stand for them between the card frame and the shop. They are in memory
//! only, are never shown, and are wiped when dropped.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tessera_protocol::CardNumber;
use zeroize::Zeroizing;

/// Tokens that are not used are forgotten.
const TOKEN_LIVES: Duration = Duration::from_secs(600);

/// Tokens at the same time.
const TOKENS_MAX: usize = 1_000;

/// What a buyer typed.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(super) struct Typed(Zeroizing<String>);

/// A card that can be asked about.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub number: CardNumber,
    /// YYMM.
    pub expiry: u16,
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Typed {
    /// Two parts with a slash between them.
    pub fn joined(month: &Self, year: &Self) -> Self {
        Self(Zeroizing::new(format!(
            "{}/{}",
            month.0.trim(),
            year.0.trim()
        )))
    }
}

impl Card {
    /// Reads it, or says what is wrong in words for the buyer.
    pub fn read(number: &Typed, expiry: &Typed) -> Result<Self, &'static str> {
        let digits: Zeroizing<String> = Zeroizing::new(
            (number.0.chars())
                .filter(|character| !matches!(character, ' ' | '-'))
                .collect(),
        );
        let number = CardNumber::from_digits(&digits)
            .filter(|number| digits.len() >= 12 && number.luhn_valid())
            .ok_or("This is not a card number. Please check the digits.")?;
        let expiry =
            read_expiry(&expiry.0).ok_or("This is not an expiry date. Write it like 12/31.")?;
        Ok(Self { number, expiry })
    }
}

/// `12/31`, `12 / 2031`, `1231` or `122031` as YYMM.
fn read_expiry(text: &str) -> Option<u16> {
    let text: String = text.split_whitespace().collect();
    let (month, year) = match text.split_once(['/', '-']) {
        Some(parts) => parts,
        None => text.split_at_checked(2)?,
    };
    let year = match year.len() {
        2 => year,
        4 => year.strip_prefix("20")?,
        _ => return None,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&month.len()) || !digits(month) || !digits(year) {
        return None;
    }
    let (month, year): (u16, u16) = (month.parse().ok()?, year.parse().ok()?);
    (1..=12).contains(&month).then_some(year * 100 + month)
}

/// The payment service behind the card frame: cards in, tokens out, each good once.
#[derive(Default)]
pub(super) struct Vault(Mutex<HashMap<String, (Card, Instant)>>);

impl Vault {
    /// A token for a card; `None` where there are too many.
    pub fn keep(&self, card: Card) -> Option<String> {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.retain(|_, (_, kept)| kept.elapsed() < TOKEN_LIVES);
        if cards.len() >= TOKENS_MAX {
            return None;
        }
        let token = format!("{:032x}", rand::random::<u128>());
        cards.insert(token.clone(), (card, Instant::now()));
        Some(token)
    }

    /// The card of a token, once.
    pub fn take(&self, token: &str) -> Option<Card> {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (card, kept) = cards.remove(token)?;
        (kept.elapsed() < TOKEN_LIVES).then_some(card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Typed {
        Typed(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn reads_cards_as_buyers_type_them() {
        for (number, expiry) in [
            ("9900000000000010", "12/31"),
            ("9900 0000 0000 0010", "12 / 2031"),
            ("9900-0000-0000-0010", "1231"),
        ] {
            let card = Card::read(&typed(number), &typed(expiry)).unwrap();
            assert_eq!(card.number, CardNumber::development(1));
            assert_eq!(card.expiry, 3_112);
        }
        assert_eq!(read_expiry("1/31"), Some(3_101));
        for text in [
            "", "13/31", "0/31", "12/1931", "12/3", "ab/cd", "é1", "12/31/1",
        ] {
            assert_eq!(read_expiry(text), None, "{text}");
        }
        for number in ["", "9900000000000011", "99000000", "9900000000000010x"] {
            assert!(
                Card::read(&typed(number), &typed("12/31")).is_err(),
                "{number}"
            );
        }
    }

    #[test]
    fn a_token_is_good_once() {
        let vault = Vault::default();
        let card = Card::read(&typed("9900000000000010"), &typed("12/31")).unwrap();
        let token = vault.keep(card).unwrap();
        assert_eq!(vault.take(&token).unwrap().expiry, 3_112);
        assert!(vault.take(&token).is_none());
    }
}
