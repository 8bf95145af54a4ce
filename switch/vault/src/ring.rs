//! The key file of builds before, whose keys were those of all wallets: one line for each key, a number and 64 hexadecimal digits, the newest last.

use std::path::Path;

use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use tessera_common::key_file::{self, KeyFileError};

use super::{OF_PROCESS, OF_WALLET};

const KEY_BYTES: usize = 32;

/// Why a key file is none.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// It can't be read or written, or others may read it.
    #[error("the vault's key file {0}")]
    File(#[from] KeyFileError),
    /// A line is no key.
    #[error(
        "line {line} of the vault's key file is not a key: a number and 64 hexadecimal digits are needed"
    )]
    Line {
        /// From 1.
        line: usize,
    },
    /// The numbers do not rise.
    #[error("line {line} of the vault's key file: numbers must rise, with the newest key last")]
    Order {
        /// From 1.
        line: usize,
    },
    /// There is no key in it.
    #[error("the vault's key file holds no key")]
    Empty,
}

/// The keys of a vault, by number.
pub struct KeyRing {
    keys: Vec<(u32, Aes256Gcm)>,
}

impl KeyRing {
    /// Reads a key file.
    ///
    /// # Errors
    /// Where it can't be read, others may read it, or it is not one.
    pub fn read(path: &Path) -> Result<Self, KeyRingError> {
        let text = key_file::read(path)?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<(u32, Aes256Gcm)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (number, key) = parse_line(line).ok_or(KeyRingError::Line { line: line_number })?;
            if keys.last().is_some_and(|(before, _)| *before >= number) {
                return Err(KeyRingError::Order { line: line_number });
            }
            keys.push((number, key));
        }
        match keys.is_empty() {
            true => Err(KeyRingError::Empty),
            false => Ok(Self { keys }),
        }
    }

    /// The numbers of its keys, which rise.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.keys.iter().map(|(number, _)| *number)
    }

    pub(super) fn find(&self, number: u32) -> Option<&Aes256Gcm> {
        let place = self
            .keys
            .binary_search_by_key(&number, |(known, _)| *known)
            .ok()?;
        Some(&self.keys[place].1)
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyRing({} keys)", self.keys.len())
    }
}

fn parse_line(line: &str) -> Option<(u32, Aes256Gcm)> {
    let (number, digits) = line.split_once(' ')?;
    let digits = digits.trim();
    if digits.len() != 2 * KEY_BYTES || !digits.is_ascii() {
        return None;
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    let number = number.parse().ok()?;
    let is_free = number != OF_WALLET && number != OF_PROCESS;
    is_free.then(|| (number, Aes256Gcm::new((&*key).into())))
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    pub fn text(numbers: &[u32]) -> String {
        let line = |number: &u32| format!("{number} {:064x}\n", u128::from(*number) << 64);
        numbers.iter().map(line).collect()
    }

    #[test]
    fn is_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        std::fs::write(&path, format!("{}# mine", text(&[1, 2]))).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let ring = KeyRing::read(&path).unwrap();
        assert!(ring.find(1).is_some() && ring.find(2).is_some() && ring.find(3).is_none());
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            KeyRing::read(&path),
            Err(KeyRingError::File(KeyFileError::Open { .. }))
        ));
    }

    #[test]
    fn says_which_line_is_wrong() {
        assert!(matches!(KeyRing::parse(""), Err(KeyRingError::Empty)));
        let wrong = format!("# keys\n{}2 abc\n", text(&[1]));
        let line = KeyRing::parse(&wrong).unwrap_err();
        assert!(matches!(line, KeyRingError::Line { line: 3 }), "{line}");
        assert!(
            KeyRing::parse(&text(&[0])).is_err(),
            "the number of the wallet's key"
        );
        let order = KeyRing::parse(&text(&[2, 1])).unwrap_err();
        assert!(matches!(order, KeyRingError::Order { line: 2 }), "{order}");
    }
}
