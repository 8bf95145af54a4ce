//! Makes a new folder of data of a backup.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tessera_common::lock_file::LockFile;
use tessera_encryption::DataKeys;
use tessera_journal::{Copies, Location, Sequence};
use tessera_kit::clock::Timestamp;

use crate::error::{BackupError, disk};
use crate::file_name::{FileName, KEY_TABLE};
use crate::folder::{sync_folder, take_lock};
use crate::manifest::{Copy, can_begin_at};
use crate::stored::{Progress, Reached, Stored, part};

/// Held while the folder is made; shows that what is in it is no other's.
const LOCK: &str = "tessera-restore.lock";
/// Copied at a time.
const PIECE_BYTES: usize = 1 << 20;

/// What was restored.
#[derive(Debug, Clone, Copy)]
pub struct Restored {
    /// The last record.
    pub last: Option<Sequence>,
    /// The latest time of an event.
    pub until: Timestamp,
    /// The last record in the backup.
    pub backup_last: Option<Sequence>,
    /// Full snapshots that were restored with it.
    pub snapshots: usize,
}

/// The folder of archived segments in the data.
const ARCHIVE: &str = "archive";

impl Stored {
    /// Verifies the backup, and makes a folder of data of it, as it was after the last batch whose events, and all before, are
    /// of the moment or earlier. The folder must be missing or empty; it has its name only when it is whole.
    ///
    /// # Errors
    /// Where the backup is damaged or begins later, the folder has files, or the disk refuses.
    pub fn restore(
        &self,
        keys: &DataKeys,
        to: &Path,
        at: Option<Timestamp>,
        progress: &mut Progress<'_>,
    ) -> Result<Restored, BackupError> {
        let new = unfinished(to)?;
        self.verify(keys, None, progress)?;
        let reached = self.find(keys, at)?;
        let files = self.wanted(&reached)?;
        let lock = begin(&new)?;
        for (name, bytes) in &files {
            let file = match name {
                FileName::KeyTable(_) => KEY_TABLE.to_owned(),
                _ => name.to_string(),
            };
            copy_file(&self.path.join(name.to_string()), &new.join(file), *bytes)?;
        }
        self.restore_last(keys, &reached, &new)?;
        // Also where it is empty: commands that read this folder look for archived segments here alone.
        let archive = new.join(ARCHIVE);
        fs::create_dir_all(&archive).map_err(disk("make", &archive))?;
        // It is whole: nobody else clears it any more.
        let path = new.join(LOCK);
        fs::remove_file(&path).map_err(disk("remove", &path))?;
        drop(lock);
        sync_all_folders(&new)?;
        // Only an empty folder can be replaced.
        fs::rename(&new, to).map_err(disk("rename", &new))?;
        if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent)?;
        }
        let is_snapshot = |(name, _): &&(FileName, u64)| matches!(name, FileName::Snapshot(_));
        Ok(Restored {
            last: reached.end.last(),
            until: reached.until,
            backup_last: self.last(),
            snapshots: files.iter().filter(is_snapshot).count(),
        })
    }

    /// Makes the newest segment, as far as it belongs to the moment. A switch goes on behind it, so it is not archived.
    fn restore_last(
        &self,
        keys: &DataKeys,
        reached: &Reached,
        new: &Path,
    ) -> Result<(), BackupError> {
        let (FileName::Segment(start) | FileName::Archive(start)) = reached.name else {
            return Ok(());
        };
        let path = new.join(FileName::Segment(start).to_string());
        let from = self.path.join(reached.name.to_string());
        if reached.name == FileName::Segment(start) {
            return copy_file(&from, &path, reached.bytes);
        }
        let copies = Copies::of(&Location::in_data(&self.path, keys));
        let missing = || BackupError::Missing { path: from.clone() };
        let part = part(&copies, reached.name)?.ok_or_else(missing)?;
        let file = create(&path)?;
        let mut bytes = vec![0; PIECE_BYTES];
        let mut offset = 0;
        while offset < reached.bytes {
            let wanted = PIECE_BYTES.min((reached.bytes - offset) as usize);
            let read = copies.read(&part, offset, &mut bytes[..wanted])?;
            if read == 0 {
                return Err(missing());
            }
            file.write_all_at(&bytes[..read], offset)
                .map_err(disk("write", &path))?;
            offset += read as u64;
        }
        file.sync_all().map_err(disk("sync", &path))
    }

    /// The whole files that belong to a moment, and how much of each.
    fn wanted(&self, reached: &Reached) -> Result<Vec<(FileName, u64)>, BackupError> {
        let last = reached.end.last().map_or(0, Sequence::to_stored);
        let wanted = |name: &FileName, copy: &Copy| match name {
            FileName::Segment(_) | FileName::Archive(_) => copy
                .segment
                .is_some_and(|segment| segment.end.last() < reached.end.last())
                .then_some(copy.bytes)
                .filter(|_| *name != reached.name),
            // One that reflects more would have wallets be ahead of their journal.
            FileName::Snapshot(_) => copy
                .needs
                .is_some_and(|needs| needs <= last)
                .then_some(copy.bytes),
            FileName::Opening(at) => (*at < reached.end.to_stored().0).then_some(copy.bytes),
            FileName::KeyTable(_) | FileName::WalletKeys => Some(copy.bytes),
        };
        let files: Vec<_> = self
            .manifest
            .files
            .iter()
            .filter_map(|(name, copy)| Some((*name, wanted(name, copy)?)))
            .collect();
        let segments = self.manifest.segments();
        let first = segments.first().map_or(1, |(.., segment)| segment.first);
        let begins = self.manifest.begins().unwrap_or(0);
        match first == 1 || can_begin_at(begins, files.iter().map(|(name, _)| name)) {
            true => Ok(files),
            false => Err(BackupError::NoSnapshot { first }),
        }
    }
}

/// The name of the folder while it is made, beside it. What is there by this name is a restore that was not finished.
fn unfinished(to: &Path) -> Result<PathBuf, BackupError> {
    if !is_empty(to)? {
        return Err(BackupError::NotEmpty {
            path: to.to_owned(),
        });
    }
    // A path may end with a slash.
    let mut name = to.components().as_path().as_os_str().to_owned();
    name.push(".restoring");
    let path = PathBuf::from(name);
    let is_ours = path.join(LOCK).is_file() && !path.is_symlink();
    match is_ours || is_empty(&path)? {
        true => Ok(path),
        false => Err(BackupError::InTheWay { path }),
    }
}

/// Makes the folder, and clears what another restore left in it. The lock shows whose it is.
fn begin(new: &Path) -> Result<LockFile, BackupError> {
    fs::create_dir_all(new).map_err(disk("make", new))?;
    let lock = take_lock(&new.join(LOCK), new)?;
    for entry in fs::read_dir(new).map_err(disk("list", new))? {
        let path = entry.map_err(disk("list", new))?.path();
        let removed = match path.is_dir() && !path.is_symlink() {
            true => fs::remove_dir_all(&path),
            false if path.ends_with(LOCK) => Ok(()),
            false => fs::remove_file(&path),
        };
        removed.map_err(disk("remove", &path))?;
    }
    Ok(lock)
}

/// Whether a folder has no files, or there is none.
fn is_empty(folder: &Path) -> Result<bool, BackupError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        entries => Ok(entries.map_err(disk("list", folder))?.next().is_none()),
    }
}

fn copy_file(from: &Path, to: &Path, bytes: u64) -> Result<(), BackupError> {
    let source = File::open(from).map_err(disk("open", from))?;
    let mut file = create(to)?;
    let copied = std::io::copy(&mut source.take(bytes), &mut file).map_err(disk("write", to))?;
    if copied < bytes {
        return Err(BackupError::Missing {
            path: from.to_owned(),
        });
    }
    file.sync_all().map_err(disk("sync", to))
}

fn create(path: &Path) -> Result<File, BackupError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(disk("make", folder))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map_err(disk("make", path))
}

fn sync_all_folders(folder: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(disk("list", folder))? {
        let path = entry.map_err(disk("list", folder))?.path();
        if path.is_dir() {
            sync_all_folders(&path)?;
        }
    }
    sync_folder(folder)
}
