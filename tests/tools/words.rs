//! Words that documents, texts, comments and names shall not use: metaphors and words with several meanings. See
//! `docs/glossary.md` for the terms to use instead.
//!
//! Identifiers and file names are split into their words. A ceiling is the number of uses that are left, some of them
//! legitimate (a bookshop, a form field or a file that keeps its name). It only goes down.

use std::collections::BTreeMap;
use std::path::Path;

/// The forms of a word, and its ceiling.
const BANNED: &[(&[&str], usize)] = &[
    (&["bulletin", "bulletins"], 0),
    (&["doorkeeper", "doorkeepers"], 0),
    (&["errand", "errands"], 0),
    (&["foretold"], 0),
    (&["guest", "guests"], 0),
    (&["unmade"], 0),
    (&["unrecalled"], 0),
    (&["story", "stories"], 0),
    (&["house", "houses"], 0),
    (&["desk", "desks"], 15),
    (&["seat", "seats", "seated"], 0),
    (&["wishes"], 2),
    (&["whoever"], 0),
    (&["told", "untold"], 1),
    (&["tell", "tells", "telling"], 0),
    (&["heard"], 0),
    (&["hear", "hears", "hearing"], 0),
    (&["road", "roads"], 0),
    (&["book", "books"], 12),
    (&["room", "rooms"], 1),
    (&["stranger", "strangers"], 0),
    (&["door", "doors"], 0),
];

/// Endings of the files that are read, besides `Makefile`.
const ENDINGS: &[&str] = &[
    "css", "html", "js", "lua", "md", "py", "rs", "service", "sh", "toml", "yml",
];

/// What is not ours, not text, or quotes old names.
const PASSED_OVER: &[&str] = &[
    "docs/decisions",
    // The texts of rule.rs once more.
    "docs/declines.md",
    "fuzz/seeds",
    "node_modules",
    "target",
    "tests/tools/words.rs",
    "wallet/extension/page/names.js",
];

/// The paths of all files to read below `folder`, relative to the top of the project.
fn files(top: &Path, folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let relative = path.strip_prefix(top).unwrap().display().to_string();
        let passed_over = PASSED_OVER
            .iter()
            .any(|other| relative == *other || relative.ends_with(&format!("/{other}")));
        if name.starts_with('.') || passed_over {
            continue;
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        if path.is_dir() {
            files(top, &path, into);
        } else if name == "Makefile" || ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            into.push(relative);
        }
    }
}

/// The words of a text in lower case; `camelCase` and `snake_case` are several.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower_before = false;
    for letter in text.chars() {
        let ends = !letter.is_ascii_alphabetic() || letter.is_ascii_uppercase() && lower_before;
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_ascii_alphabetic() {
            word.push(letter.to_ascii_lowercase());
        }
        lower_before = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    words.push(word);
    words
}

/// The changelog without the sections of released versions.
fn unreleased(text: &str) -> &str {
    let mut sections = text.match_indices("\n## [");
    let released = sections.find(|(at, _)| !text[*at..].starts_with("\n## [Unreleased]"));
    released.map_or(text, |(at, _)| &text[..at])
}

#[test]
fn identifiers_are_split_into_their_words() {
    assert_eq!(
        words("HostRefusesToHear told_at_once, X"),
        ["host", "refuses", "to", "hear", "told", "at", "once", "x"]
    );
}

#[test]
fn banned_words_do_not_come_back() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(top, top, &mut paths);
    assert!(paths.len() > 500, "{} files", paths.len());
    let mut found: Vec<(usize, BTreeMap<&str, usize>)> = vec![Default::default(); BANNED.len()];
    for path in &paths {
        let text = std::fs::read_to_string(top.join(path)).unwrap();
        let text = if path == "CHANGELOG.md" {
            unreleased(&text)
        } else {
            &text
        };
        for word in words(path).iter().chain(&words(text)) {
            let banned = BANNED
                .iter()
                .position(|(forms, _)| forms.contains(&word.as_str()));
            if let Some(banned) = banned {
                found[banned].0 += 1;
                *found[banned].1.entry(path).or_default() += 1;
            }
        }
    }
    for ((forms, ceiling), (count, places)) in BANNED.iter().zip(found) {
        assert!(
            count <= *ceiling,
            "`{}` is used {count} times, at most {ceiling} are allowed: use a term of docs/glossary.md\n{places:#?}",
            forms[0]
        );
    }
}
