//! Amounts as payers write and read them.

use tessera_protocol::{Amount, Currency, plain_amount};

use crate::symbols::signs;

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

    /// What a person typed: with or without the currency, with points or commas for thousands and decimals. `group` is what stands
    /// between thousands where the person comes from: it decides what `1,000` means. `None` where it is not an amount, has more
    /// decimals than the currency, or is more than the switch can carry.
    pub fn from_typed(text: &str, currency: Currency, group: char) -> Option<Self> {
        let text = text.replace(MARKS, "");
        let (whole, part) = split(without_currency(&text, currency), group)?;
        let decimals = currency.decimals() as usize;
        if part.len() > decimals {
            return None;
        }
        let digits = format!("{whole}{part:0<decimals$}");
        let minor = Amount::new(digits.parse().ok()?)?.value();
        Some(Self { minor, currency })
    }
}

/// Marks of direction, which a copied amount has in Arabic.
const MARKS: [char; 6] = [
    '\u{200e}', '\u{200f}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// The number in front of the currency's letters or sign, or after it.
fn without_currency(text: &str, currency: Currency) -> &str {
    let letters = currency.letters().unwrap_or_default();
    // `US$` before `$`, which is its end.
    let mut names: Vec<&str> = signs(currency).chain([letters]).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let text = text.trim();
    let without = |name: &str| {
        let begin = text.get(..name.len());
        let end = text.len().checked_sub(name.len());
        let end = end.and_then(|at| text.get(at..).map(|end| (at, end)));
        match (begin, end) {
            _ if name.is_empty() => None,
            (Some(begin), _) if begin.eq_ignore_ascii_case(name) => Some(&text[name.len()..]),
            (_, Some((at, end))) if end.eq_ignore_ascii_case(name) => Some(&text[..at]),
            _ => None,
        }
    };
    let found = names.into_iter().find_map(without);
    found.unwrap_or(text).trim()
}

/// The digits before and after the decimal point.
fn split(number: &str, group: char) -> Option<(String, String)> {
    let is_mark = |sign: char| matches!(sign, '.' | ',');
    let (last, mark) = match number.char_indices().rfind(|(_, sign)| is_mark(*sign)) {
        Some(found) => found,
        None => return Some((thousands(number, None)?, String::new())),
    };
    let (before, after) = (&number[..last], &number[last + 1..]);
    let is_alone = !before.contains(is_mark);
    let is_group = match is_alone {
        // `1,000`, as its writer means it.
        true => mark == group && after.len() == 3,
        // `1,000,000`; and in `1,000.50` the last mark is another one.
        false => before.contains(mark),
    };
    if is_group {
        return Some((thousands(number, Some(mark))?, String::new()));
    }
    let is_number = !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit());
    let of_thousands = if mark == '.' { ',' } else { '.' };
    is_number.then_some((thousands(before, Some(of_thousands))?, after.to_owned()))
}

/// Digits, or groups of three of them with spaces, apostrophes or this mark in between.
fn thousands(number: &str, mark: Option<char>) -> Option<String> {
    let is_mark = |sign: char| {
        Some(sign) == mark || matches!(sign, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '\u{2019}')
    };
    let groups: Vec<&str> = number.split(is_mark).collect();
    let (first, others) = groups.split_first()?;
    let is_whole = match others {
        [] => !first.is_empty(),
        _ => (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3),
    };
    let digits = groups.concat();
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && are_digits).then_some(digits)
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
    use crate::{Language, Locale};

    #[test]
    fn every_currency_has_its_own_decimals_and_letters() {
        for currency in Currency::all() {
            let money = Money::new(123_456, currency);
            let text = format!("{} {}", money.plain(), money.currency_letters());
            assert_eq!(text, tessera_protocol::money_text(123_456, currency));
            assert_eq!(
                Money::from_typed(&money.plain(), currency, ','),
                Some(money)
            );
        }
        assert_eq!(from_text("USD"), Some(Currency::USD));
        assert_eq!(from_text("840"), Some(Currency::USD));
        assert_eq!(from_text("usd"), None);
    }

    #[test]
    fn an_amount_is_read_as_its_writer_means_it() {
        let read =
            |text, group| Money::from_typed(text, Currency::USD, group).map(|money| money.minor);
        for (text, english, german) in [
            ("19", Some(1_900), Some(1_900)),
            ("19.9", Some(1_990), Some(1_990)),
            ("19,99", Some(1_999), Some(1_999)),
            ("1,000", Some(100_000), None),
            ("1.000", None, Some(100_000)),
            ("1,234.56", Some(123_456), Some(123_456)),
            ("1.234,56", Some(123_456), Some(123_456)),
            ("1,234,567", Some(123_456_700), Some(123_456_700)),
            ("12,34,567", None, None),
            ("1 234.5", Some(123_450), Some(123_450)),
            ("1'234.50", Some(123_450), Some(123_450)),
            ("1\u{a0}234,50", Some(123_450), Some(123_450)),
            ("$25", Some(2_500), Some(2_500)),
            ("$ 25.00", Some(2_500), Some(2_500)),
            ("US$25", Some(2_500), Some(2_500)),
            ("25 us$", Some(2_500), Some(2_500)),
            ("A$25", None, None),
            ("25 usd", Some(2_500), Some(2_500)),
            ("USD 1,000.00", Some(100_000), Some(100_000)),
            ("\u{20ac}25", None, None),
            ("25.", None, None),
            (".5", None, None),
            ("-1", None, None),
            ("1..5", None, None),
            ("1.2.3", None, None),
            ("1,23,4.5", None, None),
            ("", None, None),
            ("$", None, None),
            ("1e3", None, None),
            ("\u{661}", None, None),
            ("10000000000.00", None, None),
        ] {
            assert_eq!(read(text, ','), english, "{text} in English");
            assert_eq!(read(text, '.'), german, "{text} in German");
        }
    }

    /// What the pages write, a person may type.
    #[test]
    fn what_is_written_is_read_in_every_language() {
        for language in Language::ALL {
            let locale = Locale::new(language);
            for minor in [
                1,
                99,
                100,
                99_999,
                100_000,
                123_456,
                123_456_789,
                999_999_999_999,
            ] {
                for letters in ["USD", "EUR", "GBP", "JPY", "KRW", "CNY", "KWD", "AED"] {
                    let currency = Currency::from_letters(letters).unwrap();
                    let money = Money::new(minor, currency);
                    let written = locale.money(money);
                    let read = Money::from_typed(&written, currency, locale.group());
                    assert_eq!(read, Some(money), "{language:?}: {written}");
                    let written = locale.money_in_letters(money);
                    let read = Money::from_typed(&written, currency, locale.group());
                    assert_eq!(read, Some(money), "{language:?}: {written}");
                }
            }
        }
    }
}
