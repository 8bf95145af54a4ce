//! What an operator sees: the shipped file, and every complaint word for word.

mod complaints;
mod notify;
mod parties;
mod shipped;

use std::path::{Path, PathBuf};

use super::*;

const PARTY: &str =
    "[[parties]]\ncode = \"123\"\nname = \"P\"\nkind = \"acquirer\"\nmac_key = \"none\"\n";

/// Reads `text` as the file `switch.toml` of a folder of its own.
fn read(text: &str) -> (tempfile::TempDir, Result<Settings, SettingsError>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switch.toml");
    std::fs::write(&file, text).unwrap();
    let settings = Settings::read(&file);
    (folder, settings)
}

/// The complaint about `text`, without the folder.
#[track_caller]
fn complaint(text: &str) -> String {
    let (folder, settings) = read(text);
    let error = settings.expect_err("a bad configuration").to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

/// The complaint about a file with one good party and `text` in front of it.
#[track_caller]
fn complaint_with_party(text: &str) -> String {
    complaint(&format!("{text}\n{PARTY}"))
}
