//! Answers that wait for their moment.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

/// One connection's delayed answers, the next one first.
#[derive(Default)]
pub(super) struct Later {
    /// Those of one instant leave in the order in which they came.
    waiting: BTreeMap<(Instant, u64), Bytes>,
    count: u64,
}

impl Later {
    pub(super) fn push(&mut self, due: Instant, frame: &[u8]) {
        self.count += 1;
        self.waiting
            .insert((due, self.count), Bytes::copy_from_slice(frame));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|(&(due, _), _)| due)
    }

    /// Moves to `out` what is due.
    pub(super) fn take_due(&mut self, now: Instant, out: &mut BytesMut) {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key().0 > now {
                return;
            }
            out.extend_from_slice(&entry.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn gives_what_is_due_in_order() {
        let now = Instant::now();
        let at = |millis| now + Duration::from_millis(millis);
        let mut later = Later::default();
        for (millis, frame) in [(2, "b"), (9, "d"), (1, "a"), (2, "c")] {
            later.push(at(millis), frame.as_bytes());
        }
        let mut out = BytesMut::new();
        later.take_due(at(2), &mut out);
        assert_eq!(&out[..], b"abc");
        assert_eq!(later.next(), Some(at(9)));
    }
}
