//! What was asked, by reference: a table that grows in small steps and forgets its oldest entries.
//!
//! One big hash table doubles in one go: with millions of entries that is a pause of a third of a second,
//! which the switch would take for a slow host. The table is therefore many small ones. Each is a pair,
//! young and old: when the young one is full it becomes the old one, and what was old is forgotten.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};
use tessera_protocol::ResponseCode;

use super::record::PostingKind;
use super::{Posting, Reference, Reversal};

/// How many small tables. A power of two.
const SHARDS: usize = 256;

/// What is remembered of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    reference: Reference,
    trace: u32,
    transmission: u32,
    code: [u8; 2],
    pub(super) state: State,
    pub(super) card: u64,
    pub(super) amount: u64,
    /// What reversals have left of the amount; 0 where it was declined.
    pub(super) kept: u64,
    institution: u64,
}

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The request itself.
    Posted(PostingKind),
    /// Its reversal, which came first.
    Forestalled,
}

impl Entry {
    pub(super) fn posted(posting: &Posting, code: [u8; 2]) -> Self {
        let approved = ResponseCode::new(code).is_approved();
        Self {
            reference: posting.reference,
            trace: posting.trace,
            transmission: posting.transmission,
            code,
            state: State::Posted(posting.kind),
            card: posting.card,
            amount: posting.amount,
            kept: if approved { posting.amount } else { 0 },
            institution: posting.institution,
        }
    }

    pub(super) fn forestalled(reference: Reference, card: u64) -> Self {
        Self {
            reference,
            trace: 0,
            transmission: 0,
            code: *ResponseCode::DECLINED.as_bytes(),
            state: State::Forestalled,
            card,
            amount: 0,
            kept: 0,
            institution: 0,
        }
    }

    pub(super) fn code(&self) -> ResponseCode {
        ResponseCode::new(self.code)
    }

    pub(super) fn is_approved(&self) -> bool {
        self.code().is_approved()
    }

    /// Whether the posting asks for what was asked before. A repeat may come under another trace number.
    pub(super) fn is_repeated_by(&self, posting: &Posting) -> bool {
        self.state == State::Posted(posting.kind)
            && self.card == posting.card
            && self.amount == posting.amount
    }

    /// Whether the reversal's field 90 names this; zeros are not compared.
    pub(super) fn is_named_by(&self, reversal: &Reversal) -> bool {
        let fits = |told: u64, known: u64| told == 0 || told == known;
        self.card == reversal.card
            && fits(reversal.trace.into(), self.trace.into())
            && fits(reversal.transmission.into(), self.transmission.into())
            && fits(reversal.institution, self.institution)
    }
}

/// All requests of one kind.
pub(super) struct Book {
    shards: Vec<Shard>,
    /// How many entries the young table of a shard takes.
    young_max: usize,
    hasher: DefaultHashBuilder,
}

#[derive(Default)]
struct Shard {
    young: HashTable<Entry>,
    old: HashTable<Entry>,
}

impl Book {
    /// `remember_max`: entries in all, young and old.
    pub(super) fn new(remember_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            young_max: (remember_max / SHARDS / 2).max(1),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(super) fn find(&mut self, reference: &Reference) -> Option<&mut Entry> {
        let hash = self.hasher.hash_one(reference);
        let shard = &mut self.shards[shard_of(hash)];
        let same = |entry: &Entry| entry.reference == *reference;
        if let Some(entry) = shard.young.find_mut(hash, same) {
            return Some(entry);
        }
        if shard.old.is_empty() {
            return None;
        }
        shard.old.find_mut(hash, same)
    }

    /// Puts an entry in the place of one with the same reference, or beside all others.
    pub(super) fn insert(&mut self, entry: Entry) {
        if let Some(known) = self.find(&entry.reference) {
            *known = entry;
            return;
        }
        let hash = self.hasher.hash_one(entry.reference);
        let shard = &mut self.shards[shard_of(hash)];
        if shard.young.len() >= self.young_max {
            let capacity = shard.young.capacity();
            shard.old = std::mem::replace(&mut shard.young, HashTable::with_capacity(capacity));
        }
        let hasher = &self.hasher;
        shard
            .young
            .insert_unique(hash, entry, |entry| hasher.hash_one(entry.reference));
    }
}

/// From bits that the table inside does not use: it takes the lowest and the highest.
fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        let mut reference = [b'0'; 12];
        reference[4..].copy_from_slice(&number.to_be_bytes());
        Entry::forestalled(reference, number)
    }

    #[test]
    fn forgets_the_oldest_and_keeps_the_newest() {
        let mut book = Book::new(SHARDS * 20);
        for number in 0..100_000 {
            book.insert(entry(number));
        }
        let mut known = |number| book.find(&entry(number).reference).is_some();
        assert!((0..10_000).all(|number| !known(number)));
        assert!((99_000..100_000).all(&mut known));
    }
}
