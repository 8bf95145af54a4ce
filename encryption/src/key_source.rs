//! Where the master key comes from: a file, an environment variable, a command or a token.

use std::fmt;
use std::path::{Path, PathBuf};

use tessera_common::key_file::{self, KeyFileError};
use zeroize::Zeroizing;

use crate::key_command::{self, CommandError};
use crate::token::TokenKey;
use crate::token_source::{TokenError, TokenSource};
use crate::{MasterKey, MemoryKey};

/// Bytes of a master key.
const KEY_BYTES: usize = 32;

/// Where the master key is: as 64 hexadecimal digits, white space around them aside, or in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a file that its owner alone may read.
    File(PathBuf),
    /// In the environment variable of this name.
    Environment(String),
    /// On the standard output of this program, with its arguments.
    Command(Vec<String>),
    /// In a token, which never shows it.
    Token(TokenSource),
}

/// Why there is no master key. The text contains no key material.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// There is no such file.
    #[error(
        "there is no master key at {path}: `tessera keys make --bits 256 {path}` makes one; if data is there, restore the key \
         that belongs to it",
        path = path.display()
    )]
    NoFile {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file can't be read, or others may read it.
    #[error("the master key {0}")]
    File(#[from] KeyFileError),
    /// There is no such variable.
    #[error("no master key: the environment variable {name} is not set")]
    Environment {
        /// Of the variable.
        name: String,
    },
    /// The command failed.
    #[error("no master key: the command `{program}` {error}")]
    Command {
        /// Its arguments may be secret.
        program: String,
        /// Why.
        error: CommandError,
    },
    /// The token can't be used.
    #[error("no master key: {0}")]
    Token(#[from] TokenError),
    /// There is something else.
    #[error("the master key from {from} is not 64 hexadecimal digits")]
    NotAKey {
        /// The source.
        from: KeySource,
    },
}

impl KeySource {
    /// Reads the key.
    ///
    /// # Errors
    /// Where it can't be read, or is none.
    pub fn open(&self) -> Result<Box<dyn MasterKey>, KeySourceError> {
        if let Self::Token(source) = self {
            return Ok(Box::new(TokenKey::open(source)?));
        }
        let digits = self.digits()?.unwrap_or_default();
        let key = MemoryKey::from_hex(digits.trim());
        let key = key.map_err(|_| KeySourceError::NotAKey { from: self.clone() })?;
        Ok(Box::new(key))
    }

    /// What the source has, which should be a key; `None` where nothing shows it.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn digits(&self) -> Result<Option<Zeroizing<String>>, KeySourceError> {
        Ok(Some(match self {
            Self::File(path) => {
                key_file::read(path).map_err(|error| match error.is_not_found() {
                    true => KeySourceError::NoFile { path: path.clone() },
                    false => KeySourceError::File(error),
                })?
            }
            Self::Environment(name) => match std::env::var(name) {
                Ok(digits) => Zeroizing::new(digits),
                Err(_) => return Err(KeySourceError::Environment { name: name.clone() }),
            },
            Self::Command(words) => {
                key_command::output(words).map_err(|error| KeySourceError::Command {
                    program: words.first().cloned().unwrap_or_default(),
                    error,
                })?
            }
            Self::Token(_) => return Ok(None),
        }))
    }
}

/// Makes a new master key in a file, and the folder of the file where there is none.
///
/// # Errors
/// Where it can't be written, or there is such a file.
pub fn make_master_key(path: &Path) -> Result<(), KeyFileError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(KeyFileError::io(folder))?;
    }
    key_file::make(path, KEY_BYTES)
}

impl fmt::Display for KeySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "the file {}", path.display()),
            Self::Environment(name) => write!(formatter, "the environment variable {name}"),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(formatter, "the command `{program}`")
            }
            Self::Token(source) => source.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn wrapped(source: &KeySource) -> [u8; 40] {
        source.open().unwrap().wrap(&[7; 32]).unwrap()
    }

    fn complaint(source: &KeySource) -> String {
        source.open().err().expect("no key").to_string()
    }

    fn shell(script: &str) -> KeySource {
        KeySource::Command(["sh", "-c", script].map(str::to_owned).into())
    }

    #[test]
    fn a_file_and_a_command_give_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let file = KeySource::File(path.clone());
        let missing = complaint(&file);
        let hint = format!(
            "`tessera keys make --bits 256 {}` makes one",
            path.display()
        );
        assert!(missing.contains(&hint), "{missing}");
        key_file::replace(&path, &format!("{DIGITS}\n")).unwrap();
        let expected = MemoryKey::from_hex(DIGITS).unwrap().wrap(&[7; 32]).unwrap();
        assert_eq!(wrapped(&file), expected);
        assert_eq!(wrapped(&shell(&format!("echo ' {DIGITS} '"))), expected);
        key_file::replace(&path, "0011\n").unwrap();
        assert_eq!(
            complaint(&file),
            format!(
                "the master key from the file {} is not 64 hexadecimal digits",
                path.display()
            )
        );
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let source = KeySource::Environment("TESSERA_NO_SUCH_KEY".into());
        assert_eq!(
            complaint(&source),
            "no master key: the environment variable TESSERA_NO_SUCH_KEY is not set"
        );
        // Cargo sets this one, and a test can't set any without unsafe code.
        let other = KeySource::Environment("CARGO_PKG_NAME".into());
        assert_eq!(
            complaint(&other),
            "the master key from the environment variable CARGO_PKG_NAME is not 64 hexadecimal digits"
        );
    }

    #[test]
    fn what_is_wrong_with_a_command_is_said_without_its_output() {
        assert_eq!(
            complaint(&shell("echo secret; exit 3")),
            "no master key: the command `sh` failed (exit status: 3)"
        );
        assert_eq!(
            complaint(&shell("echo secret")),
            "the master key from the command `sh` is not 64 hexadecimal digits"
        );
        let absent = KeySource::Command(vec!["/no/such/program".into()]);
        let error = complaint(&absent);
        assert!(error.contains("can't be run: No such file"), "{error}");
        let endless = complaint(&shell("exec cat /dev/zero"));
        assert!(endless.contains("more than 4 KiB"), "{endless}");
    }
}
