//! The data keys of one folder of data, unwrapped.

mod other_nodes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use hkdf::Hkdf;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use tessera_common::key_file::KeyFileError;
use zeroize::Zeroizing;

use crate::table::{self, KeyKind, Row, Table};
use crate::{CardIndex, Cipher, KeyedHash, KeysError, MasterKey, MemoryKey};

/// The name of the key table in a folder of data.
pub(crate) const TABLE: &str = "keys.table";
/// The name of the file with the keys of wallets, which is made after the table.
const WALLET_KEYS: &str = "wallet.keys";

/// Names a data key in what it encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKeyId(pub u32);

/// What a key is derived for: no two purposes have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Records of a journal segment.
    Journal,
    /// Rows of the store.
    Store,
    /// Rows of the outbox.
    Outbox,
    /// A snapshot of all wallets.
    Snapshot,
    /// The log of the simulated financial system.
    HostLog,
    /// The keys of wallets.
    WalletKeys,
    /// The result of an audit.
    AuditResult,
    /// The index of a journal segment.
    SegmentIndex,
    /// An archived journal segment.
    Archive,
    /// Entries of a replicated log.
    Replication,
}

impl Purpose {
    fn text(self) -> &'static [u8] {
        match self {
            Self::Journal => b"tessera journal",
            Self::Store => b"tessera store",
            Self::Outbox => b"tessera outbox",
            Self::Snapshot => b"tessera snapshot",
            Self::HostLog => b"tessera host log",
            Self::WalletKeys => b"tessera wallet keys",
            Self::AuditResult => b"tessera audit result",
            Self::SegmentIndex => b"tessera segment index",
            Self::Archive => b"tessera archive",
            Self::Replication => b"tessera replication",
        }
    }
}

/// A key of the table, without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEntry {
    /// Names it.
    pub number: u32,
    /// What it is for.
    pub kind: KeyKind,
    /// When it was made: seconds since 1970.
    pub made: u64,
}

/// The data keys of one folder of data. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct DataKeys {
    inner: Arc<Inner>,
}

struct Inner {
    table: PathBuf,
    master: Box<dyn MasterKey>,
    index: CardIndex,
    keys: RwLock<Vec<Key>>,
}

struct Key {
    id: DataKeyId,
    /// In a place of its own: a list that grows leaves copies of what is in it.
    key: Box<Zeroizing<[u8; 32]>>,
}

impl DataKeys {
    /// Opens the key table of a folder of data. Folder and table, with its first keys, are made where they are missing: this is
    /// for the process that writes the data.
    ///
    /// # Errors
    /// Where the table can't be read or made, or the master key is not the one that wrapped it.
    pub fn open(data: &Path, master: Box<dyn MasterKey>) -> Result<Self, KeysError> {
        let path = data.join(TABLE);
        std::fs::create_dir_all(data).map_err(KeyFileError::io(data))?;
        let lock = table::lock(&path)?;
        let mut table = table::read(&path)?;
        if table.rows.is_empty() {
            // This file is made after a table: a new one would open nothing of what is there.
            if data.join(WALLET_KEYS).exists() {
                return Err(KeysError::NoTable { path });
            }
            let rows = &mut table.rows;
            rows.push(new_row(1, KeyKind::Index, &path, master.as_ref())?);
            rows.push(new_row(2, KeyKind::Data, &path, master.as_ref())?);
            table::write(&path, &table)?;
        }
        drop(lock);
        Self::unwrapped(path, &table.rows, master)
    }

    /// Whether a folder of data has a key table.
    pub fn are_in(data: &Path) -> bool {
        data.join(TABLE).exists()
    }

    /// Opens the key table of a folder of data and never writes it: for commands that read the data.
    ///
    /// # Errors
    /// Where there is no table, it can't be read, or the master key is not the one that wrapped it.
    pub fn read(data: &Path, master: Box<dyn MasterKey>) -> Result<Self, KeysError> {
        let path = data.join(TABLE);
        let table = table::read(&path)?;
        if table.rows.is_empty() {
            return Err(KeysError::NoTable { path });
        }
        Self::unwrapped(path, &table.rows, master)
    }

    fn unwrapped(
        path: PathBuf,
        rows: &[Row],
        master: Box<dyn MasterKey>,
    ) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        let mut index = None;
        for row in rows {
            let key = unwrap(row, &path, master.as_ref())?;
            match row.kind {
                KeyKind::Index => index = Some(CardIndex::new(&key)),
                KeyKind::Data => keys.push(Key {
                    id: DataKeyId(row.number),
                    key: Box::new(key),
                }),
            }
        }
        let (Some(index), false) = (index, keys.is_empty()) else {
            return Err(KeysError::Line {
                path,
                line: rows.len() + 1,
                what: "an index key and a data key are needed",
            });
        };
        Ok(Self {
            inner: Arc::new(Inner {
                table: path,
                master,
                index,
                keys: RwLock::new(keys),
            }),
        })
    }

    /// Keys in a folder, under a master key that anybody may know: for tests.
    #[doc(hidden)]
    pub fn for_tests(data: &Path) -> Self {
        let master = MemoryKey::from_hex(&"5e".repeat(32)).expect("64 digits");
        Self::open(data, Box::new(master)).expect("a key table")
    }

    /// The key that encrypts from now on.
    pub fn newest(&self) -> DataKeyId {
        let keys = self
            .inner
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        keys.last().expect("there is a key").id
    }

    /// Adds a data key, which encrypts from now on.
    ///
    /// # Errors
    /// Where the table can't be written, or the master key can't be used or no longer wraps the table.
    pub fn rotate(&self) -> Result<DataKeyId, KeysError> {
        let _lock = table::lock(&self.inner.table)?;
        self.add_one(table::read(&self.inner.table)?)
    }

    /// Adds a data key if the newest is older than this, and takes over those that another process has added. The newest key,
    /// if it is another than before.
    ///
    /// # Errors
    /// As [`DataKeys::rotate`].
    pub fn renew(&self, older_than: Duration) -> Result<Option<DataKeyId>, KeysError> {
        let before = self.newest();
        let _lock = table::lock(&self.inner.table)?;
        let table = table::read(&self.inner.table)?;
        if table.rows.is_empty() {
            let path = self.inner.table.clone();
            return Err(KeysError::NoTable { path });
        }
        self.add(&table.rows)?;
        let newest = table.rows.iter().rfind(|row| row.kind == KeyKind::Data);
        // A clock that was set back makes no key.
        let age = newest.map_or(0, |newest| now().saturating_sub(newest.made));
        if Duration::from_secs(age) > older_than {
            self.add_one(table)?;
        }
        let newest = self.newest();
        Ok((newest != before).then_some(newest))
    }

    /// All keys of the table, as it is now.
    ///
    /// # Errors
    /// Where the table can't be read.
    pub fn entries(&self) -> Result<Vec<KeyEntry>, KeysError> {
        let rows = table::read(&self.inner.table)?.rows;
        let entry = |row: &Row| KeyEntry {
            number: row.number,
            kind: row.kind,
            made: row.made,
        };
        Ok(rows.iter().map(entry).collect())
    }

    /// So many changes the file of wallet keys had when that was recorded last; `None` where none was made.
    ///
    /// # Errors
    /// Where the table can't be read.
    pub fn wallet_key_changes(&self) -> Result<Option<u64>, KeysError> {
        Ok(table::read(&self.inner.table)?.wallet_keys)
    }

    /// Records how many changes the file of wallet keys had, so that a start notices when the file is missing or an older copy;
    /// `None` has the next start make the file.
    ///
    /// # Errors
    /// Where the table can't be read or written.
    pub fn record_wallet_key_changes(&self, changes: Option<u64>) -> Result<(), KeysError> {
        let path = &self.inner.table;
        let _lock = table::lock(path)?;
        let mut table = table::read(path)?;
        if table.rows.is_empty() {
            let path = path.clone();
            return Err(KeysError::NoTable { path });
        }
        table.wallet_keys = changes;
        table::write(path, &table)
    }

    fn add_one(&self, mut table: Table) -> Result<DataKeyId, KeysError> {
        let Inner {
            table: path,
            master,
            ..
        } = &*self.inner;
        let number = match table.rows.last() {
            Some(last) => {
                // The table may have another master key by now: two in one table would make it useless.
                unwrap(last, path, master.as_ref())?;
                last.number + 1
            }
            None => {
                let path = path.clone();
                return Err(KeysError::NoTable { path });
            }
        };
        let row = new_row(number, KeyKind::Data, path, master.as_ref())?;
        table.rows.push(row);
        table::write(path, &table)?;
        self.add(&table.rows)?;
        Ok(DataKeyId(number))
    }

    /// The key of something that is encrypted, or will be, with this data key.
    ///
    /// # Errors
    /// Where the data key is not in the table.
    pub fn cipher(
        &self,
        id: DataKeyId,
        purpose: Purpose,
        salt: &[u8],
    ) -> Result<Cipher, KeysError> {
        Ok(Cipher::new(&self.key(id, purpose.text(), salt)?))
    }

    /// The hash that looks up what is encrypted with [`cipher`](Self::cipher) of the same parameters.
    ///
    /// # Errors
    /// Where the data key is not in the table.
    pub fn keyed_hash(
        &self,
        id: DataKeyId,
        purpose: Purpose,
        salt: &[u8],
    ) -> Result<KeyedHash, KeysError> {
        let text = [purpose.text(), b" hash"].concat();
        Ok(KeyedHash::new(&self.key(id, &text, salt)?))
    }

    fn key(
        &self,
        id: DataKeyId,
        text: &[u8],
        salt: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        if let Some(key) = self.derive(id, text, salt) {
            return Ok(key);
        }
        self.read_again()?;
        self.derive(id, text, salt).ok_or(KeysError::Unknown(id.0))
    }

    /// Finds cards without their numbers.
    pub fn card_index(&self) -> &CardIndex {
        &self.inner.index
    }

    fn derive(&self, id: DataKeyId, text: &[u8], salt: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let keys = self
            .inner
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let found = &keys[keys.binary_search_by_key(&id, |key| key.id).ok()?];
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(salt), &**found.key)
            .expand(text, &mut *derived)
            .expect("32 bytes are less than the limit of HKDF");
        Some(derived)
    }

    /// Another process may have added keys: a switch that runs, for a command that reads along.
    fn read_again(&self) -> Result<(), KeysError> {
        self.add(&table::read(&self.inner.table)?.rows)
    }

    /// Adds the data keys of the table that are not known yet.
    fn add(&self, rows: &[Row]) -> Result<(), KeysError> {
        let Inner {
            table,
            master,
            keys,
            ..
        } = &*self.inner;
        let mut keys = keys.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows.iter().filter(|row| row.kind == KeyKind::Data) {
            let id = DataKeyId(row.number);
            if let Err(place) = keys.binary_search_by_key(&id, |key| key.id) {
                let key = unwrap(row, table, master.as_ref())?;
                let key = Box::new(key);
                keys.insert(place, Key { id, key });
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DataKeys(..)")
    }
}

fn new_row(
    number: u32,
    kind: KeyKind,
    path: &Path,
    master: &dyn MasterKey,
) -> Result<Row, KeysError> {
    let mut key = Zeroizing::new([0; 32]);
    SysRng
        .try_fill_bytes(&mut *key)
        .map_err(|_| KeysError::NoRandomness)?;
    let wrapped = master.wrap(&key).map_err(|error| KeysError::Master {
        path: path.to_path_buf(),
        number,
        error,
    })?;
    Ok(Row {
        number,
        kind,
        made: now(),
        wrapped,
    })
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

pub(crate) fn unwrap(
    row: &Row,
    path: &Path,
    master: &dyn MasterKey,
) -> Result<Zeroizing<[u8; 32]>, KeysError> {
    master
        .unwrap(&row.wrapped)
        .map_err(|error| KeysError::Master {
            path: path.to_path_buf(),
            number: row.number,
            error,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_key_encrypts_no_other_decrypts() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let (nonce, first) = ([7; 12], keys.newest());
        let mut data = *b"4970100000000006";
        let tag = keys
            .cipher(first, Purpose::Journal, b"salt")
            .unwrap()
            .encrypt(&nonce, b"record 1", &mut data);
        let second = keys.rotate().unwrap();
        assert_eq!(keys.newest(), second);
        let again = DataKeys::for_tests(folder.path());
        let opens = |id, purpose, salt: &[u8], additional: &[u8]| {
            let cipher = again.cipher(id, purpose, salt).unwrap();
            cipher
                .decrypt(&nonce, additional, &mut data.clone(), &tag)
                .is_ok()
        };
        assert!(opens(first, Purpose::Journal, b"salt", b"record 1"));
        assert!(!opens(second, Purpose::Journal, b"salt", b"record 1"));
        assert!(!opens(first, Purpose::Store, b"salt", b"record 1"));
        assert!(!opens(first, Purpose::Journal, b"other", b"record 1"));
        assert!(!opens(first, Purpose::Journal, b"salt", b"record 2"));
        let card = |keys: &DataKeys| keys.card_index().of(4_970_100_000_000_006, 16);
        assert_eq!(card(&keys), card(&again));
        assert!(again.cipher(DataKeyId(9), Purpose::Store, b"").is_err());
    }

    #[test]
    fn a_key_that_another_process_added_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let switch = DataKeys::for_tests(folder.path());
        let reader = DataKeys::for_tests(folder.path());
        let added = switch.rotate().unwrap();
        assert!(reader.cipher(added, Purpose::Journal, b"").is_ok());
        let next = reader.rotate().unwrap();
        let last = switch.rotate().unwrap();
        assert!(added < next && next < last);
        assert!(switch.cipher(next, Purpose::Journal, b"").is_ok());
        assert_eq!(switch.newest(), last);
    }

    #[test]
    fn a_key_that_is_too_old_gets_a_successor() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let other = DataKeys::for_tests(folder.path());
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(keys.renew(day).unwrap(), None);
        let path = folder.path().join(TABLE);
        let mut table = table::read(&path).unwrap();
        table.rows[1].made -= 2 * 24 * 60 * 60;
        table::write(&path, &table).unwrap();
        assert_eq!(keys.renew(day).unwrap(), Some(DataKeyId(3)));
        assert_eq!(keys.renew(day).unwrap(), None);
        assert_eq!(other.renew(day).unwrap(), Some(DataKeyId(3)));
        table.rows[1].made = u64::MAX;
        table::write(&path, &table).unwrap();
        assert_eq!(other.renew(day).unwrap(), None, "made in the future");
    }

    #[test]
    fn keys_that_processes_add_at_the_same_time_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        DataKeys::for_tests(folder.path());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let keys = DataKeys::for_tests(folder.path());
                    for _ in 0..8 {
                        keys.rotate().unwrap();
                    }
                });
            }
        });
        let keys = DataKeys::for_tests(folder.path());
        assert_eq!(keys.newest(), DataKeyId(2 + 4 * 8));
    }

    #[test]
    fn a_reader_makes_no_table() {
        let folder = tempfile::tempdir().unwrap();
        let master = || Box::new(MemoryKey::from_hex(&"5e".repeat(32)).unwrap());
        let error = DataKeys::read(folder.path(), master()).unwrap_err();
        assert!(matches!(error, KeysError::NoTable { .. }), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let newest = DataKeys::for_tests(folder.path()).newest();
        let reader = DataKeys::read(folder.path(), master()).unwrap();
        assert_eq!(reader.newest(), newest);
    }

    #[test]
    fn a_table_that_was_lost_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        std::fs::write(folder.path().join(WALLET_KEYS), b"").unwrap();
        std::fs::remove_file(folder.path().join(TABLE)).unwrap();
        let master = || Box::new(MemoryKey::from_hex(&"5e".repeat(32)).unwrap());
        let opened = DataKeys::open(folder.path(), master());
        assert!(matches!(opened, Err(KeysError::NoTable { .. })));
        let renewed = keys.renew(Duration::ZERO);
        assert!(matches!(renewed, Err(KeysError::NoTable { .. })));
    }

    #[test]
    fn another_master_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        DataKeys::for_tests(folder.path());
        let other = MemoryKey::from_hex(&"11".repeat(32)).unwrap();
        let error = DataKeys::open(folder.path(), Box::new(other)).unwrap_err();
        assert!(
            matches!(error, KeysError::Master { number: 1, .. }),
            "{error}"
        );
    }

    #[test]
    fn the_last_line_is_about_the_keys_of_wallets() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        assert_eq!(keys.wallet_key_changes().unwrap(), None);
        keys.record_wallet_key_changes(Some(7)).unwrap();
        keys.rotate().unwrap();
        keys.renew(Duration::ZERO).unwrap();
        assert_eq!(keys.wallet_key_changes().unwrap(), Some(7));
        let path = folder.path().join(TABLE);
        let good = std::fs::read_to_string(&path).unwrap();
        assert!(good.ends_with("\nwallet.keys 7\n"), "{good}");
        for (bad, what) in [
            (good.replace("keys 7", "keys many"), "a number of changes"),
            (good.clone() + "wallet.keys 8\n", "after the last line"),
        ] {
            std::fs::write(&path, bad).unwrap();
            let refused = keys.wallet_key_changes().unwrap_err().to_string();
            assert!(refused.contains(what), "{refused}");
        }
        keys.record_wallet_key_changes(None).unwrap_err();
        std::fs::write(&path, good).unwrap();
        keys.record_wallet_key_changes(None).unwrap();
        assert_eq!(keys.wallet_key_changes().unwrap(), None);
    }
}
