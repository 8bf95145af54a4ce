//! What a wallet keeps of its settled transactions, and how one of them is found: in constant time, however many there
//! are.
//!
//! A few are looked through one by one, behind a filter that says of nearly every new request that it is not among them. Of
//! more than [`SCANNED_MAX`], a table finds the place of each key. What is looked for seldom has tables of its own
//! ([`Names`]), made when it is looked for first: by reference, trace number and field 37.
//!
//! ```text
//! list      oldest ─▶ newest, in the order in which they settled first; each has a number, which never changes
//! by_key    key ─▶ number
//! names     reference ─▶ number; trace number, field 37 ─▶ number of the newest ─▶ the one before it that is the same
//! ```
//!
//! What is brought back keeps its place, marked as away, so that it is found there when it settles again.

use std::collections::VecDeque;

use hashbrown::{HashSet, HashTable};
use smallvec::SmallVec;
use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::Stan;

use crate::Reference;

/// Settled transactions that are brought back for one request at most.
pub const ALIKE_MAX: usize = 64;

/// So many are looked through one by one.
const SCANNED_MAX: usize = 32;

/// A settled transaction, of which the rest stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Settled {
    /// The switch's own id.
    pub reference: Reference,
    /// Journal position of the event that opened it.
    pub position: Position,
    /// Field 11 of the request.
    pub trace: Option<Stan>,
    /// The head of its duplicate key.
    pub key: u32,
    /// How field 37 names it, hashed; 0 for not at all.
    pub retrieval: u32,
    /// Field 39 of the answer.
    pub code: [u8; 2],
    /// How it ended.
    pub end: End,
}

/// How a settled transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct End(u8);

impl End {
    pub(super) const APPROVED: Self = Self(1);
    /// Nothing of the amount stands any more.
    pub(super) const UNDONE: Self = Self(2);
    pub(super) const REVERSED: Self = Self(4);
    pub(super) const ACKNOWLEDGED: Self = Self(8);
    /// It is not settled: it was brought back, or is forgotten. Only in memory.
    const AWAY: Self = Self(16);

    /// Those of these that hold.
    pub(super) fn of(all: [(Self, bool); 4]) -> Self {
        let holding = all.into_iter().filter(|(_, holds)| *holds);
        Self(holding.fold(0, |end, (flag, _)| end | flag.0))
    }

    /// As a byte.
    pub fn to_byte(self) -> u8 {
        self.0
    }

    /// The end that `byte` stands for.
    pub fn from_byte(byte: u8) -> Option<Self> {
        (byte < Self::AWAY.0).then_some(Self(byte))
    }

    pub(super) fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }
}

impl Settled {
    fn is_away(&self) -> bool {
        self.end.has(End::AWAY)
    }

    /// Whether it is the same transaction, however it ended.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.reference, self.position) == (other.reference, other.position)
    }
}

/// See the head of this file.
#[derive(Debug, Clone, Default)]
pub(super) struct SettledList {
    pub(super) list: VecDeque<Settled>,
    /// The number of the first in the list.
    first: u32,
    /// How many in it are away.
    away: usize,
    /// The oldest that may stand behind a younger one.
    oldest_behind: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// From this number on, at most behind the last, they have settled since the last snapshot.
    unsaved_from: u32,
    /// The numbers of others that have settled again since then, and of some more.
    again: Vec<u32>,
    hints: Hints,
    index: Option<Box<Index>>,
}

/// Which keys are certainly not among a few: a new request, as nearly all are, need not touch the list for that, which
/// nobody has looked into for a while and which no cache holds.
#[derive(Debug, Clone, Copy, Default)]
struct Hints([u64; 8]);

impl Hints {
    fn add(&mut self, key: u32) {
        let (word, bit) = Self::place(key);
        self.0[word] |= bit;
    }

    fn may_have(&self, key: u32) -> bool {
        let (word, bit) = Self::place(key);
        self.0[word] & bit != 0
    }

    fn place(key: u32) -> (usize, u64) {
        (usize::from((key >> 6) as u8 & 7), 1 << (key & 63))
    }
}

#[derive(Debug, Clone, Default)]
struct Index {
    by_key: HashTable<u32>,
    names: Option<Names>,
}

/// How transactions are named by later requests.
#[derive(Debug, Clone, Default)]
struct Names {
    by_reference: HashTable<u32>,
    /// Numbers of the newest with each trace number, and with each field 37.
    by_trace: HashTable<u32>,
    by_retrieval: HashTable<u32>,
    /// Of each in the list that is in these tables: how much less the number of the one before it with the same trace number is,
    /// and with the same field 37; 0 where there is none.
    before: VecDeque<[u32; 2]>,
}

/// What two settled transactions may have in common.
#[derive(Debug, Clone, Copy)]
enum Alike {
    Trace(Option<Stan>),
    Retrieval(u32),
}

impl Alike {
    fn has(self, settled: &Settled) -> bool {
        match self {
            Self::Trace(trace) => settled.trace == trace,
            Self::Retrieval(retrieval) => settled.retrieval == retrieval,
        }
    }

    fn hash(self) -> u64 {
        match self {
            Self::Trace(trace) => spread(trace.map_or(u64::MAX, |trace| trace.number().into())),
            Self::Retrieval(retrieval) => spread(retrieval.into()),
        }
    }
}

impl SettledList {
    /// Those in it, in the order in which they settled first.
    pub fn iter(&self) -> impl Iterator<Item = &Settled> {
        self.list.iter().filter(|settled| !settled.is_away())
    }

    /// The last in the list.
    pub fn newest(&self) -> Option<&Settled> {
        self.list.back()
    }

    /// Adds one, or what one that was brought back is now.
    pub fn add(&mut self, settled: Settled) {
        let number = self.put(settled);
        if self.place(number) < self.place(self.unsaved_from) {
            self.again.push(number);
        }
    }

    /// Takes back one that a snapshot has; what was kept later counts.
    pub fn restore(&mut self, settled: Settled) {
        let number = self.put(settled);
        // Behind one that no snapshot has, it is saved once more.
        if number == self.unsaved_from {
            self.unsaved_from = number.wrapping_add(1);
        }
    }

    fn put(&mut self, settled: Settled) -> u32 {
        if let Some(number) = self.number_of(&settled) {
            let place = self.place(number);
            self.away -= usize::from(self.list[place].is_away());
            self.list[place] = settled;
            return number;
        }
        let number = self.first.wrapping_add(self.list.len() as u32);
        if self.list.len() == self.list.capacity() {
            // Twice as many would waste more memory than all else takes.
            self.list.reserve_exact((self.list.len() / 8).max(4));
        }
        self.list.push_back(settled);
        let given_at = settled.reference.given_at();
        if Some(given_at) < self.newest {
            let oldest = self.oldest_behind.unwrap_or(given_at);
            self.oldest_behind = Some(oldest.min(given_at));
        }
        self.newest = self.newest.max(Some(given_at));
        self.hints.add(settled.key);
        let Self {
            list, first, index, ..
        } = self;
        match index {
            Some(index) => index.add_key(list, *first, number),
            None if list.len() > SCANNED_MAX => *index = Some(Box::new(Index::of(list, *first))),
            None => {}
        }
        number
    }

    /// What has settled since this was last asked, in the order of the list.
    pub fn take_unsaved(&mut self) -> Vec<Settled> {
        let mut places: Vec<usize> = std::mem::take(&mut self.again)
            .into_iter()
            .map(|number| self.place(number))
            .collect();
        let since = self.place(self.unsaved_from)..self.list.len();
        self.unsaved_from = self.first.wrapping_add(self.list.len() as u32);
        places.sort_unstable();
        places.dedup();
        // What is forgotten lies behind the end.
        places.retain(|place| *place < since.start);
        let settled = places
            .into_iter()
            .chain(since)
            .map(|place| self.list[place]);
        settled.filter(|settled| !settled.is_away()).collect()
    }

    /// Where the events stand that opened what has settled with this trace number and key.
    pub fn with_key(&self, trace: Option<Stan>, key: u32) -> SmallVec<[Position; 1]> {
        let fits = |settled: &&Settled| (settled.trace, settled.key) == (trace, key);
        match &self.index {
            None if !self.hints.may_have(key) => SmallVec::new(),
            None => self.iter().filter(fits).map(|one| one.position).collect(),
            Some(index) => {
                let numbers = index.by_key.iter_hash(spread(key.into()));
                let found = numbers.map(|number| &self.list[self.place(*number)]);
                let found = found.filter(|one| !one.is_away());
                found.filter(fits).map(|one| one.position).collect()
            }
        }
    }

    /// The same of what has this reference.
    pub fn with_reference(&mut self, reference: Reference) -> SmallVec<[Position; 1]> {
        self.name_all();
        let fits = |settled: &&Settled| settled.reference == reference;
        match self.names() {
            None => self.iter().filter(fits).map(|one| one.position).collect(),
            Some(names) => {
                let numbers = names.by_reference.iter_hash(spread(reference.0));
                let found = numbers.map(|number| &self.list[self.place(*number)]);
                let found = found.filter(|one| !one.is_away());
                found.filter(fits).map(|one| one.position).collect()
            }
        }
    }

    /// The same of the newest [`ALIKE_MAX`] with this trace number.
    pub fn with_trace(&mut self, trace: Option<Stan>) -> SmallVec<[Position; 1]> {
        self.alike(Alike::Trace(trace))
    }

    /// The same of the newest [`ALIKE_MAX`] that this field 37 names.
    pub fn with_retrieval(&mut self, retrieval: u32) -> SmallVec<[Position; 1]> {
        self.alike(Alike::Retrieval(retrieval))
    }

    fn alike(&mut self, wanted: Alike) -> SmallVec<[Position; 1]> {
        self.name_all();
        let Some(names) = self.names() else {
            let newest_first = self.list.iter().rev();
            let found = newest_first.filter(|one| !one.is_away() && wanted.has(one));
            return found.take(ALIKE_MAX).map(|one| one.position).collect();
        };
        let mut found = SmallVec::new();
        let mut next = names.newest(&self.list, self.first, wanted);
        // What is away is looked at too, so that the search has an end.
        for _ in 0..2 * ALIKE_MAX {
            let Some(place) = next else { break };
            let settled = &self.list[place];
            if !settled.is_away() && found.len() < ALIKE_MAX {
                found.push(settled.position);
            }
            next = names.one_before(place, wanted);
        }
        found
    }

    /// Takes one out: the one whose opening event, with this trace number and key, stands at this position.
    pub fn remove(
        &mut self,
        reference: Reference,
        position: Position,
        trace: Option<Stan>,
        key: u32,
    ) -> Option<Settled> {
        let wanted = Settled {
            reference,
            position,
            trace,
            key,
            retrieval: 0,
            code: *b"  ",
            end: End(0),
        };
        let place = self.place(self.number_of(&wanted)?);
        let settled = self.list[place];
        if settled.is_away() {
            return None;
        }
        self.mark_away(place);
        Some(settled)
    }

    /// Forgets those whose request came before this moment.
    pub fn forget_before(&mut self, moment: Timestamp) {
        let is_old = |settled: &Settled| settled.reference.given_at() < moment;
        if self.oldest_behind.is_some_and(|oldest| oldest < moment) {
            self.mark_old(is_old);
        }
        while let Some(settled) = self.list.front() {
            if !settled.is_away() && !is_old(settled) {
                break;
            }
            self.forget_first();
        }
        if self.away > SCANNED_MAX + self.list.len() / 2 {
            self.rebuild();
        }
        if self.list.len() <= SCANNED_MAX && self.index.is_some() {
            self.index = None;
        }
        if self.index.is_none() {
            self.hints = Hints::default();
            for settled in &self.list {
                self.hints.add(settled.key);
            }
        }
        if self.list.capacity() > SCANNED_MAX + 2 * self.list.len() {
            self.list.shrink_to_fit();
        }
    }

    /// Marks the old ones, wherever they stand.
    fn mark_old(&mut self, is_old: impl Fn(&Settled) -> bool) {
        let mut oldest_behind = None;
        let mut newest = None;
        for place in 0..self.list.len() {
            let settled = self.list[place];
            let given_at = settled.reference.given_at();
            match is_old(&settled) {
                true if !settled.is_away() => self.mark_away(place),
                true => {}
                false if Some(given_at) < newest => {
                    oldest_behind = Some(oldest_behind.unwrap_or(given_at).min(given_at));
                }
                false => newest = Some(given_at),
            }
        }
        self.oldest_behind = oldest_behind;
    }

    fn forget_first(&mut self) {
        if let Some(index) = &mut self.index {
            index.remove_first(&self.list, self.first);
        }
        let forgotten = self.list.pop_front();
        self.away -= usize::from(forgotten.is_some_and(|settled| settled.is_away()));
        if self.unsaved_from == self.first {
            self.unsaved_from = self.first.wrapping_add(1);
        }
        self.first = self.first.wrapping_add(1);
    }

    /// Leaves out what is away, with new numbers for the others.
    fn rebuild(&mut self) {
        let again: HashSet<u32> = std::mem::take(&mut self.again).into_iter().collect();
        let unsaved_from = self.place(self.unsaved_from);
        let mut list = VecDeque::with_capacity(self.list.len() - self.away);
        for (place, settled) in self.list.iter().enumerate() {
            if place == unsaved_from {
                self.unsaved_from = list.len() as u32;
            }
            if settled.is_away() {
                continue;
            }
            if again.contains(&self.first.wrapping_add(place as u32)) {
                self.again.push(list.len() as u32);
            }
            list.push_back(*settled);
        }
        if unsaved_from == self.list.len() {
            self.unsaved_from = list.len() as u32;
        }
        self.first = 0;
        self.away = 0;
        self.index = (list.len() > SCANNED_MAX).then(|| Box::new(Index::of(&list, 0)));
        self.list = list;
    }

    fn mark_away(&mut self, place: usize) {
        let end = &mut self.list[place].end;
        *end = End(end.0 | End::AWAY.0);
        self.away += 1;
    }

    /// The number of this one, which may be away.
    fn number_of(&self, wanted: &Settled) -> Option<u32> {
        let Some(index) = &self.index else {
            if !self.hints.may_have(wanted.key) {
                return None;
            }
            let place = self.list.iter().position(|one| one.is(wanted))?;
            return Some(self.first.wrapping_add(place as u32));
        };
        let is_it = |number: &u32| self.list[self.place(*number)].is(wanted);
        let found = index.by_key.find(spread(wanted.key.into()), is_it);
        found.copied()
    }

    /// Where the one with this number stands in the list; behind its end where it was forgotten.
    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(self.first) as usize
    }

    fn names(&self) -> Option<&Names> {
        self.index.as_ref()?.names.as_ref()
    }

    /// Brings the tables of what is looked for seldom up to date, where there are tables.
    fn name_all(&mut self) {
        if let Some(index) = &mut self.index {
            let names = index.names.get_or_insert_default();
            names.add_all(&self.list, self.first);
        }
    }
}

impl Index {
    fn of(list: &VecDeque<Settled>, first: u32) -> Self {
        let mut index = Self::default();
        for place in 0..list.len() {
            index.add_key(list, first, first.wrapping_add(place as u32));
        }
        index
    }

    fn add_key(&mut self, list: &VecDeque<Settled>, first: u32, number: u32) {
        let hash = |number: &u32| {
            let place = number.wrapping_sub(first) as usize;
            spread(list[place].key.into())
        };
        self.by_key.insert_unique(hash(&number), number, hash);
    }

    /// Forgets the first in the list.
    fn remove_first(&mut self, list: &VecDeque<Settled>, first: u32) {
        let Some(settled) = list.front() else { return };
        remove(&mut self.by_key, spread(settled.key.into()), first);
        let named = self.names.as_mut();
        if let Some(names) = named.filter(|names| !names.before.is_empty()) {
            names.before.pop_front();
            remove(&mut names.by_reference, spread(settled.reference.0), first);
            // They are there only where nothing newer is the same.
            remove(
                &mut names.by_trace,
                Alike::Trace(settled.trace).hash(),
                first,
            );
            let retrieval = Alike::Retrieval(settled.retrieval);
            remove(&mut names.by_retrieval, retrieval.hash(), first);
        }
    }
}

impl Names {
    fn add_all(&mut self, list: &VecDeque<Settled>, first: u32) {
        for place in self.before.len()..list.len() {
            let settled = &list[place];
            let number = first.wrapping_add(place as u32);
            let place_of = |number: &u32| number.wrapping_sub(first) as usize;
            let hash = |number: &u32| spread(list[place_of(number)].reference.0);
            self.by_reference.insert_unique(hash(&number), number, hash);
            let link = |table: &mut HashTable<u32>, alike: Alike, of: fn(&Settled) -> Alike| {
                let is_alike = |number: &u32| alike.has(&list[place_of(number)]);
                match table.find_mut(alike.hash(), is_alike) {
                    Some(newest) => number.wrapping_sub(std::mem::replace(newest, number)),
                    None => {
                        let hash = |number: &u32| of(&list[place_of(number)]).hash();
                        table.insert_unique(alike.hash(), number, hash);
                        0
                    }
                }
            };
            let of_trace = |settled: &Settled| Alike::Trace(settled.trace);
            let of_retrieval = |settled: &Settled| Alike::Retrieval(settled.retrieval);
            let trace = link(&mut self.by_trace, of_trace(settled), of_trace);
            let retrieval = match settled.retrieval {
                0 => 0,
                _ => link(&mut self.by_retrieval, of_retrieval(settled), of_retrieval),
            };
            self.before.push_back([trace, retrieval]);
        }
    }

    /// The place of the newest that has this.
    fn newest(&self, list: &VecDeque<Settled>, first: u32, wanted: Alike) -> Option<usize> {
        let table = match wanted {
            Alike::Trace(_) => &self.by_trace,
            Alike::Retrieval(_) => &self.by_retrieval,
        };
        let place_of = |number: &u32| number.wrapping_sub(first) as usize;
        let found = table.find(wanted.hash(), |number| wanted.has(&list[place_of(number)]));
        found.map(place_of)
    }

    /// The place of the one before it that has the same.
    fn one_before(&self, place: usize, wanted: Alike) -> Option<usize> {
        let [trace, retrieval] = self.before[place];
        let distance = match wanted {
            Alike::Trace(_) => trace,
            Alike::Retrieval(_) => retrieval,
        };
        match distance {
            0 => None,
            // It may be forgotten.
            distance => place.checked_sub(distance as usize),
        }
    }
}

/// Takes this number out of a table, if it is there.
fn remove(table: &mut HashTable<u32>, hash: u64, number: u32) {
    if let Ok(found) = table.find_entry(hash, |other| *other == number) {
        found.remove();
    }
}

/// Numbers that differ little, such as trace numbers, lie far apart.
fn spread(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}
