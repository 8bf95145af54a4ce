//! The comparison as a table.

use std::fmt;

use super::noise::SECONDS_MIN;
use super::{Comparison, Noise, Row, Unit};
use crate::load::words::{latency, separated};

/// What the noise is not.
pub const CAUTION: &str = "The noise is that within each run. What else the machine did between them is not in it: before \
you believe a small difference, repeat both runs in turn (A B A B).";

/// A figure with its unit.
pub fn figure(row: &Row, figure: f64) -> String {
    match row.unit {
        Unit::PerSecond => separated(&format!("{figure:.0}")),
        Unit::Microseconds => latency(figure),
        Unit::PerCent => format!("{figure:.2}%"),
    }
}

/// How many times the first the second is.
pub fn ratio(row: &Row) -> String {
    match row.ratio {
        Some(ratio) => format!("{ratio:.3}"),
        None => "-".to_owned(),
    }
}

/// What is to be thought of the difference.
pub fn noise(row: &Row) -> &'static str {
    row.noise.map_or("", Noise::words)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, run) in [("A", &self.a), ("B", &self.b)] {
            writeln!(f, "{letter}: {}, {}", run.about.name, run.about.started)?;
        }
        writeln!(f)?;
        writeln!(f, "{:21} {:>11} {:>11} {:>7}", "", "A", "B", "B / A")?;
        for row in &self.rows {
            let line = format!(
                "{:21} {:>11} {:>11} {:>7}  {}",
                row.name,
                figure(row, row.a),
                figure(row, row.b),
                ratio(row),
                noise(row)
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        if self
            .rows
            .iter()
            .any(|row| row.noise == Some(Noise::TooShort))
        {
            writeln!(f)?;
            writeln!(
                f,
                "To say what is noise, both runs must have {} whole seconds.",
                SECONDS_MIN + 1
            )?;
        }
        if !self.differences.is_empty() {
            writeln!(f)?;
            writeln!(f, "What else differs:")?;
            for difference in &self.differences {
                writeln!(
                    f,
                    "  {}: {} | {}",
                    difference.name, difference.a, difference.b
                )?;
            }
        }
        writeln!(f)?;
        for sentence in self.summary() {
            writeln!(f, "{sentence}")?;
        }
        write!(f, "{CAUTION}")
    }
}
