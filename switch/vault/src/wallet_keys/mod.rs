//! The keys of wallets: one file, in which a key is destroyed by writing over it.
//!
//! ```text
//! data/wallet.keys   ┌────────────────────────────────┬─────────┬──────────┬───────────┬─ ─
//!                    │ "tessera wallet keys 1\n", zeros │ 64 pages │ 128 pages │ 256 pages │
//!                    └────────────────────────────────┴─────────┴──────────┴───────────┴─ ─
//! page 4096          8 sectors of 512 bytes, each with 6 slots of 80 bytes
//! first page         from byte 64: changes of the file so far 8, the newest data key of a slot 4
//! slot 80            ┌──────────┬────────────┬──────────┬────────┬────────┬─────────┐
//!                    │ wallet 8 │ data key 4 │ nonce 12 │ key 32 │ tag 16 │ zeros 8 │
//!                    └──────────┴────────────┴──────────┴────────┴────────┴─────────┘
//! ```
//!
//! A key is random, and encrypted with AES-256-GCM under a data key; wallet and offset are authenticated along. The wallet's
//! number says in which page of each level its slot is; a level that is full there leaves it to the next, which is twice as
//! large. A slot of zeros is free. A slot never crosses a sector, which a disk writes as a whole. No key is used before it is
//! synced, and a destroyed one is overwritten with zeros and synced.
//!
//! Each start records the number of changes in the key table. So one that finds no file, or an older copy, notices it. What it
//! says of an older copy stays until an operator accepts that copy. Once that is changed, no number of changes makes it good.

mod accept;
mod check;
mod error;
mod layout;
mod slot;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::Generate;
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use tessera_encryption::{DataKeys, Purpose};
use tessera_ledger::WalletId;
use zeroize::Zeroizing;

pub use accept::{Accepted, accept_lost_wallet_keys};
pub use check::{changes_of_wallet_keys, check_file, read_page};
pub use error::WalletKeysError;
pub use layout::{WALLET_KEYS_PAGE, wallet_key_pages};

use layout::{FIRST_LINE, Level, NAME, PAGE};
pub use slot::SLOT as WALLET_KEY_SLOT;
use slot::{KEY, SLOT, Slot, bound_to, data_key_of, decrypt, is_free, is_slot, slots, wallet_of};

/// In the first page: changes and the newest data key.
const COUNTED: u64 = 64;
/// Recorded once an older copy is changed: no file has had so many changes.
const NEVER: u64 = u64::MAX;

/// The file, open.
pub struct WalletKeys {
    path: PathBuf,
    keys: DataKeys,
    file: Mutex<Counted>,
    fit: Fit,
    /// Is shown every slot that is used from now on, or free, before anything rests on it.
    changes: Option<SlotChanges>,
}

/// Is shown the offset and the bytes of a slot.
pub type SlotChanges = Box<dyn Fn(u64, &[u8; SLOT]) + Send + Sync>;

/// How the file and the key table fit each other, as far as can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// They do.
    Good,
    /// The file is an older copy than the one that the table knows.
    OlderFile,
    /// The table is older than the file: it lacks data keys.
    OlderTable,
}

struct Counted {
    file: File,
    /// Keys made and destroyed.
    changes: u64,
    /// The newest of those that have encrypted a key: never above those of the table.
    newest: u32,
    /// It is an older copy, and the table still says how many changes the newest one had.
    is_older: bool,
}

impl WalletKeys {
    /// Opens the file in a folder of data, or makes it where there was none.
    ///
    /// # Errors
    /// When it can't be opened or made, is something else, or was lost.
    pub fn open(data: &Path, keys: DataKeys) -> Result<Self, WalletKeysError> {
        let path = data.join(NAME);
        let failed = |why| WalletKeysError::Io {
            path: path.clone(),
            why,
        };
        let known = keys.wallet_key_changes()?;
        let mut options = OpenOptions::new();
        let create = known.is_none();
        options.read(true).write(true).create(create).mode(0o600);
        let file = match options.open(&path) {
            Err(why) if !create && why.kind() == io::ErrorKind::NotFound => {
                return Err(WalletKeysError::Lost { path });
            }
            opened => opened.map_err(failed)?,
        };
        if file.metadata().map_err(failed)?.len() < PAGE as u64 {
            let mut first = [0; PAGE];
            first[..FIRST_LINE.len()].copy_from_slice(FIRST_LINE);
            // A kill may have cut it off while it was made.
            if !first.starts_with(&all(&file).map_err(failed)?) {
                return Err(WalletKeysError::Foreign { path });
            }
            if !create {
                return Err(WalletKeysError::Lost { path });
            }
            begin(&file, &first, data).map_err(failed)?;
        }
        let mut first = [0; FIRST_LINE.len()];
        file.read_exact_at(&mut first, 0).map_err(failed)?;
        if first != FIRST_LINE {
            return Err(WalletKeysError::Foreign { path });
        }
        let mut file = Counted::read(file).map_err(failed)?;
        let fit = if Some(file.changes) < known {
            Fit::OlderFile
        } else if file.newest > keys.newest().0 {
            Fit::OlderTable
        } else {
            Fit::Good
        };
        file.is_older = fit == Fit::OlderFile;
        if !file.is_older && Some(file.changes) != known {
            keys.record_wallet_key_changes(Some(file.changes))?;
        }
        Ok(Self {
            path,
            keys,
            file: Mutex::new(file),
            fit,
            changes: None,
        })
    }

    /// The same, and every change of it is shown: for other nodes, which [take it over](Self::adopt).
    #[must_use]
    pub fn showing(self, changes: SlotChanges) -> Self {
        Self {
            changes: Some(changes),
            ..self
        }
    }

    /// Makes a slot what it is on another node, durably.
    ///
    /// # Errors
    /// Where no slot is there, or the file can't be written.
    pub fn adopt(&self, offset: u64, slot: &[u8; SLOT]) -> Result<(), WalletKeysError> {
        if !is_slot(offset) {
            return Err(self.failed()(io::ErrorKind::InvalidInput.into()));
        }
        let mut counted = self.file();
        self.reach(&counted.file, offset)?;
        self.count(&mut counted, slot)?;
        let file = &counted.file;
        file.write_all_at(slot, offset)
            .and_then(|()| file.sync_data())
            .map_err(self.failed())
    }

    /// Makes a page what it is on another node, durably.
    ///
    /// # Errors
    /// Where no page is there, or the file can't be written.
    pub fn adopt_page(&self, offset: u64, page: &[u8; PAGE]) -> Result<(), WalletKeysError> {
        if offset == 0 || !offset.is_multiple_of(PAGE as u64) {
            return Err(self.failed()(io::ErrorKind::InvalidInput.into()));
        }
        let mut counted = self.file();
        self.reach(&counted.file, offset)?;
        let newest = slots(page).max_by_key(|(_, slot)| data_key_of(slot));
        if let Some((_, slot)) = newest {
            let slot = std::array::from_fn(|at| slot[at]);
            self.count(&mut counted, &slot)?;
        }
        let file = &counted.file;
        file.write_all_at(page, offset)
            .and_then(|()| file.sync_data())
            .map_err(self.failed())
    }

    fn show(&self, offset: u64, slot: &[u8; SLOT]) {
        if let Some(changes) = &self.changes {
            changes(offset, slot);
        }
    }

    /// Makes the file so long that it has the level of this offset.
    fn reach(&self, file: &File, offset: u64) -> Result<(), WalletKeysError> {
        let length = file.metadata().map_err(self.failed())?.len();
        if length <= offset {
            let level = Level::at(offset);
            file.set_len(level.end()).map_err(self.failed())?;
        }
        Ok(())
    }

    /// How file and key table fitted each other when the file was opened.
    pub fn fit(&self) -> Fit {
        self.fit
    }

    /// The key of a wallet; `None` where it has none, or its key was destroyed.
    ///
    /// # Errors
    /// When the file can't be read, or the key was changed.
    pub(crate) fn find(&self, wallet: WalletId) -> Result<Option<Aes256Gcm>, WalletKeysError> {
        let counted = self.file();
        let Some(mut slot) = self.slots_of(&counted.file, wallet)?.0 else {
            return Ok(None);
        };
        decrypt(&mut slot, &self.keys, &self.path).map(Some)
    }

    /// The key of a wallet, which is made, and durable, where there was none.
    ///
    /// # Errors
    /// When the file can't be read or written, or the key was changed.
    pub(crate) fn find_or_make(&self, wallet: WalletId) -> Result<Aes256Gcm, WalletKeysError> {
        let mut counted = self.file();
        let file = &counted.file;
        let offset = match self.slots_of(file, wallet)? {
            (Some(mut slot), _) => {
                // A kill or a failed sync may have left it where a loss of power takes it away.
                file.write_all_at(&slot.bytes, slot.offset)
                    .and_then(|()| file.sync_data())
                    .map_err(self.failed())?;
                // And where other nodes do not have it.
                self.show(slot.offset, &slot.bytes);
                return decrypt(&mut slot, &self.keys, &self.path);
            }
            (None, offset) => offset,
        };
        let key = Key::<Aes256Gcm>::try_generate().map_err(|_| WalletKeysError::NoRandomness)?;
        let key = Zeroizing::new(<[u8; 32]>::from(key));
        let slot = self.encrypt(wallet, offset, &key)?;
        self.reach(file, offset)?;
        self.count(&mut counted, &slot)?;
        let file = &counted.file;
        file.write_all_at(&slot, offset).map_err(self.failed())?;
        file.sync_data().map_err(self.failed())?;
        self.show(offset, &slot);
        Ok(Aes256Gcm::new((&*key).into()))
    }

    /// Shows that the key of a wallet is destroyed, and leaves it here: where this node fails before the others have destroyed it,
    /// it finds when it is next active that it has to be.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn show_destroyed(&self, wallet: WalletId) -> Result<(), WalletKeysError> {
        let counted = self.file();
        if let Some(slot) = self.slots_of(&counted.file, wallet)?.0 {
            self.show(slot.offset, &[0; SLOT]);
        }
        Ok(())
    }

    /// Destroys the key of a wallet here, durably, after [`show_destroyed`](Self::show_destroyed). Whether there was one.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn destroy(&self, wallet: WalletId) -> Result<bool, WalletKeysError> {
        let mut counted = self.file();
        let Some(slot) = self.slots_of(&counted.file, wallet)?.0 else {
            return Ok(false);
        };
        let free = [0; SLOT];
        self.count(&mut counted, &free)?;
        let file = &counted.file;
        file.write_all_at(&free, slot.offset)
            .and_then(|()| file.sync_data())
            .map_err(self.failed())?;
        Ok(true)
    }

    /// The wallets that have keys in the page of this number, from 0; `None` behind the last page.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn wallets_in(&self, page: u64) -> Result<Option<Vec<WalletId>>, WalletKeysError> {
        let file = &self.file().file;
        let offset = (page + 1) * PAGE as u64;
        if file.metadata().map_err(self.failed())?.len() < offset + PAGE as u64 {
            return Ok(None);
        }
        let bytes = self.page(file, offset)?;
        let used = slots(&bytes).filter(|(_, slot)| !is_free(slot));
        Ok(Some(used.map(|(_, slot)| wallet_of(slot)).collect()))
    }

    /// Counts a change of a slot to this, which is written and synced after that.
    fn count(&self, counted: &mut Counted, slot: &[u8; SLOT]) -> Result<(), WalletKeysError> {
        if counted.is_older {
            self.keys.record_wallet_key_changes(Some(NEVER))?;
            counted.is_older = false;
        }
        counted.count(slot).map_err(self.failed())
    }

    /// The slot of a wallet, and where a new one goes.
    fn slots_of(
        &self,
        file: &File,
        wallet: WalletId,
    ) -> Result<(Option<Slot>, u64), WalletKeysError> {
        let length = file.metadata().map_err(self.failed())?.len();
        let mut level = Level(0);
        let mut free = None;
        while level.end() <= length {
            let page = level.page_of(wallet);
            let bytes = self.page(file, page)?;
            for (at, slot) in slots(&bytes) {
                let offset = page + at as u64;
                if is_free(slot) {
                    free.get_or_insert(offset);
                } else if wallet_of(slot) == wallet {
                    let bytes = std::array::from_fn(|byte| slot[byte]);
                    return Ok((Some(Slot { offset, bytes }), offset));
                }
            }
            level = Level(level.0 + 1);
        }
        Ok((None, free.unwrap_or_else(|| level.page_of(wallet))))
    }

    fn page(&self, file: &File, offset: u64) -> Result<[u8; PAGE], WalletKeysError> {
        let mut bytes = [0; PAGE];
        let read = file.read_exact_at(&mut bytes, offset);
        read.map(|()| bytes).map_err(self.failed())
    }

    fn encrypt(
        &self,
        wallet: WalletId,
        offset: u64,
        key: &[u8; 32],
    ) -> Result<[u8; SLOT], WalletKeysError> {
        let data_key = self.keys.newest();
        let nonce = Nonce::<<Aes256Gcm as aes_gcm::AeadCore>::NonceSize>::try_generate()
            .map_err(|_| WalletKeysError::NoRandomness)?;
        let nonce: [u8; 12] = nonce.into();
        let cipher = self.keys.cipher(data_key, Purpose::WalletKeys, &[])?;
        let mut slot = [0; SLOT];
        slot[..8].copy_from_slice(&wallet.0.to_le_bytes());
        slot[8..12].copy_from_slice(&data_key.0.to_le_bytes());
        slot[12..24].copy_from_slice(&nonce);
        slot[KEY].copy_from_slice(key);
        let tag = cipher.encrypt(&nonce, &bound_to(wallet, offset), &mut slot[KEY]);
        slot[56..72].copy_from_slice(&tag);
        Ok(slot)
    }

    fn file(&self) -> MutexGuard<'_, Counted> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> impl Fn(io::Error) -> WalletKeysError {
        let path = self.path.clone();
        move |why| WalletKeysError::Io {
            path: path.clone(),
            why,
        }
    }
}

impl Counted {
    fn read(file: File) -> io::Result<Self> {
        let mut counted = [0; 12];
        file.read_exact_at(&mut counted, COUNTED)?;
        Ok(Self {
            file,
            changes: u64::from_le_bytes(std::array::from_fn(|at| counted[at])),
            newest: u32::from_le_bytes(std::array::from_fn(|at| counted[8 + at])),
            is_older: false,
        })
    }

    fn count(&mut self, slot: &[u8; SLOT]) -> io::Result<()> {
        self.changes += 1;
        self.newest = self.newest.max(data_key_of(slot));
        let mut counted = [0; 12];
        counted[..8].copy_from_slice(&self.changes.to_le_bytes());
        counted[8..].copy_from_slice(&self.newest.to_le_bytes());
        self.file.write_all_at(&counted, COUNTED)
    }
}

impl std::fmt::Debug for WalletKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WalletKeys(..)")
    }
}

/// What is in a file that is shorter than a page.
fn all(file: &File) -> io::Result<Vec<u8>> {
    let mut there = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or(PAGE)];
    file.read_exact_at(&mut there, 0)?;
    Ok(there)
}

/// Writes the first page, durably.
fn begin(file: &File, first: &[u8; PAGE], folder: &Path) -> io::Result<()> {
    file.write_all_at(first, 0)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}
