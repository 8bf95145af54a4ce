//! The system's clock as the switch sees it: Debian's libfaketime in front of the real one, set by a file that it reads at
//! every look. The process's own clock, by which it measures intervals, goes on undisturbed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// So many seconds ahead of the real clock, or behind it.
pub struct FakeClock {
    library: PathBuf,
    file: PathBuf,
}

impl FakeClock {
    /// A clock for what runs in this folder; right until it is set.
    pub fn right(folder: &Path) -> Self {
        let clock = Self {
            library: library(),
            file: folder.join("clock"),
        };
        clock.set(0);
        clock
    }

    /// Sets it, at once for all who look at it.
    pub fn set(&self, seconds_ahead: i64) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{seconds_ahead:+}\n")).expect("a file");
        fs::rename(new, &self.file).expect("a file");
    }

    /// The command will see this clock.
    pub fn show(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

/// Debian has it in a folder that is named after the machine's architecture.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("/usr/lib");
    let candidates = folders.flatten().map(|folder| folder.path());
    candidates
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("libfaketime: `make setup`")
}
