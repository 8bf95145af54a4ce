//! Copies the keys of wallets: page by page, in place.
//!
//! A key that was destroyed in the data is overwritten in the copy too, and no older copy of the file is left. A sector is old or
//! new, wherever a copy is killed, so that the file is always good.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use tessera_encryption::DataKeys;
use tessera_vault::{WALLET_KEYS_PAGE as PAGE, read_page};

use crate::error::{BackupError, disk};
use crate::file_name::{FileName, WALLET_KEYS};
use crate::target::Target;

/// After it was read, so many times as long.
const REST: u32 = 10;
/// The system's times of changes are not exact. A file that was changed no longer ago is looked at again.
const TIMES_ARE_GOOD_AFTER: Duration = Duration::from_secs(2);

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
    /// Copies what has changed, where the backup has `known` bytes. The file's length; `None` where there is no file.
    pub fn copy(
        &mut self,
        data: &Path,
        keys: &DataKeys,
        known: u64,
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
        let begun = Instant::now();
        let rests = self.rests_until.is_some_and(|until| begun < until);
        if rests || self.seen == Some(changed) {
            return Ok(Some(self.pages.len() as u64 * PAGE as u64));
        }
        let mut wrote = false;
        // The first page, which counts the changes, is copied before the others, so that a folder with newer keys refuses an older
        // file. And behind them once more: the copy has no change that it does not count.
        for offset in (0..length).step_by(PAGE).chain([0]) {
            let page = read_page(&file, offset, keys, &path)?;
            let hash = self.hashes.hash_one(page);
            let number = (offset / PAGE as u64) as usize;
            if self.pages.get(number) != Some(&hash) {
                if offset == 0 {
                    // A crash may not take back what the copy counts: it would look older than the copy.
                    file.sync_data().map_err(disk("sync", &path))?;
                }
                target.write(FileName::WalletKeys, offset, &page)?;
                match self.pages.get_mut(number) {
                    Some(before) => *before = hash,
                    None => self.pages.push(hash),
                }
                wrote = true;
            }
        }
        if wrote {
            target.finish(FileName::WalletKeys, length)?;
        }
        let age = changed.elapsed().unwrap_or_default();
        self.seen = (age > TIMES_ARE_GOOD_AFTER).then_some(changed);
        self.rests_until = Some(begun + begun.elapsed() * REST);
        Ok(Some(length))
    }
}
