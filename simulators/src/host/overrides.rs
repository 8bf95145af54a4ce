//! Overrides of the command line: `--set faults.drop_share=0.1` stands above the same key in the file.

use toml::{Table, Value};

use super::settings::{Settings, SettingsError};

/// The file's text with every override in its place.
pub(super) fn merge(text: &str, sets: &[String]) -> Result<Settings, SettingsError> {
    let wrong = |given: &str, why: String| SettingsError::Override {
        given: given.to_owned(),
        why,
    };
    let mut table: Table = text
        .parse()
        .map_err(|why: toml::de::Error| wrong("", why.to_string()))?;
    for set in sets {
        put(&mut table, set).map_err(|why| wrong(set, why))?;
        // After each one, so that the message names the one that is wrong.
        Settings::try_from_table(table.clone()).map_err(|why| wrong(set, why))?;
    }
    Settings::try_from_table(table).map_err(|why| wrong(&sets.join(" "), why))
}

impl Settings {
    fn try_from_table(table: Table) -> Result<Self, String> {
        Value::Table(table)
            .try_into()
            .map_err(|why: toml::de::Error| why.to_string().trim_end().to_owned())
    }
}

fn put(table: &mut Table, set: &str) -> Result<(), String> {
    let (path, value) = set.split_once('=').ok_or("key=value is expected")?;
    let mut keys = path.trim().split('.');
    // `split` gives one part at least.
    let last = keys.next_back().unwrap_or_default();
    let mut inner = table;
    for key in keys {
        let below = inner
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()));
        inner = below
            .as_table_mut()
            .ok_or_else(|| format!("{key} is no table"))?;
    }
    inner.insert(last.to_owned(), value_of(value.trim()));
    Ok(())
}

/// As TOML, and what is none as text: `5ms` and `05` need no quotes.
fn value_of(text: &str) -> Value {
    let parsed: Option<Table> = format!("value = {text}").parse().ok();
    parsed
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}
