//! Whole pages of a segment: the writer hands the system no part of a page.
//!
//! A segment is filled with zeros past the system's cache of pages, so a page that is written in part
//! would first have to be read from the disk.

use std::sync::Arc;

use super::JournalError;
use super::segment::Segment;

const PAGE_BYTES: usize = 4096;

/// Where the writer is in the page that it has not filled yet.
#[derive(Default)]
pub(super) struct Pages {
    /// The segment that was written to last.
    segment: Option<Arc<Segment>>,
    /// What stands in the unfilled page; while writing, everything from its beginning on.
    bytes: Vec<u8>,
}

impl Pages {
    /// Writes `bytes` at `position`, where the write before ended, together with what stands before them in
    /// their page. What lies behind them in their last page becomes zeros: the log ends there.
    pub fn write(
        &mut self,
        segment: &Arc<Segment>,
        bytes: &[u8],
        position: u64,
    ) -> Result<(), JournalError> {
        let offset = segment.offset(position);
        let begins = offset - offset % PAGE_BYTES as u64;
        let same = |last: &Arc<Segment>| Arc::ptr_eq(last, segment);
        if !self.segment.as_ref().is_some_and(same) {
            self.bytes.clear();
            self.bytes.resize((offset - begins) as usize, 0);
            segment.read_at(&mut self.bytes, begins)?;
            self.segment = Some(Arc::clone(segment));
        }
        self.bytes.extend_from_slice(bytes);
        let written = self.bytes.len();
        let left = segment.offset(segment.end()).saturating_sub(begins);
        let padded = written.next_multiple_of(PAGE_BYTES);
        self.bytes.resize(padded.min(left as usize), 0);
        segment.write_at(&self.bytes, begins)?;
        self.bytes.truncate(written);
        self.bytes.drain(..written - written % PAGE_BYTES);
        Ok(())
    }
}
