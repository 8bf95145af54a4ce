//! Finds records of the journal without reading all of it.
//!
//! In come the names of requests, wallets and times; out go positions of records. Each closed part of the journal has an
//! index in a file beside it (`file.rs`), which the switch makes in the background ([`build_missing`]) and a command makes
//! where it is missing. The part that is being written has none: its rows are read into memory, which its length bounds. So
//! does a part whose index can't be written, at each lookup.
//!
//! What never happens here: a position that is given out may be of another record with the same hash, so who gets it
//! reads the record and compares.

mod error;
mod file;
mod names;
mod newest;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;
use tessera_encryption::DataKeys;
use tessera_journal::{JournalError, Location, Mark, Part, Position, Reader};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, WalletId};
use tessera_store::{read_back, recorded_mark};

use file::{IndexFile, NewFile, Of};
use names::hour_of;
use rows::{Hash, Rows};

pub use error::IndexError;
pub use names::Name;
pub use newest::Walked;

/// The extension of an index file.
pub const EXTENSION: &str = "index";

/// See the head of this file.
pub struct Index {
    journal: Arc<dyn Reader>,
    parts: Vec<Indexed>,
}

struct Indexed {
    part: Part,
    source: Source,
}

enum Source {
    File(Box<IndexFile>),
    /// Of the part that is being written.
    Memory(Box<(Rows, Hash)>),
    /// The part is read at each lookup.
    Part,
}

impl Index {
    /// Of the journal here, which must reach as far as the store beside it knows. Missing index files are made; without keys
    /// there are none.
    ///
    /// # Errors
    /// Where the journal can't be read.
    pub fn open(location: &Location) -> Result<Self, IndexError> {
        // Before the journal: a switch may be writing both.
        let known = recorded_mark(&location.data().join("store"));
        let journal = tessera_journal::reader(location);
        let mut parts = Vec::new();
        for part in journal.parts()? {
            let source = source(journal.as_ref(), &part, location.keys())?;
            parts.push(Indexed { part, source });
        }
        let index = Self { journal, parts };
        index.expect(known)?;
        Ok(index)
    }

    /// The journal that positions are of.
    pub fn journal(&self) -> &Arc<dyn Reader> {
        &self.journal
    }

    /// Records that may have this name, oldest first. Those of a wallet are the last of each part.
    ///
    /// # Errors
    /// Where the journal can't be read.
    pub fn find(&self, name: &Name) -> Result<Vec<Position>, IndexError> {
        let mut found = Vec::new();
        for indexed in &self.parts {
            found.extend(self.named(indexed, name)?);
        }
        Ok(found)
    }

    /// Records that may add items to the totals of settlement dates for moments from the first up to and without the second,
    /// or of others of the same hours; oldest first.
    ///
    /// # Errors
    /// Where the journal can't be read.
    pub fn items(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Position>, IndexError> {
        let (from, to) = (hour_of(from), hour_of(to));
        let mut found = Vec::new();
        for indexed in &self.parts {
            found.extend(self.look_up(indexed, Of::Hours, |_| (from, to))?);
        }
        Ok(found)
    }

    /// The parts that may have events which were journaled between these moments, both included.
    pub fn parts(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Part> {
        let overlaps = move |indexed: &&Indexed| {
            let times = match &indexed.source {
                Source::File(file) => Some(file.times),
                Source::Memory(memory) => memory.0.times,
                Source::Part => return true,
            };
            times.is_some_and(|(first, last)| first <= to && from <= last)
        };
        self.parts.iter().filter(overlaps).map(|one| &one.part)
    }

    /// When the oldest event was journaled that is kept; `None` of a journal that is whole.
    pub fn kept_from(&self) -> Option<Timestamp> {
        let first = self.parts.first().filter(|first| first.part.span().0 > 0)?;
        match &first.source {
            Source::File(file) => Some(file.times.0),
            Source::Memory(memory) => memory.0.times.map(|(first, _)| first),
            Source::Part => None,
        }
    }

    /// The positions of all events of a wallet that are kept, oldest first.
    ///
    /// # Errors
    /// Where the journal can't be read, or the wallet's chain is broken.
    pub fn chain(&self, wallet: WalletId) -> Result<Vec<Position>, IndexError> {
        let mut chain = Vec::new();
        let mut next = self.last_event(wallet)?;
        let begins = self.parts.first().map_or(0, |first| first.part.span().0);
        // What comes before is no longer kept.
        while let Some(position) = next.filter(|next| next.to_stored() >= begins) {
            let entry = self.entry(position)?;
            let goes_back = entry.previous.is_none_or(|before| before < position);
            if entry.wallet != wallet || !goes_back {
                return Err(IndexError::Chain { wallet, position });
            }
            chain.push(position);
            next = entry.previous;
        }
        chain.reverse();
        Ok(chain)
    }

    /// The event at a position.
    ///
    /// # Errors
    /// Where there is none.
    pub fn entry(&self, position: Position) -> Result<Entry, IndexError> {
        Ok(read_back(self.journal.read(position))?)
    }

    fn last_event(&self, wallet: WalletId) -> Result<Option<Position>, IndexError> {
        for indexed in self.parts.iter().rev() {
            let mut found = self.named(indexed, &Name::Wallet(wallet))?;
            found.sort_unstable();
            for position in found.into_iter().rev() {
                if self.entry(position)?.wallet == wallet {
                    return Ok(Some(position));
                }
            }
        }
        Ok(None)
    }

    fn named(&self, indexed: &Indexed, name: &Name) -> Result<Vec<Position>, IndexError> {
        self.look_up(indexed, Of::Names, |hash| {
            let key = hash.key(name);
            (key, key)
        })
    }

    fn look_up(
        &self,
        indexed: &Indexed,
        of: Of,
        keys: impl Fn(&Hash) -> (u32, u32),
    ) -> Result<Vec<Position>, IndexError> {
        let among = |rows: &Rows, hash: &Hash| {
            let (from, to) = keys(hash);
            let rows = match of {
                Of::Names => &rows.names,
                Of::Hours => &rows.hours,
            };
            let matching = rows.iter().filter(|(key, _)| (from..=to).contains(key));
            matching.map(|(_, offset)| *offset).collect()
        };
        let mut found: Vec<u32> = match &indexed.source {
            Source::Memory(memory) => among(&memory.0, &memory.1),
            Source::File(file) => {
                let hash = Hash::Keyed(file.hash.clone());
                let (from, to) = keys(&hash);
                match file.between(of, from, to) {
                    Err(IndexError::Damaged) => {
                        // The next one who needs it makes it again.
                        let path = indexed.part.companion(EXTENSION);
                        let not_removed = std::fs::remove_file(&path).err();
                        let error = not_removed.as_ref().map(tracing::field::display);
                        tracing::warn!(path = %path.display(), error, "an index is damaged: it is made again");
                        self.without(indexed, among)?
                    }
                    found => found?,
                }
            }
            Source::Part => self.without(indexed, among)?,
        };
        found.sort_unstable();
        let (begin, _) = indexed.part.span();
        let positions = found.into_iter();
        let positions = positions.map(|offset| Position::from_stored(begin + u64::from(offset)));
        Ok(positions.flatten().collect())
    }

    fn without(
        &self,
        indexed: &Indexed,
        among: impl Fn(&Rows, &Hash) -> Vec<u32>,
    ) -> Result<Vec<u32>, IndexError> {
        let hash = Hash::Plain(DefaultHashBuilder::default());
        let rows = Rows::read(self.journal.as_ref(), &indexed.part, &hash, &mut || true)?;
        Ok(among(&rows, &hash))
    }

    /// The journal is not shorter than the store knows.
    fn expect(&self, known: Option<Mark>) -> Result<(), IndexError> {
        let Some(known) = known else { return Ok(()) };
        let found = self.journal.read(known.position);
        if found.is_ok_and(|record| record.sequence == known.sequence) {
            return Ok(());
        }
        let last = self.parts.iter().rev().find_map(|one| match &one.source {
            Source::Memory(memory) => memory.0.last,
            Source::File(_) | Source::Part => None,
        });
        let last = last.map(|last| last.sequence);
        Err(match last < Some(known.sequence) {
            true => JournalError::StoreAhead {
                store: known.sequence,
                journal: last,
            },
            false => JournalError::StoreForeign { mark: known },
        }
        .into())
    }
}

fn source(
    journal: &dyn Reader,
    part: &Part,
    keys: Option<&DataKeys>,
) -> Result<Source, IndexError> {
    if !part.is_closed() {
        let hash = Hash::Plain(DefaultHashBuilder::default());
        let rows = Rows::read(journal, part, &hash, &mut || true)?;
        return Ok(Source::Memory(Box::new((rows, hash))));
    }
    let Some(keys) = keys else {
        return Ok(Source::Part);
    };
    if let Some(file) = IndexFile::open(&part.companion(EXTENSION), part, keys)? {
        return Ok(Source::File(Box::new(file)));
    }
    match build(journal, part, keys, &mut || true) {
        Ok(()) => {}
        // A copy that may only be read, a full disk: it takes longer without.
        Err(IndexError::File { .. } | IndexError::TooLong) => return Ok(Source::Part),
        Err(error) => return Err(error),
    }
    let file = IndexFile::open(&part.companion(EXTENSION), part, keys)?;
    Ok(file.map_or(Source::Part, |file| Source::File(Box::new(file))))
}

/// Whether a closed part has its index file, or is one that can't have any: it is longer than 4 GiB.
///
/// # Errors
/// Where the file can't be read.
pub fn is_indexed(part: &Part, keys: &DataKeys) -> Result<bool, IndexError> {
    let (begin, end) = part.span();
    let is_too_long = end.is_none_or(|end| end - begin > u64::from(u32::MAX));
    Ok(is_too_long || IndexFile::open(&part.companion(EXTENSION), part, keys)?.is_some())
}

/// When the first and the last event of a closed part were journaled, as its index file says; `None` where it has none.
///
/// # Errors
/// Where the file can't be read.
pub fn times(part: &Part, keys: &DataKeys) -> Result<Option<(Timestamp, Timestamp)>, IndexError> {
    let file = IndexFile::open(&part.companion(EXTENSION), part, keys)?;
    Ok(file.map(|file| file.times))
}

/// Makes the missing index files of all closed parts, as long as `goes_on` says so. Says how many were made. Without keys there
/// are none. `goes_on` is asked after every few microseconds of work, and may pause.
///
/// # Errors
/// Where the journal can't be read, or a file can't be written.
pub fn build_missing(
    location: &Location,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<u64, IndexError> {
    let Some(keys) = location.keys() else {
        return Ok(0);
    };
    let journal = tessera_journal::reader(location);
    let mut built = 0;
    for part in journal.parts()?.iter().filter(|part| part.is_closed()) {
        if !goes_on() {
            break;
        }
        if IndexFile::open(&part.companion(EXTENSION), part, keys)?.is_none() {
            match build(journal.as_ref(), part, keys, goes_on) {
                Err(IndexError::TooLong) => continue,
                Err(IndexError::Stopped) => break,
                made => made?,
            }
            built += 1;
        }
    }
    Ok(built)
}

fn build(
    journal: &dyn Reader,
    part: &Part,
    keys: &DataKeys,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(), IndexError> {
    let new = NewFile::for_part(part, keys)?;
    let rows = Rows::read(journal, part, &Hash::Keyed(new.hash.clone()), goes_on)?;
    let path = part.companion(EXTENSION);
    // Another process may be making it too: each writes a file of its own, and the last one stays.
    let partial = part.companion(&format!("{EXTENSION}-{}", std::process::id()));
    let written = std::fs::write(&partial, new.bytes(rows));
    let placed = written.and_then(|()| std::fs::rename(&partial, &path));
    placed.map_err(|error| {
        // What was written of it is of no use.
        let _ = std::fs::remove_file(&partial);
        IndexError::file(&path, error)
    })
}
