//! One segment file: opened, read and written by position.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;

use super::archived::ArchivedFile;
use super::disk::{Access, DiskFile};
use super::folder::Folder;
use super::format::{
    BATCH_HEADER_BYTES, Encryption, HeaderFault, Place, Protection, SALT_BYTES,
    SEGMENT_HEADER_BYTES, SEGMENT_VERSION, SegmentHeader, authenticated, seal,
};
use super::protection::protection;
use super::{JournalError, Sequence};

pub(super) struct Segment {
    pub path: PathBuf,
    pub header: SegmentHeader,
    pub protection: Protection,
    file: Arc<dyn DiskFile>,
}

/// A new segment, with the key that what is written to it is encrypted with.
pub(super) struct Begun {
    pub segment: Arc<Segment>,
    pub encryption: Arc<Encryption>,
    /// The first bytes of its file.
    pub header: [u8; SEGMENT_HEADER_BYTES],
}

impl Segment {
    /// Opens the segment that starts at a position, and verifies its header. The sequence that it
    /// should start with, where that is known, is for the words of an error only.
    pub fn open(
        folder: &Folder,
        start: u64,
        sequence: Option<Sequence>,
        access: Access,
    ) -> Result<Self, JournalError> {
        let (path, file) = file(folder, start, access)?;
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
        let protection = protection(folder, &path, &header, authenticated(&bytes))?;
        Ok(Self {
            path,
            header,
            protection,
            file,
        })
    }

    /// Turns a file that holds only zeros, `ready`, into the segment that begins at `start`, under the newest data key. One
    /// that began there too, and has no batch, is replaced.
    ///
    /// The header is synced under the old name: a file with a segment's name always has a header,
    /// whenever the power fails.
    pub fn begin(
        folder: &Folder,
        ready: &Path,
        file: Arc<dyn DiskFile>,
        start: Place,
    ) -> Result<Begun, JournalError> {
        let path = folder.segment(start.position);
        let length = file
            .length()
            .map_err(JournalError::disk("measure", ready))?;
        let capacity = length.saturating_sub(SEGMENT_HEADER_BYTES as u64);
        let keys = folder.keys(&path)?;
        let (key, mut salt) = (keys.newest(), [0; SALT_BYTES]);
        // Not from this process: a clone of the machine, memory and all, must not go on with the same one.
        SysRng.try_fill_bytes(&mut salt).map_err(|error| {
            JournalError::disk("get random numbers for", &path)(io::Error::other(error))
        })?;
        let encryption = Encryption::new(keys, key, &salt)
            .map_err(JournalError::key(&path))
            .map(Arc::new)?;
        let (header, bytes) = SegmentHeader::encrypted(start, capacity, key, salt, &encryption);
        let segment = Self {
            path,
            header,
            protection: Protection::Encryption(Arc::clone(&encryption)),
            file,
        };
        segment.name(folder, ready, &bytes)?;
        Ok(Begun {
            segment: Arc::new(segment),
            encryption,
            header: bytes,
        })
    }

    /// Makes a file that holds only zeros, `ready`, a copy of the segment that another node has begun with this header. One
    /// that begins at the same place, and has no batch that counts, is replaced.
    pub fn begin_copy(
        folder: &Folder,
        ready: &Path,
        header: &[u8; SEGMENT_HEADER_BYTES],
        start: Place,
    ) -> Result<Begun, JournalError> {
        let path = folder.segment(start.position);
        let damaged = |what| JournalError::NotReplicated {
            position: start.position,
            sequence: start.sequence,
            what,
        };
        let decoded = SegmentHeader::decode(header).map_err(|fault| match fault {
            HeaderFault::Damaged(what) => damaged(what),
            HeaderFault::Version(found) => JournalError::Version {
                file: path.clone(),
                found,
                known: SEGMENT_VERSION,
            },
        })?;
        let protection = protection(folder, &path, &decoded, authenticated(header))?;
        let Protection::Encryption(encryption) = &protection else {
            return Err(damaged("a segment that is replicated is encrypted"));
        };
        if decoded.start != start {
            return Err(damaged("the segment does not continue the one before"));
        }
        let encryption = Arc::clone(encryption);
        let file = folder
            .disk
            .open(ready, Access::Create)
            .map_err(JournalError::disk("create", ready))?;
        file.reserve(decoded.capacity + SEGMENT_HEADER_BYTES as u64)
            .map_err(JournalError::disk("reserve space for", ready))?;
        let segment = Self {
            path,
            header: decoded,
            protection,
            file,
        };
        segment.name(folder, ready, header)?;
        Ok(Begun {
            segment: Arc::new(segment),
            encryption,
            header: *header,
        })
    }

    /// Writes the header and gives the file, `ready`, its name.
    fn name(
        &self,
        folder: &Folder,
        ready: &Path,
        header: &[u8; SEGMENT_HEADER_BYTES],
    ) -> Result<(), JournalError> {
        self.file
            .write_all_at(header, 0)
            .map_err(JournalError::disk("write", ready))?;
        self.file
            .sync()
            .map_err(JournalError::disk("sync", ready))?;
        folder
            .disk
            .rename(ready, &self.path)
            .map_err(JournalError::disk("rename", ready))?;
        folder.sync()
    }

    /// Ends the segment: a seal behind the last batch, and nothing behind that, synced. Nothing is written to it any more.
    pub fn end_at(&self, place: Place) -> Result<(), JournalError> {
        let seal = seal(place, self.protection.salt());
        self.write(&seal, place.position)?;
        self.truncate(place.position + seal.len() as u64)?;
        self.sync()
    }

    /// Makes everything behind this position zeros, up to the end of the segment.
    pub fn clear_behind(&self, position: u64) -> Result<(), JournalError> {
        self.truncate(position)?;
        self.file
            .reserve(self.offset(self.end()))
            .map_err(JournalError::disk("reserve space for", &self.path))
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
        position - self.header.start.position + self.header.bytes() as u64
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

    /// Cuts the file off behind this position.
    pub fn truncate(&self, position: u64) -> Result<(), JournalError> {
        self.file
            .truncate(self.offset(position))
            .map_err(JournalError::disk("shorten", &self.path))
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

/// The file of a segment: that in the journal's folder, or else the archived one.
fn file(
    folder: &Folder,
    start: u64,
    access: Access,
) -> Result<(PathBuf, Arc<dyn DiskFile>), JournalError> {
    let path = folder.segment(start);
    let archived = folder.archived(start);
    match folder.disk.open(&path, access) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            match ArchivedFile::open(folder, &archived, start)? {
                Some(file) => Ok((archived, Arc::new(file))),
                None => Err(JournalError::disk("open", &path)(error)),
            }
        }
        opened => opened
            .map_err(JournalError::disk("open", &path))
            .map(|file| (path, file)),
    }
}
