//! The key file: one line for each key, a number and 64 hexadecimal digits, the newest last.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::Generate;
use aes_gcm::{Aes256Gcm, Key, KeyInit};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// Nobody but the owner.
const MODE: u32 = 0o600;

/// Why a key file is none.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// It can't be read or written.
    #[error("the vault's key file {path}: {why}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Others may read it.
    #[error("the vault's key file {path} can be read by others: `chmod 600 {path}`")]
    Open {
        /// Which.
        path: PathBuf,
    },
    /// A line is no key.
    #[error(
        "line {line} of the vault's key file is no key: a number and 64 hexadecimal digits are needed"
    )]
    Line {
        /// From 1.
        line: usize,
    },
    /// The numbers do not rise.
    #[error("line {line} of the vault's key file: numbers must rise, the newest key stands last")]
    Order {
        /// From 1.
        line: usize,
    },
    /// There is no key in it.
    #[error("the vault's key file holds no key: make one with `tessera keys rotate`")]
    Empty,
    /// The system has no random numbers.
    #[error("the system gave no random numbers for a key")]
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
        let io = |why| KeyRingError::Io {
            path: path.to_path_buf(),
            why,
        };
        let mode = std::fs::metadata(path).map_err(io)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyRingError::Open {
                path: path.to_path_buf(),
            });
        }
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(io)?;
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
        let io = |why| KeyRingError::Io {
            path: path.to_path_buf(),
            why,
        };
        let number = match Self::read(path) {
            Ok(ring) => ring.newest().0 + 1,
            Err(KeyRingError::Empty) => 1,
            Err(KeyRingError::Io { why, .. }) if why.kind() == io::ErrorKind::NotFound => 1,
            Err(error) => return Err(error),
        };
        let key = Key::<Aes256Gcm>::try_generate().map_err(|_| KeyRingError::NoRandomness)?;
        let mut line = Zeroizing::new(format!("{number} "));
        key.iter()
            .for_each(|byte| line.push_str(&format!("{byte:02x}")));
        line.push('\n');
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let before = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::default(),
            Err(error) => return Err(io(error)),
        };
        // People edit it, and some editors leave the last line open.
        let gap = match before.is_empty() || before.ends_with('\n') {
            true => "",
            false => "\n",
        };
        let text = Zeroizing::new([before.as_str(), gap, line.as_str()].concat());
        replace(path, text.as_bytes()).map_err(io)?;
        match Self::read(path)?.newest().0 == number {
            true => Ok(number),
            false => Err(io(io::Error::other("another process has changed it"))),
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

/// A key that was used must not be lost: nothing that it sealed would ever open again. So the file is the old one or the new
/// one whenever the power fails.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .open(&beside)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
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
            Err(KeyRingError::Open { .. })
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
