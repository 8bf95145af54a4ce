//! One configuration file: its text, the values in it, and complaints that say where.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tessera_common::bounded;
use toml::Spanned;
use toml::de::DeTable;
use zeroize::Zeroizing;

use super::bounds::Breach;
use super::locate::Locator;
use super::nearest::nearest;
use super::renamed::{self, OutdatedKey};
use super::{Place, SettingsError};

/// Keys whose values never stand in a message.
const SECRETS: [&str; 4] = [
    "mac_key",
    "key_encrypting_key",
    "webhook.secret",
    "webhook.url",
];

/// A file that was read.
pub(super) struct Source {
    file: PathBuf,
    /// MAC keys may stand in it.
    text: Zeroizing<String>,
}

impl Source {
    /// Reads a file.
    pub(super) fn read(file: &Path) -> Result<Self, SettingsError> {
        let text = bounded::text_file(file).map(Zeroizing::new);
        let text = text.map_err(|why| SettingsError::Unreadable {
            file: file.to_path_buf(),
            why,
        })?;
        Ok(Self {
            file: file.to_path_buf(),
            text,
        })
    }

    /// The values in it.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        let (document, _) = self.document()?;
        let locator = Locator::new(&self.text, document.get_ref());
        T::deserialize(toml::Deserializer::from(document))
            .map_err(|error| self.shape(&locator, &error))
    }

    /// The keys in it that are stated by their old names.
    pub(super) fn outdated_keys(&self) -> Result<Vec<OutdatedKey>, SettingsError> {
        self.document().map(|(_, outdated)| outdated)
    }

    /// The document with the present names of all keys, and those that have others in the file.
    fn document(&self) -> Result<(Spanned<DeTable<'_>>, Vec<OutdatedKey>), SettingsError> {
        let mut document = DeTable::parse(&self.text).map_err(|error| self.syntax(&error))?;
        let place = |offset| self.place(Some(Locator::line(&self.text, offset)));
        let outdated = renamed::rename(document.get_mut(), place)?;
        Ok((document, outdated))
    }

    /// What is wrong with a value of a file that was parsed.
    pub(super) fn complaint(&self, breach: Breach) -> SettingsError {
        let document = match self.document() {
            Ok((document, _)) => document,
            Err(error) => return error,
        };
        let locator = Locator::new(&self.text, document.get_ref());
        SettingsError::BadValue {
            place: self.place(locator.line_of(&breach.key)),
            value: value(&locator, &breach.key),
            key: breach.key,
            why: breach.why,
        }
    }

    fn place(&self, line: Option<usize>) -> Place {
        Place {
            file: self.file.clone(),
            line,
        }
    }

    fn syntax(&self, error: &toml::de::Error) -> SettingsError {
        let line = error
            .span()
            .map(|span| Locator::line(&self.text, span.start));
        SettingsError::Syntax {
            place: self.place(line),
            why: error.message().to_string(),
        }
    }

    /// Unknown keys, missing keys and values of the wrong kind: what the deserializer finds.
    fn shape(&self, locator: &Locator<'_>, error: &toml::de::Error) -> SettingsError {
        let span = error.span();
        let line = span
            .as_ref()
            .map(|span| Locator::line(&self.text, span.start));
        let place = self.place(line);
        let path = span
            .and_then(|span| locator.path_at(&span))
            .unwrap_or("")
            .to_string();
        let message = error.message();
        let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_string);
        if message.starts_with("unknown field") {
            let key = quoted.next().unwrap_or_default();
            let known: Vec<String> = quoted.collect();
            let nearest = nearest(&key, &known);
            return SettingsError::UnknownKey {
                place,
                key: path,
                nearest,
                known,
            };
        }
        if message.starts_with("missing field") {
            let key = quoted.next().unwrap_or_default();
            let key = if path.is_empty() {
                key
            } else {
                format!("{path}.{key}")
            };
            return SettingsError::MissingKey { place, key };
        }
        SettingsError::BadValue {
            place,
            value: value(locator, &path),
            key: path,
            why: in_plain_words(message),
        }
    }
}

fn value(locator: &Locator<'_>, path: &str) -> Option<String> {
    let secret = SECRETS.iter().any(|secret| path.ends_with(secret));
    locator
        .value_of(path)
        .filter(|_| !secret)
        .map(str::to_string)
}

/// `invalid type: string "x", expected usize` says the value again, and the type in Rust.
fn in_plain_words(message: &str) -> String {
    let Some((_, expected)) = message
        .split_once(", expected ")
        .filter(|_| message.starts_with("invalid"))
    else {
        return message.to_string();
    };
    let expected = match expected {
        "usize" => "a whole number, not negative",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "a string" => "a text in quotes",
        "path string" => "a path in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list of texts in quotes",
        _ if expected.starts_with("struct ") => "a table",
        other => other,
    };
    format!("must be {expected}")
}
