//! The transactions of a wallet: at hand as long as something may still happen to them; afterwards as
//! what it takes to find them in the journal again.
//!
//! A wallet must know each request of the last days again, but hardly ever does one come twice. So little is kept of a settled
//! transaction: how it is found, where the event stands that opened it, and what became of it. Before the wallet decides
//! something that may be [about](About) it, it is brought back. A party may use one trace number, or one field 37, as often as it
//! likes: of those that share one, the newest [`ALIKE_MAX`] are brought back.
//!
//! Nothing here rests on references that rise, or that come once: in journals of builds that went by the system's clock,
//! which may have been set back, they do neither. Of several transactions with one reference that one is meant to which
//! something can still happen, and of those the newest.

mod settled;
#[cfg(test)]
mod tests;

use smallvec::SmallVec;
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, ResponseCode};

use super::transaction::{Advice, Status, Transaction};
use super::{About, DuplicateKey, Event, NamedOriginal, Opening, Reference};
use settled::SettledList;
pub use settled::{ALIKE_MAX, End, Settled};
use tessera_kit::record::Position;

/// See the head of this file.
#[derive(Debug, Clone, Default)]
pub struct Transactions {
    /// In the order of their references, and of their positions where these are the same. As long as the vector has any it has
    /// memory, which another wallet has just left: in the wallet itself there would be 128 bytes that no cache holds.
    at_hand: Vec<Transaction>,
    settled: SettledList,
    /// Position of the transaction that is meant, of several with one reference, while an event is applied to it.
    meant: Option<Position>,
}

impl Transactions {
    /// Adds one that is not at hand.
    pub fn push(&mut self, transaction: Transaction) {
        let place = self.place(transaction.reference, transaction.position);
        // As a rule there is one.
        self.at_hand.reserve_exact(1);
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

    /// The one that settled last.
    pub fn newest_settled(&self) -> Option<&Settled> {
        self.settled.newest()
    }

    /// Position of the oldest event that opened one of them.
    pub fn oldest(&self) -> Option<Position> {
        let at_hand = self.at_hand.iter().map(|found| found.position);
        let settled = self.settled.iter().map(|settled| settled.position);
        at_hand.chain(settled).min()
    }

    /// What has settled since this was last asked: a snapshot keeps what is at hand, and this goes beside all
    /// that was kept before, so that a wallet with a long memory need not be written as a whole.
    pub fn take_unsaved(&mut self) -> Vec<Settled> {
        self.settled.take_unsaved()
    }

    /// Takes back what was kept beside a snapshot; to be called for one after the other in the order in
    /// which they were kept.
    pub fn restore(&mut self, settled: &[Settled]) {
        for settled in settled {
            // What is at hand had settled before it was brought back.
            if !self.is_at_hand(settled) {
                self.settled.restore(*settled);
            }
        }
    }

    /// Lets go of what is closed and was opened at a position that is durable in the journal, where it can be read
    /// again. What is undone in part, or was repeated with another time, is kept as it is.
    pub fn settle(&mut self, is_durable: impl Fn(Position) -> bool) {
        let mut index = 0;
        while let Some(transaction) = self.at_hand.get(index) {
            // Where it is not, as a rule it is still open, and nothing of it need be worked out.
            let settled = match is_durable(transaction.position) {
                true => Settled::of(transaction),
                false => None,
            };
            match settled {
                Some(settled) => {
                    self.settled.add(settled);
                    self.at_hand.remove(index);
                }
                None => index += 1,
            }
        }
        if self.at_hand.is_empty() {
            self.at_hand = Vec::new();
        }
    }

    /// Where the events stand that opened the settled transactions in question.
    pub fn settled_about(&mut self, about: About<'_>) -> SmallVec<[Position; 1]> {
        if let About::Reference(reference) = about {
            // The host answers what is at hand, as a rule. Where nothing can happen to that any more, an older one with
            // the same reference may be meant.
            return match self.may_be_meant(reference) {
                true => SmallVec::new(),
                false => self.settled.with_reference(reference),
            };
        }
        let settled = &mut self.settled;
        let own = |settled: &SettledList, opening: &Opening| {
            settled.with_key(opening.trace, opening.key.short())
        };
        match about {
            About::None | About::Reference(_) => SmallVec::new(),
            About::Request(opening) => own(settled, opening),
            About::Twin(opening, twin) => {
                let mut found = own(settled, opening);
                found.extend(settled.with_key(opening.trace, twin.short()));
                distinct(found)
            }
            About::Original(opening, named) => {
                let mut found = own(settled, opening);
                found.extend(Self::named(settled, &named));
                distinct(found)
            }
            About::Named(named) => distinct(Self::named(settled, &named)),
        }
    }

    /// Where the events stand that opened the settled transactions which may be meant.
    fn named(settled: &mut SettledList, named: &NamedOriginal) -> SmallVec<[Position; 1]> {
        let mut found = SmallVec::new();
        if named.trace.is_some() {
            found.extend(settled.with_trace(named.trace));
        }
        let traits = named.traits;
        if traits.has_retrieval() {
            found.extend(settled.with_retrieval(traits.retrieval_tag()));
        }
        found
    }

    /// Takes a settled transaction to hand again: `event` is what stands at its position in the journal. False
    /// where no settled transaction was opened by it.
    pub fn bring_back(&mut self, event: &Event, position: Position) -> bool {
        let Some(opened) = Transaction::opened_by(event, position) else {
            return false;
        };
        let (trace, key) = (opened.trace, opened.key.short());
        let settled = self.settled.remove(opened.reference, position, trace, key);
        let Some(settled) = settled else { return false };
        self.push(settled.ended(opened));
        true
    }

    /// Forgets those that are closed and kept since before `moment` (see [`Transaction::kept_since`]). What something is used of
    /// is at hand: only there it says for how long.
    pub fn forget_before(&mut self, moment: Timestamp) {
        self.at_hand.retain(|transaction| {
            transaction.is_open() || transaction.holds() || transaction.kept_since() >= moment
        });
        self.settled.forget_before(moment);
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
        // As a rule there is one.
        if let [only] = &self.at_hand[..] {
            return (only.reference == reference).then_some(0);
        }
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
            settled.extend(of.settled.iter().copied());
            settled.sort_unstable();
            (settled, kept)
        };
        parts(self) == parts(other)
    }
}

fn distinct(mut positions: SmallVec<[Position; 1]>) -> SmallVec<[Position; 1]> {
    positions.sort_unstable();
    positions.dedup();
    positions
}

impl Settled {
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
        let approved = transaction.status == Status::Approved;
        let undone = transaction.standing.is_zero();
        let stands_whole = approved && transaction.standing == transaction.amount;
        if !undone && !stands_whole {
            return None;
        }
        // An approval of nothing is not undone.
        let undone = undone && !(approved && transaction.amount.is_zero());
        Some(Self {
            reference: transaction.reference,
            position: transaction.position,
            trace: transaction.trace,
            key: transaction.key.short(),
            retrieval: retrieval_of(transaction),
            code: *transaction.code.as_bytes(),
            end: End::of([
                (End::APPROVED, approved),
                (End::UNDONE, undone),
                (End::REVERSED, more.asked.is_some()),
                (
                    End::ACKNOWLEDGED,
                    transaction.advice == Advice::Acknowledged,
                ),
            ]),
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
