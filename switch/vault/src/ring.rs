//! The key file: one line for each key, a number and 64 hexadecimal digits, the newest last.

use std::path::Path;

use aes_gcm::aead::Generate;
use aes_gcm::{Aes256Gcm, Key, KeyInit};
use zeroize::Zeroizing;

use tessera_common::key_file::{self, KeyFileError};

const KEY_BYTES: usize = 32;

/// Why a key file is none.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// It can't be read or written, or others may read it.
    #[error("the vault's key file {0}")]
    File(#[from] KeyFileError),
    /// It was written by somebody else at the same time.
    #[error("another process has changed the vault's key file: check its keys, and try again")]
    Changed,
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
    #[error("the vault's key file holds no key: make one with `tessera keys rotate --vault`")]
    Empty,
    /// The system has no random numbers.
    #[error("the system has no random numbers for a key")]
    NoRandomness,
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

    /// Adds a new key at the end of the file, which is made where there is none. Its number.
    ///
    /// # Errors
    /// Where the file can't be read or written, or is not one.
    pub fn rotate(path: &Path) -> Result<u32, KeyRingError> {
        let before = match key_file::read(path) {
            Err(error) if error.is_not_found() => Zeroizing::default(),
            read => read?,
        };
        let number = match Self::parse(&before) {
            Ok(ring) => ring.newest().0 + 1,
            Err(KeyRingError::Empty) => 1,
            Err(error) => return Err(error),
        };
        let key = Key::<Aes256Gcm>::try_generate().map_err(|_| KeyRingError::NoRandomness)?;
        let mut line = Zeroizing::new(format!("{number} "));
        key.iter()
            .for_each(|byte| line.push_str(&format!("{byte:02x}")));
        line.push('\n');
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(KeyFileError::io(path))?;
        }
        // People edit it, and some editors leave the last line open.
        let gap = match before.is_empty() || before.ends_with('\n') {
            true => "",
            false => "\n",
        };
        let text = Zeroizing::new([before.as_str(), gap, line.as_str()].concat());
        key_file::replace(path, &text)?;
        match Self::read(path)?.newest().0 == number {
            true => Ok(number),
            false => Err(KeyRingError::Changed),
        }
    }

    /// The newest key: it seals.
    pub(super) fn newest(&self) -> (u32, &Aes256Gcm) {
        let (number, key) = &self.keys[self.keys.len() - 1];
        (*number, key)
    }

    pub(super) fn find(&self, number: u32) -> Option<&Aes256Gcm> {
        let place = self
            .keys
            .binary_search_by_key(&number, |(known, _)| *known)
            .ok()?;
        Some(&self.keys[place].1)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never: see [`KeyRing::read`].
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The numbers, oldest first.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.keys.iter().map(|(number, _)| *number)
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
    Some((number.parse().ok()?, Aes256Gcm::new((&*key).into())))
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
    fn is_made_by_rotation_and_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/vault.keys");
        assert_eq!(KeyRing::rotate(&path).unwrap(), 1);
        assert_eq!(KeyRing::rotate(&path).unwrap(), 2);
        let ring = KeyRing::read(&path).unwrap();
        assert_eq!(ring.numbers().collect::<Vec<_>>(), [1, 2]);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            KeyRing::read(&path),
            Err(KeyRingError::File(KeyFileError::Open { .. }))
        ));
    }

    #[test]
    fn a_last_line_that_was_left_open_is_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        for edited in [
            text(&[1]).trim_end().to_owned(),
            format!("{}# mine", text(&[1])),
        ] {
            std::fs::write(&path, edited).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert_eq!(KeyRing::rotate(&path).unwrap(), 2);
            let ring = KeyRing::read(&path).unwrap();
            assert_eq!(ring.numbers().collect::<Vec<_>>(), [1, 2]);
        }
    }

    #[test]
    fn says_which_line_is_wrong() {
        assert!(matches!(KeyRing::parse(""), Err(KeyRingError::Empty)));
        let wrong = format!("# keys\n{}2 abc\n", text(&[1]));
        let line = KeyRing::parse(&wrong).unwrap_err();
        assert!(matches!(line, KeyRingError::Line { line: 3 }), "{line}");
        let order = KeyRing::parse(&text(&[2, 1])).unwrap_err();
        assert!(matches!(order, KeyRingError::Order { line: 2 }), "{order}");
    }
}
