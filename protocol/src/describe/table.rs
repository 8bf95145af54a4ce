//! A description as an aligned table.

use std::fmt;

use super::{Description, Row};

const LABEL_COLUMNS: usize = 5;
const PART_INDENT: &str = "      ";
/// Values longer than this do not push the column of meanings to the right.
const VALUE_COLUMNS_MAX: usize = 24;

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = Columns::of(&self.rows);
        if let Some((mti, meaning)) = &self.mti {
            columns.line(
                f,
                "",
                "MTI",
                "message type",
                &mti.to_string(),
                Some(meaning),
            )?;
        }
        for row in &self.rows {
            columns.row(f, "", row)?;
        }
        if let Some(fault) = &self.fault {
            write!(f, "\n{}\n\n{}", fault.text, fault.lines)?;
        }
        Ok(())
    }
}

struct Columns {
    name: usize,
    value: usize,
}

impl Columns {
    fn of(rows: &[Row]) -> Self {
        let parts = rows.iter().flat_map(|row| &row.parts);
        let name = rows.iter().map(|row| row.name.len());
        let part_name = parts
            .clone()
            .map(|part| part.name.len() + PART_INDENT.len());
        let value = rows
            .iter()
            .chain(parts)
            .map(|row| row.value.chars().count());
        Self {
            name: name.chain(part_name).max().unwrap_or(0).max(12),
            value: value
                .filter(|&columns| columns <= VALUE_COLUMNS_MAX)
                .max()
                .unwrap_or(0),
        }
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, indent: &str, row: &Row) -> fmt::Result {
        let meaning = row.meaning.as_deref();
        self.line(f, indent, &row.label, row.name, &row.value, meaning)?;
        for part in &row.parts {
            self.row(f, PART_INDENT, part)?;
        }
        Ok(())
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        indent: &str,
        label: &str,
        name: &str,
        value: &str,
        meaning: Option<&str>,
    ) -> fmt::Result {
        let name_columns = self.name - indent.len();
        write!(f, "{indent}{label:>LABEL_COLUMNS$}  {name:name_columns$}  ")?;
        match meaning {
            Some(meaning) => writeln!(f, "{value:columns$}  {meaning}", columns = self.value),
            None => writeln!(f, "{value}"),
        }
    }
}
