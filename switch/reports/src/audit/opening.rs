//! Opening balances: what an audit has proven of the segments that are no longer kept.
//!
//! ```text
//! data/opening/00000000000268435456.opening    the result of an audit (`result.rs`) that goes up to the record at this
//!                                              position, itself included; the record is in the journal
//! ```
//!
//! A journal that does not begin at its beginning is proven from the newest of them on. It is there, and synced, before the
//! first segment that it stands for is deleted.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tessera_journal::{JournalError, Location, Mark, Position, Reader};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, Wallet, WalletId};

use super::folded::Unfolded;
use super::result::Proven;
use super::result_error::{ResultError, ResultHash};
use super::wallets::{BUCKETS, bucket_of};

const FOLDER: &str = "opening";
const EXTENSION: &str = "opening";

/// Wallets as they were after a record of the journal.
pub struct Opening {
    proven: Proven,
    path: PathBuf,
    at: Timestamp,
}

impl Opening {
    /// The one that a journal rests on of which segments were deleted; `None` of a journal that is whole.
    ///
    /// # Errors
    /// Where it is missing or damaged, or of another journal.
    pub fn of(location: &Location, journal: &dyn Reader) -> Result<Option<Self>, ResultError> {
        let Some(begins) = pruned(journal)? else {
            return Ok(None);
        };
        match Self::newest(location, journal)? {
            Some(opening) => Ok(Some(opening)),
            None => Err(ResultError::NoOpening {
                folder: location.data().join(FOLDER),
                begins,
            }),
        }
    }

    /// The newest that there is, whatever the journal has.
    ///
    /// # Errors
    /// Where it is damaged, or of another journal.
    pub fn newest(location: &Location, journal: &dyn Reader) -> Result<Option<Self>, ResultError> {
        let Some(path) = openings(location.data())?.pop() else {
            return Ok(None);
        };
        let keys = location.keys().ok_or(ResultError::NoKeys)?;
        let proven = Proven::open(&path, keys, journal, BUCKETS)?;
        let record = journal.read(proven.mark.position)?;
        let entry = Entry::read(&record.payload).map_err(|error| ResultError::Unreadable {
            path: path.clone(),
            error,
        })?;
        Ok(Some(Self {
            proven,
            path,
            at: entry.at,
        }))
    }

    /// The last record that it reflects.
    pub fn mark(&self) -> Mark {
        self.proven.mark
    }

    /// When that was journaled: from then on everything is kept, and proven.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Of its file.
    pub fn hash(&self) -> ResultHash {
        self.proven.hash
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A wallet as it was. It does not know orders.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn wallet(&mut self, id: WalletId) -> Result<Wallet, ResultError> {
        let bucket = self.proven.bucket(bucket_of(id))?;
        match bucket.folded.get(&id) {
            Some(bytes) => Ok(self.unfold(id, bytes)?.wallet),
            None => Ok(Wallet::new(id)),
        }
    }

    /// The oldest event that a wallet needed then, which forgets what is closed and older than `kept` milliseconds: an event
    /// after the opening may be about a transaction that it opened.
    ///
    /// # Errors
    /// Where the file can't be read, and [`JournalError::Stopped`] where `goes_on` has said no.
    pub fn oldest_needed(
        &mut self,
        kept: u64,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Position, ResultError> {
        let mut oldest = self.proven.mark.position;
        for number in 0..BUCKETS {
            for (id, bytes) in self.proven.bucket(number)?.folded {
                if !goes_on() {
                    return Err(JournalError::Stopped.into());
                }
                let mut wallet = self.unfold(id, &bytes)?.wallet;
                wallet.forget_older(self.at, kept);
                oldest = wallet
                    .transactions
                    .oldest()
                    .map_or(oldest, |at| at.min(oldest));
            }
        }
        Ok(oldest)
    }

    fn unfold(&self, id: WalletId, bytes: &[u8]) -> Result<Unfolded, ResultError> {
        let unfolded = Unfolded::unfold(id, bytes).and_then(|mut unfolded| {
            unfolded.restore()?;
            Ok(unfolded)
        });
        unfolded.map_err(|error| ResultError::Unreadable {
            path: self.path.clone(),
            error,
        })
    }
}

/// The file of the opening that goes up to the record at this position.
pub(crate) fn opening_file(data: &Path, position: Position) -> PathBuf {
    let name = format!("{:020}.{EXTENSION}", position.to_stored());
    data.join(FOLDER).join(name)
}

/// Where a journal begins of which segments were deleted.
fn pruned(journal: &dyn Reader) -> Result<Option<u64>, JournalError> {
    let parts = journal.parts()?;
    let begins = parts.first().map_or(0, |part| part.span().0);
    Ok((begins > 0).then_some(begins))
}

/// The files of a folder of data, oldest first.
pub(crate) fn openings(data: &Path) -> Result<Vec<PathBuf>, ResultError> {
    let folder = data.join(FOLDER);
    let failed = |error| ResultError::File {
        path: folder.clone(),
        error,
    };
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|is| is == EXTENSION) {
            files.push(path);
        }
    }
    // Positions have as many digits as the highest one.
    files.sort_unstable();
    Ok(files)
}
