//! The wallets of one worker, in buckets by the hash of their numbers, and how the audit applies events to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tessera_journal::{Position, Reader, Sequence};
use tessera_ledger::{About, Account, Entry, Posting, Status, Unreadable, WalletId};
use tessera_store::read_back;

use super::folded::Unfolded;
use super::sums::Sums;
use super::violation::Violation;

/// Buckets that wallets fall into: the smallest part of them that a pass can be about.
pub(super) const BUCKETS: usize = 1024;
/// Wallets of one worker that are not folded, at most.
const UNFOLDED_MAX: usize = 1024;
/// What a wallet takes besides its bytes: its place in the map, and what the allocator adds.
const OVERHEAD_BYTES: usize = 64;

/// The bucket of a wallet.
pub(super) fn bucket_of(wallet: WalletId) -> usize {
    // Numbers may be consecutive: the multiplication spreads them, and its highest ten bits are the bucket.
    (wallet.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
}

/// Wallets, folded, and what their events come to.
#[derive(Default)]
pub(super) struct Bucket {
    pub sums: Sums,
    pub folded: HashMap<WalletId, Box<[u8]>>,
    pub bytes: usize,
}

impl Bucket {
    pub fn put(&mut self, id: WalletId, bytes: Box<[u8]>) {
        self.bytes += bytes.len() + OVERHEAD_BYTES;
        if let Some(before) = self.folded.insert(id, bytes) {
            self.bytes -= before.len() + OVERHEAD_BYTES;
        }
    }

    fn take(&mut self, id: WalletId) -> Option<Box<[u8]>> {
        let bytes = self.folded.remove(&id)?;
        self.bytes -= bytes.len() + OVERHEAD_BYTES;
        Some(bytes)
    }
}

/// See the head of this file.
pub(super) struct Wallets {
    journal: Arc<dyn Reader>,
    pub buckets: BTreeMap<usize, Bucket>,
    unfolded: HashMap<WalletId, Unfolded>,
    scratch: Vec<u8>,
}

impl Wallets {
    pub fn new(journal: Arc<dyn Reader>) -> Self {
        Self {
            journal,
            buckets: BTreeMap::new(),
            unfolded: HashMap::new(),
            scratch: Vec::new(),
        }
    }

    /// What the folded wallets take.
    pub fn bytes(&self) -> usize {
        self.buckets.values().map(|bucket| bucket.bytes).sum()
    }

    /// Lets go of the buckets from this one on.
    pub fn drop_from(&mut self, end: usize) {
        self.buckets.split_off(&end);
        self.unfolded.retain(|id, _| bucket_of(*id) < end);
    }

    /// Folds all wallets.
    pub fn fold(&mut self) {
        for (id, unfolded) in self.unfolded.drain() {
            unfolded.fold(&mut self.scratch);
            let bucket = self.buckets.entry(bucket_of(id)).or_default();
            bucket.put(id, self.scratch.as_slice().into());
        }
    }

    /// Applies an event, and proves what can be proven of it.
    pub fn enter(
        &mut self,
        position: Position,
        sequence: Sequence,
        payload: &[u8],
    ) -> Result<(), Violation> {
        if self.unfolded.len() >= UNFOLDED_MAX {
            self.fold();
        }
        let unreadable = |error| Violation::Unreadable { sequence, error };
        let entry = Entry::read(payload).map_err(unreadable)?;
        let id = entry.wallet;
        let broken = |error| Violation::Broken {
            sequence,
            wallet: id,
            error,
        };
        let bucket = self.buckets.entry(bucket_of(id)).or_default();
        let unfolded = match self.unfolded.entry(id) {
            hashbrown::hash_map::Entry::Occupied(known) => known.into_mut(),
            hashbrown::hash_map::Entry::Vacant(empty) => empty.insert(match bucket.take(id) {
                Some(bytes) => Unfolded::unfold(id, &bytes).map_err(unreadable)?,
                None => Unfolded::new(id),
            }),
        };
        if entry.previous != unfolded.wallet.last_position {
            return Err(Violation::OutOfChain {
                sequence,
                wallet: id,
                previous: entry.previous,
                last: unfolded.wallet.last_position,
            });
        }
        unfolded.recall(&entry, self.journal.as_ref(), sequence)?;
        unfolded
            .notice_reference(&entry, sequence, &mut bucket.sums)
            .map_err(unreadable)?;
        let wallet = &mut unfolded.wallet;
        let postings = wallet.postings(&entry.event).map_err(broken)?;
        let expected = Balances::of(wallet).after(&postings);
        for posting in &postings {
            bucket.sums.post(&entry.event, posting);
        }
        bucket.sums.enter(&entry.event);
        wallet.apply(&entry, position, sequence).map_err(broken)?;
        expected.compare(Balances::of(wallet), id, sequence)
    }
}

impl Unfolded {
    /// Brings back the settled transaction that an event is about.
    fn recall(
        &mut self,
        entry: &Entry,
        journal: &dyn Reader,
        sequence: Sequence,
    ) -> Result<(), Violation> {
        let About::Reference(reference) = entry.event.about() else {
            return Ok(());
        };
        let at_hand = self.wallet.transactions.by_reference(reference);
        if at_hand.is_some_and(|found| found.status == Status::Pending) {
            return Ok(());
        }
        self.restore()
            .map_err(|error| Violation::Unreadable { sequence, error })?;
        let read = |position| read_back(journal.read(position)).map(Some);
        self.wallet
            .recall(entry.event.about(), None, read)
            .map_err(|error| Violation::NotReadBack {
                sequence,
                wallet: entry.wallet,
                error,
            })
    }

    /// Counts the reference of a request that does not rise.
    fn notice_reference(
        &mut self,
        entry: &Entry,
        sequence: Sequence,
        sums: &mut Sums,
    ) -> Result<(), Unreadable> {
        let Some(opening) = entry.event.opening() else {
            return Ok(());
        };
        let reference = opening.reference;
        if reference <= self.highest {
            self.restore()?;
            let transactions = &mut self.wallet.transactions;
            let known = transactions.by_reference(reference).is_some()
                || !transactions
                    .settled_about(About::Reference(reference))
                    .is_empty();
            let first = !std::mem::replace(&mut self.irregular, true);
            sums.fell(first, known, sequence);
        }
        self.highest = reference.max(self.highest);
        Ok(())
    }
}

/// A wallet's balances: available, held, owed.
#[derive(Clone, Copy)]
struct Balances([i128; 3]);

impl Balances {
    fn of(wallet: &tessera_ledger::Wallet) -> Self {
        Self([wallet.available, wallet.held, wallet.owed].map(|balance| balance.value().into()))
    }

    /// What they come to with these postings.
    fn after(mut self, postings: &[Posting]) -> Self {
        for posting in postings {
            let amount = i128::from(posting.amount.value());
            for (account, amount) in [(posting.from, -amount), (posting.to, amount)] {
                match account {
                    Account::Available(_) => self.0[0] += amount,
                    Account::Held(_) => self.0[1] += amount,
                    // An asset of the switch's: what is lent stands on its other side.
                    Account::Receivable(_) => self.0[2] -= amount,
                    Account::Funding | Account::Payable(_) => {}
                }
            }
        }
        self
    }

    fn compare(self, has: Self, wallet: WalletId, sequence: Sequence) -> Result<(), Violation> {
        let kinds = ["available", "held", "owed"];
        for ((kind, sum), balance) in kinds.into_iter().zip(self.0).zip(has.0) {
            if balance != sum {
                return Err(Violation::Unequal {
                    sequence,
                    wallet,
                    kind,
                    balance,
                    sum,
                });
            }
        }
        Ok(())
    }
}
