//! The sources against what is said about them, and ceilings that only go down.
//!
//! - `imports`: which modules import each other, and the map in `ARCHITECTURE.md`.
//! - `files`: which files of a crate import each other.
//! - `ceilings`: the longest file, the longest function, the fullest folder.
//! - `texts`: every text for payers is said somewhere.
//! - `versions`: the versions of formats that documents and module headers state, against the constants.
//! - `logs`: what is written into the log.
//! - `bounds`: the limits that documents state, against constants and the shipped configuration.
//!
//! That the shipped configuration has every section and key of the settings, with its default, is tested beside the
//! settings: `switch/config/src/tests/shipped.rs`, `wallet/src/settings/tests.rs`.

mod bounds;
mod ceilings;
mod constants;
mod files;
mod imports;
mod logs;
mod texts;
mod versions;

use std::path::{Path, PathBuf};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, by its path from the top.
fn read(path: &str) -> String {
    let text = std::fs::read_to_string(top().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The crates of the workspace, as paths from the top; the last one is the command, at the top itself.
fn crates() -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let member = |member: &toml::Value| member.as_str().unwrap().to_owned();
    members.iter().map(member).chain([".".to_owned()]).collect()
}

/// All source files below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The source files of all crates, as paths from the top; those of tests too.
fn all_sources() -> Vec<String> {
    let mut files = Vec::new();
    for member in crates() {
        sources(&top().join(member).join("src"), &mut files);
    }
    sources(&top().join("src"), &mut files);
    let relative = |file: PathBuf| file.strip_prefix(top()).unwrap().display().to_string();
    let mut files: Vec<_> = files.into_iter().map(relative).collect();
    // A crate's folder may be inside another's.
    files.sort_unstable();
    files.dedup();
    files
}

/// Whether a file has nothing but tests.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part.contains("test"))
}

/// A file without the module of tests at its end.
fn without_tests(text: &str) -> &str {
    text.split_once("#[cfg(test)]\nmod tests {")
        .map_or(text, |(code, _)| code)
}
