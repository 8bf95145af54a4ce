//! Which segment holds a position. Old segments are opened when somebody reads them, and only so
//! many stay open.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::disk::Access;
use super::folder::Folder;
use super::segment::Segment;
use super::{JournalError, Position, Record, Sequence};

/// Files kept open for reading: 16 GiB of history at the default segment size, and far below the
/// usual limit of 1,024 per process.
const OPEN_SEGMENTS_MAX: usize = 64;

/// Read for a record at once, header included: more than nearly every event needs.
const READ_BYTES: usize = 512;

pub(super) struct Shelf {
    folder: Arc<Folder>,
    segments: RwLock<BTreeMap<u64, Option<Arc<Segment>>>>,
}

impl Shelf {
    pub fn new(folder: Arc<Folder>, starts: &[u64]) -> Self {
        let segments = starts.iter().map(|&start| (start, None)).collect();
        Self {
            folder,
            segments: RwLock::new(segments),
        }
    }

    /// Puts the segment that is written from now on in its place. Closes those that were archived or deleted since: their
    /// files take space on the disk as long as they are open.
    pub fn add(&self, segment: Arc<Segment>) {
        self.put(segment);
        let is_moved = |segment: &Segment| {
            let opened = self.folder.disk.open(&segment.path, Access::Read);
            opened.is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        let open: Vec<_> = {
            let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
            segments.values().flatten().cloned().collect()
        };
        let moved = open.into_iter().filter(|segment| is_moved(segment));
        let moved: Vec<u64> = moved.map(|segment| segment.start().position).collect();
        if !moved.is_empty() {
            let mut segments = self
                .segments
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            for start in moved {
                segments.insert(start, None);
            }
        }
    }

    /// Other segments may be there since, also under names that are known: from now on they are these.
    pub fn renew(&self, starts: &[u64]) {
        let mut segments = self
            .segments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *segments = starts.iter().map(|&start| (start, None)).collect();
    }

    /// The segment whose range holds a position.
    pub fn find(&self, position: u64) -> Result<Arc<Segment>, JournalError> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let Some((&start, segment)) = segments.range(..=position).next_back() else {
            let begins = segments.keys().next().copied().unwrap_or(0);
            return Err(self.beginning(begins, position));
        };
        if let Some(segment) = segment {
            return Ok(Arc::clone(segment));
        }
        drop(segments);
        match Segment::open(&self.folder, start, None, Access::Read) {
            Ok(segment) => {
                let segment = Arc::new(segment);
                self.put(Arc::clone(&segment));
                Ok(segment)
            }
            // It may have been deleted since.
            Err(error) => match self.folder.starts()?.first() {
                Some(&begins) if start < begins => Err(self.beginning(begins, position)),
                _ => Err(error),
            },
        }
    }

    fn beginning(&self, begins: u64, wanted: u64) -> JournalError {
        JournalError::Beginning {
            directory: self.folder.path.clone(),
            begins,
            wanted,
        }
    }

    /// The record at a position.
    pub fn read(&self, position: Position) -> Result<Record, JournalError> {
        let begins = position.to_stored();
        let segment = self.find(begins)?;
        let none = || segment.damaged(begins, None, "no intact record begins here");
        let layout = segment.protection.layout();
        let mut bytes = Zeroizing::new(vec![0; READ_BYTES]);
        let mut filled = segment.read(&mut bytes, begins)?;
        let header = layout.decode_alone(&bytes[..filled]).ok_or_else(none)?;
        let length = layout.header_bytes() + header.bytes;
        if length > filled {
            bytes.resize(length, 0);
            filled = segment.read(&mut bytes, begins)?;
        }
        bytes.truncate(length);
        let opened = |bytes: &mut [u8]| segment.protection.open(bytes, &header, begins).is_some();
        if filled < length || !opened(&mut bytes) {
            return Err(none());
        }
        bytes.drain(..layout.header_bytes());
        Ok(Record {
            partition: header.partition,
            sequence: Sequence::from_stored(header.sequence).ok_or_else(none)?,
            position,
            payload: bytes,
        })
    }

    /// Keeps a segment open, and closes the oldest one if that is one too many: the newest are read
    /// most.
    fn put(&self, segment: Arc<Segment>) {
        let mut segments = self
            .segments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let start = segment.start().position;
        segments.insert(start, Some(segment));
        if segments.values().flatten().count() > OPEN_SEGMENTS_MAX {
            let oldest = segments
                .iter_mut()
                .find(|(other, slot)| **other != start && slot.is_some());
            if let Some((_, slot)) = oldest {
                *slot = None;
            }
        }
    }
}
