//! `[encryption]`: where the master key comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tessera_encryption::{KeySource, PinSource, TokenSource};

use super::bounds::{Breach, DAY, HOUR, span};
use super::units;

const PIN_ENVIRONMENT: &str = "encryption.pkcs11.pin_environment";
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
    pkcs11: Option<TokenTable>,
    #[serde(with = "units::duration")]
    rotate_every: Duration,
}

/// `[encryption.pkcs11]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenTable {
    module: PathBuf,
    token: String,
    key: String,
    pin_file: Option<PathBuf>,
    pin_environment: Option<String>,
}

impl TokenTable {
    fn settle(self, base: &Path) -> Result<TokenSource, Breach> {
        let pin = match (self.pin_file, self.pin_environment) {
            (Some(path), None) => PinSource::File(base.join(path)),
            (None, Some(name)) => PinSource::Environment(variable(PIN_ENVIRONMENT, name)?),
            (Some(_), Some(_)) => {
                let why = "encryption.pkcs11.pin_file is stated too: the PIN has one source";
                return Err(Breach::new(PIN_ENVIRONMENT, why));
            }
            (None, None) => {
                let why = "pin_file or pin_environment is needed";
                return Err(Breach::new("encryption.pkcs11", why));
            }
        };
        Ok(TokenSource {
            module: base.join(self.module),
            token: self.token,
            key: self.key,
            pin,
        })
    }
}

impl Default for EncryptionTable {
    fn default() -> Self {
        Self {
            key_file: None,
            key_environment: None,
            key_command: None,
            pkcs11: None,
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
        let environment = self.key_environment.map(KeySource::Environment);
        let token = self.pkcs11.map(|table| table.settle(base)).transpose()?;
        let command = self.key_command.map(KeySource::Command);
        let mut sources = [
            ("encryption.key_file", file),
            ("encryption.key_environment", environment),
            ("encryption.key_command", command),
            ("encryption.pkcs11", token.map(KeySource::Token)),
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
            KeySource::Environment(name) => *name = variable(key, std::mem::take(name))?,
            KeySource::Command(words) => match words.first_mut() {
                Some(program) if !program.is_empty() => resolve(program, base),
                _ => return Err(Breach::new(key, "a program and its arguments are needed")),
            },
            KeySource::File(_) | KeySource::Token(_) => {}
        }
        Ok(EncryptionSettings {
            master_key,
            rotate_every,
        })
    }
}

/// The name of an environment variable.
fn variable(key: &str, name: String) -> Result<String, Breach> {
    match name.is_empty() || name.contains(['=', '\0']) {
        true => Err(Breach::new(key, "is not the name of a variable")),
        false => Ok(name),
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
