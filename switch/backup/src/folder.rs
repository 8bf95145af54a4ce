//! A folder of backups on this machine.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise};
use sha2::{Digest as _, Sha256};
use tessera_common::bounded;
use tessera_common::lock_file::{LockFile, LockFileError};

use crate::error::{BackupError, disk};
use crate::file_name::{FOLDERS, FileName, WALLET_KEYS};
use crate::guard;
use crate::hex::Hash;
use crate::listing::files_in;
use crate::manifest::{MANIFEST_BYTES_MAX, Manifest};
use crate::target::Target;

const LOCK: &str = "tessera-backup.lock";
const MANIFEST: &str = "manifest.jsonl";
/// Of a manifest that is being written.
const UNFINISHED: &str = "manifest.new";
/// Read back at a time.
const PIECE_BYTES: usize = 1 << 20;

/// See the head of this file. Held by one process at a time.
pub struct Folder {
    path: PathBuf,
    _lock: LockFile,
    open: Option<(FileName, File)>,
    /// The files whose names are durable.
    durable: BTreeSet<FileName>,
    /// Those that were written to since the last manifest: what is in progress is in none yet.
    written: BTreeSet<FileName>,
    /// The manifest that is there: there are no other files than it names, but those that are written for the next one.
    known: Option<Manifest>,
    /// How much of a file was read back, and its hash so far.
    read_back: Option<(FileName, u64, Sha256)>,
}

impl Folder {
    /// Opens a folder that is empty, missing, or of backups.
    ///
    /// # Errors
    /// If it has other files, another process has it open, or the disk refuses.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        make_durably(path)?;
        let lock = path.join(LOCK);
        let is_new = !lock.exists();
        let has_files = || Ok(fs::read_dir(path)?.next().is_some());
        if is_new && has_files().map_err(disk("list", path))? {
            return Err(BackupError::NoBackupFolder {
                path: path.to_owned(),
            });
        }
        let lock = take_lock(&lock, path)?;
        for folder in FOLDERS {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).map_err(disk("make", &folder))?;
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
            open: None,
            durable: BTreeSet::new(),
            written: BTreeSet::new(),
            known: None,
            read_back: None,
        })
    }

    /// The file, open for writing.
    fn file(&mut self, name: FileName) -> Result<&File, BackupError> {
        let open = self.open.take().filter(|(open, _)| *open == name);
        let open = match open {
            Some(open) => open,
            None => {
                let path = self.path.join(name.to_string());
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(disk("make", folder))?;
                }
                let mut options = OpenOptions::new();
                options
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .mode(0o600);
                (name, options.open(&path).map_err(disk("open", &path))?)
            }
        };
        Ok(&self.open.insert(open).1)
    }

    /// Removes what the manifest does not name, and cuts off what it does not cover; not what is in progress.
    fn sweep(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        self.open = None;
        for name in files_in(&self.path)? {
            if self.written.contains(&name) {
                continue;
            }
            let path = self.path.join(name.to_string());
            match manifest.files.get(&name) {
                // They change in place, and the file grows before the manifest says so.
                Some(_) if name == FileName::WalletKeys => {}
                Some(copy) => {
                    let file = OpenOptions::new().write(true).open(&path);
                    let file = file.map_err(disk("open", &path))?;
                    let longer = || Ok(file.metadata()?.len() > copy.bytes);
                    if longer().map_err(disk("measure", &path))? {
                        file.set_len(copy.bytes).map_err(disk("shorten", &path))?;
                    }
                }
                // It may be the only copy that is left.
                None if name == FileName::WalletKeys => {}
                None => {
                    fs::remove_file(&path).map_err(disk("remove", &path))?;
                    self.durable.remove(&name);
                    if let (FileName::KeyTable(_), Some(folder)) = (name, path.parent()) {
                        // Who looked into it may have left something: then it stays.
                        let _ = fs::remove_dir(folder);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Target for Folder {
    fn manifest(&mut self) -> Result<Option<Manifest>, BackupError> {
        // Nothing is in progress.
        self.written.clear();
        self.durable.clear();
        // Without one nothing is removed before the next backup is complete.
        let Some(mut manifest) = read_manifest(&self.path)? else {
            self.known = None;
            return Ok(None);
        };
        manifest.files.retain(|name, copy| {
            let metadata = fs::metadata(self.path.join(name.to_string()));
            metadata.is_ok_and(|metadata| metadata.len() >= copy.bytes)
        });
        self.sweep(&manifest)?;
        self.known = Some(manifest.clone());
        self.durable.extend(manifest.files.keys());
        Ok(Some(manifest))
    }

    fn write(&mut self, name: FileName, offset: u64, bytes: &[u8]) -> Result<(), BackupError> {
        let path = self.path.join(name.to_string());
        self.written.insert(name);
        let file = self.file(name)?;
        if name == FileName::WalletKeys {
            guard::expect_no_older_keys(file, offset, bytes)?;
        }
        file.write_all_at(bytes, offset)
            .map_err(disk("write", &path))
    }

    fn finish(&mut self, name: FileName, bytes: u64) -> Result<Option<Hash>, BackupError> {
        let path = self.path.join(name.to_string());
        let before = self.read_back.take().filter(|(read, length, _)| {
            *read == name && *length <= bytes && name != FileName::WalletKeys
        });
        let file = self.file(name)?;
        let longer = || Ok(file.metadata()?.len() > bytes);
        if longer().map_err(disk("measure", &path))? {
            if name == FileName::WalletKeys {
                return Err(guard::older_keys());
            }
            file.set_len(bytes).map_err(disk("shorten", &path))?;
        }
        file.sync_all().map_err(disk("sync", &path))?;
        if !self.durable.contains(&name) {
            let mut folder = path.parent();
            while let Some(inner) = folder.filter(|folder| folder.starts_with(&self.path)) {
                sync_folder(inner)?;
                folder = inner.parent();
            }
            self.durable.insert(name);
        }
        if name == FileName::WalletKeys {
            return Ok(None);
        }
        let (_, length, mut hash) = before.unwrap_or((name, 0, Sha256::new()));
        let file = self.file(name)?;
        // So that it is read from the disk. Where the system keeps it all the same, what it has in memory is read.
        let _ = fadvise(file, length, None, Advice::DontNeed);
        hash_of(file, length, bytes, &mut hash)
            .map_err(disk("read", &path))?
            .then_some(())
            .ok_or(BackupError::ReadBack { path })?;
        self.read_back = Some((name, bytes, hash.clone()));
        Ok(Some(hash.finalize().into()))
    }

    fn commit(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        let has_keys = manifest.files.contains_key(&FileName::WalletKeys);
        if !has_keys && self.path.join(WALLET_KEYS).exists() {
            return Err(guard::older_keys());
        }
        let known = match self.known.take() {
            Some(known) => Some(known),
            None => read_manifest(&self.path)?,
        };
        if let Some(known) = &known {
            guard::expect_goes_on(known, manifest)?;
        }
        let new = self.path.join(UNFINISHED);
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let file = options.open(&new)?;
            file.write_all_at(manifest.to_text().as_bytes(), 0)?;
            file.sync_all()
        };
        write().map_err(disk("write", &new))?;
        let path = self.path.join(MANIFEST);
        fs::rename(&new, &path).map_err(disk("rename", &new))?;
        sync_folder(&self.path)?;
        let stay = |known: &Manifest| {
            let mut names = known.files.keys();
            names.all(|name| manifest.files.contains_key(name))
        };
        // There are many files, and mostly they all stay.
        if !known.as_ref().is_some_and(stay) {
            self.sweep(manifest)?;
        }
        self.known = Some(manifest.clone());
        self.written.clear();
        Ok(())
    }

    fn is_there(&mut self) -> Result<(), BackupError> {
        fs::metadata(&self.path)
            .map(|_| ())
            .map_err(disk("find", &self.path))
    }
}

/// Takes the lock of a folder.
pub(crate) fn take_lock(lock: &Path, folder: &Path) -> Result<LockFile, BackupError> {
    LockFile::take(lock).map_err(|error| match error {
        LockFileError::Held { holder, .. } => BackupError::InUse {
            path: folder.to_owned(),
            holder,
        },
        LockFileError::Io { path, why } => disk("lock", &path)(why),
    })
}

/// Makes a folder, and those that it is in.
fn make_durably(path: &Path) -> Result<(), BackupError> {
    let missing: Vec<_> = path.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(path).map_err(disk("make", path))?;
    for made in missing {
        match made.parent() {
            Some(parent) if parent.as_os_str().is_empty() => sync_folder(".".as_ref())?,
            Some(parent) => sync_folder(parent)?,
            None => {}
        }
    }
    Ok(())
}

/// The manifest of the backup in a folder.
pub(crate) fn read_manifest(folder: &Path) -> Result<Option<Manifest>, BackupError> {
    let path = folder.join(MANIFEST);
    let text = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.and_then(|file| bounded::all(file, MANIFEST_BYTES_MAX)),
    };
    let text = text.map_err(disk("read", &path))?;
    let text = String::from_utf8(text).map_err(|_| BackupError::Manifest {
        path: path.clone(),
        what: "it is not text".to_owned(),
    })?;
    Manifest::parse(&text, &path).map(Some)
}

/// Adds the bytes of a file between two offsets to a hash; `false` where it ends before.
pub(crate) fn hash_of(
    file: &File,
    mut offset: u64,
    end: u64,
    hash: &mut Sha256,
) -> io::Result<bool> {
    let mut bytes = vec![0; PIECE_BYTES];
    while offset < end {
        let wanted = PIECE_BYTES.min((end - offset) as usize);
        match file.read_at(&mut bytes[..wanted], offset)? {
            0 => return Ok(false),
            read => {
                hash.update(&bytes[..read]);
                offset += read as u64;
            }
        }
    }
    Ok(true)
}

pub(crate) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(disk("sync", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_each_file_is_durable_before_a_manifest_has_it() {
        let bed = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(&bed.path().join("a/b")).unwrap();
        let names = [1, 2, 3].map(FileName::Snapshot);
        // Two are written by turns, and one was left by a process that was killed.
        let left = folder.path.join(names[2].to_string());
        fs::write(left, b"x").unwrap();
        assert!(folder.manifest().unwrap().is_none());
        for round in 0..2 {
            for name in names {
                folder.write(name, round, b"x").unwrap();
            }
        }
        for name in names {
            assert!(!folder.durable.contains(&name));
            folder.finish(name, 2).unwrap();
            assert!(folder.durable.contains(&name), "{name}");
        }
    }
}
