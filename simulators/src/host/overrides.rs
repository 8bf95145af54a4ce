//! Overrides of the command line: `--set faults.drop_share=0.1` stands above the same key in the file.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// An override that cannot be used.
pub(super) struct Wrong {
    /// As it was given.
    pub(super) given: String,
    /// What is wrong with it.
    pub(super) why: String,
}

/// What the file's text says with every override in its place.
pub(super) fn merge<T: DeserializeOwned>(text: &str, sets: &[String]) -> Result<T, Wrong> {
    let wrong = |given: &str, why: String| Wrong {
        given: given.to_owned(),
        why,
    };
    let mut table: Table = text
        .parse()
        .map_err(|why: toml::de::Error| wrong("", why.to_string()))?;
    for set in sets {
        put(&mut table, set).map_err(|why| wrong(set, why))?;
        // After each one, so that the message names the one that is wrong.
        typed::<T>(table.clone()).map_err(|why| wrong(set, why))?;
    }
    typed(table).map_err(|why| wrong(&sets.join(" "), why))
}

fn typed<T: DeserializeOwned>(table: Table) -> Result<T, String> {
    Value::Table(table)
        .try_into()
        .map_err(|why: toml::de::Error| why.to_string().trim_end().to_owned())
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
