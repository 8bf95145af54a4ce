//! Money as text: the one place that knows where the decimal point stands.

use crate::amount::Amount;
use crate::currency::Currency;

/// `19.99 USD`, `-1999 JPY`, `1.999 KWD`; minor units and the number of a currency that ISO 4217 does not have:
/// `1999 (currency 001)`.
///
/// ```
/// use tessera_protocol::{Currency, money_text};
///
/// assert_eq!(money_text(1_999, Currency::USD), "19.99 USD");
/// let yen = Currency::new(392).unwrap();
/// assert_eq!(money_text(-1_999, yen), "-1999 JPY");
/// ```
pub fn money_text(minor: impl Into<i128>, currency: Currency) -> String {
    let plain = plain_amount(minor, currency);
    match currency.letters() {
        Some(letters) => format!("{plain} {letters}"),
        None => format!("{plain} (currency {currency})"),
    }
}

/// Minor units with a decimal point where the currency has one: `19.99`, `1999`, `-0.001`.
pub fn plain_amount(minor: impl Into<i128>, currency: Currency) -> String {
    let minor = minor.into();
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    match currency.decimals() as usize {
        0 => format!("{sign}{minor}"),
        decimals => {
            let unit = 10u128.pow(decimals as u32);
            format!("{sign}{}.{:0decimals$}", minor / unit, minor % unit)
        }
    }
}

/// An amount that a person typed: digits, and a point or a comma in front of at most as many decimals as the currency
/// has. `None` where it is anything else, or above [`Amount::MAX`].
///
/// ```
/// use tessera_protocol::{Amount, Currency, typed_amount};
///
/// assert_eq!(typed_amount("19,9", Currency::USD), Amount::new(1_990));
/// assert_eq!(typed_amount("19.999", Currency::USD), None);
/// ```
pub fn typed_amount(text: &str, currency: Currency) -> Option<Amount> {
    let text = text.trim();
    let decimals = currency.decimals() as usize;
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !digits(whole) || !digits(part) {
        return None;
    }
    Amount::new(format!("{whole}{part:0<decimals$}").parse().ok()?)
}

impl From<Amount> for i128 {
    fn from(amount: Amount) -> Self {
        amount.value().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: u16) -> Currency {
        Currency::new(code).unwrap()
    }

    #[test]
    fn the_point_stands_where_the_currency_has_it() {
        for (minor, code, text) in [
            (1_999, 840, "19.99 USD"),
            (5, 840, "0.05 USD"),
            (-5, 840, "-0.05 USD"),
            (1_999, 392, "1999 JPY"),
            (1_999, 414, "1.999 KWD"),
            (-123_456, 414, "-123.456 KWD"),
            (1_999, 990, "0.1999 CLF"),
            (1_999, 8, "19.99 ALL"),
            (1_999, 1, "1999 (currency 001)"),
        ] {
            assert_eq!(money_text(minor, currency(code)), text);
        }
        assert_eq!(money_text(Amount::MAX, Currency::USD), "9999999999.99 USD");
    }

    #[test]
    fn every_currency_reads_what_it_has_written() {
        for currency in Currency::all() {
            for minor in [0, 1, 9, 10, 100, 1_000, 10_000, 123_456_789] {
                let text = plain_amount(minor, currency);
                let read = typed_amount(&text, currency).map(i128::from);
                assert_eq!(read, Some(i128::from(minor)), "{text} {currency}");
                let decimals = text.split_once('.').map_or(0, |(_, part)| part.len());
                assert_eq!(decimals, currency.decimals() as usize);
            }
        }
    }

    #[test]
    fn reads_what_a_person_types_and_nothing_doubtful() {
        let typed = |text| typed_amount(text, Currency::USD).map(Amount::value);
        assert_eq!(typed("19.99"), Some(1_999));
        assert_eq!(typed(" 19,9 "), Some(1_990));
        assert_eq!(typed("20"), Some(2_000));
        assert_eq!(typed("12."), Some(1_200));
        for doubtful in [
            "",
            ".",
            ".5",
            "1.999",
            "1,000.00",
            "-1",
            "+1",
            "1e3",
            "19.99 USD",
            "99999999999",
        ] {
            assert_eq!(typed(doubtful), None, "{doubtful}");
        }
        assert_eq!(typed_amount("19.9", currency(392)), None);
        assert_eq!(typed_amount("1.5", currency(414)), Amount::new(1_500));
    }
}
