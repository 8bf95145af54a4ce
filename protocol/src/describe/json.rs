//! A description as JSON, for programs.

use serde_json::{Map, Value, json};

use super::{Description, Row};

impl Description {
    /// `{"mti", "meaning", "fields": [{"field", "name", "value", "meaning", "parts"}], "fault"}`;
    /// what is not there is left out.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        if let Some((mti, meaning)) = &self.mti {
            object.insert("mti".into(), mti.to_string().into());
            object.insert("meaning".into(), meaning.as_str().into());
        }
        let fields: Vec<_> = self
            .rows
            .iter()
            .map(|row| row_object("field", row))
            .collect();
        object.insert("fields".into(), fields.into());
        if let Some(fault) = &self.fault {
            let error = &fault.error;
            let fault = json!({
                "text": fault.text.as_str(),
                "place": error.place.to_string(),
                "offset": error.offset,
            });
            object.insert("fault".into(), fault);
        }
        object.into()
    }
}

fn row_object(label: &str, row: &Row) -> Value {
    let mut object = Map::new();
    let number = row.label.parse::<u8>().map(Value::from);
    let label_value = match (label, number) {
        ("field", Ok(number)) => number,
        _ => row.label.as_str().into(),
    };
    object.insert(label.into(), label_value);
    object.insert("name".into(), row.name.into());
    object.insert("value".into(), row.value.as_str().into());
    if let Some(meaning) = &row.meaning {
        object.insert("meaning".into(), meaning.as_str().into());
    }
    if !row.parts.is_empty() {
        let parts: Vec<_> = row
            .parts
            .iter()
            .map(|part| row_object("part", part))
            .collect();
        object.insert("parts".into(), parts.into());
    }
    object.into()
}
