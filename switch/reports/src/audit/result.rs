//! The result file of an audit, on which the next one can rest: what was proven up to a record of the journal.
//!
//! ```text
//! little endian
//! the file: header, frames, and the SHA-256 (32) of all bytes before it
//!
//! header: 0  8  "TSSRAUDT"        frame: 0  1  kind: 1 sums of a bucket, 2 folded wallets of it,
//!         8  4  version, 1                     3 the record that all goes up to; the last frame
//!        12  4  data key                 2  2  bucket
//!        16 16  salt of the key          4  4  bytes
//!                                        8  .  so many bytes, encrypted; then 16 of tag
//! ```
//!
//! Frames are encrypted with AES-256-GCM under a key of the file's own; the nonce is the number of the frame, and the
//! header of file and frame are additional data. So no frame can be changed, moved, or left out at the end without the key.
//! The SHA-256 at the end is of all bytes before it: an operator notes it and finds out whether it is the same file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::BufMut;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use tessera_encryption::{Cipher, DataKeyId, DataKeys, KeysError, Purpose, TAG_BYTES};
use tessera_journal::{JournalError, Mark, Reader};
use tessera_ledger::WalletId;

use super::result_error::{DIGEST_BYTES, ResultError, ResultHash};
use super::sums::Sums;
use super::wallets::Bucket;

const MAGIC: [u8; 8] = *b"TSSRAUDT";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 8;
/// A frame ends when it has so many bytes.
const FRAME_BYTES: usize = 256 << 10;
/// One wallet more than that, of the longest that there may be.
const FRAME_BYTES_MAX: usize = 1 << 30;

const SUMS: u8 = 1;
const WALLETS: u8 = 2;
const LAST: u8 = 3;

/// Writes a result file, which has its name only when it is complete.
pub(super) struct Writer {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    digest: Sha256,
    header: [u8; HEADER_BYTES],
    cipher: Cipher,
    frames: u64,
}

impl Writer {
    pub fn create(path: &Path, keys: &DataKeys) -> Result<Self, ResultError> {
        let key = keys.newest();
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&key.0.to_le_bytes());
        SysRng
            .try_fill_bytes(&mut header[16..])
            .map_err(|_| KeysError::NoRandomness)?;
        let cipher = keys.cipher(key, Purpose::AuditResult, &header[16..])?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(failed(&partial))?;
        let mut writer = Self {
            path: path.to_owned(),
            partial,
            file: BufWriter::new(file),
            digest: Sha256::new(),
            header,
            cipher,
            frames: 0,
        };
        writer.put(&header)?;
        Ok(writer)
    }

    pub fn bucket(&mut self, number: usize, bucket: &Bucket) -> Result<(), ResultError> {
        let mut bytes = Vec::with_capacity(FRAME_BYTES);
        bucket.sums.write(&mut bytes);
        self.frame(SUMS, number, &mut bytes)?;
        let mut wallets = bucket.folded.iter().peekable();
        while let Some((id, folded)) = wallets.next() {
            bytes.put_u64_le(id.0);
            bytes.put_u32_le(folded.len() as u32);
            bytes.put_slice(folded);
            if bytes.len() >= FRAME_BYTES || wallets.peek().is_none() {
                self.frame(WALLETS, number, &mut bytes)?;
            }
        }
        Ok(())
    }

    /// The file is complete: everything up to this record is in it.
    pub fn finish(mut self, last: Mark, journal: &dyn Reader) -> Result<ResultHash, ResultError> {
        let mut bytes = last.to_bytes().to_vec();
        let record = journal.read(last.position)?;
        bytes.extend_from_slice(&Sha256::digest(&record.payload));
        self.frame(LAST, 0, &mut bytes)?;
        let digest = ResultHash(self.digest.finalize_reset().into());
        let written = self.file.write_all(&digest.0);
        let written = written.and_then(|()| self.file.flush());
        let synced = written.and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(failed(&self.partial))?;
        std::fs::rename(&self.partial, &self.path).map_err(failed(&self.path))?;
        Ok(digest)
    }

    fn frame(&mut self, kind: u8, bucket: usize, bytes: &mut Vec<u8>) -> Result<(), ResultError> {
        let mut head = [kind, 0, 0, 0, 0, 0, 0, 0];
        head[2..4].copy_from_slice(&(bucket as u16).to_le_bytes());
        head[4..].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        let tag = self
            .cipher
            .encrypt(&nonce(self.frames), &additional(&self.header, head), bytes);
        self.frames += 1;
        self.put(&head)?;
        self.put(bytes)?;
        self.put(&tag)?;
        bytes.clear();
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ResultError> {
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(failed(&self.partial))
    }
}

/// What an earlier audit has proven.
pub(super) struct Proven {
    path: PathBuf,
    file: BufReader<File>,
    header: [u8; HEADER_BYTES],
    cipher: Cipher,
    /// Where the frames begin that are of this bucket or a later one, and the number of the first of them.
    buckets: Vec<(u64, u64)>,
    pub hash: ResultHash,
    pub mark: Mark,
}

impl Proven {
    /// Opens and verifies a result file, and looks whether it is of this journal.
    pub fn open(
        path: &Path,
        keys: &DataKeys,
        journal: &dyn Reader,
        buckets: usize,
    ) -> Result<Self, ResultError> {
        let damaged = |what| ResultError::Damaged {
            path: path.to_owned(),
            what,
        };
        let file = File::open(path).map_err(failed(path))?;
        let length = file.metadata().map_err(failed(path))?.len();
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header)
            .map_err(|_| damaged("it has no header"))?;
        if header[..8] != MAGIC {
            return Err(damaged("it begins otherwise"));
        }
        let number =
            |at: usize| u32::from_le_bytes(std::array::from_fn(|place| header[at + place]));
        if number(8) != VERSION {
            return Err(ResultError::Version {
                path: path.to_owned(),
                found: number(8),
                known: VERSION,
            });
        }
        let hash = verified(&mut file, &header, length).map_err(failed(path))?;
        let hash = hash.ok_or(damaged("its bytes do not match its SHA-256"))?;
        let cipher = keys.cipher(DataKeyId(number(12)), Purpose::AuditResult, &header[16..])?;
        let mut proven = Self {
            path: path.to_owned(),
            file,
            header,
            cipher,
            buckets: Vec::with_capacity(buckets),
            hash,
            mark: Mark {
                position: tessera_journal::Position::MAX,
                sequence: tessera_journal::Sequence::FIRST,
            },
        };
        proven.go_to(HEADER_BYTES as u64)?;
        let (mut at, mut frames) = (HEADER_BYTES as u64, 0);
        loop {
            let (kind, bucket, bytes) = proven.head()?;
            if kind == LAST {
                break;
            }
            while proven.buckets.len() <= bucket && bucket < buckets {
                proven.buckets.push((at, frames));
            }
            at += (FRAME_HEADER_BYTES + bytes + TAG_BYTES) as u64;
            frames += 1;
            proven.go_to(at)?;
        }
        proven.buckets.resize(buckets, (at, frames));
        proven.go_to(at)?;
        let (_, _, last) = proven.frame(frames)?;
        let (mark, digest) = last
            .split_at_checked(16)
            .ok_or(damaged("its end is short"))?;
        let mark = Mark::from_bytes(std::array::from_fn(|place| mark[place]));
        proven.mark = mark.ok_or(damaged("it names no record"))?;
        let mark = proven.mark;
        let same = match journal.read(mark.position) {
            Ok(record) => {
                record.sequence == mark.sequence && *Sha256::digest(&record.payload) == *digest
            }
            Err(error @ JournalError::Disk { .. }) => return Err(error.into()),
            Err(JournalError::Beginning { .. }) => {
                return Err(ResultError::NoLongerKept {
                    path: path.to_owned(),
                });
            }
            Err(_) => false,
        };
        match same {
            true => Ok(proven),
            false => Err(ResultError::OtherJournal {
                path: path.to_owned(),
                mark,
            }),
        }
    }

    /// A bucket as it was.
    pub fn bucket(&mut self, number: usize) -> Result<Bucket, ResultError> {
        let (at, mut frames) = self.buckets[number];
        self.go_to(at)?;
        let mut bucket = Bucket::default();
        loop {
            let (kind, of, bytes) = self.frame(frames)?;
            frames += 1;
            let unreadable = |error| ResultError::Unreadable {
                path: self.path.clone(),
                error,
            };
            match kind {
                SUMS if of == number => {
                    bucket.sums = Sums::read(&bytes).map_err(unreadable)?;
                }
                WALLETS if of == number => {
                    let mut from = tessera_ledger::Reader::new(&bytes);
                    while !from.is_at_end() {
                        let id = WalletId(from.u64().map_err(unreadable)?);
                        let length = from.u32().map_err(unreadable)? as usize;
                        bucket.put(id, from.take(length).map_err(unreadable)?.into());
                    }
                }
                _ => return Ok(bucket),
            }
        }
    }

    fn go_to(&mut self, at: u64) -> Result<(), ResultError> {
        let at = self.file.seek(SeekFrom::Start(at));
        at.map(|_| ()).map_err(failed(&self.path))
    }

    /// Kind, bucket and length of the frame that begins here.
    fn head(&mut self) -> Result<(u8, usize, usize), ResultError> {
        let mut head = [0; FRAME_HEADER_BYTES];
        self.file
            .read_exact(&mut head)
            .map_err(failed(&self.path))?;
        let bytes = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if bytes > FRAME_BYTES_MAX {
            return Err(self.damaged("a frame is too long"));
        }
        Ok((
            head[0],
            usize::from(u16::from_le_bytes([head[2], head[3]])),
            bytes,
        ))
    }

    fn frame(&mut self, number: u64) -> Result<(u8, usize, Vec<u8>), ResultError> {
        let (kind, bucket, length) = self.head()?;
        let mut bytes = vec![0; length];
        let mut tag = [0; TAG_BYTES];
        let read = self.file.read_exact(&mut bytes);
        let read = read.and_then(|()| self.file.read_exact(&mut tag));
        read.map_err(failed(&self.path))?;
        let mut head = [kind, 0, 0, 0, 0, 0, 0, 0];
        head[2..4].copy_from_slice(&(bucket as u16).to_le_bytes());
        head[4..].copy_from_slice(&(length as u32).to_le_bytes());
        let additional = additional(&self.header, head);
        self.cipher
            .decrypt(&nonce(number), &additional, &mut bytes, &tag)
            .map_err(|_| self.damaged("a frame does not match its tag"))?;
        Ok((kind, bucket, bytes))
    }

    fn damaged(&self, what: &'static str) -> ResultError {
        ResultError::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}

/// The SHA-256 of all but the end of a file, of which the header has been read; `None` if the end says another one.
fn verified(
    file: &mut impl Read,
    header: &[u8],
    length: u64,
) -> std::io::Result<Option<ResultHash>> {
    let mut digest = Sha256::new();
    digest.update(header);
    let Some(mut left) = length.checked_sub((HEADER_BYTES + DIGEST_BYTES) as u64) else {
        return Ok(None);
    };
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        let most = left.min(buffer.len() as u64) as usize;
        file.read_exact(&mut buffer[..most])?;
        digest.update(&buffer[..most]);
        left -= most as u64;
    }
    let mut end = [0; DIGEST_BYTES];
    file.read_exact(&mut end)?;
    let digest: [u8; DIGEST_BYTES] = digest.finalize().into();
    Ok((digest == end).then_some(ResultHash(digest)))
}

fn nonce(frame: u64) -> [u8; tessera_encryption::NONCE_BYTES] {
    let mut nonce = [0; tessera_encryption::NONCE_BYTES];
    nonce[..8].copy_from_slice(&frame.to_le_bytes());
    nonce
}

fn additional(
    header: &[u8; HEADER_BYTES],
    head: [u8; FRAME_HEADER_BYTES],
) -> [u8; HEADER_BYTES + FRAME_HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES + FRAME_HEADER_BYTES];
    bytes[..HEADER_BYTES].copy_from_slice(header);
    bytes[HEADER_BYTES..].copy_from_slice(&head);
    bytes
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> ResultError {
    move |error| ResultError::File {
        path: path.to_owned(),
        error,
    }
}
