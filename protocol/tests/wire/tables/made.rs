//! What stands between a mark and its end in a document is made by the code: the rest is left as it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How a kind of document writes the marks.
pub struct Marks {
    pub begin: &'static str,
    pub behind_name: &'static str,
    pub end: &'static str,
}

pub const MARKDOWN: Marks = Marks {
    begin: "<!-- made: ",
    behind_name: " -->\n",
    end: "<!-- end -->",
};

pub const LUA: Marks = Marks {
    begin: "-- made: ",
    behind_name: "\n",
    end: "-- end",
};

pub const PYTHON: Marks = Marks {
    begin: "# made: ",
    behind_name: "\n",
    end: "# end",
};

/// JavaScript and Java.
pub const SLASHES: Marks = Marks {
    begin: "// made: ",
    behind_name: "\n",
    end: "// end",
};

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(document)
}

pub fn read(document: &str) -> String {
    std::fs::read_to_string(path(document)).unwrap()
}

/// Compares the made parts of a document with what `make` makes of a name and the text that stands there now, or
/// writes them anew where `UPDATE_DOCUMENTS` is set. Returns the names.
pub fn check(
    document: &str,
    marks: &Marks,
    make: impl Fn(&str, &str) -> String,
) -> BTreeSet<String> {
    let (remade, names) = remake(&read(document), marks, make);
    check_file(document, &remade);
    names
}

/// Compares a document that is made as a whole, or writes it anew where `UPDATE_DOCUMENTS` is set.
pub fn check_file(document: &str, remade: &str) {
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(path(document), remade).unwrap();
        return;
    }
    let text = read(document);
    const AGAIN: &str = "UPDATE_DOCUMENTS=1 cargo test -p tessera-protocol --test wire documents";
    for (line, (found, expected)) in text.lines().zip(remade.lines()).enumerate() {
        assert_eq!(
            found,
            expected,
            "{document}:{} is behind the code; run {AGAIN}",
            line + 1
        );
    }
    assert_eq!(
        text.len(),
        remade.len(),
        "{document} is behind the code; run {AGAIN}"
    );
}

fn remake(
    text: &str,
    marks: &Marks,
    make: impl Fn(&str, &str) -> String,
) -> (String, BTreeSet<String>) {
    let mut made = String::new();
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(marks.begin) {
        let (name, after) = after.split_once(marks.behind_name).unwrap();
        let (now, behind) = after
            .split_once(marks.end)
            .unwrap_or_else(|| panic!("{name}: no end"));
        made.extend([before, marks.begin, name, marks.behind_name]);
        made.extend([make(name, now).as_str(), marks.end]);
        names.insert(name.to_owned());
        rest = behind;
    }
    (made + rest, names)
}
