//! The letters that have come, the newest of them; the rest is forgotten.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::letter::Letter;

/// Letters that are kept: with [`LETTER_BYTES_MAX`] this bounds the memory.
const LETTERS_MAX: usize = 200;

/// Bytes of a letter. What a switch sends takes a few thousand.
pub(super) const LETTER_BYTES_MAX: usize = 128 * 1024;

/// See the head of this file. The lock is held for a copy, never over a wait.
#[derive(Default)]
pub(super) struct Letters(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Newest first.
    letters: VecDeque<Letter>,
    /// All that ever came.
    count: u64,
}

impl Letters {
    /// Takes one in.
    pub fn put(&self, to: Vec<String>, bytes: &[u8]) {
        let mut kept = self.kept();
        kept.count += 1;
        let letter = Letter::read(kept.count, to, bytes);
        kept.letters.push_front(letter);
        kept.letters.truncate(LETTERS_MAX);
    }

    /// All that are kept, newest first.
    pub fn all(&self) -> Vec<Letter> {
        self.kept().letters.iter().cloned().collect()
    }

    /// One of them.
    pub fn find(&self, number: u64) -> Option<Letter> {
        let kept = self.kept();
        let mut letters = kept.letters.iter();
        letters.find(|letter| letter.number == number).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic leaves no half-done change that matters here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest() {
        let letters = Letters::default();
        for _ in 0..LETTERS_MAX + 5 {
            letters.put(Vec::new(), b"Subject: x\r\n\r\ntext\r\n");
        }
        let all = letters.all();
        assert_eq!((all.len(), all[0].number), (LETTERS_MAX, 205));
        assert!(letters.find(5).is_none() && letters.find(6).is_some());
    }
}
