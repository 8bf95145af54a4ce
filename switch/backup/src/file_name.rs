//! The names of files in a backup: no others are read, written or removed.

use std::fmt;

/// A file of a backup, by its path in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileName {
    /// The archive of the segment that begins at this position.
    Archive(u64),
    /// The segment that begins at this position.
    Segment(u64),
    /// The opening balances that go up to the record at this position.
    Opening(u64),
    /// The full snapshot whose mark is at this position.
    Snapshot(u64),
    /// The key table with this number.
    KeyTable(u64),
    /// The keys of wallets.
    WalletKeys,
}

/// The folders that files are in.
pub(crate) const FOLDERS: [&str; 5] = ["archive", "journal", "opening", "snapshots", "keys"];
pub(crate) const KEY_TABLE: &str = "keys.table";
pub(crate) const WALLET_KEYS: &str = "wallet.keys";

impl FileName {
    pub fn parse(path: &str) -> Option<Self> {
        if path == WALLET_KEYS {
            return Some(Self::WalletKeys);
        }
        let (folder, name) = path.split_once('/')?;
        match folder {
            "archive" => Some(Self::Archive(number(name.strip_suffix(".archive")?, 20)?)),
            "journal" => Some(Self::Segment(number(name.strip_suffix(".journal")?, 20)?)),
            "opening" => Some(Self::Opening(number(name.strip_suffix(".opening")?, 20)?)),
            "snapshots" => Some(Self::Snapshot(number(name.strip_suffix(".snapshot")?, 20)?)),
            "keys" => {
                let number = name.strip_suffix(KEY_TABLE)?.strip_suffix('/')?;
                let table = Self::KeyTable(number.parse().ok()?);
                // One file has one name.
                (table.to_string() == path).then_some(table)
            }
            _ => None,
        }
    }

    /// Where the segment begins whose file this is.
    pub fn start(self) -> Option<u64> {
        match self {
            Self::Archive(start) | Self::Segment(start) => Some(start),
            _ => None,
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(start) => write!(formatter, "archive/{start:020}.archive"),
            Self::Segment(start) => write!(formatter, "journal/{start:020}.journal"),
            Self::Opening(mark) => write!(formatter, "opening/{mark:020}.opening"),
            Self::Snapshot(mark) => write!(formatter, "snapshots/{mark:020}.snapshot"),
            Self::KeyTable(number) => write!(formatter, "keys/{number}/{KEY_TABLE}"),
            Self::WalletKeys => formatter.write_str(WALLET_KEYS),
        }
    }
}

fn number(digits: &str, length: usize) -> Option<u64> {
    let plain = digits.len() == length && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_one_file_within_the_folder() {
        for name in [
            FileName::Archive(0),
            FileName::Segment(0),
            FileName::Segment(268_402_176),
            FileName::Opening(4711),
            FileName::Snapshot(4711),
            FileName::KeyTable(12),
            FileName::WalletKeys,
        ] {
            assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }
        for other in [
            "",
            "journal",
            "journal/lock",
            "journal/1.journal",
            "journal/+0000000000000000001.journal",
            "journal/../../00000000000000000001.journal",
            "/journal/00000000000000000001.journal",
            "keys/+1/keys.table",
            "keys/01/keys.table",
            "keys/1/../keys.table",
            "keys/keys.table",
            "../wallet.keys",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }
}
