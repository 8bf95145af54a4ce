//! Tables and the small pieces in them, as markup.

use maud::{Markup, html};
use serde_json::Value;
use tessera_protocol::mask_card_numbers;

/// A table with titles above its columns. On a narrow screen it is moved sideways in its frame.
pub fn table(label: &str, titles: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.list {
                thead { tr { @for title in titles { th scope="col" { (title) } } } }
                tbody {
                    @for row in rows {
                        tr { @for cell in row { td { (cell) } } }
                    }
                }
            }
        }
    }
}

/// A moment (RFC 3339), which the script writes in the browser's zone.
pub fn time(at: &str) -> Markup {
    let (date, clock) = at.split_once('T').unwrap_or((at, ""));
    let clock = clock.split('.').next().unwrap_or_default();
    html! { time datetime=(at) { (date) " " (clock.trim_end_matches('Z')) " UTC" } }
}

/// A text of an object, masked; empty where it has none.
pub fn text(object: &Value, key: &str) -> String {
    match &object[key] {
        Value::Null => String::new(),
        Value::String(text) => mask_card_numbers(text).into_owned(),
        other => other.to_string(),
    }
}

/// The objects of a list.
pub fn objects(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What stands where a list has nothing.
pub fn empty(title: &str, text: &str) -> Markup {
    html! { div.empty { h3 { (title) } p { (text) } } }
}
