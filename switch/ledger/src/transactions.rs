//! The transactions of a wallet: at hand as long as something may still happen to them; afterwards as
//! what it takes to find them in the journal again.
//!
//! A wallet must know each request of the last days again, but hardly ever does one come twice. So a
//! settled transaction keeps 40 bytes in memory: how it is found, where the event stands that opened it, and
//! what became of it. Before the wallet decides something that may be [about](About) it, it is brought back.
//!
//! It is found by its trace number and key, or by its field 37, in the time that a search in a sorted list takes. A party may use one
//! trace number, or one field 37, as often as it likes: of those that share one, the newest [`ALIKE_MAX`] are brought back.
//!
//! Nothing here rests on references that rise, or that come once: in journals of builds that went by the system's clock,
//! which may have been set back, they do neither. Of several transactions with one reference that one is meant to which
//! something can still happen, and of those the newest.

use std::ops::Range;

use smallvec::SmallVec;
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, ResponseCode, Stan};

use super::transaction::{Advice, Status, Transaction};
use super::{About, DuplicateKey, Event, NamedOriginal, Reference};
use tessera_kit::record::Position;

/// Settled transactions that are brought back for one request at most.
pub const ALIKE_MAX: usize = 64;

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
    const APPROVED: u8 = 1;
    /// Nothing of the amount stands any more.
    const UNDONE: u8 = 2;
    const REVERSED: u8 = 4;
    const ACKNOWLEDGED: u8 = 8;

    /// As a byte.
    pub fn to_byte(self) -> u8 {
        self.0
    }

    /// The end that `byte` stands for.
    pub fn from_byte(byte: u8) -> Option<Self> {
        (byte < 16).then_some(Self(byte))
    }

    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

/// See the head of this file.
#[derive(Debug, Clone, Default)]
pub struct Transactions {
    /// In the order of their references, and of their positions where these are the same.
    at_hand: SmallVec<[Transaction; 1]>,
    /// What has settled since the last snapshot: to add one, nothing needs to be read.
    unsaved: Vec<Settled>,
    /// The others, in the order of their trace numbers and keys.
    saved: Vec<Settled>,
    /// Of those, field 37 and trace number, in this order. What was brought back or forgotten may stand here yet.
    retrievals: Vec<(u32, Option<Stan>)>,
    hints: Hints,
    /// Position of the transaction that is meant, of several with one reference, while an event is applied to it.
    meant: Option<Position>,
}

/// Which keys are certainly not settled: a new request, as nearly all are, need not touch the lists for
/// that, which nobody has looked into for a while and which no cache holds.
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

impl Transactions {
    /// Adds one that is not at hand.
    pub fn push(&mut self, transaction: Transaction) {
        let place = self.place(transaction.reference, transaction.position);
        self.at_hand.insert(place, transaction);
    }

    /// Where in the list one with these belongs.
    fn place(&self, reference: Reference, position: Position) -> usize {
        let before =
            |other: &Transaction| (other.reference, other.position) < (reference, position);
        match self.at_hand.last() {
            // As a rule it is the newest.
            Some(last) if !before(last) => self.at_hand.partition_point(before),
            _ => self.at_hand.len(),
        }
    }

    /// The one with this key, if it is at hand.
    pub fn by_key(&self, key: &DuplicateKey) -> Option<&Transaction> {
        self.at_hand.iter().find(|found| found.key == *key)
    }

    /// The one with this reference, if it is at hand.
    pub fn by_reference(&self, reference: Reference) -> Option<&Transaction> {
        self.at_hand.get(self.index(reference)?)
    }

    /// The one with this reference, if it is at hand, to be changed.
    pub fn by_reference_mut(&mut self, reference: Reference) -> Option<&mut Transaction> {
        let index = self.index(reference)?;
        self.at_hand.get_mut(index)
    }

    /// Those at hand, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Transaction> + ExactSizeIterator {
        self.at_hand.iter()
    }

    /// Position of the oldest event that opened one of them.
    pub fn oldest(&self) -> Option<Position> {
        let at_hand = self.at_hand.iter().map(|found| found.position);
        let settled = self.settled().map(|settled| settled.position);
        at_hand.chain(settled).min()
    }

    fn settled(&self) -> impl Iterator<Item = &Settled> {
        self.unsaved.iter().chain(&self.saved)
    }

    /// What has settled since this was last asked: a snapshot keeps what is at hand, and this goes beside all
    /// that was kept before, so that a wallet with a long memory need not be written as a whole.
    pub fn take_unsaved(&mut self) -> Vec<Settled> {
        let unsaved = std::mem::take(&mut self.unsaved);
        self.merge(&unsaved);
        unsaved
    }

    /// Takes back what was kept beside a snapshot; to be called for one after the other in the order in
    /// which they were kept.
    pub fn restore(&mut self, mut settled: Vec<Settled>) {
        // What is at hand had settled before it was brought back.
        settled.retain(|settled| !self.is_at_hand(settled));
        for settled in &settled {
            self.hints.add(settled.key);
        }
        self.merge(&settled);
    }

    fn merge(&mut self, newer: &[Settled]) {
        self.saved.reserve_exact(newer.len());
        self.saved.extend_from_slice(newer);
        self.saved.sort_by_key(Settled::place);
        // What was brought back in between has settled anew: the sort has kept it behind what it was before.
        self.saved.dedup_by(|newer, older| {
            let same = (newer.reference, newer.position) == (older.reference, older.position);
            if same {
                *older = *newer;
            }
            same
        });
        let named = newer.iter().filter(|settled| settled.retrieval != 0);
        self.retrievals
            .extend(named.map(|settled| (settled.retrieval, settled.trace)));
        self.retrievals.sort();
        self.retrievals.dedup();
    }

    /// Those saved whose place, shortened like this, is this one.
    fn saved_at<T: Ord>(&self, at: T, shortened: impl Fn(&Settled) -> T) -> Range<usize> {
        let begin = self
            .saved
            .partition_point(|settled| shortened(settled) < at);
        let length = self.saved[begin..].partition_point(|settled| shortened(settled) == at);
        begin..begin + length
    }

    fn saved_with_key(&self, trace: Option<Stan>, key: u32) -> Range<usize> {
        self.saved_at((trace, key), |settled| (settled.trace, settled.key))
    }

    /// Where the events stand that opened what has settled with this trace number and key.
    fn with_key(&self, trace: Option<Stan>, key: u32) -> impl Iterator<Item = Position> {
        let unsaved = self.unsaved.iter();
        unsaved
            .filter(move |one| (one.trace, one.key) == (trace, key))
            .chain(&self.saved[self.saved_with_key(trace, key)])
            .map(|settled| settled.position)
    }

    /// The same of what has settled with this trace number.
    fn with_trace(&self, trace: Option<Stan>) -> impl Iterator<Item = &Settled> {
        let saved = &self.saved[self.saved_at(trace, |settled| settled.trace)];
        let unsaved = self.unsaved.iter().filter(move |one| one.trace == trace);
        unsaved.chain(saved)
    }

    /// The same of what is named by this field 37.
    fn with_retrieval(&self, retrieval: u32) -> impl Iterator<Item = &Settled> {
        let begin = self.retrievals.partition_point(|named| named.0 < retrieval);
        let named = self.retrievals[begin..].iter();
        let saved = named
            .take_while(move |named| named.0 == retrieval)
            // Two that fit are as good as many.
            .take(ALIKE_MAX)
            .flat_map(|&(_, trace)| &self.saved[self.saved_at(trace, |settled| settled.trace)]);
        let all = self.unsaved.iter().chain(saved);
        all.filter(move |one| one.retrieval == retrieval)
    }

    /// Lets go of what is closed and was opened at a position that is durable in the journal, where it can be read
    /// again. What is undone in part, or was repeated with another time, is kept as it is.
    pub fn settle(&mut self, is_durable: impl Fn(Position) -> bool) {
        let mut index = 0;
        while let Some(transaction) = self.at_hand.get(index) {
            match Settled::of(transaction).filter(|settled| is_durable(settled.position)) {
                Some(settled) => {
                    self.hints.add(settled.key);
                    self.unsaved.push(settled);
                    self.at_hand.remove(index);
                }
                None => index += 1,
            }
        }
    }

    /// Where the events stand that opened the settled transactions in question.
    pub fn settled_about(&self, about: About<'_>) -> SmallVec<[Position; 1]> {
        let with_key = |trace: Option<Stan>, key: &DuplicateKey| {
            let short = key.short();
            let may_have = self.hints.may_have(short);
            may_have
                .then(|| self.with_key(trace, short))
                .into_iter()
                .flatten()
        };
        match about {
            About::None => SmallVec::new(),
            // The host answers what is at hand, as a rule. Where nothing can happen to that any more, an older one with
            // the same reference may be meant.
            About::Reference(reference) if self.may_be_meant(reference) => SmallVec::new(),
            About::Reference(reference) => self
                .settled()
                .filter(|settled| settled.reference == reference)
                .map(|settled| settled.position)
                .collect(),
            About::Request(opening) => with_key(opening.trace, &opening.key).collect(),
            About::Twin(opening, twin) => {
                let own = with_key(opening.trace, &opening.key);
                distinct(own.chain(with_key(opening.trace, twin)).collect())
            }
            About::Original(opening, named) => {
                let own = with_key(opening.trace, &opening.key);
                distinct(own.chain(self.settled_named(&named)).collect())
            }
            About::Named(named) => distinct(self.settled_named(&named).collect()),
        }
    }

    /// Where the events stand that opened the settled transactions which may be meant.
    fn settled_named(&self, named: &NamedOriginal) -> impl Iterator<Item = Position> + use<> {
        let with_trace = named.trace.map(|_| self.with_trace(named.trace));
        let traits = named.traits;
        let with_retrieval = traits
            .has_retrieval()
            .then(|| self.with_retrieval(traits.retrieval_tag()));
        let with_trace = newest(with_trace.into_iter().flatten());
        let with_retrieval = newest(with_retrieval.into_iter().flatten());
        with_trace.into_iter().chain(with_retrieval)
    }

    /// Takes a settled transaction to hand again: `event` is what stands at its position in the journal. False
    /// where no settled transaction was opened by it.
    pub fn bring_back(&mut self, event: &Event, position: Position) -> bool {
        let Some(opened) = Transaction::opened_by(event, position) else {
            return false;
        };
        let is_it = |settled: &Settled| {
            settled.position == position && settled.reference == opened.reference
        };
        let settled = if let Some(place) = self.unsaved.iter().position(is_it) {
            self.unsaved.swap_remove(place)
        } else if let Some(place) = self
            .saved_with_key(opened.trace, opened.key.short())
            .find(|&place| is_it(&self.saved[place]))
        {
            self.saved.remove(place)
        } else {
            return false;
        };
        self.push(settled.ended(opened));
        true
    }

    /// Forgets those that are closed and kept since before `moment` (see [`Transaction::kept_since`]). What something is used of
    /// is at hand: only there it says for how long.
    pub fn forget_before(&mut self, moment: Timestamp) {
        self.at_hand.retain(|transaction| {
            transaction.is_open() || transaction.holds() || transaction.kept_since() >= moment
        });
        let young = |settled: &Settled| settled.reference.given_at() >= moment;
        self.unsaved.retain(young);
        let before = self.saved.len();
        self.saved.retain(young);
        if self.saved.len() < before {
            let named = self.saved.iter().filter(|settled| settled.retrieval != 0);
            self.retrievals.clear();
            self.retrievals
                .extend(named.map(|settled| (settled.retrieval, settled.trace)));
            self.retrievals.sort_unstable();
            self.retrievals.dedup();
        }
        let mut hints = Hints::default();
        self.settled().for_each(|settled| hints.add(settled.key));
        self.hints = hints;
    }

    /// What a reference means stays the same until [`Transactions::mean_any`], whatever becomes of the transaction.
    pub(super) fn mean(&mut self, about: About<'_>) {
        if let About::Reference(reference) = about {
            self.meant = self.by_reference(reference).map(|found| found.position);
        }
    }

    /// See [`Transactions::mean`].
    pub(super) fn mean_any(&mut self) {
        self.meant = None;
    }

    fn is_at_hand(&self, settled: &Settled) -> bool {
        let place = self.place(settled.reference, settled.position);
        let found = self.at_hand.get(place);
        found.is_some_and(|found| found.position == settled.position)
    }

    fn may_be_meant(&self, reference: Reference) -> bool {
        let found = self.by_reference(reference);
        found.is_some_and(|found| found.may_be_meant() > 0)
    }

    fn index(&self, reference: Reference) -> Option<usize> {
        let end = self
            .at_hand
            .partition_point(|found| found.reference <= reference);
        let is_one = |found: &&Transaction| found.reference == reference;
        let namesakes = self.at_hand[..end].iter().rev().take_while(is_one).count();
        match namesakes {
            0 => None,
            1 => Some(end - 1),
            _ => (end - namesakes..end).max_by_key(|&index| {
                let found = &self.at_hand[index];
                (self.meant == Some(found.position), found.may_be_meant())
            }),
        }
    }
}

/// It makes no difference what is at hand and what is not.
impl PartialEq for Transactions {
    fn eq(&self, other: &Self) -> bool {
        let parts = |of: &Self| {
            let settles = |found: &&Transaction| Settled::of(found).is_some();
            let (closed, kept): (Vec<_>, Vec<_>) = of
                .at_hand
                .iter()
                .cloned()
                .partition(|found| settles(&found));
            let mut settled: Vec<Settled> = closed.iter().filter_map(Settled::of).collect();
            settled.extend(of.settled());
            settled.sort_unstable();
            (settled, kept)
        };
        parts(self) == parts(other)
    }
}

fn newest<'a>(settled: impl Iterator<Item = &'a Settled>) -> SmallVec<[Position; 1]> {
    let mut positions: SmallVec<[Position; 1]> = settled.map(|settled| settled.position).collect();
    if positions.len() > ALIKE_MAX {
        positions.sort_unstable_by(|one, other| other.cmp(one));
        positions.truncate(ALIKE_MAX);
    }
    positions
}

fn distinct(mut positions: SmallVec<[Position; 1]>) -> SmallVec<[Position; 1]> {
    positions.sort_unstable();
    positions.dedup();
    positions
}

impl Settled {
    /// Where it stands among those that are saved.
    fn place(&self) -> (Option<Stan>, u32, Reference, Position) {
        (self.trace, self.key, self.reference, self.position)
    }

    /// What is kept of a transaction that is closed; `None` where that would not be enough.
    fn of(transaction: &Transaction) -> Option<Self> {
        let more = transaction.more();
        if transaction.is_open()
            // The party knows it by a trace number that is not known here.
            || transaction.is_imported()
            || !more.repeats.is_empty()
            || !more.used.is_zero()
            || more
                .hold
                .is_some_and(|_| transaction.status == Status::Approved)
            || more.granted.is_some()
            || more.posting == Advice::Acknowledged
        {
            return None;
        }
        let approved = match transaction.status {
            Status::Approved => End::APPROVED,
            Status::Pending | Status::Declined => 0,
        };
        let undone = match transaction.standing {
            standing if standing == transaction.amount && approved != 0 => 0,
            Amount::ZERO => End::UNDONE,
            _ => return None,
        };
        let reversed = if more.asked.is_some() {
            End::REVERSED
        } else {
            0
        };
        let acknowledged = match transaction.advice {
            Advice::Acknowledged => End::ACKNOWLEDGED,
            Advice::None | Advice::Open => 0,
        };
        Some(Self {
            reference: transaction.reference,
            position: transaction.position,
            trace: transaction.trace,
            key: transaction.key.short(),
            retrieval: retrieval_of(transaction),
            code: *transaction.code.as_bytes(),
            end: End(approved | undone | reversed | acknowledged),
        })
    }

    /// The transaction as it ended, from what it was when it was opened.
    fn ended(self, opened: Transaction) -> Transaction {
        let Self { code, end, .. } = self;
        let standing = match end.has(End::UNDONE) {
            true => Amount::ZERO,
            false => opened.amount,
        };
        let mut ended = Transaction {
            status: match end.has(End::APPROVED) {
                true => Status::Approved,
                false => Status::Declined,
            },
            standing,
            advice: match end.has(End::ACKNOWLEDGED) {
                true => Advice::Acknowledged,
                false => Advice::None,
            },
            code: ResponseCode::new(code),
            ..opened
        };
        if end.has(End::REVERSED) {
            // What is refunded at all is not settled: nothing keeps more than was asked for.
            ended.more_mut().asked = Some(standing);
        }
        ended
    }
}

/// Only what money moved for is ever named by its field 37.
fn retrieval_of(transaction: &Transaction) -> u32 {
    let traits = transaction.traits();
    match traits.class != 0 && traits.has_retrieval() {
        true => traits.retrieval_tag(),
        false => 0,
    }
}
