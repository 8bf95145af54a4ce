//! Closed segments are compressed and moved to the archive. Readers do not notice.
//!
//! ```text
//! journal/N.journal ─▶ archive/PROCESS.preparing ─ synced, read again, compared byte by byte ─▶ archive/N.archive
//!                                                                          then N.journal is removed
//! ```
//!
//! As long as both are there, the segment counts. What never happens here: a segment is removed whose archive does not give each of
//! its bytes back; an archive is replaced, as it may be of other data that shares the folder.

mod removal;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;
use tessera_encryption::{Cipher, Purpose, TAG_BYTES};
use zeroize::Zeroizing;

use crate::archived::{ArchiveHeader, ArchivedFile, Entry, Footer, INDEX_NONCE, nonce};
use crate::disk::{Access, DiskFile};
use crate::folder::Folder;
use crate::format::{BATCH_HEADER_BYTES, Layout, Opened, SALT_BYTES};
use crate::parts::Part;
use crate::plaintext::Plaintext;
use crate::segment::Segment;
use crate::walk::Walk;
use crate::{JournalError, Mark, Position, Sequence};

pub(crate) use removal::remove_oldest;

/// Plaintext of a frame, unless one batch is longer: what is decompressed for one record.
const FRAME_BYTES: usize = 32 << 10;
/// The library's own: three quarters of what its highest levels save, at ten times their speed.
const LEVEL: i32 = 3;
/// Compared at a time.
const PIECE_BYTES: usize = 256 << 10;
/// Written between two syncs: what the disk has to write at once when it comes to one.
const SYNC_BYTES: u64 = 4 << 20;
/// Segments that stay as they are: the one that is written, and one before it, which is read most.
const NEWEST: usize = 2;

/// The end of the name of an archive while it is written.
const PREPARING: &str = ".preparing";

/// Is asked after every few milliseconds of work; it may pause.
type GoesOn<'a> = dyn FnMut() -> bool + 'a;

/// A segment that was archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Bytes of its file before.
    pub bytes_before: u64,
    /// And now.
    pub bytes_after: u64,
}

/// Does what `to_archive` of this crate says.
pub(crate) fn part_to_archive(
    folder: &Folder,
    below: Position,
) -> Result<Option<Part>, JournalError> {
    let segments = folder.segments()?;
    let closed = segments.len().saturating_sub(NEWEST);
    let Some(&begin) = segments[..closed].first() else {
        return Ok(None);
    };
    // In a restored journal the next one may be archived already.
    let end = folder.starts()?.into_iter().find(|start| *start > begin);
    let end = end.filter(|end| *end <= below.to_stored());
    Ok(end.map(|end| Part {
        file: folder.segment(begin),
        begin,
        end: Some(end),
    }))
}

/// Does what `archive` of this crate says.
pub(crate) fn archive_part(
    folder: &Folder,
    part: &Part,
    goes_on: &mut GoesOn<'_>,
) -> Result<Archived, JournalError> {
    let (start, end) = (part.begin, part.end.unwrap_or(part.begin));
    let source = Segment::open(folder, start, None, Access::Read)?;
    // Of this process alone: one that is just ending may be at the same segment.
    let path = folder
        .archive
        .join(format!("{}{PREPARING}", std::process::id()));
    remove_unfinished(folder)?;
    let disk = folder.disk.as_ref();
    let archived = folder.archived(start);
    let bytes_after = match length(folder, &archived)? {
        // It was killed before the segment was removed.
        Some(length) => {
            let same = compare(folder, &source, end, &archived, goes_on);
            same.map_err(|error| match error {
                JournalError::Damaged { .. } | JournalError::OtherKey { .. } => {
                    JournalError::ArchiveOfOthers {
                        file: archived.clone(),
                    }
                }
                error => error,
            })?;
            length
        }
        None => {
            let length = write(folder, &source, end, &path, goes_on)?;
            compare(folder, &source, end, &path, goes_on)?;
            disk.rename(&path, &archived)
                .map_err(JournalError::disk("rename", &path))?;
            length
        }
    };
    disk.sync_directory(&folder.archive)
        .map_err(JournalError::disk("sync", &folder.archive))?;
    let segment = folder.segment(start);
    disk.remove(&segment)
        .map_err(JournalError::disk("remove", &segment))?;
    folder.sync()?;
    Ok(Archived {
        bytes_before: source.offset(end),
        bytes_after,
    })
}

/// The length of a file; `None` where there is none.
fn length(folder: &Folder, path: &Path) -> Result<Option<u64>, JournalError> {
    match folder.disk.open(path, Access::Read) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => {
            let file = opened.map_err(JournalError::disk("open", path))?;
            let length = file.length().map_err(JournalError::disk("read", path))?;
            Ok(Some(length))
        }
    }
}

/// What a process that was killed, or is just ending, has not finished: it can't get its name any more.
fn remove_unfinished(folder: &Folder) -> Result<(), JournalError> {
    let names = folder
        .disk
        .list(&folder.archive)
        .map_err(JournalError::disk("list", &folder.archive))?;
    for name in names.iter().filter(|name| name.ends_with(PREPARING)) {
        let path = folder.archive.join(name);
        match folder.disk.remove(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.map_err(JournalError::disk("remove", &path))?,
        }
    }
    Ok(())
}

/// Writes the archive of a segment, and syncs it. Its length.
fn write(
    folder: &Folder,
    source: &Segment,
    end: u64,
    path: &Path,
    goes_on: &mut GoesOn<'_>,
) -> Result<u64, JournalError> {
    let keys = folder.keys(path)?;
    let key = keys.newest();
    let mut salt = [0; SALT_BYTES];
    // Of the system: clones of a machine have the state of the process's generator in common.
    SysRng.try_fill_bytes(&mut salt).map_err(|error| {
        JournalError::disk("get random numbers for", path)(io::Error::other(error))
    })?;
    let header = ArchiveHeader { end, key, salt };
    let mut headers = header.encode().to_vec();
    let mut of_segment = vec![0; source.header.bytes()];
    source.read_at(&mut of_segment, 0)?;
    headers.extend(of_segment);
    let file = folder
        .disk
        .open(path, Access::Create)
        .map_err(JournalError::disk("create", path))?;
    let mut frames = Frames {
        cipher: keys
            .cipher(key, Purpose::Archive, &salt)
            .map_err(JournalError::key(path))?,
        path,
        offset: headers.len() as u64,
        synced: 0,
        headers,
        file,
        index: Vec::new(),
        number: 0,
    };
    frames.put(0, &frames.headers)?;
    let start = source.start().position;
    // The walk begins where the segment of this position does; without one, with the first segment.
    let from = Position::from_stored(start).map(|position| Mark {
        position,
        sequence: Sequence::FIRST,
    });
    let mut walk =
        Walk::begin(folder, Access::Read, from)?.ok_or_else(|| source.foreign(source.start()))?;
    let mut frame = Plaintext::default();
    let mut begins = walk.place;
    while walk.place.position < end {
        asked(goes_on)?;
        let place = walk.place;
        let Some(batch) = walk.batch()? else {
            return Err(source.damaged(
                place.position,
                Some(place.sequence),
                "the segment ends early",
            ));
        };
        if !frame.is_empty() && frame.len() + batch.bytes.len() > FRAME_BYTES {
            frames.write(&frame, begins.position, begins.chain)?;
            frame.clear();
        }
        if frame.is_empty() {
            begins = place;
        }
        let from = frame.len();
        frame.reserve(batch.bytes.len());
        frame.extend_from_slice(batch.bytes);
        strip(&mut frame[from..], batch);
    }
    if !frame.is_empty() {
        frames.write(&frame, begins.position, begins.chain)?;
    }
    frames.finish()
}

/// Makes zeros of what encrypting the records again will fill in.
fn strip(batch: &mut [u8], opened: Opened<'_>) {
    let Layout::Encrypted = opened.layout else {
        return;
    };
    let mut at = BATCH_HEADER_BYTES;
    for record in opened.records() {
        // The tag, and the predecessor.
        batch[at..at + TAG_BYTES + 8].fill(0);
        at += opened.layout.header_bytes() + record.payload.len();
    }
}

/// An archive while it is written.
struct Frames<'a> {
    cipher: Cipher,
    path: &'a Path,
    headers: Vec<u8>,
    file: Arc<dyn DiskFile>,
    /// Where the next frame begins.
    offset: u64,
    /// Up to where it was synced.
    synced: u64,
    index: Vec<u8>,
    number: usize,
}

impl Frames<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<(), JournalError> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(JournalError::disk("write", self.path))
    }

    fn write(&mut self, frame: &[u8], position: u64, chain: u64) -> Result<(), JournalError> {
        let compressed = zstd::bulk::compress(frame, LEVEL);
        let compressed = compressed.map_err(JournalError::disk("compress", self.path))?;
        let mut compressed = Zeroizing::new(compressed);
        let tag = self
            .cipher
            .encrypt(&nonce(self.number), &self.headers, &mut compressed);
        compressed.extend_from_slice(&tag);
        self.put(self.offset, &compressed)?;
        let entry = Entry {
            position,
            chain,
            offset: self.offset,
            // Lossless: a frame is a batch, or shorter, and a batch is far below 4 GiB.
            bytes: compressed.len() as u32,
            batch_bytes: frame.len() as u32,
        };
        entry.encode(&mut self.index);
        self.offset += compressed.len() as u64;
        self.number += 1;
        if self.offset - self.synced >= SYNC_BYTES {
            self.sync()?;
            self.synced = self.offset;
        }
        Ok(())
    }

    /// Writes the index, and syncs. The length of the file.
    fn finish(self) -> Result<u64, JournalError> {
        let covered = [&self.headers[..], &self.index].concat();
        let footer = Footer {
            tag: self.cipher.encrypt(&INDEX_NONCE, &covered, &mut []),
            frames: self.number as u64,
        };
        let end = [&self.index[..], &footer.encode()].concat();
        self.put(self.offset, &end)?;
        self.sync()?;
        Ok(self.offset + end.len() as u64)
    }

    fn sync(&self) -> Result<(), JournalError> {
        self.file
            .sync()
            .map_err(JournalError::disk("sync", self.path))
    }
}

/// The archive gives back every byte of the segment, up to its last batch.
fn compare(
    folder: &Folder,
    source: &Segment,
    end: u64,
    path: &Path,
    goes_on: &mut GoesOn<'_>,
) -> Result<(), JournalError> {
    let start = source.start().position;
    let differs = |offset| JournalError::Damaged {
        file: path.to_owned(),
        offset,
        sequence: None,
        what: "the archive does not give the segment back; the segment stays",
    };
    let archive = ArchivedFile::open(folder, path, start)?.ok_or_else(|| differs(0))?;
    let (mut one, mut other) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    let length = source.offset(end);
    for offset in (0..length).step_by(PIECE_BYTES) {
        asked(goes_on)?;
        let piece = PIECE_BYTES.min((length - offset) as usize);
        let read = source.read_at(&mut one[..piece], offset)?;
        let restored = archive
            .read_at(&mut other[..piece], offset)
            .map_err(JournalError::disk("read", path))?;
        if read < piece || restored < piece || one[..piece] != other[..piece] {
            return Err(differs(offset));
        }
    }
    Ok(())
}

fn asked(goes_on: &mut GoesOn<'_>) -> Result<(), JournalError> {
    match goes_on() {
        true => Ok(()),
        false => Err(JournalError::Stopped),
    }
}
