//! `[encryption]`: where the master key comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tessera_encryption::KeySource;

use super::bounds::{Breach, DAY, HOUR, span};
use super::units;

/// Where the master key is if the file names no source.
const KEY_FILE: &str = "keys/master.key";

/// What encrypts the data.
#[derive(Debug, Clone)]
pub struct EncryptionSettings {
    /// Where the master key comes from.
    pub master_key: KeySource,
    /// The switch adds a data key when the newest is older than this.
    pub rotate_every: Duration,
}

impl Default for EncryptionSettings {
    fn default() -> Self {
        Self {
            rotate_every: DAY,
            master_key: KeySource::File(KEY_FILE.into()),
        }
    }
}

/// The table as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EncryptionTable {
    key_file: Option<PathBuf>,
    key_environment: Option<String>,
    key_command: Option<Vec<String>>,
    #[serde(with = "units::duration")]
    rotate_every: Duration,
}

impl Default for EncryptionTable {
    fn default() -> Self {
        Self {
            key_file: None,
            key_environment: None,
            key_command: None,
            rotate_every: DAY,
        }
    }
}

impl EncryptionTable {
    /// The settings, with paths seen from `base`.
    pub(super) fn settle(self, base: &Path) -> Result<EncryptionSettings, Breach> {
        let rotate_every = self.rotate_every;
        span("encryption.rotate_every", rotate_every, HOUR..=3650 * DAY)?;
        let file = self.key_file.map(|path| KeySource::File(base.join(path)));
        let variable = self.key_environment.map(KeySource::Environment);
        let command = self.key_command.map(KeySource::Command);
        let mut sources = [
            ("encryption.key_file", file),
            ("encryption.key_environment", variable),
            ("encryption.key_command", command),
        ]
        .into_iter()
        .filter_map(|(key, source)| Some((key, source?)));
        let Some((key, mut master_key)) = sources.next() else {
            return Ok(EncryptionSettings {
                master_key: KeySource::File(base.join(KEY_FILE)),
                rotate_every,
            });
        };
        if let Some((other, _)) = sources.next() {
            let why = format!("{key} is stated too: the master key has one source");
            return Err(Breach::new(other, why));
        }
        match &mut master_key {
            KeySource::Environment(name) if name.is_empty() || name.contains(['=', '\0']) => {
                return Err(Breach::new(key, "is not the name of a variable"));
            }
            KeySource::Command(words) => match words.first_mut() {
                Some(program) if !program.is_empty() => resolve(program, base),
                _ => return Err(Breach::new(key, "a program and its arguments are needed")),
            },
            KeySource::Environment(_) | KeySource::File(_) => {}
        }
        Ok(EncryptionSettings {
            master_key,
            rotate_every,
        })
    }
}

/// A program is searched in `PATH`, unless it is stated with a folder.
fn resolve(program: &mut String, base: &Path) {
    if program.contains('/')
        && let Some(path) = base.join(&*program).to_str()
    {
        *program = path.to_owned();
    }
}
