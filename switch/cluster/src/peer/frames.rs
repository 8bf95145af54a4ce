//! Frames, and what is in those of a batch.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use tessera_journal::{BatchHead, Cut, SEGMENT_BEGINS_BYTES};

use crate::Place;

pub(super) const KEYS: u8 = 1;
pub(super) const COPY: u8 = 2;
pub(super) const KEY: u8 = 3;
pub(super) const PAGE: u8 = 4;
pub(super) const END: u8 = 5;
pub(super) const BATCH: u8 = 6;
pub(super) const REFUSED: u8 = 7;
pub(super) const CHANGE: u8 = 8;

/// A batch: that of a switch on its own has no bound but what gathers while its disk stalls.
pub(super) const FRAME_BYTES_MAX: usize = 64 << 20;
/// A question.
pub(super) const QUESTION_BYTES_MAX: usize = 4096;

/// Places, counts and a flag, before header and batch.
const HEAD_BYTES: usize = 24 + 24 + 4 + 4 + 1;

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Question {
    /// The id of the log: a node of another cluster gets nothing.
    pub log: String,
    /// Where the journal of the one that asks ends.
    #[serde(default)]
    pub from: Option<Place>,
    /// The last record that it needs at least.
    #[serde(default)]
    pub until: u64,
}

pub(super) fn send(to: &mut impl Write, kind: u8, pieces: &[&[u8]]) -> io::Result<()> {
    let length: usize = 1 + pieces.iter().map(|piece| piece.len()).sum::<usize>();
    // Lossless: frames are bounded by their senders.
    to.write_all(&(length as u32).to_le_bytes())?;
    to.write_all(&[kind])?;
    pieces.iter().try_for_each(|piece| to.write_all(piece))
}

/// The kind of the next frame; its content is in `body`.
pub(super) fn receive(
    from: &mut impl Read,
    body: &mut Vec<u8>,
    bytes_max: usize,
) -> io::Result<u8> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length == 0 || length > bytes_max {
        let what = format!("a frame of {length} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    body.clear();
    body.resize(length - 1, 0);
    from.read_exact(body)?;
    Ok(kind[0])
}

pub(super) fn batch_head(head: &BatchHead) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + SEGMENT_BEGINS_BYTES);
    for cut in [head.before, head.after] {
        let (position, sequence, chain) = cut.to_stored();
        for number in [position, sequence, chain] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    bytes.extend_from_slice(&head.records.to_le_bytes());
    bytes.extend_from_slice(&head.checksum.to_le_bytes());
    bytes.push(u8::from(head.segment.is_some()));
    if let Some(segment) = &head.segment {
        bytes.extend_from_slice(segment);
    }
    bytes
}

/// The head of a batch, and its compressed records.
pub(super) fn batch_of(body: &[u8]) -> Option<(BatchHead, &[u8])> {
    let (head, mut rest) = body.split_at_checked(HEAD_BYTES)?;
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| head[at + byte]));
    let short = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| head[at + byte]));
    let cut = |at: usize| Cut::from_stored((number(at), number(at + 8), number(at + 16)));
    let mut segment = None;
    if head[56] != 0 {
        let (begins, after) = rest.split_first_chunk()?;
        (segment, rest) = (Some(*begins), after);
    }
    let head = BatchHead {
        before: cut(0)?,
        after: cut(24)?,
        segment,
        records: short(48),
        checksum: short(52),
    };
    Some((head, rest))
}
