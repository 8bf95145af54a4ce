//! Finds the way between a place in the text of a TOML file and the key that stands there.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One key of the file, with the tables it stands in: `mall.listen`, `parties[2].name`.
struct Entry {
    path: String,
    key: Range<usize>,
    value: Range<usize>,
}

/// Every key of a file.
pub(super) struct Locator<'a> {
    text: &'a str,
    entries: Vec<Entry>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(text: &'a str, document: &DeTable<'_>) -> Self {
        let mut entries = Vec::new();
        walk_table("", document, &mut entries);
        Self { text, entries }
    }

    /// The line, from 1, on which a byte of the text stands.
    pub(super) fn line(text: &str, offset: usize) -> usize {
        let before = &text.as_bytes()[..offset.min(text.len())];
        1 + before.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// The key at `span`, or whose value is the smallest around it; `None` for the top of the file.
    pub(super) fn path_at(&self, span: &Range<usize>) -> Option<&str> {
        let named = self.entries.iter().find(|entry| entry.key == *span);
        let around =
            |entry: &&Entry| entry.value.start <= span.start && span.end <= entry.value.end;
        named
            .or_else(|| {
                self.entries
                    .iter()
                    .filter(around)
                    .min_by_key(|entry| entry.value.len())
            })
            .map(|entry| entry.path.as_str())
    }

    /// The line of a key; of the nearest table around it if the key itself is not stated.
    pub(super) fn line_of(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(entry) = self.entry(path) {
                return Some(Self::line(self.text, entry.key.start));
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// A key's value as it stands in the file; `None` for what is not stated and for what is longer than a line.
    pub(super) fn value_of(&self, path: &str) -> Option<&'a str> {
        let text = self.text.get(self.entry(path)?.value.clone())?;
        (!text.starts_with('[') && !text.contains('\n')).then_some(text)
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }
}

fn walk_table(prefix: &str, table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = match prefix {
            "" => name.to_string(),
            _ => format!("{prefix}.{name}"),
        };
        walk_value(path, key.span(), value, entries);
    }
}

fn walk_value(
    path: String,
    key: Range<usize>,
    value: &Spanned<DeValue<'_>>,
    entries: &mut Vec<Entry>,
) {
    match value.get_ref() {
        DeValue::Table(table) => walk_table(&path, table, entries),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk_value(format!("{path}[{index}]"), item.span(), item, entries);
            }
        }
        _ => {}
    }
    entries.push(Entry {
        path,
        key,
        value: value.span(),
    });
}
