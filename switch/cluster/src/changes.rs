//! Changes of files beside the journal, as an entry carries them: each is made on every node before the records that come with
//! it, or after it. To make one a second time changes nothing.
//!
//! ```text
//! change      kind 1, bytes that follow 4
//! kind 1      the key of a wallet: offset in `wallet.keys` 8, slot 80
//! kind 3      payers were notified of everything up to this record: sequence 8, position 8
//! kind 2      a data key: its line of `keys.table`, wrapped with the master key
//! ```

use tessera_journal::Mark;

/// Bytes of a slot of `wallet.keys`.
const SLOT: usize = 80;

const WALLET_KEY: u8 = 1;
const DATA_KEY: u8 = 2;
const NOTIFIED: u8 = 3;

/// See the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A slot of the file of wallet keys is this from now on.
    WalletKey {
        /// Where in the file.
        offset: u64,
        /// What it is. Encrypted, or zeros where the key was destroyed.
        slot: &'a [u8; SLOT],
    },
    /// The key table has this key too.
    DataKey {
        /// Its line.
        line: &'a str,
    },
    /// Payers were notified of everything up to this record.
    Notified {
        /// Of the journal.
        mark: Mark,
    },
}

/// Bytes that are no changes that this build knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the replicated log has a change that this build ({}) does not know: install the build of the active node here", env!("CARGO_PKG_VERSION"))]
pub struct UnknownChange;

impl Change<'_> {
    /// Writes it behind others.
    pub fn append_to(self, changes: &mut Vec<u8>) {
        let (kind, bytes): (u8, Vec<u8>) = match self {
            Self::WalletKey { offset, slot } => {
                (WALLET_KEY, [&offset.to_le_bytes()[..], slot].concat())
            }
            Self::DataKey { line } => (DATA_KEY, line.as_bytes().to_vec()),
            Self::Notified { mark } => (NOTIFIED, mark.to_bytes().to_vec()),
        };
        changes.push(kind);
        // Lossless: both are short.
        changes.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        changes.extend_from_slice(&bytes);
    }
}

/// Reads them back, in order. Ends after the first error.
pub fn read(changes: &[u8]) -> impl Iterator<Item = Result<Change<'_>, UnknownChange>> {
    let mut rest = changes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let change = first(rest);
        rest = change.as_ref().map_or(&[], |(_, after)| after);
        Some(change.map(|(change, _)| change).ok_or(UnknownChange))
    })
}

fn first(bytes: &[u8]) -> Option<(Change<'_>, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (content, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let change = match *kind {
        WALLET_KEY => {
            let (offset, slot) = content.split_first_chunk()?;
            Change::WalletKey {
                offset: u64::from_le_bytes(*offset),
                slot: slot.try_into().ok()?,
            }
        }
        DATA_KEY => Change::DataKey {
            line: std::str::from_utf8(content).ok()?,
        },
        NOTIFIED => Change::Notified {
            mark: Mark::from_bytes(content.try_into().ok()?)?,
        },
        _ => return None,
    };
    Some((change, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mut mark = [0; 16];
        (mark[0], mark[8]) = (7, 9);
        let mark = Mark::from_bytes(mark).unwrap();
        let mut bytes = Vec::new();
        Change::Notified { mark }.append_to(&mut bytes);
        assert_eq!(bytes[..7], [3, 16, 0, 0, 0, 7, 0]);
        let read_back: Vec<_> = read(&bytes).collect();
        assert_eq!(read_back, [Ok(Change::Notified { mark })]);
    }

    #[test]
    fn are_read_as_they_were_written() {
        let slot = std::array::from_fn(|at| at as u8);
        let all = [
            Change::DataKey {
                line: "3 data 1 00",
            },
            Change::WalletKey {
                offset: 4176,
                slot: &slot,
            },
        ];
        let mut bytes = Vec::new();
        for change in all {
            change.append_to(&mut bytes);
        }
        assert_eq!(bytes[..5], [2, 11, 0, 0, 0]);
        assert_eq!(
            bytes[16..29],
            [1, 88, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0]
        );
        let read_back: Result<Vec<_>, _> = read(&bytes).collect();
        assert_eq!(read_back.unwrap(), all);
        for end in (1..bytes.len()).filter(|end| *end != 16) {
            let cut_off: Result<Vec<_>, _> = read(&bytes[..end]).collect();
            assert_eq!(cut_off, Err(UnknownChange), "{end} bytes");
        }
        bytes[16] = 4;
        assert_eq!(read(&bytes).last(), Some(Err(UnknownChange)));
    }
}
