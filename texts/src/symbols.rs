//! The signs of currencies, and where they stand beside a number.
//!
//! From the Unicode CLDR 48 (`common/main/LANGUAGE.xml`, `numbers/currencies` and `currencyFormats/standard`), as ICU 78 writes
//! them. Only signs that mean one currency in the language; the others have their three letters, as in CLDR. Arabic has the
//! letters for Arab currencies too, whose signs there are abbreviations of several words.

use tessera_protocol::Currency;

use crate::Language;

/// Signs that all languages here share.
const COMMON: &[(&str, &str)] = &[
    ("BRL", "R$"),
    ("CAD", "CA$"),
    ("CNY", "CN\u{a5}"),
    ("EUR", "\u{20ac}"),
    ("GBP", "\u{a3}"),
    ("HKD", "HK$"),
    ("ILS", "\u{20aa}"),
    ("INR", "\u{20b9}"),
    ("KRW", "\u{20a9}"),
    ("MXN", "MX$"),
    ("NZD", "NZ$"),
    ("TWD", "NT$"),
    ("VND", "\u{20ab}"),
];

/// Signs of a language that the others lack, or that are different there.
const fn own(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::English => &[
            ("AUD", "A$"),
            ("JPY", "\u{a5}"),
            ("PHP", "\u{20b1}"),
            ("USD", "$"),
        ],
        Language::Korean => &[("AUD", "AU$"), ("JPY", "JP\u{a5}"), ("USD", "US$")],
        Language::German => &[
            ("AUD", "AU$"),
            ("JPY", "\u{a5}"),
            ("THB", "\u{e3f}"),
            ("USD", "$"),
        ],
        Language::Spanish => &[
            ("EUR", "\u{20ac}"),
            ("THB", "\u{e3f}"),
            ("USD", "US$"),
            ("VND", "\u{20ab}"),
        ],
        Language::Japanese => &[
            ("AUD", "A$"),
            ("CNY", "\u{5143}"),
            ("JPY", "\u{ffe5}"),
            ("USD", "$"),
        ],
        Language::Arabic => &[
            ("AUD", "AU$"),
            ("GBP", "UK\u{a3}"),
            ("JPY", "JP\u{a5}"),
            ("THB", "\u{e3f}"),
            ("USD", "US$"),
        ],
    }
}

/// In which country a language is read, as far as amounts are written differently there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    /// Where most of its readers are, or it is not known.
    Main,
    /// English outside the United States, where `$` and `¥` may mean another currency.
    World,
    /// German of Switzerland, Liechtenstein and Austria, where the sign stands in front.
    Front,
    /// Spanish of America, where the sign stands in front.
    America,
}

impl Region {
    /// Of a tag such as `de-CH`.
    pub(crate) fn of(language: Language, tag: &str) -> Self {
        let mut parts = tag.split('-').skip(1);
        let region = parts.find(|part| part.len() == 2 || part.len() == 3);
        let region = region.map(str::to_ascii_uppercase);
        match (language, region.as_deref()) {
            (_, None)
            | (Language::English, Some("US" | "PR" | "VI" | "GU" | "AS" | "MP"))
            | (Language::Spanish, Some("ES" | "EA" | "IC" | "GQ" | "PH")) => Self::Main,
            (Language::English, Some(_)) => Self::World,
            (Language::German, Some("AT" | "CH" | "LI")) => Self::Front,
            (Language::Spanish, Some(_)) => Self::America,
            _ => Self::Main,
        }
    }
}

/// What stands for a currency in a language; `None` for one without a sign.
pub(crate) fn sign(language: Language, region: Region, letters: &str) -> Option<&'static str> {
    match (region, letters) {
        (Region::World, "USD") => return Some("US$"),
        (Region::World, "JPY") => return Some("JP\u{a5}"),
        // CLDR has none of these there.
        (Region::America, other) if other != "USD" => return None,
        _ => {}
    }
    let common = match language {
        Language::Spanish => &[],
        _ => COMMON,
    };
    let mut all = own(language).iter().chain(common);
    all.find(|(one, _)| *one == letters).map(|(_, sign)| *sign)
}

/// All signs of a currency that people may type, those of the reader's own language or of another one.
pub(crate) fn signs(currency: Currency) -> impl Iterator<Item = &'static str> {
    let letters = currency.letters().unwrap_or_default();
    let of_languages = Language::ALL
        .into_iter()
        .flat_map(move |language| sign(language, Region::Main, letters));
    let narrow = NARROW
        .iter()
        .filter(move |(_, all)| all.contains(&letters))
        .map(|(sign, _)| *sign);
    of_languages
        .chain(sign(Language::English, Region::World, letters))
        .chain(narrow)
}

/// Signs that people type for the currency of their wallet, which is only one.
const NARROW: &[(&str, &[&str])] = &[
    (
        "$",
        &["USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"],
    ),
    ("\u{a3}", &["GBP"]),
    ("\u{a5}", &["JPY", "CNY"]),
];

/// A number with the currency beside it. `begin` is the sign of what was added or taken, or nothing.
pub(crate) fn beside(
    (language, region): (Language, Region),
    begin: &str,
    number: &str,
    letters: &str,
) -> String {
    let sign = sign(language, region, letters);
    let shown = sign.unwrap_or(letters);
    match (language, region) {
        (Language::German, Region::Front) => format!("{begin}{shown}\u{a0}{number}"),
        (Language::German, _) | (Language::Spanish, Region::Main) => {
            format!("{begin}{number}\u{a0}{shown}")
        }
        // Number first, as the line runs. The marks keep that order wherever the amount stands, and the sign of `US$` behind
        // its letters.
        (Language::Arabic, _) => {
            let number = match begin {
                "" => number.to_owned(),
                begin => format!("\u{2066}{begin}{number}\u{2069}"),
            };
            format!("\u{200f}{number}\u{a0}{shown}\u{200e}")
        }
        _ => {
            // Letters do not touch digits.
            let space = match shown.ends_with(char::is_alphabetic) {
                true => "\u{a0}",
                false => "",
            };
            format!("{begin}{shown}{space}{number}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_language_has_a_sign_for_two_currencies() {
        for language in Language::ALL {
            for region in [Region::Main, Region::World, Region::America] {
                let mut known = Vec::new();
                for currency in Currency::all() {
                    let letters = currency.letters().unwrap();
                    if let Some(sign) = sign(language, region, letters) {
                        assert!(!known.contains(&sign), "{language:?}: {sign}");
                        known.push(sign);
                    }
                }
                assert!(!known.is_empty());
            }
        }
    }

    #[test]
    fn every_sign_is_of_a_currency_that_there_is() {
        for language in Language::ALL {
            for (letters, sign) in own(language).iter().chain(COMMON) {
                let currency = Currency::from_letters(letters);
                let currency = currency.unwrap_or_else(|| panic!("{letters}"));
                assert!(signs(currency).any(|one| one == *sign), "{letters}");
            }
        }
    }

    #[test]
    fn the_region_decides_what_a_dollar_is() {
        for (language, tag, region) in [
            (Language::English, "en", Region::Main),
            (Language::English, "en-us", Region::Main),
            (Language::English, "en-CA", Region::World),
            (Language::English, "en-Latn-GB", Region::World),
            (Language::English, "en-001", Region::World),
            (Language::German, "de-DE", Region::Main),
            (Language::German, "de-CH", Region::Front),
            (Language::Spanish, "es-ES", Region::Main),
            (Language::Spanish, "es-419", Region::America),
            (Language::Arabic, "ar-EG", Region::Main),
        ] {
            assert_eq!(Region::of(language, tag), region, "{tag}");
        }
        assert_eq!(sign(Language::English, Region::World, "USD"), Some("US$"));
        assert_eq!(sign(Language::English, Region::Main, "KWD"), None);
    }
}
