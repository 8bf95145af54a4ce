//! The letters that have come, the newest of them; the rest is forgotten.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::letter::Letter;

/// Letters that are kept: with [`LETTER_BYTES_MAX`] this bounds the memory.
const LETTERS_MAX: usize = 200;

/// Bytes of a letter. What a switch sends takes a few thousand.
pub(super) const LETTER_BYTES_MAX: usize = 128 * 1024;

/// See the head of this file. The lock is held for a copy or a search, never over a wait.
#[derive(Default)]
pub(super) struct Letters {
    kept: Mutex<Kept>,
    /// How often something has changed.
    changes: watch::Sender<u64>,
}

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
        self.change(|kept| {
            kept.count += 1;
            let letter = Letter::read(kept.count, to, bytes);
            kept.letters.push_front(letter);
            kept.letters.truncate(LETTERS_MAX);
            true
        });
    }

    /// Those with every word of a search, newest first; all for an empty one.
    pub fn search(&self, query: &str) -> Vec<Letter> {
        let kept = self.kept();
        let found = kept.letters.iter().filter(|letter| letter.has(query));
        found.cloned().collect()
    }

    /// How many nobody has opened.
    pub fn unread(&self) -> usize {
        let kept = self.kept();
        kept.letters.iter().filter(|letter| letter.unread).count()
    }

    /// One of them.
    pub fn find(&self, number: u64) -> Option<Letter> {
        let kept = self.kept();
        let mut letters = kept.letters.iter();
        letters.find(|letter| letter.number == number).cloned()
    }

    /// Marks one as opened or not; whether it is there.
    pub fn mark(&self, number: u64, unread: bool) -> bool {
        let mut is_there = false;
        self.change(|kept| {
            let mut letters = kept.letters.iter_mut();
            let Some(letter) = letters.find(|letter| letter.number == number) else {
                return false;
            };
            is_there = true;
            std::mem::replace(&mut letter.unread, unread) != unread
        });
        is_there
    }

    /// Deletes one; whether it was there.
    pub fn delete(&self, number: u64) -> bool {
        self.change(|kept| {
            let before = kept.letters.len();
            kept.letters.retain(|letter| letter.number != number);
            kept.letters.len() < before
        })
    }

    /// Deletes all.
    pub fn delete_all(&self) {
        self.change(|kept| {
            let had_any = !kept.letters.is_empty();
            kept.letters.clear();
            had_any
        });
    }

    /// Wakes whenever something has changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Changes something, and wakes those who wait where it says that it has.
    fn change(&self, change: impl FnOnce(&mut Kept) -> bool) -> bool {
        let changed = change(&mut self.kept());
        if changed {
            self.changes.send_modify(|times| *times += 1);
        }
        changed
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic leaves no half-done change that matters here.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        let all = letters.search("");
        assert_eq!((all.len(), all[0].number), (LETTERS_MAX, 205));
        assert!(letters.find(5).is_none() && letters.find(6).is_some());
    }

    fn numbers(letters: &Letters, query: &str) -> Vec<u64> {
        let found = letters.search(query);
        found.iter().map(|letter| letter.number).collect()
    }

    #[test]
    fn finds_by_every_word_whatever_its_case() {
        let letters = Letters::default();
        letters.put(
            vec!["ada@payer.example".to_owned()],
            b"Subject: You paid\r\n\r\n19.99 at the Lantern\r\n",
        );
        letters.put(
            vec!["bob@payer.example".to_owned()],
            b"Subject: Money loaded\r\n\r\n50.00\r\n",
        );
        assert_eq!(numbers(&letters, ""), [2, 1]);
        assert_eq!(numbers(&letters, " LANTERN  ada@ "), [1]);
        assert_eq!(numbers(&letters, "lantern bob"), [0; 0]);
        assert_eq!(numbers(&letters, "loaded"), [2]);
        letters.mark(2, false);
        assert_eq!(numbers(&letters, "is:unread"), [1]);
        assert_eq!(numbers(&letters, "is:read payer"), [2]);
    }

    #[test]
    fn only_changes_are_announced() {
        let letters = Letters::default();
        let mut changes = letters.changes();
        let mut has_changed = || {
            let changed = changes.has_changed().unwrap();
            changes.mark_unchanged();
            changed
        };
        assert!(!has_changed());
        letters.put(Vec::new(), b"");
        assert!(has_changed());
        assert_eq!(letters.unread(), 1);
        assert!(letters.mark(1, false) && has_changed());
        assert!(letters.mark(1, false) && !has_changed());
        assert!(!letters.mark(2, false) && !letters.delete(2) && !has_changed());
        assert_eq!(letters.unread(), 0);
        assert!(letters.delete(1) && has_changed());
        letters.delete_all();
        assert!(!has_changed());
        letters.put(Vec::new(), b"");
        letters.delete_all();
        assert!(has_changed() && letters.search("").is_empty());
        // A number is never given twice.
        letters.put(Vec::new(), b"");
        assert_eq!(numbers(&letters, ""), [3]);
    }
}
