//! Copies the keys of wallets: page by page, in place.
//!
//! A key that was destroyed in the data is overwritten in the copy too, and no older copy of the file is left. A sector is old or
//! new, wherever a copy is killed, so that the file is always good.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use tessera_encryption::DataKeys;
use tessera_ledger::WalletId;
use tessera_vault::{WALLET_KEYS_PAGE as PAGE, read_page, wallet_key_pages};

use crate::error::{BackupError, disk};
use crate::file_name::{FileName, WALLET_KEYS};
use crate::target::Target;

/// After it was read, so many times as long.
const REST: u32 = 10;
/// The system's times of changes are not exact. A file that was changed no longer ago is looked at again.
const TIMES_ARE_GOOD_AFTER: Duration = Duration::from_secs(2);

/// Of more than so many wallets the keys are copied with all others.
const WALLETS_MAX: usize = 10_000;

/// Those of whom events were copied, whose keys have to be in the copy.
#[derive(Default)]
pub(crate) struct Wallets {
    all: HashSet<WalletId>,
    are_many: bool,
}

/// What the copy has.
#[derive(Default)]
pub(crate) struct WalletKeysCopy {
    /// When the file was changed that was copied whole.
    seen: Option<SystemTime>,
    /// A large file is not read all the time.
    rests_until: Option<Instant>,
    hashes: RandomState,
    /// Of each page.
    pages: Vec<u64>,
}

impl WalletKeysCopy {
    /// Copies what has changed, where the backup has `known` bytes: all of it, or, while a large file rests, the keys of these
    /// wallets. The file's length; `None` where there is no file.
    pub fn copy(
        &mut self,
        data: &Path,
        keys: &DataKeys,
        (known, wallets): (u64, &Wallets),
        target: &mut dyn Target,
    ) -> Result<Option<u64>, BackupError> {
        let path = data.join(WALLET_KEYS);
        let older = || BackupError::OlderWalletKeys { path: path.clone() };
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // It was lost, or the copy would be the only one.
                return (known == 0).then_some(None).ok_or_else(older);
            }
            file => file.map_err(disk("open", &path))?,
        };
        let measure = || -> io::Result<(u64, SystemTime)> {
            let metadata = file.metadata()?;
            Ok((metadata.len(), metadata.modified()?))
        };
        let (length, changed) = measure().map_err(disk("measure", &path))?;
        if length < known {
            return Err(older());
        }
        if self.seen == Some(changed) {
            return Ok(Some(length));
        }
        let begun = Instant::now();
        let rests = self.rests_until.is_some_and(|until| begun < until);
        let grows = length > (self.pages.len() * PAGE) as u64;
        let whole = !rests || grows || wallets.are_many;
        let offsets: Vec<u64> = match whole {
            true => (0..length).step_by(PAGE).collect(),
            false => wallets.pages(length).into_iter().collect(),
        };
        if grows {
            // A crash may not take back the length either.
            file.sync_data().map_err(disk("sync", &path))?;
        }
        let mut wrote = false;
        // The first page, which counts the changes, is copied before the others, so that a folder with newer keys refuses an older
        // file. And behind them once more: the copy has no change that it does not count.
        for offset in [0].into_iter().chain(offsets).chain([0]) {
            wrote |= self.copy_page(&file, offset, keys, &path, target)?;
        }
        if wrote {
            target.finish(FileName::WalletKeys, length)?;
        }
        if whole {
            let age = changed.elapsed().unwrap_or_default();
            self.seen = (age > TIMES_ARE_GOOD_AFTER).then_some(changed);
            self.rests_until = Some(begun + begun.elapsed() * REST);
        }
        Ok(Some(length))
    }

    /// Whether the page was not in the copy.
    fn copy_page(
        &mut self,
        file: &File,
        offset: u64,
        keys: &DataKeys,
        path: &Path,
        target: &mut dyn Target,
    ) -> Result<bool, BackupError> {
        let number = (offset / PAGE as u64) as usize;
        let mut bytes = [0; PAGE];
        file.read_exact_at(&mut bytes, offset)
            .map_err(disk("read", path))?;
        // Mostly it is in the copy, and its keys were verified then.
        if self.pages.get(number) == Some(&self.hashes.hash_one(bytes)) {
            return Ok(false);
        }
        let page = read_page(file, offset, keys, path)?;
        let hash = self.hashes.hash_one(page);
        if offset == 0 {
            // A crash may not take back what the copy counts: it would look older than the copy.
            file.sync_data().map_err(disk("sync", path))?;
        }
        target.write(FileName::WalletKeys, offset, &page)?;
        match self.pages.get_mut(number) {
            Some(before) => *before = hash,
            None => self.pages.push(hash),
        }
        Ok(true)
    }

    /// Has the file rest for as long as a test.
    #[cfg(test)]
    pub fn rest(&mut self) {
        self.rests_until = Some(Instant::now() + Duration::from_secs(3600));
    }
}

impl Wallets {
    /// Adds one.
    pub fn add(&mut self, wallet: WalletId) {
        self.are_many |= self.all.len() >= WALLETS_MAX;
        if !self.are_many {
            self.all.insert(wallet);
        }
    }

    /// The pages of a file of this length that can have keys of them.
    fn pages(&self, length: u64) -> BTreeSet<u64> {
        let pages = |wallet: &WalletId| wallet_key_pages(*wallet, length);
        self.all.iter().flat_map(pages).collect()
    }
}
