//! What an operator sees: the shipped file, and every complaint word for word.

mod complaints;
mod notify;
mod parties;
mod shipped;

use std::path::{Path, PathBuf};

use super::*;

const PARTY: &str = "code = \"123\"\nname = \"P\"\nkind = \"acquirer\"\nmac_key = \"none\"\n";

/// Reads `text` as the file `switch.toml` of a folder of its own, with these parties beside it.
fn read_with(
    text: &str,
    parties: &[(&str, &str)],
) -> (tempfile::TempDir, Result<Settings, SettingsError>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switch.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::create_dir(folder.path().join("parties")).unwrap();
    for (name, text) in parties {
        std::fs::write(folder.path().join("parties").join(name), text).unwrap();
    }
    let settings = Settings::read(&file);
    (folder, settings)
}

/// Reads `text` as the file `switch.toml` of a folder of its own, with a good party.
fn read(text: &str) -> (tempfile::TempDir, Result<Settings, SettingsError>) {
    read_with(text, &[("p.toml", PARTY)])
}

/// The complaint about these, without the folder.
#[track_caller]
fn complaint_with(text: &str, parties: &[(&str, &str)]) -> String {
    let (folder, settings) = read_with(text, parties);
    let error = settings.expect_err("a bad configuration").to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

/// The complaint about `text`.
#[track_caller]
fn complaint(text: &str) -> String {
    complaint_with(text, &[("p.toml", PARTY)])
}

/// The complaint about a party's file `p.toml`, in a production configuration.
#[track_caller]
fn party_complaint(text: &str) -> String {
    complaint_with("", &[("p.toml", text)])
}
