//! A segment seen through a buffer: many small batches are read with one system call.

use super::JournalError;
use super::segment::Segment;

/// Read at a time, unless a batch is longer.
pub(super) const WINDOW_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Window {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were read.
    filled: usize,
    /// Position of the first of them.
    position: u64,
}

impl Window {
    /// The bytes from a position on: as many as asked for, or fewer where the file ends.
    pub fn at(
        &mut self,
        segment: &Segment,
        position: u64,
        bytes: usize,
    ) -> Result<&[u8], JournalError> {
        if !self.holds(position, bytes) {
            let wanted = bytes.max(WINDOW_BYTES);
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
            self.filled = 0;
            self.filled = segment.read(&mut self.buffer, position)?;
            self.position = position;
        }
        // Lossless: the position is within the window, or is its beginning.
        let from = (position - self.position) as usize;
        let until = self.filled.min(from + bytes);
        Ok(&self.buffer[from..until])
    }

    /// Has everything read anew, after the file may have changed or is another one.
    pub fn forget(&mut self) {
        self.filled = 0;
    }

    fn holds(&self, position: u64, bytes: usize) -> bool {
        position >= self.position && position + bytes as u64 <= self.position + self.filled as u64
    }
}

/// Whether all bytes are zero. Folding without an early exit lets the compiler use wide registers.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes
        .chunks(4096)
        .all(|chunk| chunk.iter().fold(0, |seen, byte| seen | byte) == 0)
}
