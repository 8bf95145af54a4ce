//! JSON that programs and people can read: one entry of a list or table to a line, so that a run of an hour is a file of
//! some thousand lines and not of a hundred thousand.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Lists and tables inside deeper ones stay on one line.
const DEPTH_MAX: usize = 2;

#[derive(Default)]
struct Lines {
    depth: usize,
    has_value: bool,
}

/// `value` as JSON with a line feed at its end.
pub fn lines(value: &impl Serialize) -> serde_json::Result<String> {
    let mut out = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut out, Lines::default()))?;
    out.push(b'\n');
    // Cannot lose anything: JSON is UTF-8.
    Ok(String::from_utf8_lossy(&out).into_owned())
}

impl Lines {
    fn begin<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn end<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.has_value && self.depth <= DEPTH_MAX {
            writer.write_all(b"\n")?;
            writer.write_all(&b"  ".repeat(self.depth - 1))?;
        }
        self.depth -= 1;
        writer.write_all(bracket)
    }

    fn entry<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        if self.depth > DEPTH_MAX {
            return writer.write_all(if is_first { b"" } else { b", " });
        }
        writer.write_all(if is_first { b"\n" } else { b",\n" })?;
        writer.write_all(&b"  ".repeat(self.depth))
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.entry(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.entry(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_entry_of_a_list_has_its_line() {
        let value = json!({"a": 1, "b": {}, "c": [{"d": 1, "e": [2, 3]}, {}], "f": {"g": "h"}});
        let text = lines(&value).unwrap();
        assert_eq!(
            text,
            r#"{
  "a": 1,
  "b": {},
  "c": [
    {"d": 1, "e": [2, 3]},
    {}
  ],
  "f": {
    "g": "h"
  }
}
"#
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
