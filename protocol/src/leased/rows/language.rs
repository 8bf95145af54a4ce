//! The language of a payer's messages.

use std::fmt;
use std::str::FromStr;

use super::RowError;

/// Two small letters (ISO 639-1). Which languages there are texts in is no matter of the line: `en` is understood in place of any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LanguageCode([u8; 2]);

impl LanguageCode {
    /// From its letters.
    pub fn from_letters(letters: [u8; 2]) -> Option<Self> {
        let is_code = letters.iter().all(u8::is_ascii_lowercase);
        is_code.then_some(Self(letters))
    }

    /// Its letters.
    pub const fn letters(self) -> [u8; 2] {
        self.0
    }

    /// Its letters, as text.
    pub fn as_str(&self) -> &str {
        // Only small letters get in.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for LanguageCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for LanguageCode {
    type Err = RowError;

    fn from_str(text: &str) -> Result<Self, RowError> {
        let letters = text.as_bytes().try_into().ok();
        letters
            .and_then(Self::from_letters)
            .ok_or(RowError("code of a language"))
    }
}
