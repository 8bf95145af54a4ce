//! One backup after the other of the same data, to the same target.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tessera_common::bounded;
use tessera_encryption::DataKeys;
use tessera_journal::{Copies, Location, Sequence};
use tessera_kit::clock::{self, Timestamp};

use crate::error::{BackupError, disk};
use crate::file_name::{FileName, KEY_TABLE};
use crate::hex::Hash;
use crate::manifest::{Copy, Manifest, can_begin_at};
use crate::segments::Reading;
use crate::target::Target;
use crate::wallet_keys::{WalletKeysCopy, Wallets};
use crate::whole::Whole;

/// That of a process that runs when no other wants to.
const NICENESS: i32 = 19;
/// Folders of the data with files that are never changed.
const SNAPSHOTS: &str = "snapshots";
const OPENING: &str = "opening";

/// See the head of this file.
pub struct Backup {
    data: PathBuf,
    keys: DataKeys,
    copies: Copies,
    /// What the target has; `None` before it was asked.
    manifest: Option<Manifest>,
    reading: Reading,
    wallet_keys: WalletKeysCopy,
    /// Full snapshots and opening balances that the target has, whether its manifest says so yet.
    snapshots: BTreeMap<FileName, Copy>,
    /// The one that is being copied.
    snapshot: Option<(FileName, Whole)>,
}

/// How far the journal is durable.
#[derive(Debug, Clone, Copy)]
pub enum Durable {
    /// As the switch says, which runs.
    To(Option<Sequence>),
    /// No switch runs: as far as it reaches.
    Stopped,
}

/// What a backup has come to.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    /// Bytes that were copied.
    pub bytes: u64,
    /// The last record in the copy.
    pub last: Option<Sequence>,
    /// The latest time of an event in it.
    pub until: Option<Timestamp>,
    /// The segments of which something was copied, by where they begin.
    pub segments: BTreeSet<u64>,
}

/// Has this process run only when no other wants to. Where the system refuses, it takes time from others, and nothing else.
pub fn yield_to_others() {
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

impl Backup {
    /// Of the data with this journal.
    pub fn new(location: &Location, keys: DataKeys) -> Self {
        Self {
            data: location.data().to_owned(),
            keys,
            copies: Copies::of(location),
            manifest: None,
            reading: Reading::default(),
            wallet_keys: WalletKeysCopy::default(),
            snapshots: BTreeMap::new(),
            snapshot: None,
        }
    }

    /// Asks the target anew what it has: it may be another one, or over another line.
    pub(crate) fn restart(&mut self) {
        self.manifest = None;
    }

    /// Has the file of wallet keys be a large one that was just read.
    #[cfg(test)]
    pub(crate) fn rest(&mut self) {
        self.wallet_keys.rest();
    }

    /// Begins a backup: copies new full snapshots and opening balances. To be called before anybody asks how far the journal is durable, so that
    /// they reflect no more. At most so many pieces of a mebibyte: what is left is copied the next time.
    ///
    /// # Errors
    /// When something can't be read or written.
    pub fn begin(&mut self, target: &mut dyn Target, pieces: u64) -> Result<(), BackupError> {
        if self.manifest.is_none() {
            let empty = || Manifest {
                made: Timestamp::EPOCH,
                files: BTreeMap::new(),
            };
            self.manifest = Some(target.manifest()?.unwrap_or_else(empty));
            // What was not committed is gone.
            self.snapshots.clear();
            self.snapshot = None;
            self.reading = Reading::default();
            self.wallet_keys = WalletKeysCopy::default();
        }
        let mut names = BTreeSet::new();
        for kind in [SNAPSHOTS, OPENING] {
            let folder = self.data.join(kind);
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                entries => entries
                    .and_then(Iterator::collect::<io::Result<Vec<_>>>)
                    .map_err(disk("list", &folder))?,
            };
            names.extend(entries.iter().filter_map(|entry| {
                FileName::parse(&format!("{kind}/{}", entry.file_name().to_string_lossy()))
            }));
        }
        self.snapshots.retain(|name, _| names.contains(name));
        let mut pieces = pieces;
        // The one that was begun first: each is copied to its end before the next.
        let begun = self.snapshot.take();
        self.snapshot = begun.filter(|(name, _)| names.contains(name));
        let begun = self.snapshot.as_ref().map(|(name, _)| *name);
        for name in begun.into_iter().chain(names) {
            if !self.snapshots.contains_key(&name) {
                self.copy_snapshot(name, &mut pieces, target)?;
            }
        }
        Ok(())
    }

    /// Goes on with a snapshot, for so many pieces.
    fn copy_snapshot(
        &mut self,
        name: FileName,
        pieces: &mut u64,
        target: &mut dyn Target,
    ) -> Result<(), BackupError> {
        let path = self.data.join(name.to_string());
        // Its name is that of its mark, and it is never changed.
        let known = self.manifest.iter().find_map(|it| it.files.get(&name));
        let length = fs::metadata(&path).map(|metadata| metadata.len());
        if let (Some(known), Ok(length)) = (known, length)
            && known.bytes == length
        {
            self.snapshots.insert(name, known.clone());
            return Ok(());
        }
        if *pieces == 0 {
            return Ok(());
        }
        let mut whole = match self.snapshot.take() {
            Some((_, whole)) => whole,
            None => match Whole::open(&path) {
                // The switch has removed it meanwhile.
                Err(BackupError::Disk { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    return Ok(());
                }
                opened => opened?,
            },
        };
        while *pieces > 0 {
            *pieces -= 1;
            if let Some(copy) = whole.copy_piece(name, &path, target)? {
                self.snapshots.insert(name, copy);
                return Ok(());
            }
        }
        self.snapshot = Some((name, whole));
        Ok(())
    }

    /// Copies what is new and durable, and has that be the backup.
    ///
    /// # Errors
    /// When something can't be read or written, or the target has copies of another journal.
    pub fn finish(
        &mut self,
        target: &mut dyn Target,
        durable: Durable,
    ) -> Result<Copied, BackupError> {
        let before = self.manifest.take().expect("it was begun");
        let manifest = self.copy(&before, target, durable);
        // After a failure the target is asked again.
        let (manifest, durable) = manifest?;
        let Some(durable) = durable else {
            self.manifest = Some(before);
            return Ok(Copied::default());
        };
        let copied = difference(&before, &manifest, durable);
        if manifest.files != before.files {
            target.commit(&manifest)?;
        }
        self.manifest = Some(manifest);
        Ok(copied)
    }

    fn copy(
        &mut self,
        before: &Manifest,
        target: &mut dyn Target,
        durable: Durable,
    ) -> Result<(Manifest, Option<Sequence>), BackupError> {
        let durable = match durable {
            Durable::To(durable) => durable,
            Durable::Stopped => self.copies.settle()?,
        };
        let mut manifest = before.clone();
        let Some(durable) = durable else {
            return Ok((manifest, None));
        };
        manifest.made = clock::system();
        let mut wallets = Wallets::default();
        let copied = (&mut manifest, &mut wallets);
        self.reading.copy(&self.copies, durable, copied, target)?;
        if manifest.end().and_then(|end| end.last()) < Some(durable) {
            return Err(BackupError::NoParts {
                path: self.data.clone(),
            });
        }
        self.enter_snapshots(&mut manifest, durable);
        self.leave_out_deleted(&mut manifest)?;
        // Behind the journal: they have the keys of all that is in it. The table last, it has the keys of all of them.
        let known = manifest.files.get(&FileName::WalletKeys);
        let known = known.map_or(0, |copy| copy.bytes);
        let wallet_keys =
            self.wallet_keys
                .copy(&self.data, &self.keys, (known, &wallets), target)?;
        if let Some(bytes) = wallet_keys {
            let copy = Copy {
                bytes,
                sha256: None,
                segment: None,
                needs: None,
            };
            manifest.files.insert(FileName::WalletKeys, copy);
        }
        self.copy_key_table(&mut manifest, target)?;
        Ok((manifest, Some(durable)))
    }

    fn enter_snapshots(&mut self, manifest: &mut Manifest, durable: Sequence) {
        // Of each kind, older ones stay until a newer one is complete.
        for kind in [SNAPSHOTS, OPENING] {
            let is_of_kind = |name: &FileName| name.to_string().starts_with(kind);
            if self.snapshots.keys().any(is_of_kind) {
                manifest.files.retain(|name, _| !is_of_kind(name));
            }
        }
        for (name, copy) in &mut self.snapshots {
            if matches!(name, FileName::Snapshot(_)) {
                // They were whole before the switch was asked how far it is.
                copy.needs.get_or_insert(durable.to_stored());
            }
            manifest.files.insert(*name, copy.clone());
        }
    }

    /// Leaves out segments that are deleted in the data, once the copy has what stands for them.
    fn leave_out_deleted(&self, manifest: &mut Manifest) -> Result<(), BackupError> {
        let parts = self.copies.parts()?;
        let begins = parts.first().map_or(0, |part| part.span().0);
        if can_begin_at(begins, manifest.files.keys()) {
            manifest.files.retain(|_, copy| {
                let end = copy.segment.map(|segment| segment.end.to_stored().0);
                end.is_none_or(|end| end > begins)
            });
            return Ok(());
        }
        match manifest.has_its_beginning() {
            true => Ok(()),
            // They were deleted between two looks.
            false => Err(BackupError::NoOpening { begins }),
        }
    }

    fn copy_key_table(
        &self,
        manifest: &mut Manifest,
        target: &mut dyn Target,
    ) -> Result<(), BackupError> {
        let path = self.data.join(KEY_TABLE);
        let bytes = bounded::file(&path).map_err(disk("read", &path))?;
        let sha256: Hash = Sha256::digest(&bytes).into();
        let before = manifest.key_table();
        let number = before.unwrap_or(0);
        let same = manifest
            .files
            .get(&FileName::KeyTable(number))
            .is_some_and(|copy| copy.sha256 == Some(sha256));
        if same {
            return Ok(());
        }
        let name = FileName::KeyTable(number + 1);
        target.write(name, 0, &bytes)?;
        if target.finish(name, bytes.len() as u64)? != Some(sha256) {
            return Err(BackupError::ReadBack {
                path: name.to_string().into(),
            });
        }
        manifest.files.remove(&FileName::KeyTable(number));
        manifest.files.insert(
            name,
            Copy {
                bytes: bytes.len() as u64,
                sha256: Some(sha256),
                segment: None,
                needs: None,
            },
        );
        Ok(())
    }
}

/// What is new.
fn difference(before: &Manifest, now: &Manifest, durable: Sequence) -> Copied {
    let mut copied = Copied {
        last: Some(durable),
        ..Copied::default()
    };
    for (name, copy) in &now.files {
        let old = before.files.get(name);
        if old == Some(copy) {
            continue;
        }
        copied.bytes += copy.bytes - old.map_or(0, |old| old.bytes.min(copy.bytes));
        if let FileName::Segment(start) | FileName::Archive(start) = name {
            copied.segments.insert(*start);
        }
    }
    let segments = now.segments();
    copied.until = segments.iter().map(|(.., segment)| segment.until).max();
    copied
}
