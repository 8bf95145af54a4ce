//! The host's ledger: requests, answers, and the spending of each card.
//!
//! In come postings, reversals and card orders; out come response codes. Each is decided against the ledger and becomes
//! a [`Record`]. The ledger changes only by applying records, so the records of the log give the same ledger at start.
//! No socket, clock or chance is here: the verdict on a new posting is handed in.
//!
//! Everything is applied once, however often it is asked for: a request is identified by its reference (field 37)
//! within its map.

mod accounts;
mod concern;
mod dates;
mod decide;
mod items;
mod log;
mod recent;
mod record;
mod request;
mod request_table;
mod section;
mod undone;

use std::io;
use std::path::Path;

use hashbrown::HashMap;
use tessera_encryption::DataKeys;
use tessera_protocol::{ResponseCode, Totals};

pub(super) use accounts::Accounts;
use accounts::signed;
pub(super) use concern::{Concern, Named, Source};
use concern::{Detail, Given};
use dates::Dates;
use items::Items;
pub(super) use items::{Item, Said};
use log::Log;
pub(super) use log::LogError;
use recent::Recent;
pub(super) use record::Record;
pub(super) use request::{
    CardOperation, CardOrder, Posting, PostingKind, Reference, Reversal, SettlementDate, TableName,
};
use request_table::{Entry, RequestTable, State};
use undone::Undone;

use super::tally::Tally;

/// A card order that was carried out.
struct Ordered {
    operation: CardOperation,
    card: u64,
    former: u64,
}

/// The ledger, and the log that outlives it.
pub(super) struct Ledger {
    tables: [RequestTable; 3],
    details: Recent<Reference, Detail>,
    /// Of purchases and completions that were refunded or reversed.
    undone: Recent<(TableName, Reference), Undone>,
    /// Read or made, for the posting that follows it.
    next_detail: Option<(Reference, Detail)>,
    card_orders: HashMap<Reference, Ordered>,
    accounts: Accounts,
    given: Given,
    dates: Dates,
    tally: Tally,
    /// Only where they are kept.
    items: Option<Items>,
    log: Option<Log>,
}

impl Ledger {
    /// An empty ledger in memory that remembers this many requests.
    pub(super) fn new(remember_max: usize) -> Self {
        Self {
            tables: std::array::from_fn(|_| RequestTable::new(remember_max)),
            details: Recent::new(remember_max),
            undone: Recent::new(remember_max),
            next_detail: None,
            card_orders: HashMap::new(),
            accounts: Accounts::default(),
            given: Given::default(),
            dates: Dates::default(),
            tally: Tally::default(),
            items: None,
            log: None,
        }
    }

    /// The ledger from the log in `folder`, which records every change from now on.
    pub(super) fn open(
        folder: &Path,
        keys: &DataKeys,
        remember_max: usize,
    ) -> Result<Self, LogError> {
        let mut ledger = Self::new(remember_max);
        let log = Log::open(folder, keys, |record| ledger.apply(record))?;
        ledger.log = Some(log);
        Ok(ledger)
    }

    /// Keeps each item from now on.
    pub(super) fn keep_items(&mut self) {
        self.items = Some(Items::default());
    }

    /// Whether items are kept.
    pub(super) fn keeps_items(&self) -> bool {
        self.items.is_some()
    }

    /// What the request of the posting that follows says besides.
    pub(super) fn note(&mut self, said: Said) {
        if let Some(items) = &mut self.items {
            items.said = said;
        }
    }

    /// The items that are kept.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().flat_map(Items::all)
    }

    /// Applies a posting that was never seen; answers one that was as it was answered then.
    /// `verdict` is asked only about a new one on a card that may pay.
    pub(super) fn post(
        &mut self,
        posting: &Posting,
        concern: &Concern,
        verdict: impl FnOnce() -> ResponseCode,
    ) -> ResponseCode {
        // What was approved in our stead has the reference of the request, which may have come or may come yet.
        let other = match posting.kind {
            PostingKind::Completion => Some(TableName::Financial),
            PostingKind::Purchase => Some(TableName::Completions),
            _ => None,
        };
        if let Some(other) = other
            && let Some(entry) = self.tables[other as usize].find(&posting.reference)
            && entry.is_approved()
        {
            self.tally.repeats += 1;
            return ResponseCode::APPROVED;
        }
        let name = posting.kind.request_table();
        let details = &self.details;
        let same_concern = || {
            let known = details.of(&posting.reference);
            known.is_none_or(|known| known.is_repeated_by(concern))
        };
        let decision = match self.tables[name as usize].find(&posting.reference) {
            // Its reversal was here first.
            Some(entry) if entry.state == State::Forestalled => Err(ResponseCode::DECLINED),
            // The request itself came, too, and may have been declined here.
            Some(entry)
                if entry.state == State::Posted(PostingKind::Authorization)
                    && posting.kind == PostingKind::AuthorizationAdvice =>
            {
                match entry.is_approved() {
                    true => return ResponseCode::APPROVED,
                    false => Ok(None),
                }
            }
            Some(entry) if entry.is_repeated_by(posting) && same_concern() => {
                self.tally.repeats += 1;
                return entry.code();
            }
            Some(_) => {
                self.tally.contradictions += 1;
                return ResponseCode::DUPLICATE;
            }
            None => self.decide(posting, concern, verdict),
        };
        if let Ok(Some(detail)) = decision {
            let reference = posting.reference;
            self.change(Record::Detail { reference, detail });
        }
        let code = decision.err().unwrap_or(ResponseCode::APPROVED);
        self.change(Record::Posted {
            posting: *posting,
            code: *code.as_bytes(),
        });
        code
    }

    /// Undoes what is left of a posting, down to what shall stay of it.
    pub(super) fn reverse(&mut self, reversal: &Reversal) -> ResponseCode {
        let unless_advice = |code| {
            if reversal.advice {
                ResponseCode::APPROVED
            } else {
                code
            }
        };
        let request_table = self.table_of(reversal);
        let Some(entry) = self.tables[request_table as usize].find(&reversal.reference) else {
            self.tally.reversals_unseen += 1;
            self.change(Record::Forestalled {
                request_table: reversal.request_table,
                reference: reversal.reference,
                card: reversal.card,
            });
            return unless_advice(ResponseCode::NOT_FOUND);
        };
        if entry.state == State::Forestalled {
            self.tally.repeats += 1;
            return unless_advice(ResponseCode::NOT_FOUND);
        }
        // An advice has its own trace number and time: the reference identifies its original.
        let named = request_table != reversal.request_table || entry.is_named_by(reversal);
        if !named || !self.accounts.are_one(entry.card, reversal.card) {
            // The two do not speak of the same thing: nothing may move, and nobody may think that it did.
            self.tally.contradictions += 1;
            return ResponseCode::NOT_FOUND;
        }
        if reversal.down_to > entry.amount {
            return unless_advice(ResponseCode::INVALID_AMOUNT);
        }
        if reversal.down_to >= entry.asked || entry.kept == 0 {
            self.tally.repeats += 1;
        } else {
            self.change(Record::Undone {
                request_table,
                reference: reversal.reference,
                asked: reversal.down_to,
                settlement_date: reversal.settlement_date,
            });
        }
        ResponseCode::APPROVED
    }

    /// Where a purchase stands: among the requests, or among what was approved in our stead.
    fn table_of(&mut self, reversal: &Reversal) -> TableName {
        let mut approved = |request_table: TableName| {
            let found = self.tables[request_table as usize].find(&reversal.reference);
            found.is_some_and(|entry| entry.is_approved())
        };
        match reversal.request_table {
            TableName::Financial
                if !approved(TableName::Financial) && approved(TableName::Completions) =>
            {
                TableName::Completions
            }
            request_table => request_table,
        }
    }

    /// Issues, replaces or cancels a card: the card that the answer names, or a code of refusal.
    pub(super) fn order_card(&mut self, order: &CardOrder) -> Result<u64, ResponseCode> {
        if let Some(known) = self.card_orders.get(&order.reference) {
            if known.operation != order.operation || known.former != order.card {
                self.tally.contradictions += 1;
                return Err(ResponseCode::DUPLICATE);
            }
            self.tally.repeats += 1;
            return Ok(known.card);
        }
        let refusal = match order.operation {
            CardOperation::Issue => None,
            CardOperation::Replace => self.accounts.refusal(order.card),
            // A cancellation is approved even if the card has already ended.
            CardOperation::Cancel if self.accounts.existed(order.card) => None,
            CardOperation::Cancel => Some(ResponseCode::NO_SUCH_CARD),
        };
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let card = match order.operation {
            CardOperation::Issue | CardOperation::Replace => self.accounts.next_card(),
            CardOperation::Cancel => order.card,
        };
        self.change(Record::Card {
            operation: order.operation,
            reference: order.reference,
            card,
            former: order.card,
        });
        Ok(card)
    }

    /// Hands what has changed to the system. Must be called before its answer is sent.
    pub(super) fn write(&mut self) -> io::Result<()> {
        self.log.as_mut().map_or(Ok(()), Log::write)
    }

    /// The sums.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The sums, for counts outside the ledger.
    pub(super) fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// What each card has spent.
    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// What each source has given, less what it got back.
    pub(super) fn given(&self, source: &Source) -> i64 {
        self.given.of(source)
    }

    /// What a settlement date comes to.
    pub(super) fn totals(&self, date: SettlementDate) -> Totals {
        self.dates.of(date)
    }

    /// The same of each that was said, in no order.
    pub(super) fn dates(&self) -> impl Iterator<Item = (SettlementDate, Totals)> {
        self.dates.all()
    }

    /// Undoes what neither the reversals of a posting leave of it nor its refunds keep: whichever was first. Something that
    /// belongs to this date has just been added to what is known of it.
    fn lower(
        &mut self,
        request_table: TableName,
        reference: Reference,
        date: SettlementDate,
        known: impl FnOnce(&mut Undone),
    ) {
        let Some(entry) = self.tables[request_table as usize].find(&reference) else {
            return;
        };
        let stays = entry.stays();
        let undone = entry.kept - stays;
        let was_whole = entry.kept == entry.amount;
        entry.kept = stays;
        let State::Posted(kind) = entry.state else {
            return;
        };
        let (card, amount) = (entry.card, entry.amount);
        if undone != 0 {
            self.accounts.undo(kind, card, undone);
            self.tally.undone(kind, undone);
        }
        let bought = matches!(kind, PostingKind::Purchase | PostingKind::Completion);
        let key = (request_table, reference);
        if bought && was_whole && self.undone.of(&key).is_none() {
            self.undone.insert(key, Undone::default());
        }
        match self.undone.of_mut(&key) {
            Some(history) if bought => {
                known(history);
                for (date, moved) in history.count(amount, amount - stays) {
                    self.dates.moved(kind, date, moved);
                    if let Some(items) = &mut self.items {
                        items.undone(request_table, reference, date, moved);
                    }
                }
            }
            // None can be refunded, or what is known of it was forgotten.
            _ => {
                self.dates.moved(kind, date, signed(undone));
                if let Some(items) = &mut self.items {
                    items.undone(request_table, reference, date, signed(undone));
                }
            }
        }
        if undone != 0
            && let Some(&detail) = self.details.of(&reference)
        {
            self.move_elsewhere(kind, detail, -signed(undone), date);
        }
    }

    /// What a posting moves besides its card's account: money of a source, or what stands of an original.
    fn move_elsewhere(
        &mut self,
        kind: PostingKind,
        detail: Detail,
        amount: i64,
        date: SettlementDate,
    ) {
        match detail {
            Detail::Source(source) if kind == PostingKind::Payout => {
                self.given.add(source, -amount);
            }
            Detail::Source(source) => self.given.add(source, amount),
            Detail::Original {
                request_table,
                reference,
            } => {
                // What was forgotten bears no further refund anyway.
                if let Some(original) = self.tables[request_table as usize].find(&reference) {
                    original.refunded = original.refunded.saturating_add_signed(amount);
                    self.lower(request_table, reference, date, |undone| {
                        undone.refunded(date, amount);
                    });
                }
            }
        }
    }

    fn change(&mut self, record: Record) {
        self.apply(&record);
        if let Some(log) = &mut self.log {
            log.append(&record);
        }
    }

    fn apply(&mut self, record: &Record) {
        match *record {
            Record::Posted { posting, code } => {
                let entry = Entry::posted(&posting, code);
                let detail = self.next_detail.take();
                let date = posting.settlement_date;
                if entry.is_approved() {
                    self.accounts
                        .post(posting.kind, posting.card, posting.amount);
                    self.dates.posted(posting.kind, posting.amount, date);
                    if let Some(items) = &mut self.items {
                        items.posted(&posting);
                    }
                    if let Some((reference, detail)) = detail
                        && reference == posting.reference
                    {
                        self.details.insert(reference, detail);
                        self.move_elsewhere(posting.kind, detail, signed(posting.amount), date);
                    }
                }
                self.tally
                    .posted(posting.kind, entry.code(), posting.amount);
                self.tables[posting.kind.request_table() as usize].insert(entry);
            }
            Record::Detail { reference, detail } => self.next_detail = Some((reference, detail)),
            Record::Undone {
                request_table,
                reference,
                asked,
                settlement_date,
            } => {
                if let Some(entry) = self.tables[request_table as usize].find(&reference) {
                    let kept = entry.kept;
                    entry.asked = entry.asked.min(asked);
                    if let State::Posted(kind) = entry.state
                        && entry.stays() != kept
                    {
                        self.dates.undone(kind, settlement_date);
                    }
                    self.lower(request_table, reference, settlement_date, |undone| {
                        undone.asked(settlement_date, asked);
                    });
                }
            }
            Record::Forestalled {
                request_table,
                reference,
                card,
            } => self.tables[request_table as usize].insert(Entry::forestalled(reference, card)),
            Record::Card {
                operation,
                reference,
                card,
                former,
            } => {
                let ordered = Ordered {
                    operation,
                    card,
                    former,
                };
                self.card_orders.insert(reference, ordered);
                if operation != CardOperation::Cancel || !self.accounts.is_dead(card) {
                    self.tally.card(operation);
                }
                self.accounts.apply(operation, card, former);
            }
        }
    }
}

#[cfg(test)]
mod tests;
