//! The languages, and which of them a browser asks for.

use unic_langid::LanguageIdentifier;

/// Bytes of `Accept-Language` that are looked at.
const HEADER_BYTES_MAX: usize = 256;

/// A language that payers can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, which all others are translated from.
    English,
    /// Korean.
    Korean,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// Japanese.
    Japanese,
    /// Arabic, from right to left.
    Arabic,
}

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::Korean,
        Self::German,
        Self::Spanish,
        Self::Japanese,
        Self::Arabic,
    ];

    /// Those in which every text is there. The others would be offered to nobody.
    pub const COMPLETE: &[Self] = &Self::ALL;

    /// ISO 639-1: two small letters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Japanese => "ja",
            Self::Arabic => "ar",
        }
    }

    /// The language with this code, if it is offered.
    pub fn from_code(code: &str) -> Option<Self> {
        let mut offered = Self::COMPLETE.iter().copied();
        offered.find(|language| language.code() == code)
    }

    /// As its readers call it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Korean => "한국어",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::Japanese => "日本語",
            Self::Arabic => "العربية",
        }
    }

    /// Whether lines run from right to left.
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic)
    }

    /// `ltr` or `rtl`, as HTML says it.
    pub const fn direction(self) -> &'static str {
        if self.is_right_to_left() {
            "rtl"
        } else {
            "ltr"
        }
    }

    pub(crate) fn identifier(self) -> LanguageIdentifier {
        // All codes are languages; the default is no language, for which there are no plural rules.
        self.code().parse().unwrap_or_default()
    }
}

/// The offered language that a browser likes best, and the tag that asked for it, such as `de-CH`. Of two that it likes alike the
/// first counts; what it asks for with a quality of 0 it does not want.
pub(crate) fn asked_for(accept_language: &str) -> Option<(Language, &str)> {
    let mut end = accept_language.len().min(HEADER_BYTES_MAX);
    while !accept_language.is_char_boundary(end) {
        end -= 1;
    }
    let mut best: Option<(u16, Language, &str)> = None;
    for entry in accept_language[..end].split(',') {
        let mut parts = entry.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let Some(quality) = parts.next().map_or(Some(1_000), quality) else {
            continue;
        };
        let code = tag
            .split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let better = best.is_none_or(|(before, ..)| quality > before);
        if let Some(language) = Language::from_code(&code).filter(|_| quality > 0 && better) {
            best = Some((quality, language, tag));
        }
    }
    best.map(|(_, language, tag)| (language, tag))
}

/// `q=0.8` in thousandths.
fn quality(parameter: &str) -> Option<u16> {
    let value = parameter
        .strip_prefix("q=")
        .or(parameter.strip_prefix("Q="))?;
    let value: f32 = value.trim().parse().ok()?;
    (0.0..=1.0)
        .contains(&value)
        .then_some((value * 1_000.0) as u16)
}
