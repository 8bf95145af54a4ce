//! One segment file: opened, read and written by position.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Access, Disk, DiskFile};
use super::format::{
    BATCH_HEADER_BYTES, HeaderFault, Place, SEGMENT_HEADER_BYTES, SEGMENT_VERSION, SegmentHeader,
};
use super::{JournalError, Sequence};

pub(super) struct Segment {
    pub path: PathBuf,
    pub header: SegmentHeader,
    file: Arc<dyn DiskFile>,
}

impl Segment {
    /// Opens the segment that starts at a position, and verifies its header. The sequence that it
    /// should start with, where that is known, is for the words of an error only.
    pub fn open(
        disk: &dyn Disk,
        directory: &Path,
        start: u64,
        sequence: Option<Sequence>,
        access: Access,
    ) -> Result<Self, JournalError> {
        let path = directory.join(name(start));
        let file = disk
            .open(&path, access)
            .map_err(JournalError::disk("open", &path))?;
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let read = file
            .read_at(&mut bytes, 0)
            .map_err(JournalError::disk("read", &path))?;
        let damaged = |what| JournalError::Damaged {
            file: path.clone(),
            offset: 0,
            sequence,
            what,
        };
        let header = SegmentHeader::decode(&bytes[..read]).map_err(|fault| match fault {
            HeaderFault::Damaged(what) => damaged(what),
            HeaderFault::Version(found) => JournalError::Version {
                file: path.clone(),
                found,
                known: SEGMENT_VERSION,
            },
        })?;
        if header.start.position != start {
            return Err(damaged(
                "the segment's name and its header differ in the position",
            ));
        }
        Ok(Self { path, header, file })
    }

    /// Turns a file that holds only zeros, `ready`, into the segment that begins at `start`.
    ///
    /// The header is synced under the old name: a file with a segment's name always has a header,
    /// whenever the power fails.
    pub fn begin(
        disk: &dyn Disk,
        directory: &Path,
        ready: &Path,
        file: Arc<dyn DiskFile>,
        header: SegmentHeader,
    ) -> Result<Self, JournalError> {
        let path = directory.join(name(header.start.position));
        file.write_all_at(&header.encode(), 0)
            .map_err(JournalError::disk("write", ready))?;
        file.sync().map_err(JournalError::disk("sync", ready))?;
        disk.rename(ready, &path)
            .map_err(JournalError::disk("rename", ready))?;
        disk.sync_directory(directory)
            .map_err(JournalError::disk("sync", directory))?;
        Ok(Self { path, header, file })
    }

    /// Whether a batch of so many bytes fits at this position, and a seal after it.
    pub fn has_space(&self, position: u64, bytes: u64) -> bool {
        position + bytes + BATCH_HEADER_BYTES as u64 <= self.end()
    }

    /// The position just after the last byte of the file.
    pub fn end(&self) -> u64 {
        self.header
            .start
            .position
            .saturating_add(self.header.capacity)
    }

    pub fn start(&self) -> Place {
        self.header.start
    }

    /// Where in the file a position is.
    pub fn offset(&self, position: u64) -> u64 {
        position - self.header.start.position + SEGMENT_HEADER_BYTES as u64
    }

    /// Reads as many bytes as the file has, up to all of `bytes`.
    pub fn read(&self, bytes: &mut [u8], position: u64) -> Result<usize, JournalError> {
        self.read_at(bytes, self.offset(position))
    }

    pub fn write(&self, bytes: &[u8], position: u64) -> Result<(), JournalError> {
        self.write_at(bytes, self.offset(position))
    }

    /// The same by the place in the file, the segment's header included.
    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<usize, JournalError> {
        self.file
            .read_at(bytes, offset)
            .map_err(JournalError::disk("read", &self.path))
    }

    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), JournalError> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(JournalError::disk("write", &self.path))
    }

    pub fn sync(&self) -> Result<(), JournalError> {
        self.file
            .sync()
            .map_err(JournalError::disk("sync", &self.path))
    }

    /// This segment's header does not continue the log at `place`.
    pub fn foreign(&self, place: Place) -> JournalError {
        let what = "the segment does not continue the one before";
        JournalError::Damaged {
            file: self.path.clone(),
            offset: 0,
            sequence: Some(place.sequence),
            what,
        }
    }

    pub fn damaged(
        &self,
        position: u64,
        sequence: Option<Sequence>,
        what: &'static str,
    ) -> JournalError {
        JournalError::Damaged {
            file: self.path.clone(),
            offset: self.offset(position),
            sequence,
            what,
        }
    }
}

/// The file name of the segment that starts at a position.
pub(super) fn name(start: u64) -> String {
    format!("{start:020}.journal")
}

/// Where the segments in a directory start, in order.
pub(super) fn starts(disk: &dyn Disk, directory: &Path) -> Result<Vec<u64>, JournalError> {
    let names = disk
        .list(directory)
        .map_err(JournalError::disk("list", directory))?;
    let mut starts: Vec<u64> = names.iter().filter_map(|name| start(name)).collect();
    starts.sort_unstable();
    Ok(starts)
}

fn start(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".journal")?;
    (digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}
