//! An archived segment, as the file that it was.

mod format;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tessera_encryption::{Cipher, NONCE_BYTES, Purpose, TAG_BYTES};
use zeroize::Zeroizing;

use format::{ARCHIVE_VERSION, ENTRY_BYTES, FOOTER_BYTES, HEADER_BYTES, HeaderFault};

use crate::disk::{Access, DiskFile};
use crate::folder::Folder;
use crate::format::{
    BATCH_HEADER_BYTES, BatchHeader, Encryption, Place, Protection, SEGMENT_HEADER_BYTES,
    SegmentHeader, authenticated, finish,
};
use crate::protection::protection;
use crate::{JournalError, Sequence};
pub(crate) use format::{ArchiveHeader, Entry, Footer};

/// Of the tag of headers and index: there are never so many frames.
pub(crate) const INDEX_NONCE: [u8; NONCE_BYTES] = [0xFF; NONCE_BYTES];

/// Reads as the segment did, up to its last batch. It can't be written.
pub(crate) struct ArchivedFile {
    file: Arc<dyn DiskFile>,
    /// Both headers, which every tag covers.
    headers: Vec<u8>,
    /// Where the segment begins and ends.
    start: u64,
    end: u64,
    cipher: Cipher,
    protection: Protection,
    index: Vec<Entry>,
    /// The frame that was read last, and its number.
    restored: Mutex<Option<(usize, Vec<u8>)>>,
}

impl ArchivedFile {
    /// Opens the archive of the segment that starts at a position, and verifies headers and index. `None` where there is no
    /// such file.
    pub fn open(folder: &Folder, path: &Path, start: u64) -> Result<Option<Self>, JournalError> {
        let file = match folder.disk.open(path, Access::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(JournalError::disk("open", path))?,
        };
        let damaged = |what| JournalError::Damaged {
            file: path.to_owned(),
            offset: 0,
            sequence: None,
            what,
        };
        let read = |bytes: &mut [u8], offset| {
            let read = file
                .read_at(bytes, offset)
                .map_err(JournalError::disk("read", path))?;
            Ok::<_, JournalError>(read == bytes.len())
        };
        let short = || damaged("the archive is shorter than it says");
        let mut first = [0; HEADER_BYTES];
        if !read(&mut first, 0)? {
            return Err(short());
        }
        let header = ArchiveHeader::decode(&first).map_err(|fault| match fault {
            HeaderFault::Damaged => damaged("this is not the header of an archived segment"),
            HeaderFault::Version(found) => JournalError::ArchiveVersion {
                file: path.to_owned(),
                found,
                known: ARCHIVE_VERSION,
            },
        })?;
        let mut of_segment = [0; SEGMENT_HEADER_BYTES];
        read(&mut of_segment, HEADER_BYTES as u64)?;
        let segment = SegmentHeader::decode(&of_segment)
            .map_err(|_| damaged("the archived segment has no header"))?;
        if segment.start.position != start || header.end < start {
            return Err(damaged("the archive's name and its headers differ"));
        }
        let keys = folder.keys(path)?;
        let cipher = keys
            .cipher(header.key, Purpose::Archive, &header.salt)
            .map_err(JournalError::key(path))?;
        let headers = [&first[..], &of_segment[..segment.bytes()]].concat();
        let length = file.length().map_err(JournalError::disk("measure", path))?;
        let mut last = [0; FOOTER_BYTES];
        let footer = length.checked_sub(FOOTER_BYTES as u64).ok_or_else(short)?;
        if !read(&mut last, footer)? {
            return Err(short());
        }
        let Footer { tag, frames } = Footer::decode(&last).ok_or_else(short)?;
        let bytes = frames.checked_mul(ENTRY_BYTES as u64);
        let begins = bytes.and_then(|bytes| footer.checked_sub(bytes));
        let begins = begins.ok_or_else(short)?;
        let mut index = vec![0; (footer - begins) as usize];
        if !read(&mut index, begins)? {
            return Err(short());
        }
        let covered = [&headers[..], &index].concat();
        if cipher
            .decrypt(&INDEX_NONCE, &covered, &mut [], &tag)
            .is_err()
        {
            return Err(damaged("the index of the archive does not match its tag"));
        }
        let protection = protection(folder, path, &segment, authenticated(&of_segment))?;
        Ok(Some(Self {
            file,
            headers,
            start,
            end: header.end,
            cipher,
            protection,
            index: index.chunks_exact(ENTRY_BYTES).map(Entry::decode).collect(),
            restored: Mutex::new(None),
        }))
    }

    fn segment_header(&self) -> &[u8] {
        &self.headers[HEADER_BYTES..]
    }

    /// The batches of a frame, as they were in the segment.
    fn restore(&self, number: usize) -> io::Result<Vec<u8>> {
        let entry = self.index[number];
        let mut bytes = Zeroizing::new(vec![0; entry.bytes as usize]);
        let read = self.file.read_at(&mut bytes, entry.offset)?;
        if read < bytes.len() || read < TAG_BYTES {
            return Err(damaged(number, "it ends early"));
        }
        let (compressed, tag) = bytes.split_at_mut(read - TAG_BYTES);
        let tag = std::array::from_fn(|at| tag[at]);
        self.cipher
            .decrypt(&nonce(number), &self.headers, compressed, &tag)
            .map_err(|_| damaged(number, "it does not match its tag"))?;
        let mut batches = Zeroizing::new(vec![0; entry.batch_bytes as usize]);
        let restored = zstd::bulk::decompress_to_buffer(compressed, &mut batches)?;
        if restored < batches.len() {
            return Err(damaged(number, "it has less than it should"));
        }
        match &self.protection {
            Protection::Checksums(_) => Ok(batches.to_vec()),
            Protection::Encryption(encryption) => {
                encrypt(&mut batches, entry, encryption)
                    .ok_or_else(|| damaged(number, "no batch is where one should be"))?;
                // It is plaintext no more.
                Ok(std::mem::take(&mut *batches))
            }
        }
    }

    /// Copies what a frame has of these bytes on, from a position in it. How many those are.
    fn copy(&self, bytes: &mut [u8], position: u64) -> io::Result<usize> {
        let number = self
            .index
            .partition_point(|entry| entry.position <= position);
        let Some(number) = number.checked_sub(1) else {
            return Ok(0);
        };
        let mut restored = self.restored.lock().unwrap_or_else(PoisonError::into_inner);
        if restored.as_ref().is_none_or(|(last, _)| *last != number) {
            *restored = Some((number, self.restore(number)?));
        }
        let frame = restored.as_ref().map_or(&[][..], |(_, frame)| frame);
        let from = (position - self.index[number].position) as usize;
        let rest = frame.get(from..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

/// Encrypts the records of a frame again.
fn encrypt(batches: &mut [u8], entry: Entry, encryption: &Encryption) -> Option<()> {
    let (mut position, mut chain, mut rest) = (entry.position, entry.chain, batches);
    while !rest.is_empty() {
        let header = BatchHeader::decode(rest, position, encryption.salt())?;
        let length = BATCH_HEADER_BYTES + header.bytes as usize;
        let (batch, after) = rest.split_at_mut_checked(length)?;
        let place = Place {
            position,
            sequence: Sequence::from_stored(header.sequence)?,
            chain,
        };
        let reached = finish(batch, header.records, place, encryption);
        (position, chain, rest) = (reached.position, reached.chain, after);
    }
    Some(())
}

/// Of a frame: its number.
pub(crate) fn nonce(number: usize) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&(number as u64).to_le_bytes());
    nonce
}

fn damaged(number: usize, what: &str) -> io::Error {
    let said = format!("frame {number} of the archive is damaged: {what}; restore the file");
    io::Error::new(ErrorKind::InvalidData, said)
}

fn read_only() -> io::Error {
    io::Error::new(ErrorKind::ReadOnlyFilesystem, "an archive is not written")
}

impl DiskFile for ArchivedFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let header = self.segment_header();
        let mut filled = 0;
        while filled < bytes.len() {
            let at = offset + filled as u64;
            let wanted = &mut bytes[filled..];
            let copied = match at.checked_sub(header.len() as u64) {
                None => {
                    let rest = &header[at as usize..];
                    let length = rest.len().min(wanted.len());
                    wanted[..length].copy_from_slice(&rest[..length]);
                    length
                }
                Some(after) if self.start + after < self.end => {
                    self.copy(wanted, self.start + after)?
                }
                Some(_) => 0,
            };
            if copied == 0 {
                break;
            }
            filled += copied;
        }
        Ok(filled)
    }

    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn sync(&self) -> io::Result<()> {
        Err(read_only())
    }

    fn reserve(&self, _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.segment_header().len() as u64 + self.end - self.start)
    }
}
