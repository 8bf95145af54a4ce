//! Copies segments of the journal, each up to its last durable batch.

use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use tessera_journal::{Batch, Copies, Part, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Entry;

use crate::error::BackupError;
use crate::file_name::FileName;
use crate::hex::Hash;
use crate::manifest::{Copy, Manifest, SegmentCopy};
use crate::target::Target;
use crate::wallet_keys::Wallets;
use crate::whole::copy_whole;

/// Copied at a time.
const PIECE_BYTES: usize = 1 << 20;
/// It rests as long as a piece took, that the disk is free for the switch, but no longer.
const REST_MAX: Duration = Duration::from_millis(20);

/// The segment that is being copied: what was read of it, and the hash of that.
#[derive(Default)]
pub(crate) struct Reading {
    segment: Option<(u64, u64, Sha256)>,
}

impl Reading {
    /// Copies what is new and durable, and enters it into the manifest, and of whom it is into `wallets`.
    pub fn copy(
        &mut self,
        copies: &Copies,
        durable: Sequence,
        (manifest, wallets): (&mut Manifest, &mut Wallets),
        target: &mut dyn Target,
    ) -> Result<(), BackupError> {
        let parts = copies.parts()?;
        self.compare(copies, &parts, manifest)?;
        for part in &parts {
            let (start, end) = part.span();
            let before = manifest.segment(start);
            let ends = before.map(|(.., segment)| segment.end.to_stored().0);
            if ends.is_some() && ends == end {
                continue;
            }
            if copies.begin(part)?.last() >= Some(durable) {
                break;
            }
            let archived = copies.archived(part).filter(|_| before.is_none());
            let copied = match archived {
                Some(archive) => copy_archive(copies, part, &archive, durable, wallets, target)?,
                None => {
                    let before = before.map(|(_, copy, _)| copy.clone());
                    self.copy_part(copies, part, before, durable, wallets, target)?
                }
            };
            if let Some((name, copy)) = copied {
                manifest.files.insert(name, copy);
            }
        }
        Ok(())
    }

    /// That the newest segment of the backup is one of this journal, byte by byte.
    fn compare(
        &mut self,
        copies: &Copies,
        parts: &[Part],
        manifest: &Manifest,
    ) -> Result<(), BackupError> {
        let Some(&(name, copy, segment)) = manifest.segments().last() else {
            return Ok(());
        };
        let (FileName::Segment(start) | FileName::Archive(start)) = name else {
            return Ok(());
        };
        let (ends, ..) = segment.end.to_stored();
        let other = |what: String| Err(BackupError::OtherJournal { what });
        let Some(part) = parts.iter().find(|part| part.span().0 == start) else {
            // It may be gone from the data, if the journal goes on right behind it.
            let next = parts.iter().find(|part| part.span().0 > start);
            return match next.map(|next| next.span().0) {
                // It may be gone from the data, if the journal goes on right behind it.
                Some(begins) if begins == ends => match copies.begin(&parts[0])? == segment.end {
                    true => Ok(()),
                    false => other(format!("its segment {begins} does not follow the copy")),
                },
                Some(begins) if parts[0].span().0 == begins => {
                    Err(BackupError::Gap { begins, ends })
                }
                _ => other(format!("it has no segment {start}")),
            };
        };
        if part.span().1.is_some_and(|end| end < ends) {
            return other(format!("its segment {start} ends before the copy"));
        }
        if let (FileName::Archive(_), Some(last)) = (name, segment.end.last()) {
            let walked = copies.walk(part, None, last, &mut |_| Ok(true))?;
            return match walked.cut == segment.end {
                true => Ok(()),
                false => other(format!(
                    "its segment {start} has other records than the copy"
                )),
            };
        }
        if matches!(&self.segment, Some((read, bytes, _)) if (*read, *bytes) == (start, copy.bytes))
        {
            return Ok(());
        }
        let mut hash = Sha256::new();
        each_piece(copies, part, 0, copy.bytes, &mut |_, bytes| {
            hash.update(bytes);
            Ok(())
        })?;
        let found: Hash = hash.clone().finalize().into();
        if Some(found) != copy.sha256 {
            return other(format!("its segment {start} has other bytes than the copy"));
        }
        self.segment = Some((start, copy.bytes, hash));
        Ok(())
    }

    /// `None` where nothing is new.
    fn copy_part(
        &mut self,
        copies: &Copies,
        part: &Part,
        before: Option<Copy>,
        durable: Sequence,
        wallets: &mut Wallets,
        target: &mut dyn Target,
    ) -> Result<Option<(FileName, Copy)>, BackupError> {
        let (start, _) = part.span();
        let name = FileName::Segment(start);
        let segment = before.as_ref().and_then(|copy| copy.segment);
        let from = segment.map(|segment| segment.end);
        let mut until = segment.map_or(Timestamp::EPOCH, |segment| segment.until);
        let walked = copies.walk(part, from, durable, &mut |batch| {
            look_through(batch, &mut until, wallets)
        })?;
        if walked.records == 0 {
            return Ok(None);
        }
        let copied = before.map_or(0, |copy| copy.bytes);
        let known = self
            .segment
            .take()
            .filter(|(read, bytes, _)| (*read, *bytes) == (start, copied));
        let mut hash = match known {
            Some((.., hash)) => hash,
            None => {
                let mut hash = Sha256::new();
                each_piece(copies, part, 0, copied, &mut |_, bytes| {
                    hash.update(bytes);
                    Ok(())
                })?;
                hash
            }
        };
        each_piece(
            copies,
            part,
            copied,
            walked.file_bytes,
            &mut |offset, bytes| {
                let begun = Instant::now();
                hash.update(bytes);
                target.write(name, offset, bytes)?;
                thread::sleep(begun.elapsed().min(REST_MAX));
                Ok(())
            },
        )?;
        let sha256: Hash = hash.clone().finalize().into();
        if target.finish(name, walked.file_bytes)? != Some(sha256) {
            return Err(BackupError::ReadBack {
                path: name.to_string().into(),
            });
        }
        self.segment = Some((start, walked.file_bytes, hash));
        let first = match segment {
            Some(segment) => segment.first,
            None => copies.begin(part)?.to_stored().1,
        };
        let segment = SegmentCopy {
            first,
            until,
            end: walked.cut,
        };
        let copy = Copy {
            bytes: walked.file_bytes,
            sha256: Some(sha256),
            segment: Some(segment),
            needs: None,
        };
        Ok(Some((name, copy)))
    }
}

/// Copies the archive of a segment as it is. `None` where it is not wholly durable, which cannot be: it is closed.
fn copy_archive(
    copies: &Copies,
    part: &Part,
    archive: &Path,
    durable: Sequence,
    wallets: &mut Wallets,
    target: &mut dyn Target,
) -> Result<Option<(FileName, Copy)>, BackupError> {
    let (start, end) = part.span();
    let mut until = Timestamp::EPOCH;
    let walked = copies.walk(part, None, durable, &mut |batch| {
        look_through(batch, &mut until, wallets)
    })?;
    if Some(walked.cut.to_stored().0) != end {
        return Ok(None);
    }
    let name = FileName::Archive(start);
    let copied = copy_whole(name, archive, target)?;
    let segment = SegmentCopy {
        first: copies.begin(part)?.to_stored().1,
        until,
        end: walked.cut,
    };
    let copy = Copy {
        segment: Some(segment),
        ..copied
    };
    Ok(Some((name, copy)))
}

/// Keeps the newest time of a batch's events, and whose they are. Goes on.
fn look_through(
    batch: Batch<'_>,
    until: &mut Timestamp,
    wallets: &mut Wallets,
) -> Result<bool, Box<dyn Error + Send + Sync>> {
    for record in batch.records() {
        let entry = Entry::read(record.payload)?;
        *until = entry.at.max(*until);
        wallets.add(entry.wallet);
    }
    Ok(true)
}

/// Is shown bytes, and where in their file they are.
type VisitPiece<'a> = dyn FnMut(u64, &[u8]) -> Result<(), BackupError> + 'a;

/// Shows the bytes of a segment's file between two offsets; fewer where it ends before.
fn each_piece(
    copies: &Copies,
    part: &Part,
    mut offset: u64,
    end: u64,
    visit: &mut VisitPiece<'_>,
) -> Result<(), BackupError> {
    let mut bytes = vec![0; PIECE_BYTES];
    while offset < end {
        let wanted = PIECE_BYTES.min((end - offset) as usize);
        let read = copies.read(part, offset, &mut bytes[..wanted])?;
        if read == 0 {
            break;
        }
        visit(offset, &bytes[..read])?;
        offset += read as u64;
    }
    Ok(())
}
