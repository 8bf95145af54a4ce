//! Says texts, amounts, numbers, dates and times in the language of a reader.

use std::borrow::{Borrow, Cow};

use icu_datetime::DateTimeFormatter;
use icu_datetime::fieldsets::{YMD, YMDT};
use icu_datetime::input::{Date, DateTime, Time};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_locale_core::Locale as Tag;
use tessera_protocol::Currency;
use time::OffsetDateTime;

use crate::currency::Money;
use crate::language::asked_for;
use crate::symbols::{Region, beside};
use crate::{Language, Text, bundles};

/// The language and the formats of a reader.
pub struct Locale {
    language: Language,
    region: Region,
    numbers: Option<DecimalFormatter>,
    times: Option<DateTimeFormatter<YMDT>>,
    days: Option<DateTimeFormatter<YMD>>,
    long_days: Option<DateTimeFormatter<YMD>>,
}

impl Locale {
    /// What a browser asks for in `Accept-Language`; English where it asks for nothing that there is.
    pub fn of(accept_language: &str) -> Self {
        match asked_for(accept_language) {
            Some((language, tag)) => Self::with_tag(language, tag),
            None => Self::new(Language::English),
        }
    }

    /// This language, as it is written in the country that the browser names, if it names one.
    pub fn chosen(language: Language, accept_language: &str) -> Self {
        match asked_for(accept_language) {
            Some((asked, tag)) if asked == language => Self::with_tag(language, tag),
            _ => Self::new(language),
        }
    }

    /// This language, as most of its readers write.
    pub fn new(language: Language) -> Self {
        Self::with_tag(language, language.code())
    }

    /// For messages, whose readers may be anywhere: `22 November 2026` is read alike by all who read English.
    pub fn of_messages(language: Language) -> Self {
        match language {
            Language::English => Self {
                // An amount is the same as on the pages of most.
                region: Region::Main,
                ..Self::with_tag(language, "en-GB")
            },
            _ => Self::new(language),
        }
    }

    fn with_tag(language: Language, tag: &str) -> Self {
        // The same digits everywhere: on cards, in codes, and where an amount is typed.
        let tag = tag.split("-u-").next().unwrap_or_default();
        let region = Region::of(language, tag);
        let with_digits = |tag: &str| Tag::try_from_str(&format!("{tag}-u-nu-latn"));
        let tag = with_digits(tag).or_else(|_| with_digits(language.code()));
        let tag = tag.unwrap_or(icu_locale_core::locale!("en"));
        let days = |fields| DateTimeFormatter::try_new((&tag).into(), fields).ok();
        Self {
            language,
            region,
            numbers: DecimalFormatter::try_new((&tag).into(), Default::default()).ok(),
            times: DateTimeFormatter::try_new((&tag).into(), YMD::medium().with_time_hm()).ok(),
            days: days(YMD::medium()),
            long_days: days(YMD::long()),
        }
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text in the language.
    pub fn say(&self, text: impl Borrow<Text>) -> Cow<'static, str> {
        bundles::say(self.language, text.borrow())
    }

    /// What stands between thousands.
    pub fn group(&self) -> char {
        let written = self.number(Money::new(123_456_700, Currency::USD));
        written
            .chars()
            .find(|sign| !sign.is_numeric())
            .unwrap_or(',')
    }

    /// An amount with the sign of its currency: `$1,234.50`.
    pub fn money(&self, money: Money) -> String {
        self.with_sign("", money)
    }

    /// An amount with the letters of its currency, where signs can't be written: `1,234.50 USD`.
    pub fn money_in_letters(&self, money: Money) -> String {
        format!("{} {}", self.number(money), money.currency_letters())
    }

    fn with_sign(&self, begin: &str, money: Money) -> String {
        let place = (self.language, self.region);
        beside(place, begin, &self.number(money), &money.currency_letters())
    }

    /// A whole number: `10,000`.
    pub fn whole(&self, number: u64) -> String {
        match &self.numbers {
            Some(numbers) => numbers.format(&Decimal::from(number)).to_string(),
            None => number.to_string(),
        }
    }

    /// An amount with a sign in front, for what was added or taken.
    pub fn signed(&self, moved: i64, money: impl FnOnce(u64) -> Money) -> String {
        let sign = match moved {
            0 => "",
            moved if moved < 0 => "\u{2212}",
            _ => "+",
        };
        self.with_sign(sign, money(moved.unsigned_abs()))
    }

    /// A moment to the minute, in UTC, without saying so.
    pub fn time(&self, milliseconds: u64) -> String {
        let at = moment(milliseconds);
        let written = || {
            let date = Date::try_new_iso(at.year(), at.month().into(), at.day()).ok()?;
            let time = Time::try_new(at.hour(), at.minute(), at.second(), 0).ok()?;
            Some(
                self.times
                    .as_ref()?
                    .format(&DateTime { date, time })
                    .to_string(),
            )
        };
        written().unwrap_or_else(|| iso(milliseconds))
    }

    /// The day of a moment, in UTC.
    pub fn day(&self, milliseconds: u64) -> String {
        written(self.days.as_ref(), milliseconds)
    }

    /// The day of a moment with the month in full, in UTC.
    pub fn long_day(&self, milliseconds: u64) -> String {
        written(self.long_days.as_ref(), milliseconds)
    }

    fn number(&self, money: Money) -> String {
        let plain = money.plain();
        match (&self.numbers, Decimal::try_from_str(&plain)) {
            (Some(numbers), Ok(decimal)) => numbers.format(&decimal).to_string(),
            _ => plain,
        }
    }
}

fn written(days: Option<&DateTimeFormatter<YMD>>, milliseconds: u64) -> String {
    let at = moment(milliseconds);
    let date = Date::try_new_iso(at.year(), at.month().into(), at.day()).ok();
    match days.zip(date) {
        Some((days, date)) => days.format(&date).to_string(),
        None => iso(milliseconds)[..10].to_owned(),
    }
}

/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Days since 1970, in UTC.
pub fn today() -> u64 {
    let seconds = OffsetDateTime::now_utc().unix_timestamp();
    u64::try_from(seconds).unwrap_or_default() * 1000 / DAY_MS
}

/// A moment as `<time datetime>` and CSV want it: `2026-11-22T09:44:59Z`.
pub fn iso(milliseconds: u64) -> String {
    let at = moment(milliseconds);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn moment(milliseconds: u64) -> OffsetDateTime {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 1_767_277_800_000;

    fn dollars(minor: u64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn writes_amounts_as_the_reader_expects() {
        let written = |locale: Locale| locale.money(dollars(123_456));
        assert_eq!(written(Locale::of("en-US")), "$1,234.56");
        assert_eq!(written(Locale::of("en-CA")), "US$1,234.56");
        assert_eq!(written(Locale::of("")), "$1,234.56");
        let of_messages = Locale::of_messages(Language::English);
        assert_eq!(of_messages.money(dollars(123_456)), "$1,234.56");
        let of = |language, tag| written(Locale::with_tag(language, tag));
        assert_eq!(of(Language::German, "de"), "1.234,56\u{a0}$");
        assert_eq!(of(Language::German, "de-CH"), "$\u{a0}1'234.56");
        assert_eq!(of(Language::German, "de-x"), "1.234,56\u{a0}$");
        assert_eq!(of(Language::Spanish, "es"), "1234,56\u{a0}US$");
        assert_eq!(of(Language::Spanish, "es-MX"), "US$1,234.56");
        assert_eq!(of(Language::Korean, "ko"), "US$1,234.56");
        assert_eq!(of(Language::Japanese, "ja"), "$1,234.56");
        let arabic = "\u{200f}1,234.56\u{a0}US$\u{200e}";
        assert_eq!(of(Language::Arabic, "ar-AE"), arabic);
        let english = Locale::of("en");
        assert_eq!(english.signed(-1_999, dollars), "\u{2212}$19.99");
        assert_eq!(english.signed(500, dollars), "+$5.00");
        let german = Locale::of("de");
        assert_eq!(german.signed(-1_999, dollars), "\u{2212}19,99\u{a0}$");
        let arabic = Locale::of("ar").signed(-1_999, dollars);
        assert_eq!(
            arabic,
            "\u{200f}\u{2066}\u{2212}19.99\u{2069}\u{a0}US$\u{200e}"
        );
    }

    #[test]
    fn currencies_have_the_signs_of_the_language_or_their_letters() {
        let written = |language, letters: &str| {
            let currency = Currency::from_letters(letters).unwrap();
            Locale::new(language).money(Money::new(1_234, currency))
        };
        assert_eq!(written(Language::Korean, "KRW"), "\u{20a9}1,234");
        assert_eq!(written(Language::Japanese, "JPY"), "\u{ffe5}1,234");
        assert_eq!(written(Language::German, "EUR"), "12,34\u{a0}\u{20ac}");
        assert_eq!(written(Language::English, "EUR"), "\u{20ac}12.34");
        assert_eq!(written(Language::English, "KWD"), "KWD\u{a0}1.234");
        assert_eq!(written(Language::Spanish, "GBP"), "12,34\u{a0}GBP");
    }

    #[test]
    fn every_currency_is_written_with_its_own_decimals() {
        let english = Locale::of("en");
        for currency in Currency::all() {
            let written = english.money_in_letters(Money::new(123_456, currency));
            let plain = written.replace(',', "");
            assert_eq!(plain, tessera_protocol::money_text(123_456, currency));
        }
    }

    #[test]
    fn writes_times_in_utc() {
        assert_eq!(iso(AT), "2026-01-01T14:30:00Z");
        assert!(Locale::of("en-GB").time(AT).contains("14:30"));
        assert!(Locale::of("en-US").time(AT).contains("Jan"));
    }
}
