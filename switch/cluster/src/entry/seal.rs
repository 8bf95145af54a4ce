//! Compresses and encrypts entries, and the reverse.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use tessera_encryption::{Cipher, DataKeyId, DataKeys, NONCE_BYTES, Purpose, TAG_BYTES};
use tessera_journal::SEGMENT_BEGINS_BYTES;
use zeroize::Zeroizing;
use zstd::bulk::{Compressor, Decompressor};

use super::EntryError;
use super::header::{BODY_BYTES_MAX, EntryHeader, HEADER_BYTES, SALT_BYTES, Tag};

/// Of zstd: the fastest that is worth its name. Four fifths of the bytes go at 0.7 us for an approval.
const LEVEL: i32 = 1;

/// The key of an epoch.
#[derive(Clone)]
pub(crate) struct EpochKey {
    pub key: DataKeyId,
    pub salt: [u8; SALT_BYTES],
    cipher: Arc<Cipher>,
}

/// Finds the keys of the epochs whose entries are read.
pub(crate) struct EpochKeys {
    keys: DataKeys,
    last: Option<EpochKey>,
}

/// What an entry carries, in plaintext.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Body<'a> {
    pub segment: Option<&'a [u8; SEGMENT_BEGINS_BYTES]>,
    pub beside: &'a [u8],
    /// The batch, or JSON.
    pub content: &'a [u8],
}

/// An entry that was verified and decrypted.
pub(crate) struct Opened {
    pub header: EntryHeader,
    pub tag: Tag,
    body: Zeroizing<Vec<u8>>,
}

impl EpochKey {
    /// That of a data key and a salt.
    pub fn derive(keys: &DataKeys, key: DataKeyId, salt: [u8; SALT_BYTES]) -> Result<Self, String> {
        let cipher = keys
            .cipher(key, Purpose::Replication, &salt)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            key,
            salt,
            cipher: Arc::new(cipher),
        })
    }

    /// The bytes of an entry with this header, whose lengths are filled in, and its tag.
    ///
    /// # Errors
    /// Where the body is too long, or memory for compressing it is missing.
    pub fn seal(
        &self,
        header: &mut EntryHeader,
        body: &Body<'_>,
    ) -> Result<(Vec<u8>, Tag), String> {
        let plaintext = body.to_bytes();
        if plaintext.len() > BODY_BYTES_MAX {
            return Err(format!("an entry of {} bytes", plaintext.len()));
        }
        let bound = zstd::zstd_safe::compress_bound(plaintext.len());
        let begins = HEADER_BYTES + TAG_BYTES;
        let mut bytes = vec![0; begins + bound];
        let compressed = compress(&plaintext, &mut bytes[begins..])
            .map_err(|error| format!("an entry can't be compressed: {error}"))?;
        bytes.truncate(begins + compressed);
        // Lossless: both are below the bound of BODY_BYTES_MAX.
        header.plaintext_bytes = plaintext.len() as u32;
        header.body_bytes = compressed as u32;
        let encoded = header.encode();
        let tag = self
            .cipher
            .encrypt(&nonce(header.number), &encoded, &mut bytes[begins..]);
        bytes[..HEADER_BYTES].copy_from_slice(&encoded);
        bytes[HEADER_BYTES..begins].copy_from_slice(&tag);
        Ok((bytes, tag))
    }
}

impl EpochKeys {
    pub fn new(keys: DataKeys) -> Self {
        Self { keys, last: None }
    }

    /// Verifies and decrypts what was found under a number.
    pub fn open(&mut self, bytes: &[u8], number: u64) -> Result<Opened, EntryError> {
        let damaged = |what| EntryError::Damaged { number, what };
        let header = EntryHeader::decode(bytes, number)?;
        let (tag, encrypted) = bytes[HEADER_BYTES..]
            .split_first_chunk::<TAG_BYTES>()
            .ok_or(damaged("it is shorter than a header"))?;
        if encrypted.len() != header.body_bytes as usize {
            return Err(damaged("it is not as long as it says"));
        }
        if header.plaintext_bytes as usize > BODY_BYTES_MAX {
            return Err(damaged("it is longer than an entry may be"));
        }
        let key = self.of(&header)?;
        let mut compressed = Zeroizing::new(encrypted.to_vec());
        key.cipher
            .decrypt(&nonce(number), &bytes[..HEADER_BYTES], &mut compressed, tag)
            .map_err(|_| damaged("it does not match its tag"))?;
        let mut body = Zeroizing::new(vec![0; header.plaintext_bytes as usize]);
        let restored =
            decompress(&compressed, &mut body).map_err(|_| damaged("it can't be decompressed"))?;
        if restored != body.len() {
            return Err(damaged("it is not as long as it says when decompressed"));
        }
        let opened = Opened {
            header,
            tag: *tag,
            body,
        };
        opened.parts().ok_or(damaged("its parts do not fit"))?;
        Ok(opened)
    }

    fn of(&mut self, header: &EntryHeader) -> Result<&EpochKey, EntryError> {
        let is_it = |last: &EpochKey| last.key == header.key && last.salt == header.salt;
        if !self.last.as_ref().is_some_and(is_it) {
            let derived = EpochKey::derive(&self.keys, header.key, header.salt);
            self.last = Some(derived.map_err(|error| EntryError::Key {
                number: header.number,
                error,
            })?);
        }
        Ok(self.last.as_ref().expect("it was just put there"))
    }
}

thread_local! {
    // To make them anew for each entry takes longer than the entry itself, where that is short.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn compress(from: &[u8], into: &mut [u8]) -> io::Result<usize> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let mut compressor = kept.take().map_or_else(|| Compressor::new(LEVEL), Ok)?;
        let compressed = compressor.compress_to_buffer(from, into);
        *kept = Some(compressor);
        compressed
    })
}

fn decompress(from: &[u8], into: &mut [u8]) -> io::Result<usize> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let mut decompressor = kept.take().map_or_else(Decompressor::new, Ok)?;
        let restored = decompressor.decompress_to_buffer(from, into);
        *kept = Some(decompressor);
        restored
    })
}

impl Body<'_> {
    fn to_bytes(self) -> Zeroizing<Vec<u8>> {
        let segment: &[u8] = self.segment.map_or(&[], |segment| segment);
        let length = segment.len() + 4 + self.beside.len() + self.content.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.extend_from_slice(segment);
        bytes.extend_from_slice(&(self.beside.len() as u32).to_le_bytes());
        bytes.extend_from_slice(self.beside);
        bytes.extend_from_slice(self.content);
        bytes
    }
}

impl Opened {
    /// What it carries.
    pub fn body(&self) -> Body<'_> {
        self.parts().expect("this was looked at when it was opened")
    }

    fn parts(&self) -> Option<Body<'_>> {
        let mut rest: &[u8] = &self.body;
        let mut segment = None;
        if self.header.segment_begins {
            let (begins, after) = rest.split_first_chunk()?;
            (segment, rest) = (Some(begins), after);
        }
        let (length, rest) = rest.split_first_chunk()?;
        let (beside, content) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        (beside.is_empty() != self.header.changes_beside).then_some(Body {
            segment,
            beside,
            content,
        })
    }
}

/// The number of the entry: no two entries of one epoch have the same.
fn nonce(number: u64) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce
}
