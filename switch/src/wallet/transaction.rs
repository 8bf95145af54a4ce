//! What a wallet remembers of each request: enough to answer it again alike, to undo it, and to
//! settle it with the host. Everything else about it stands in the journal, at its position.

use std::collections::VecDeque;

use hashbrown::HashTable;
use tessera_protocol::{Amount, Currency, ResponseCode};

use super::{DuplicateKey, Reference};

/// What a request was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0200/00.
    Purchase,
    /// 0400 or 0420.
    Reversal,
    /// Money from the payer's source.
    Load,
    /// A card asked of the host.
    CardIssue,
    /// Another operation of the wallet server.
    Administration,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The host has not answered; a purchase's money is held.
    Pending,
    /// Done; what stands of it is debited.
    Approved,
    /// Nothing came of it.
    Declined,
}

/// Whether the host must be told to undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// No.
    None,
    /// Yes, until it acknowledges.
    Open,
    /// It has acknowledged.
    Acknowledged,
}

/// One request and its fate.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// The switch's own id, rising within a wallet.
    pub reference: Reference,
    /// Journal position of the event that opened it.
    pub position: u64,
    /// Field 32 of the request.
    pub institution: u64,
    /// Field 4 of the request.
    pub amount: Amount,
    /// What of the amount has not been undone.
    pub standing: Amount,
    /// Tells two ways to name the payer apart: card number, head of the order key, or 0.
    pub payer: u64,
    /// Field 7 of the request, MMDDhhmmss.
    pub transmission: u32,
    /// Fields 7 of its repeats, where they differ.
    pub repeats: Option<Box<Vec<u32>>>,
    /// Field 11 of the request.
    pub trace: u32,
    /// Terminal and card acceptor of the request, as [`Opening::origin_tag`](super::Opening::origin_tag).
    pub origin: u32,
    /// Our trace number towards the host; 0 where it was not forwarded.
    pub host_trace: u32,
    /// Field 49 of the request.
    pub currency: Currency,
    /// Field 39 of the answer; of no meaning while pending.
    pub code: ResponseCode,
    /// What it was about.
    pub kind: Kind,
    /// How far it has come.
    pub status: Status,
    /// What the host has to be told.
    pub advice: Advice,
    /// Of the request only a repeat came through, so that the time of the original is not known.
    pub only_repeat: bool,
    /// A reversal has been applied: a second one undoes nothing.
    pub reversed: bool,
}

impl Transaction {
    /// The authorization number of its answer, derived from the reference, so that it is the same
    /// however often it is asked for.
    pub fn approval(&self) -> [u8; 6] {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
        let mixed = self.reference.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        std::array::from_fn(|place| DIGITS[(mixed >> (5 * place)) as usize & 31])
    }

    /// Whether somebody still has to hear or say something about it.
    pub fn is_open(&self) -> bool {
        self.status == Status::Pending || self.advice == Advice::Open
    }

    /// Whether a reversal that says `transmission` (0: says nothing) can mean it.
    pub fn was_sent_at(&self, transmission: u32) -> bool {
        transmission == 0
            || transmission == self.transmission
            || self
                .repeats
                .as_ref()
                .is_some_and(|times| times.contains(&transmission))
    }
}

/// A wallet's transactions in the order of their references, found by key in constant time.
#[derive(Debug, Clone, Default)]
pub struct Transactions {
    list: VecDeque<Transaction>,
    /// How many were forgotten before the first of the list: places in `by_key` never move.
    forgotten: u32,
    /// By the key itself: it is a digest, so nobody chooses where it falls.
    by_key: HashTable<u32>,
}

impl Transactions {
    /// Adds the newest.
    pub fn push(&mut self, transaction: Transaction) {
        let place = self.forgotten.wrapping_add(self.list.len() as u32);
        let hash = transaction.key.head();
        self.list.push_back(transaction);
        let (list, forgotten) = (&self.list, self.forgotten);
        self.by_key.insert_unique(hash, place, |&place| {
            list[place.wrapping_sub(forgotten) as usize].key.head()
        });
    }

    /// The one with this key.
    pub fn by_key(&self, key: &DuplicateKey) -> Option<&Transaction> {
        if self.list.is_empty() {
            return None;
        }
        let hash = key.head();
        let place = self
            .by_key
            .find(hash, |&place| self.at(place).key == *key)?;
        Some(self.at(*place))
    }

    /// The one with this reference.
    pub fn by_reference(&self, reference: Reference) -> Option<&Transaction> {
        self.list.get(self.index(reference)?)
    }

    /// The one with this reference, to be changed.
    pub fn by_reference_mut(&mut self, reference: Reference) -> Option<&mut Transaction> {
        let index = self.index(reference)?;
        self.list.get_mut(index)
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Transaction> + ExactSizeIterator {
        self.list.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forgets the oldest ones that began before `milliseconds` and are closed.
    pub fn forget_before(&mut self, milliseconds: u64) {
        while let Some(first) = self.list.front() {
            if first.is_open() || first.reference.milliseconds() >= milliseconds {
                return;
            }
            let (place, hash) = (self.forgotten, first.key.head());
            if let Ok(found) = self.by_key.find_entry(hash, |&other| other == place) {
                found.remove();
            }
            self.list.pop_front();
            self.forgotten = self.forgotten.wrapping_add(1);
        }
    }

    fn index(&self, reference: Reference) -> Option<usize> {
        // The newest is asked for most: the host answers within milliseconds.
        match self.list.back() {
            Some(last) if last.reference == reference => Some(self.list.len() - 1),
            _ => self
                .list
                .binary_search_by_key(&reference, |found| found.reference)
                .ok(),
        }
    }

    fn at(&self, place: u32) -> &Transaction {
        &self.list[place.wrapping_sub(self.forgotten) as usize]
    }
}

impl PartialEq for Transactions {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}
