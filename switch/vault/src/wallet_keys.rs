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
//! Each start records the number of changes in the key table. So one that finds no file, or an older copy, notices it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::Generate;
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use tessera_encryption::{DataKeyId, DataKeys, KeysError, Purpose};
use tessera_ledger::WalletId;
use zeroize::Zeroizing;

/// Bytes of a page of the file.
pub const WALLET_KEYS_PAGE: usize = 4096;
const FIRST_LINE: &[u8] = b"tessera wallet keys 1\n";
const PAGE: usize = WALLET_KEYS_PAGE;
/// Pages of the first level.
const PAGES: u64 = 64;
const SECTOR: usize = 512;
const SLOT: usize = 80;
/// In the first page: changes and the newest data key.
const COUNTED: u64 = 64;
/// Of the key in its slot.
const KEY: std::ops::Range<usize> = 24..56;

/// Why a key of a wallet can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WalletKeysError {
    /// The file can't be read or written.
    #[error("the keys of wallets {}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The file is something else, or a newer build wrote it.
    #[error(
        "{} is no file of wallet keys of version 1, which this build ({}) reads",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was there before.
    #[error(
        "there is no file of wallet keys {}, but the key table says that there was one: restore its newest copy. Without it the funding \
         sources and contacts of all payers are lost, and nothing else; to accept that, run `tessera keys accept-lost-wallet-keys`",
        path.display()
    )]
    Lost {
        /// Where it should be.
        path: PathBuf,
    },
    /// The data key is not there.
    #[error("the key of a wallet: {0}")]
    Keys(#[from] KeysError),
    /// It was changed, or belongs elsewhere.
    #[error("the key of a wallet was changed in {}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    #[error("the system has no random numbers for the key of a wallet")]
    NoRandomness,
}

/// The file, open.
pub struct WalletKeys {
    path: PathBuf,
    keys: DataKeys,
    file: Mutex<Counted>,
    fit: Fit,
}

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
}

struct Slot {
    offset: u64,
    bytes: [u8; SLOT],
}

impl WalletKeys {
    /// Opens the file in a folder of data, or makes it where there was none.
    ///
    /// # Errors
    /// When it can't be opened or made, is something else, or was lost.
    pub fn open(data: &Path, keys: DataKeys) -> Result<Self, WalletKeysError> {
        let path = data.join("wallet.keys");
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
        let file = Counted::read(file).map_err(failed)?;
        let fit = if Some(file.changes) < known {
            Fit::OlderFile
        } else if file.newest > keys.newest().0 {
            Fit::OlderTable
        } else {
            Fit::Good
        };
        if Some(file.changes) != known {
            keys.record_wallet_key_changes(Some(file.changes))?;
        }
        Ok(Self {
            path,
            keys,
            file: Mutex::new(file),
            fit,
        })
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
                return decrypt(&mut slot, &self.keys, &self.path);
            }
            (None, offset) => offset,
        };
        let key = Key::<Aes256Gcm>::try_generate().map_err(|_| WalletKeysError::NoRandomness)?;
        let key = Zeroizing::new(<[u8; 32]>::from(key));
        let slot = self.encrypt(wallet, offset, &key)?;
        let length = file.metadata().map_err(self.failed())?.len();
        if length <= offset {
            let level = Level::at(offset);
            file.set_len(level.end()).map_err(self.failed())?;
        }
        counted.count(&slot).map_err(self.failed())?;
        let file = &counted.file;
        file.write_all_at(&slot, offset).map_err(self.failed())?;
        file.sync_data().map_err(self.failed())?;
        Ok(Aes256Gcm::new((&*key).into()))
    }

    /// Destroys the key of a wallet, durably. Whether there was one.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn destroy(&self, wallet: WalletId) -> Result<bool, WalletKeysError> {
        let mut counted = self.file();
        let Some(slot) = self.slots_of(&counted.file, wallet)?.0 else {
            return Ok(false);
        };
        let free = [0; SLOT];
        counted
            .count(&free)
            .and_then(|()| counted.file.write_all_at(&free, slot.offset))
            .and_then(|()| counted.file.sync_data())
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

/// Whether each key in a page of a file of wallet keys is what was written at this offset: for who copies the file.
///
/// # Errors
/// Where one is not, or its data key is missing, or the first page is another file's.
pub fn check_page(
    page: &[u8; WALLET_KEYS_PAGE],
    offset: u64,
    keys: &DataKeys,
    path: &Path,
) -> Result<(), WalletKeysError> {
    if offset == 0 {
        let foreign = || WalletKeysError::Foreign {
            path: path.to_owned(),
        };
        return page
            .starts_with(FIRST_LINE)
            .then_some(())
            .ok_or_else(foreign);
    }
    for (at, slot) in slots(page).filter(|(_, slot)| !is_free(slot)) {
        let bytes = std::array::from_fn(|byte| slot[byte]);
        let offset = offset + at as u64;
        decrypt(&mut Slot { offset, bytes }, keys, path)?;
    }
    Ok(())
}

fn decrypt(slot: &mut Slot, keys: &DataKeys, path: &Path) -> Result<Aes256Gcm, WalletKeysError> {
    let Slot { offset, bytes } = slot;
    let wallet = wallet_of(bytes);
    let data_key = DataKeyId(data_key_of(bytes));
    let nonce = std::array::from_fn(|at| bytes[12 + at]);
    let tag = std::array::from_fn(|at| bytes[56 + at]);
    let cipher = keys.cipher(data_key, Purpose::WalletKeys, &[])?;
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&bytes[KEY]);
    cipher
        .decrypt(&nonce, &bound_to(wallet, *offset), &mut *key, &tag)
        .map_err(|_| WalletKeysError::Changed {
            path: path.to_owned(),
        })?;
    Ok(Aes256Gcm::new((&*key).into()))
}

impl Counted {
    fn read(file: File) -> io::Result<Self> {
        let mut counted = [0; 12];
        file.read_exact_at(&mut counted, COUNTED)?;
        Ok(Self {
            file,
            changes: u64::from_le_bytes(std::array::from_fn(|at| counted[at])),
            newest: u32::from_le_bytes(std::array::from_fn(|at| counted[8 + at])),
        })
    }

    /// Counts a change of a slot to this, which is written and synced after that.
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

/// A level of pages, from 0.
#[derive(Clone, Copy)]
struct Level(u32);

impl Level {
    /// The one that an offset is in.
    fn at(offset: u64) -> Self {
        let mut level = Self(0);
        while level.end() <= offset {
            level = Self(level.0 + 1);
        }
        level
    }

    fn pages(self) -> u64 {
        PAGES << self.0
    }

    fn start(self) -> u64 {
        // Behind the first page, and the levels before.
        (1 + self.pages() - PAGES) * PAGE as u64
    }

    fn end(self) -> u64 {
        self.start() + self.pages() * PAGE as u64
    }

    fn page_of(self, wallet: WalletId) -> u64 {
        // Numbers of wallets may be consecutive.
        let hash = wallet.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        self.start() + hash % self.pages() * PAGE as u64
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

fn slots(page: &[u8; PAGE]) -> impl Iterator<Item = (usize, &[u8])> {
    (0..PAGE / SECTOR).flat_map(move |sector| {
        (0..SECTOR / SLOT).map(move |number| {
            let at = sector * SECTOR + number * SLOT;
            (at, &page[at..at + SLOT])
        })
    })
}

/// No data key has the number 0.
fn is_free(slot: &[u8]) -> bool {
    data_key_of(slot) == 0
}

fn data_key_of(slot: &[u8]) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|at| slot[8 + at]))
}

fn wallet_of(slot: &[u8]) -> WalletId {
    WalletId(u64::from_le_bytes(std::array::from_fn(|at| slot[at])))
}

fn bound_to(wallet: WalletId, offset: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&wallet.0.to_le_bytes());
    bytes[8..].copy_from_slice(&offset.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::Aead;

    use super::*;

    const NONCE: [u8; 12] = [7; 12];

    fn open(folder: &Path) -> WalletKeys {
        WalletKeys::open(folder, DataKeys::for_tests(folder)).unwrap()
    }

    fn fingerprint(key: &Aes256Gcm) -> Vec<u8> {
        key.encrypt(&NONCE.into(), &b"contact"[..]).unwrap()
    }

    /// More keys than their page of the first level has slots for.
    #[test]
    fn each_wallet_keeps_its_key_over_levels_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let keys = open(folder.path());
        assert!(keys.find(WalletId(1)).unwrap().is_none());
        let page = Level(0).page_of(WalletId(0));
        let wallets = (0..).map(WalletId);
        let wallets = wallets.filter(|wallet| Level(0).page_of(*wallet) == page);
        let wallets: Vec<WalletId> = wallets.take(60).collect();
        let made: Vec<_> = wallets
            .iter()
            .map(|wallet| fingerprint(&keys.find_or_make(*wallet).unwrap()))
            .collect();
        let length = std::fs::metadata(folder.path().join("wallet.keys")).unwrap();
        assert!(length.len() > Level(0).end(), "one level was enough");
        drop(keys);
        let keys = open(folder.path());
        for (wallet, made) in wallets.iter().zip(&made) {
            let found = keys.find(*wallet).unwrap().unwrap();
            assert_eq!(&fingerprint(&found), made);
            let again = keys.find_or_make(*wallet).unwrap();
            assert_eq!(&fingerprint(&again), made);
        }
        let mut listed = Vec::new();
        for page in 0.. {
            let Some(wallets) = keys.wallets_in(page).unwrap() else {
                break;
            };
            listed.extend(wallets);
        }
        listed.sort_unstable();
        assert_eq!(listed, wallets);
    }

    #[test]
    fn a_destroyed_key_is_nowhere_in_the_file_and_never_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.keys");
        let keys = open(folder.path());
        let first = fingerprint(&keys.find_or_make(WalletId(7)).unwrap());
        let other = fingerprint(&keys.find_or_make(WalletId(8)).unwrap());
        let before = std::fs::read(&path).unwrap();
        let at = before.chunks(16).rposition(|chunk| chunk != [0; 16]);
        assert!(at.is_some());
        assert!(keys.destroy(WalletId(7)).unwrap());
        assert!(!keys.destroy(WalletId(7)).unwrap());
        assert!(keys.find(WalletId(7)).unwrap().is_none());
        let after = std::fs::read(&path).unwrap();
        let changed: Vec<usize> = (0..after.len())
            .filter(|&at| at >= PAGE && before[at] != after[at])
            .collect();
        assert!(changed.iter().all(|&at| after[at] == 0) && changed.len() > 40);
        assert_eq!(
            fingerprint(&keys.find(WalletId(8)).unwrap().unwrap()),
            other
        );
        assert_ne!(fingerprint(&keys.find_or_make(WalletId(7)).unwrap()), first);
    }

    #[test]
    fn a_changed_or_moved_key_and_a_foreign_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.keys");
        let keys = open(folder.path());
        keys.find_or_make(WalletId(7)).unwrap();
        let slot = keys
            .slots_of(&keys.file().file, WalletId(7))
            .unwrap()
            .0
            .unwrap();
        let good = std::fs::read(&path).unwrap();
        for byte in 12..72 {
            let mut changed = good.clone();
            changed[slot.offset as usize + byte] ^= 1;
            std::fs::write(&path, changed).unwrap();
            let error = keys.find(WalletId(7)).expect_err("a changed key");
            assert!(matches!(error, WalletKeysError::Changed { .. }), "{error}");
        }
        drop(keys);
        for foreign in [&b"tessera wallet keys 2\n"[..], b"something else"] {
            std::fs::write(&path, foreign).unwrap();
            let opened = WalletKeys::open(folder.path(), DataKeys::for_tests(folder.path()));
            assert!(matches!(opened, Err(WalletKeysError::Foreign { .. })));
        }
    }

    /// A kill while it is made leaves a part of the first page, before the key table knows of the file.
    #[test]
    fn a_file_that_was_not_finished_is_made_anew_and_one_that_was_lost_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.keys");
        let data_keys = DataKeys::for_tests(folder.path());
        for cut in 0..FIRST_LINE.len() {
            data_keys.record_wallet_key_changes(None).unwrap();
            std::fs::write(&path, &FIRST_LINE[..cut]).unwrap();
            let keys = open(folder.path());
            assert_eq!(
                (keys.fit(), data_keys.wallet_key_changes().unwrap()),
                (Fit::Good, Some(0))
            );
        }
        let assert_lost = || {
            let opened = WalletKeys::open(folder.path(), data_keys.clone());
            assert!(matches!(opened, Err(WalletKeysError::Lost { .. })));
        };
        std::fs::write(&path, FIRST_LINE).unwrap();
        assert_lost();
        std::fs::remove_file(&path).unwrap();
        assert_lost();
        assert!(!path.exists());
        // A new data key and a new master key leave what the table says of the file.
        data_keys.rotate().unwrap();
        assert_lost();
        data_keys.record_wallet_key_changes(None).unwrap();
        assert_eq!(open(folder.path()).fit(), Fit::Good);
    }

    #[test]
    fn an_older_copy_of_the_file_or_of_the_table_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let [path, table] = ["wallet.keys", "keys.table"].map(|name| folder.path().join(name));
        let older_table = {
            DataKeys::for_tests(folder.path());
            std::fs::read(&table).unwrap()
        };
        let keys = open(folder.path());
        keys.find_or_make(WalletId(1)).unwrap();
        drop(keys);
        let older_file = std::fs::read(&path).unwrap();
        DataKeys::for_tests(folder.path()).rotate().unwrap();
        let keys = open(folder.path());
        assert_eq!(keys.fit(), Fit::Good, "the switch alone has changed it");
        keys.find_or_make(WalletId(2)).unwrap();
        keys.destroy(WalletId(1)).unwrap();
        drop(keys);
        assert_eq!(open(folder.path()).fit(), Fit::Good);
        let newest = std::fs::read(&table).unwrap();
        let newest_file = std::fs::read(&path).unwrap();
        std::fs::write(&path, older_file).unwrap();
        assert_eq!(open(folder.path()).fit(), Fit::OlderFile);
        std::fs::write(&path, &newest_file).unwrap();
        std::fs::write(&table, older_table).unwrap();
        assert_eq!(open(folder.path()).fit(), Fit::OlderTable);
        std::fs::write(&table, newest).unwrap();
        assert_eq!(open(folder.path()).fit(), Fit::Good);
    }
}
