//! A backup that is there: verified, and where a moment is in its journal.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tessera_encryption::DataKeys;
use tessera_journal::{Copies, Cut, Location, Part, Sequence, Walked};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Entry;
use tessera_vault::{WALLET_KEYS_PAGE, read_page};

use crate::error::{BackupError, disk};
use crate::file_name::FileName;
use crate::folder::{hash_of, read_manifest};
use crate::hex::Hash;
use crate::manifest::{Copy, Manifest, SegmentCopy};

/// So often a backup is read whose files go while it is read.
const READS_MAX: u32 = 5;

/// Is shown how much was verified, and of how much; in bytes.
pub type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// See the head of this file.
pub struct Stored {
    pub(crate) path: PathBuf,
    pub(crate) manifest: Manifest,
}

/// Where the journal of a backup is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    /// Its segment, and how much of it belongs to the file of a segment that is not archived.
    pub name: FileName,
    pub bytes: u64,
    pub end: Cut,
    /// The latest time of an event before.
    pub until: Timestamp,
}

impl Stored {
    /// The backup in a folder.
    ///
    /// # Errors
    /// Where there is none, it is damaged, or a newer build wrote it.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let manifest = read_manifest(path)?.ok_or_else(|| BackupError::NoManifest {
            path: path.to_owned(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
        })
    }

    /// Has something done with the backup in a folder; once more with what it is then, where a copy that goes on has removed files
    /// meanwhile that belonged to it.
    ///
    /// # Errors
    /// As for [`Self::open`], and those of what is done.
    pub fn read<T, E: From<BackupError>>(
        path: &Path,
        read: &mut dyn FnMut(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reads = 1;
        loop {
            let stored = Self::open(path)?;
            match read(&stored) {
                Err(_) if reads < READS_MAX && stored.has_lost_files()? => reads += 1,
                done => return done,
            }
        }
    }

    /// Whether there is a newer backup by now, which lacks files of this one.
    fn has_lost_files(&self) -> Result<bool, BackupError> {
        let now = Self::open(&self.path)?.manifest.files;
        Ok(self
            .manifest
            .files
            .keys()
            .any(|name| !now.contains_key(name)))
    }

    /// The folder that has the key table, as a folder of data has it.
    ///
    /// # Errors
    /// Where the manifest has none.
    pub fn keys_folder(&self) -> Result<PathBuf, BackupError> {
        let missing = || BackupError::Missing {
            path: self.path.join("keys"),
        };
        let number = self.manifest.key_table().ok_or_else(missing)?;
        Ok(self.path.join(format!("keys/{number}")))
    }

    /// Verifies that each file is what was copied, and that the journal is whole: of all segments, or only of some.
    ///
    /// # Errors
    /// Where something is missing or was changed.
    pub fn verify(
        &self,
        keys: &DataKeys,
        only: Option<&BTreeSet<u64>>,
        progress: &mut Progress<'_>,
    ) -> Result<(), BackupError> {
        let wanted = |name: &FileName| match (name, only) {
            (FileName::Segment(start) | FileName::Archive(start), Some(only)) => {
                only.contains(start)
            }
            _ => true,
        };
        let files = || self.manifest.files.iter().filter(|(name, _)| wanted(name));
        // Each is read twice, the journal the second time with the keys.
        let twice = |sum: u64, (_, copy): (_, &Copy)| {
            sum.saturating_add(copy.bytes).saturating_add(copy.bytes)
        };
        let all = files().fold(0, twice);
        let mut done = 0_u64;
        for (name, copy) in files() {
            self.verify_bytes(*name, copy)?;
            done = done.saturating_add(copy.bytes);
            progress(done, all);
        }
        for (name, copy) in files() {
            if let Some(segment) = copy.segment {
                let walked = self.walk(keys, *name, segment.end, &mut |_| true)?;
                let is_archived = matches!(name, FileName::Archive(_));
                if walked.cut != segment.end || !is_archived && walked.file_bytes != copy.bytes {
                    return Err(self.changed(*name));
                }
            }
            if *name == FileName::WalletKeys {
                self.verify_wallet_keys(keys, copy.bytes)?;
            }
            done = done.saturating_add(copy.bytes);
            progress(done, all);
        }
        self.verify_sequence()
    }

    /// Where the last batch ends whose events, and all before, are of this moment or earlier. Without a moment: the end.
    pub(crate) fn find(
        &self,
        keys: &DataKeys,
        at: Option<Timestamp>,
    ) -> Result<Reached, BackupError> {
        let segments = self.manifest.segments();
        let is_later = |segment: &SegmentCopy| at.is_some_and(|at| segment.until > at);
        // Times of a segment may be earlier than some of the one before.
        let whole = segments
            .iter()
            .take_while(|(.., segment)| !is_later(segment));
        let whole = whole.count();
        let mut begins = None;
        let mut until = Timestamp::EPOCH;
        for (.., segment) in &segments[..whole] {
            until = until.max(segment.until);
        }
        // In the segment with the first later event, or at the end of the one before.
        for (name, _, segment) in segments[..segments.len().min(whole + 1)]
            .iter()
            .rev()
            .take(2)
        {
            let walked = self.walk(keys, *name, segment.end, &mut |of_batch| {
                begins.get_or_insert(of_batch);
                let wanted = at.is_none_or(|at| of_batch <= at);
                if wanted {
                    until = until.max(of_batch);
                }
                wanted
            })?;
            if walked.records > 0 {
                return Ok(Reached {
                    name: *name,
                    bytes: walked.file_bytes,
                    end: walked.cut,
                    until,
                });
            }
        }
        Err(match begins {
            Some(begins) => BackupError::TooEarly { begins },
            None => BackupError::NoManifest {
                path: self.path.clone(),
            },
        })
    }

    /// Shows the latest time of each batch of a segment, until one is not wanted.
    fn walk(
        &self,
        keys: &DataKeys,
        name: FileName,
        end: Cut,
        visit: &mut dyn FnMut(Timestamp) -> bool,
    ) -> Result<Walked, BackupError> {
        let copies = Copies::of(&Location::in_data(&self.path, keys));
        let part = part(&copies, name)?.ok_or_else(|| BackupError::Missing {
            path: self.path.join(name.to_string()),
        })?;
        let last = end.last().ok_or_else(|| self.changed(name))?;
        let walked = copies.walk(&part, None, last, &mut |batch| {
            let mut until = Timestamp::EPOCH;
            for record in batch.records() {
                until = until.max(Entry::read(record.payload)?.at);
            }
            Ok(visit(until))
        })?;
        Ok(walked)
    }

    fn verify_bytes(&self, name: FileName, copy: &Copy) -> Result<(), BackupError> {
        let path = self.path.join(name.to_string());
        let file = File::open(&path).map_err(disk("open", &path))?;
        let mut hash = Sha256::new();
        if !hash_of(&file, 0, copy.bytes, &mut hash).map_err(disk("read", &path))? {
            return Err(BackupError::Missing { path });
        }
        let hash: Hash = hash.finalize().into();
        match copy.sha256 {
            Some(expected) if expected != hash => Err(BackupError::Changed { path }),
            _ => Ok(()),
        }
    }

    fn verify_wallet_keys(&self, keys: &DataKeys, bytes: u64) -> Result<(), BackupError> {
        let path = self.path.join(FileName::WalletKeys.to_string());
        let file = File::open(&path).map_err(disk("open", &path))?;
        for offset in (0..bytes).step_by(WALLET_KEYS_PAGE) {
            // A copy that follows may be writing it.
            read_page(&file, offset, keys, &path)?;
        }
        Ok(())
    }

    /// That each segment goes on where the one before ends.
    fn verify_sequence(&self) -> Result<(), BackupError> {
        let mut before: Option<Cut> = None;
        for (name, _, segment) in self.manifest.segments() {
            let (FileName::Segment(start) | FileName::Archive(start)) = name else {
                continue;
            };
            let follows = before.is_none_or(|before| {
                let (position, sequence, _) = before.to_stored();
                (position, sequence) == (start, segment.first)
            });
            if !follows {
                let path = self.path.join(name.to_string());
                return Err(BackupError::Missing { path });
            }
            before = Some(segment.end);
        }
        Ok(())
    }

    fn changed(&self, name: FileName) -> BackupError {
        BackupError::Changed {
            path: self.path.join(name.to_string()),
        }
    }

    /// The last record.
    pub fn last(&self) -> Option<Sequence> {
        self.manifest.end().and_then(Cut::last)
    }
}

/// The part of the journal in a backup whose file this is.
pub(crate) fn part(copies: &Copies, name: FileName) -> Result<Option<Part>, BackupError> {
    let (FileName::Segment(start) | FileName::Archive(start)) = name else {
        return Ok(None);
    };
    let mut parts = copies.parts()?.into_iter();
    Ok(parts.find(|part| part.span().0 == start))
}
