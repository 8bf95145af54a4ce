//! What was asked, by reference: a table that grows in small steps and forgets its oldest entries.
//!
//! ```text
//! shard ┬ young ┬ index    hash table of (hash, place)       8 bytes a slot: small enough for the caches
//!       │       └ entries  in the order in which they came   written one behind the other
//!       └ old   ─ the same
//! ```
//!
//! Most requests are new. Of them only a slot of the index is written at a place that no cache holds; the
//! entries themselves would be seven times as much.
//!
//! Who names an entry by its trace number instead (a refund) is served by a second index. It is made when it is first asked
//! for, and costs nothing where nobody does.
//!
//! One big hash table doubles in one go: with millions of entries that is a pause which the switch would take for a
//! slow host. There are therefore many small ones. Each is a pair, young and old: when the young one is full
//! it becomes the old one, and what was old is forgotten.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};
use tessera_protocol::ResponseCode;

use super::concern::Named;
use super::request::{Posting, PostingKind, Reference, Reversal};

/// How many small tables. A power of two.
const SHARDS: usize = 256;

/// What is remembered of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) reference: Reference,
    trace: u32,
    transmission: u32,
    code: [u8; 2],
    pub(super) state: State,
    pub(super) card: u64,
    pub(super) amount: u64,
    /// What reversals have left of the amount; 0 where it was declined.
    pub(super) kept: u64,
    /// What refunds have given back of it.
    pub(super) refunded: u64,
    /// What reversals asked to leave of it; all of it before the first.
    pub(super) asked: u64,
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
            refunded: 0,
            asked: posting.amount,
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
            refunded: 0,
            asked: 0,
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

    /// Whether the reversal's field 90 names this; zeros are not compared, nor is the card.
    pub(super) fn is_named_by(&self, reversal: &Reversal) -> bool {
        let fits = |stated: u64, known: u64| stated == 0 || stated == known;
        fits(reversal.trace.into(), self.trace.into())
            && fits(reversal.transmission.into(), self.transmission.into())
            && fits(reversal.institution, self.institution)
    }

    /// What stays of it: what was refunded is not given back a second time.
    pub(super) fn stays(&self) -> u64 {
        self.kept.min(self.asked.max(self.refunded))
    }

    fn is_meant_by(&self, named: &Named) -> bool {
        self.trace == named.trace
            && self.transmission == named.transmission
            && (named.institution == 0 || self.institution == named.institution)
    }
}

/// All requests of one kind.
pub(super) struct RequestTable {
    shards: Vec<Shard>,
    /// How many entries the young half of a shard takes.
    young_max: usize,
    hasher: DefaultHashBuilder,
}

#[derive(Default)]
struct Shard {
    young: Half,
    old: Half,
}

#[derive(Default)]
struct Half {
    index: HashTable<Slot>,
    /// The same by trace number and time, once somebody has asked.
    named: Option<HashTable<Slot>>,
    /// In pieces, so that they never move.
    pieces: Vec<Vec<Entry>>,
    len: usize,
}

/// Entries in a piece.
const PIECE: usize = 256;

/// Where an entry is. The hash is stored beside it, so that neither growth of the table nor another key in the same
/// place needs a look at the entry itself.
#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    place: u32,
}

impl RequestTable {
    /// `remember_max`: entries in all, young and old.
    pub(super) fn new(remember_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            // A place has 32 bits.
            young_max: (remember_max / SHARDS / 2).clamp(1, u32::MAX as usize),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(super) fn find(&mut self, reference: &Reference) -> Option<&mut Entry> {
        let (shard, hash) = self.place(reference);
        let shard = &mut self.shards[shard];
        if let Some(place) = shard.young.find(hash, reference) {
            return Some(shard.young.at_mut(place));
        }
        let place = shard.old.find(hash, reference)?;
        Some(shard.old.at_mut(place))
    }

    /// What fields 11, 7 and 32 name, if `fits` says that it can be meant. Looks into every shard: their places come from
    /// the reference.
    pub(super) fn find_named(
        &mut self,
        named: &Named,
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<&Entry> {
        let hasher = &self.hasher;
        self.shards
            .iter_mut()
            .flat_map(|shard| [&mut shard.young, &mut shard.old])
            .find_map(|half| half.find_named(hasher, named, &fits))
    }

    /// Puts an entry in the place of one with the same reference, or beside all others.
    pub(super) fn insert(&mut self, entry: Entry) {
        if let Some(known) = self.find(&entry.reference) {
            *known = entry;
            return;
        }
        let (shard, hash) = self.place(&entry.reference);
        let shard = &mut self.shards[shard];
        if shard.young.len >= self.young_max {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.push(hash, entry, &self.hasher);
    }

    /// The shard, and the hash within it, from bits that have nothing to do with each other.
    fn place(&self, reference: &Reference) -> (usize, u32) {
        let hash = self.hasher.hash_one(reference);
        ((hash >> 40) as usize % SHARDS, hash as u32)
    }
}

impl Half {
    fn at(&self, place: usize) -> &Entry {
        &self.pieces[place / PIECE][place % PIECE]
    }

    fn at_mut(&mut self, place: usize) -> &mut Entry {
        &mut self.pieces[place / PIECE][place % PIECE]
    }

    fn find(&self, hash: u32, reference: &Reference) -> Option<usize> {
        let same =
            |slot: &Slot| slot.hash == hash && self.at(slot.place as usize).reference == *reference;
        let slot = self.index.find(spread(hash), same)?;
        Some(slot.place as usize)
    }

    fn find_named(
        &mut self,
        hasher: &DefaultHashBuilder,
        named: &Named,
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<&Entry> {
        if self.len == 0 {
            return None;
        }
        if self.named.is_none() {
            let mut table = HashTable::with_capacity(self.len);
            for (place, entry) in self.pieces.iter().flatten().enumerate() {
                insert(
                    &mut table,
                    hash_of(hasher, entry.trace, entry.transmission),
                    place,
                );
            }
            self.named = Some(table);
        }
        let hash = hash_of(hasher, named.trace, named.transmission);
        let meant = |slot: &Slot| {
            let entry = self.at(slot.place as usize);
            slot.hash == hash && entry.is_meant_by(named) && fits(entry)
        };
        let slot = self.named.as_ref()?.find(spread(hash), meant)?;
        Some(self.at(slot.place as usize))
    }

    fn push(&mut self, hash: u32, entry: Entry, hasher: &DefaultHashBuilder) {
        let place = self.len;
        if self.len.is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(entry);
        }
        self.len += 1;
        insert(&mut self.index, hash, place);
        if let Some(table) = &mut self.named {
            insert(
                table,
                hash_of(hasher, entry.trace, entry.transmission),
                place,
            );
        }
    }
}

fn insert(table: &mut HashTable<Slot>, hash: u32, place: usize) {
    // There are no more than fit: see `young_max`.
    let place = place as u32;
    table.insert_unique(spread(hash), Slot { hash, place }, |slot| spread(slot.hash));
}

/// Of what a refund names its original by.
fn hash_of(hasher: &DefaultHashBuilder, trace: u32, transmission: u32) -> u32 {
    hasher.hash_one((trace, transmission)) as u32
}

/// The table takes its place from the lowest bits and its tag from the highest ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::super::request::TableName;
    use super::*;

    fn entry(number: u64) -> Entry {
        let mut reference = [b'0'; 12];
        reference[4..].copy_from_slice(&number.to_be_bytes());
        Entry::forestalled(reference, number)
    }

    #[test]
    fn forgets_the_oldest_and_keeps_the_newest() {
        // Enough that no shard gets more than a half takes of the newest thousand, whatever the hasher's seed.
        let mut request_table = RequestTable::new(SHARDS * 40);
        for number in 0..100_000 {
            request_table.insert(entry(number));
        }
        let mut known = |number| request_table.find(&entry(number).reference).is_some();
        assert!((0..10_000).all(|number| !known(number)));
        assert!((99_000..100_000).all(&mut known));
    }

    #[test]
    fn finds_by_trace_and_time_what_came_before_and_after_it_was_first_asked() {
        let mut request_table = RequestTable::new(SHARDS * 40);
        let traced = |trace: u32| Entry {
            trace,
            transmission: 1_122_094_500,
            institution: 7,
            ..entry(trace.into())
        };
        let named = |trace, institution| Named {
            reference: None,
            request_table: TableName::Financial,
            trace,
            transmission: 1_122_094_500,
            institution,
        };
        for trace in 1..=20_000 {
            request_table.insert(traced(trace));
            if trace % 1_000 != 0 {
                continue;
            }
            for (institution, known) in [(7, true), (0, true), (8, false)] {
                let found = request_table.find_named(&named(trace - 10, institution), |_| true);
                assert_eq!(
                    found.map(|entry| entry.card),
                    known.then_some(u64::from(trace) - 10)
                );
            }
            assert_eq!(
                request_table.find_named(&named(trace - 10, 7), |_| false),
                None
            );
            assert_eq!(
                request_table.find_named(&named(trace + 10, 7), |_| true),
                None
            );
        }
    }
}
