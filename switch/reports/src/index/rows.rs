//! The rows of one part of the journal, before they are sorted: a key, and where the record is from the part's beginning.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap};
use tessera_encryption::KeyedHash;
use tessera_journal::{Mark, Part, Reader};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, WalletId};

use super::error::IndexError;
use super::names::{Name, hour_of, item_time};

/// A key and an offset.
pub(super) type Row = (u32, u32);

/// Makes keys of names.
pub(super) enum Hash {
    /// For a file.
    Keyed(KeyedHash),
    /// For rows that stay in memory.
    Plain(DefaultHashBuilder),
}

impl Hash {
    pub fn key(&self, name: &Name) -> u32 {
        let (bytes, length) = name.bytes();
        match self {
            Self::Keyed(hash) => hash.short(&[&bytes[..length]]),
            Self::Plain(hash) => hash.hash_one(&bytes[..length]) as u32,
        }
    }
}

/// See the head of this file.
#[derive(Default)]
pub(super) struct Rows {
    /// By names.
    pub names: Vec<Row>,
    /// By the hour that an item may belong to, of the records that may add one.
    pub hours: Vec<Row>,
    /// When the first and the last of its events were journaled.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The last record.
    pub last: Option<Mark>,
}

/// Records between two questions whether to go on.
const ASKED_EVERY: u64 = 64;

impl Rows {
    /// Of a part that is read as a whole, as long as `goes_on` says so: it is asked after every few microseconds of work, and may
    /// pause.
    pub fn read(
        journal: &dyn Reader,
        part: &Part,
        hash: &Hash,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, IndexError> {
        let mut rows = Self::default();
        let mut wallets: HashMap<WalletId, u32> = HashMap::new();
        let (begin, _) = part.span();
        let mut failure = None;
        let read = journal.scan_part(part, &mut |record| {
            let sequence = record.sequence;
            let offset = u32::try_from(record.position.to_stored() - begin);
            let entry = Entry::read(record.payload);
            let entered = match (offset, entry) {
                _ if sequence.to_stored() % ASKED_EVERY == 0 && !goes_on() => {
                    Err(IndexError::Stopped)
                }
                (Ok(offset), Ok(entry)) => {
                    wallets.insert(entry.wallet, offset);
                    rows.enter(&entry, offset, hash);
                    Ok(())
                }
                (Err(_), _) => Err(IndexError::TooLong),
                (_, Err(error)) => Err(IndexError::Unreadable(sequence, error)),
            };
            rows.last = Some(record.mark());
            entered.map_err(|error| {
                failure = Some(error);
                "the part can't be indexed".into()
            })
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        read?;
        let wallets = wallets.into_iter();
        let wallets = wallets.map(|(id, offset)| (hash.key(&Name::Wallet(id)), offset));
        rows.names.extend(wallets);
        Ok(rows)
    }

    fn enter(&mut self, entry: &Entry, offset: u32, hash: &Hash) {
        if let Some(opening) = entry.event.opening() {
            let names = Name::of(opening);
            self.names
                .extend(names.map(|name| (hash.key(&name), offset)));
        }
        if let Some(at) = item_time(entry) {
            self.hours.push((hour_of(at), offset));
        }
        let (first, last) = self.times.get_or_insert((entry.at, entry.at));
        (*first, *last) = (entry.at.min(*first), entry.at.max(*last));
    }
}
