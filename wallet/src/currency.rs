//! Money as people write it: ISO 4217's letters and decimals.

use tessera_protocol::{Amount, Currency};

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
        let places = decimals(self.currency);
        if places == 0 {
            return self.minor.to_string();
        }
        let unit = 10u64.pow(places);
        let (whole, part) = (self.minor / unit, self.minor % unit);
        format!("{whole}.{part:0width$}", width = places as usize)
    }

    /// The currency's three letters; its number where it has none here.
    pub fn currency_letters(self) -> String {
        letters(self.currency).map_or_else(|| self.currency.to_string(), str::to_owned)
    }

    /// What a person typed: digits, and a point or a comma before the decimals. `None` where it is not an amount, or
    /// more than the switch can carry.
    pub fn from_typed(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let places = decimals(currency) as usize;
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > places || !digits(whole) || !digits(part) {
            return None;
        }
        let minor = format!("{whole}{part:0<places$}").parse().ok()?;
        Amount::new(minor)?;
        Some(Self { minor, currency })
    }
}

/// The currency of a text: three digits or three letters.
pub fn from_text(text: &str) -> Option<Currency> {
    if let Some(currency) = Currency::from_text(text.as_bytes()) {
        return Some(currency);
    }
    let row = TABLE.iter().find(|(letters, ..)| *letters == text)?;
    Currency::new(row.1)
}

/// How many of the digits are minor units; 2 for a currency that is not in the table.
pub fn decimals(currency: Currency) -> u32 {
    row(currency).map_or(2, |row| row.2)
}

fn letters(currency: Currency) -> Option<&'static str> {
    row(currency).map(|row| row.0)
}

fn row(currency: Currency) -> Option<&'static (&'static str, u16, u32)> {
    TABLE.iter().find(|(_, code, _)| *code == currency.code())
}

/// ISO 4217: letters, number, decimals.
#[rustfmt::skip]
static TABLE: &[(&str, u16, u32)] = &[
    ("AED", 784, 2), ("AFN", 971, 2), ("ALL", 8, 2), ("AMD", 51, 2), ("AOA", 973, 2), ("ARS", 32, 2), ("AUD", 36, 2),
    ("AWG", 533, 2), ("AZN", 944, 2), ("BAM", 977, 2), ("BBD", 52, 2), ("BDT", 50, 2), ("BGN", 975, 2),
    ("BHD", 48, 3), ("BIF", 108, 0), ("BMD", 60, 2), ("BND", 96, 2), ("BOB", 68, 2), ("BRL", 986, 2), ("BSD", 44, 2),
    ("BTN", 64, 2), ("BWP", 72, 2), ("BYN", 933, 2), ("BZD", 84, 2), ("CAD", 124, 2), ("CDF", 976, 2),
    ("CHF", 756, 2), ("CLF", 990, 4), ("CLP", 152, 0), ("CNY", 156, 2), ("COP", 170, 2), ("CRC", 188, 2),
    ("CUP", 192, 2), ("CVE", 132, 2), ("CZK", 203, 2), ("DJF", 262, 0), ("DKK", 208, 2), ("DOP", 214, 2),
    ("DZD", 12, 2), ("EGP", 818, 2), ("ERN", 232, 2), ("ETB", 230, 2), ("EUR", 978, 2), ("FJD", 242, 2),
    ("FKP", 238, 2), ("GBP", 826, 2), ("GEL", 981, 2), ("GHS", 936, 2), ("GIP", 292, 2), ("GMD", 270, 2),
    ("GNF", 324, 0), ("GTQ", 320, 2), ("GYD", 328, 2), ("HKD", 344, 2), ("HNL", 340, 2), ("HTG", 332, 2),
    ("HUF", 348, 2), ("IDR", 360, 2), ("ILS", 376, 2), ("INR", 356, 2), ("IQD", 368, 3), ("IRR", 364, 2),
    ("ISK", 352, 0), ("JMD", 388, 2), ("JOD", 400, 3), ("JPY", 392, 0), ("KES", 404, 2), ("KGS", 417, 2),
    ("KHR", 116, 2), ("KMF", 174, 0), ("KPW", 408, 2), ("KRW", 410, 0), ("KWD", 414, 3), ("KYD", 136, 2),
    ("KZT", 398, 2), ("LAK", 418, 2), ("LBP", 422, 2), ("LKR", 144, 2), ("LRD", 430, 2), ("LSL", 426, 2),
    ("LYD", 434, 3), ("MAD", 504, 2), ("MDL", 498, 2), ("MGA", 969, 2), ("MKD", 807, 2), ("MMK", 104, 2),
    ("MNT", 496, 2), ("MOP", 446, 2), ("MRU", 929, 2), ("MUR", 480, 2), ("MVR", 462, 2), ("MWK", 454, 2),
    ("MXN", 484, 2), ("MYR", 458, 2), ("MZN", 943, 2), ("NAD", 516, 2), ("NGN", 566, 2), ("NIO", 558, 2),
    ("NOK", 578, 2), ("NPR", 524, 2), ("NZD", 554, 2), ("OMR", 512, 3), ("PAB", 590, 2), ("PEN", 604, 2),
    ("PGK", 598, 2), ("PHP", 608, 2), ("PKR", 586, 2), ("PLN", 985, 2), ("PYG", 600, 0), ("QAR", 634, 2),
    ("RON", 946, 2), ("RSD", 941, 2), ("RUB", 643, 2), ("RWF", 646, 0), ("SAR", 682, 2), ("SBD", 90, 2),
    ("SCR", 690, 2), ("SDG", 938, 2), ("SEK", 752, 2), ("SGD", 702, 2), ("SHP", 654, 2), ("SLE", 925, 2),
    ("SOS", 706, 2), ("SRD", 968, 2), ("SSP", 728, 2), ("STN", 930, 2), ("SVC", 222, 2), ("SYP", 760, 2),
    ("SZL", 748, 2), ("THB", 764, 2), ("TJS", 972, 2), ("TMT", 934, 2), ("TND", 788, 3), ("TOP", 776, 2),
    ("TRY", 949, 2), ("TTD", 780, 2), ("TWD", 901, 2), ("TZS", 834, 2), ("UAH", 980, 2), ("UGX", 800, 0),
    ("USD", 840, 2), ("UYU", 858, 2), ("UYW", 927, 4), ("UZS", 860, 2), ("VES", 928, 2), ("VND", 704, 0),
    ("VUV", 548, 0), ("WST", 882, 2), ("XAF", 950, 0), ("XCD", 951, 2), ("XOF", 952, 0), ("XPF", 953, 0),
    ("YER", 886, 2), ("ZAR", 710, 2), ("ZMW", 967, 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    const YEN: Currency = Currency::new(392).unwrap();
    const DINAR: Currency = Currency::new(48).unwrap();

    #[test]
    fn every_currency_has_its_own_decimals() {
        assert_eq!(Money::new(1_999, Currency::USD).plain(), "19.99");
        assert_eq!(Money::new(5, Currency::USD).plain(), "0.05");
        assert_eq!(Money::new(1_999, YEN).plain(), "1999");
        assert_eq!(Money::new(1_999, DINAR).plain(), "1.999");
        assert_eq!(Money::new(1, YEN).currency_letters(), "JPY");
        assert_eq!(from_text("USD"), Some(Currency::USD));
        assert_eq!(from_text("840"), Some(Currency::USD));
        assert_eq!(from_text("usd"), None);
    }

    #[test]
    fn reads_what_a_person_types_and_nothing_doubtful() {
        let typed = |text| Money::from_typed(text, Currency::USD).map(|money| money.minor);
        assert_eq!(typed("19.99"), Some(1_999));
        assert_eq!(typed(" 19,9 "), Some(1_990));
        assert_eq!(typed("20"), Some(2_000));
        for doubtful in [
            "",
            ".",
            ".5",
            "1.999",
            "1,000.00",
            "-1",
            "1e3",
            "19.99 USD",
            "9999999999999",
        ] {
            assert_eq!(typed(doubtful), None, "{doubtful}");
        }
        assert_eq!(Money::from_typed("19.9", YEN), None);
    }
}
