//! Keys that have a new name. The old one is still accepted for one version, with a warning.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Place, SettingsError};

/// Table, old name, new name. The first version after 0.2 still accepts these old names.
const RENAMED: [(&str, &str, &str); 3] = [
    ("mall", "order_stands", "order_valid_for"),
    ("mall", "hold_stands", "hold_valid_for"),
    ("leased", "session_stands", "session_max_age"),
];

/// A key that a file states by its old name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutdatedKey {
    /// File and line.
    pub place: Place,
    /// The old name, with its table.
    pub old: String,
    /// The new name, with its table.
    pub new: String,
}

impl fmt::Display for OutdatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, old, new } = self;
        write!(
            f,
            "{place}: {old} is now called {new}; the next version will refuse the old name"
        )
    }
}

/// Gives the keys of a document their new names. `place` is where an offset is.
pub(super) fn rename(
    document: &mut DeTable<'_>,
    place: impl Fn(usize) -> Place,
) -> Result<Vec<OutdatedKey>, SettingsError> {
    let mut outdated = Vec::new();
    for (name, old, new) in RENAMED {
        let Some(DeValue::Table(table)) = document.get_mut(name).map(Spanned::get_mut) else {
            continue;
        };
        let Some((key, value)) = table.remove_entry(old) else {
            continue;
        };
        let key_place = place(key.span().start);
        let (old, path) = (format!("{name}.{old}"), format!("{name}.{new}"));
        if table.contains_key(new) {
            return Err(SettingsError::BadValue {
                place: key_place,
                value: None,
                key: old,
                why: format!("is the old name of {path}, which is stated too: delete one of them"),
            });
        }
        table.insert(Spanned::new(key.span(), new.into()), value);
        outdated.push(OutdatedKey {
            place: key_place,
            old,
            new: path,
        });
    }
    Ok(outdated)
}
