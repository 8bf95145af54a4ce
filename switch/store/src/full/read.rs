//! Reads a full snapshot, and makes a store of it.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tessera_encryption::{Cipher, DataKeys, Purpose, TAG_BYTES};
use tessera_journal::{Mark, Reader};
use zeroize::Zeroizing;

use super::error::{FullSnapshotError, at, damaged};
use super::format::{
    FRAME_BYTES_MAX, FRAME_HEAD_BYTES, FrameKind, HEADER_BYTES, Header, additional, array, nonce,
    take_row,
};
use super::{FullSnapshot, FullSnapshots};
use crate::tables::Row;
use crate::view::VisitRows;
use crate::{Store, StoreError};

/// Rows of the store that are written at once.
const BATCH: usize = 4096;

impl FullSnapshots {
    /// Puts a store with what the newest good snapshot has in the place of the one in `directory`, which is [set
    /// aside](crate::set_aside). A snapshot is good where all
    /// of it is what was written, and the journal has all that it reflects. Others are passed over, with a line in the
    /// log. `None`, with nothing changed, where there is no good one.
    ///
    /// # Errors
    /// When the folders can't be read or exchanged.
    pub fn restore(
        &self,
        directory: &Path,
        cache_bytes: u64,
        journal: &dyn Reader,
    ) -> Result<Option<FullSnapshot>, FullSnapshotError> {
        // Beside the store, so that a kill leaves no store that is half of one.
        let new = directory.with_extension("new");
        for path in self.files()? {
            remove(&new)?;
            match self.restore_one(&path, &new, cache_bytes, journal) {
                Ok(found) => {
                    crate::set_aside(directory)?;
                    std::fs::rename(&new, directory).map_err(at(directory))?;
                    return Ok(Some(found));
                }
                Err(error) => tracing::warn!(%error, "a full snapshot is passed over"),
            }
        }
        remove(&new)?;
        Ok(None)
    }

    fn restore_one(
        &self,
        path: &Path,
        new: &Path,
        cache_bytes: u64,
        journal: &dyn Reader,
    ) -> Result<FullSnapshot, FullSnapshotError> {
        let mut file = Frames::open(path)?;
        if let Some(missing) = file.header.missing(&|position| journal.read(position))? {
            return Err(FullSnapshotError::Foreign {
                path: path.to_owned(),
                missing,
            });
        }
        let store = Store::open(new, cache_bytes, self.keys.clone())?;
        let mut rows: Vec<Row> = Vec::with_capacity(BATCH);
        let found = file.each_row(self, &mut |table, key, value| {
            rows.push(store.row(table, key, value)?);
            if rows.len() == BATCH {
                store.put(std::mem::take(&mut rows))?;
            }
            Ok(())
        })?;
        store.put(rows)?;
        // Fails too where the disk has refused some of them.
        store.sync()?;
        Ok(found)
    }

    /// Reads all of the snapshot with this mark, which is one of [`marks`](Self::marks), as a start that begins with it does.
    ///
    /// # Errors
    /// When it is not what was written, can't be read, or `goes_on` says that the process ends: it is asked again and again.
    pub fn verify(
        &self,
        mark: Mark,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<FullSnapshot, FullSnapshotError> {
        let path = self.path(mark);
        let (mut rows, mut stopped) = (0, false);
        let read = Frames::open(&path)?.each_row(self, &mut |_, _, _| {
            rows += 1;
            stopped = rows % BATCH == 0 && !goes_on();
            // Only ends the reading.
            if stopped {
                Err(StoreError::Closed)
            } else {
                Ok(())
            }
        });
        if stopped {
            Err(FullSnapshotError::Stopped)
        } else {
            read
        }
    }
}

pub(super) fn header(path: &Path) -> Result<Header, FullSnapshotError> {
    Ok(Frames::open(path)?.header)
}

pub(super) fn check_key(path: &Path, keys: &DataKeys) -> Result<(), FullSnapshotError> {
    let mut file = Frames::open(path)?;
    let cipher = file.cipher(keys)?;
    file.frame(&cipher).map(drop)
}

fn remove(folder: &Path) -> Result<(), FullSnapshotError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A file that is being read.
struct Frames<'a> {
    path: &'a Path,
    file: BufReader<File>,
    header: Header,
    /// Of the next frame.
    number: u64,
}

impl<'a> Frames<'a> {
    fn open(path: &'a Path) -> Result<Self, FullSnapshotError> {
        let mut file = BufReader::new(File::open(path).map_err(at(path))?);
        let mut header = [0; HEADER_BYTES];
        read_exact(&mut file, &mut header, path)?;
        Ok(Self {
            header: Header::read(&header, path)?,
            path,
            file,
            number: 0,
        })
    }

    fn cipher(&self, keys: &DataKeys) -> Result<Cipher, FullSnapshotError> {
        let Header { key, salt, .. } = self.header;
        Ok(keys.cipher(key, Purpose::Snapshot, &salt)?)
    }

    fn each_row(
        &mut self,
        snapshots: &FullSnapshots,
        visit: &mut VisitRows<'_>,
    ) -> Result<FullSnapshot, FullSnapshotError> {
        let mark = self.header.mark.mark;
        let cipher = self.cipher(&snapshots.keys)?;
        let mut hash = Sha256::new_with_prefix(self.header.to_bytes());
        let mut rows = 0;
        loop {
            let (kind, data) = self.frame(&cipher)?;
            match kind {
                FrameKind::Rows => {
                    let data = self.decompress(&data)?;
                    hash.update(&*data);
                    let mut rest = &data[..];
                    while !rest.is_empty() {
                        let row = take_row(&mut rest);
                        let (table, key, value) =
                            row.ok_or_else(|| damaged(self.path, "a row is cut off"))?;
                        visit(table, key, value)?;
                        rows += 1;
                    }
                }
                FrameKind::End => {
                    let sha256: [u8; 32] = hash.finalize().into();
                    let expected = [&u64::to_le_bytes(rows)[..], &sha256].concat();
                    if *data != expected {
                        return Err(damaged(self.path, "rows are missing"));
                    }
                    if self.file.read(&mut [0]).map_err(at(self.path))? > 0 {
                        return Err(damaged(self.path, "there is something after its end"));
                    }
                    return Ok(FullSnapshot { mark, rows, sha256 });
                }
            }
        }
    }

    /// The next frame, decrypted.
    fn frame(
        &mut self,
        cipher: &Cipher,
    ) -> Result<(FrameKind, Zeroizing<Vec<u8>>), FullSnapshotError> {
        let mut head = [0; FRAME_HEAD_BYTES];
        read_exact(&mut self.file, &mut head, self.path)?;
        let kind = FrameKind::from_byte(head[0]);
        let kind = kind.ok_or_else(|| damaged(self.path, "a frame is of no known kind"))?;
        let length = u32::from_le_bytes(array(&head[1..])) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(damaged(self.path, "a frame is too long"));
        }
        let mut data = Zeroizing::new(vec![0; length]);
        read_exact(&mut self.file, &mut data, self.path)?;
        let mut tag = [0; TAG_BYTES];
        read_exact(&mut self.file, &mut tag, self.path)?;
        let additional = additional(&self.header.to_bytes(), kind);
        cipher
            .decrypt(&nonce(self.number), &additional, &mut data, &tag)
            .map_err(|_| damaged(self.path, "a frame does not match its tag"))?;
        self.number += 1;
        Ok((kind, data))
    }

    fn decompress(&self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, FullSnapshotError> {
        let fault = || damaged(self.path, "a frame can't be decompressed");
        let length = zstd::zstd_safe::get_frame_content_size(data);
        let length = length.ok().flatten().map(|length| length as usize);
        let length = length.filter(|length| *length <= FRAME_BYTES_MAX);
        let rows = zstd::bulk::decompress(data, length.ok_or_else(fault)?);
        rows.map(Zeroizing::new).map_err(|_| fault())
    }
}

fn read_exact(
    file: &mut BufReader<File>,
    bytes: &mut [u8],
    path: &Path,
) -> Result<(), FullSnapshotError> {
    file.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(path, "it is cut off"),
        _ => at(path)(error),
    })
}
