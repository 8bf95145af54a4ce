//! Writes a full snapshot from a consistent view of the store, while that goes on.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use tessera_encryption::{Cipher, KeysError, Purpose};
use tessera_journal::Reader;
use zeroize::Zeroizing;

use super::error::{FullSnapshotError, at};
use super::format::{
    Bound, FRAME_BYTES, FrameKind, HEADER_BYTES, Header, ROW_BYTES_MAX, additional, nonce,
    row_bytes, write_row,
};
use super::{FullSnapshot, FullSnapshots, UNFINISHED, read};
use crate::tables::Table;
use crate::{Store, StoreError};

/// Of zstd: higher ones take much more time for little.
const COMPRESSION_LEVEL: i32 = 3;

impl FullSnapshots {
    /// Writes a snapshot of the store, and removes all but the newest two. It is durable when this returns. `None` where the
    /// store reflects nothing yet, or there is one of the same mark.
    ///
    /// `goes_on` is asked between frames; where it says no, the file stays unfinished, and is removed with the next one.
    ///
    /// # Errors
    /// When the store or the journal can't be read, or the file can't be written.
    pub fn write(
        &self,
        store: &Store,
        journal: &dyn Reader,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<FullSnapshot>, FullSnapshotError> {
        let Some(view) = store.view()? else {
            return Ok(None);
        };
        let path = self.path(view.mark);
        let read = |position| journal.read(position);
        if let Ok(known) = read::header(&path)
            && known.missing(&read)?.is_none()
        {
            return Ok(None);
        }
        std::fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let mut salt = [0; 16];
        SysRng
            .try_fill_bytes(&mut salt)
            .map_err(|_| KeysError::NoRandomness)?;
        let header = Header {
            key: self.keys.newest(),
            salt,
            mark: Bound::to(&read(view.mark.position)?),
            reach: Bound::to(&read(view.reach.position)?),
        };
        let cipher = self.keys.cipher(header.key, Purpose::Snapshot, &salt)?;
        let new = path.with_extension(UNFINISHED);
        let mut frames = Frames::begin(&new, header, cipher)?;
        let mut stopped = None;
        let seen = view.each_row(&mut |table, key, value| {
            frames.row(table, key, value, goes_on).map_err(|error| {
                stopped = Some(error);
                // Only ends the look through the view.
                StoreError::Closed
            })
        });
        if let Some(error) = stopped {
            return Err(error);
        }
        seen?;
        let (rows, sha256) = frames.end()?;
        std::fs::rename(&new, &path).map_err(at(&path))?;
        self.sync_folder()?;
        self.prune(&path, journal)?;
        let mark = view.mark;
        Ok(Some(FullSnapshot { mark, rows, sha256 }))
    }
}

/// A file that is being written.
struct Frames<'a> {
    path: &'a Path,
    file: BufWriter<File>,
    header: [u8; HEADER_BYTES],
    cipher: Cipher,
    /// Of the next frame.
    number: u64,
    /// Of the next frame, not compressed.
    rows: Zeroizing<Vec<u8>>,
    count: u64,
    hash: Sha256,
}

impl<'a> Frames<'a> {
    fn begin(path: &'a Path, header: Header, cipher: Cipher) -> Result<Self, FullSnapshotError> {
        let header = header.to_bytes();
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = BufWriter::new(options.open(path).map_err(at(path))?);
        file.write_all(&header).map_err(at(path))?;
        Ok(Self {
            path,
            file,
            header,
            cipher,
            number: 0,
            rows: Zeroizing::new(Vec::with_capacity(2 * FRAME_BYTES)),
            count: 0,
            hash: Sha256::new_with_prefix(header),
        })
    }

    fn row(
        &mut self,
        table: Table,
        key: &[u8],
        value: &[u8],
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), FullSnapshotError> {
        let bytes = row_bytes(key, value);
        if bytes > ROW_BYTES_MAX {
            let too_long = std::io::Error::other("a row is too long for a full snapshot");
            return Err(at(self.path)(too_long));
        }
        if self.rows.len() + bytes > FRAME_BYTES {
            self.write_rows()?;
            if !goes_on() {
                return Err(FullSnapshotError::Stopped);
            }
        }
        write_row(&mut self.rows, table, key, value);
        self.count += 1;
        Ok(())
    }

    fn write_rows(&mut self) -> Result<(), FullSnapshotError> {
        self.hash.update(&*self.rows);
        let compressed = zstd::bulk::compress(&self.rows, COMPRESSION_LEVEL);
        self.rows.clear();
        self.frame(FrameKind::Rows, compressed.map_err(at(self.path))?)
    }

    fn frame(&mut self, kind: FrameKind, mut data: Vec<u8>) -> Result<(), FullSnapshotError> {
        let additional = additional(&self.header, kind);
        let tag = self
            .cipher
            .encrypt(&nonce(self.number), &additional, &mut data);
        self.number += 1;
        let length = (data.len() as u32).to_le_bytes();
        let written = self
            .file
            .write_all(&[kind.to_byte()])
            .and_then(|()| self.file.write_all(&length))
            .and_then(|()| self.file.write_all(&data))
            .and_then(|()| self.file.write_all(&tag));
        written.map_err(at(self.path))
    }

    fn end(mut self) -> Result<(u64, [u8; 32]), FullSnapshotError> {
        if !self.rows.is_empty() {
            self.write_rows()?;
        }
        let hash: [u8; 32] = self.hash.finalize_reset().into();
        let end = [&self.count.to_le_bytes()[..], &hash].concat();
        self.frame(FrameKind::End, end)?;
        let synced = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(at(self.path))?;
        Ok((self.count, hash))
    }
}
