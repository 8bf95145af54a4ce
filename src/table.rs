//! Lists as people read them.

use serde_json::Value;

/// Columns below their titles, as wide as their longest cell; the last column is not padded. Empty where there are no rows.
pub fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([titles[column].len()])
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths);
        let padded = padded.map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rows = rows
        .iter()
        .map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    line(titles) + &rows.collect::<String>()
}

/// The keys of the objects of a list, each as a column.
pub fn of_json<const N: usize>(titles: [&str; N], keys: [&str; N], list: &Value) -> String {
    let objects = list.as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<_> = objects
        .iter()
        .map(|object| keys.map(|key| cell(&object[key])))
        .collect();
    table(titles, &rows)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let list = json!([{ "id": "1.a", "tries": 12 }, { "id": "1000.b", "tries": null }]);
        assert_eq!(
            of_json(["id", "tries"], ["id", "tries"], &list),
            "id      tries\n1.a     12\n1000.b\n"
        );
        assert_eq!(of_json(["id"], ["id"], &json!([])), "");
    }
}
