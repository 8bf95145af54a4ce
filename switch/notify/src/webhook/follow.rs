//! The cursor of webhooks over the journal: which events a party is notified of, and which agreements end unpaid.
//!
//! That an agreement has ended is no event of the journal. It is worked out from the events that are: an agreement of a payer is
//! kept until its end, with the purchase that pays it, and what is unpaid then leads to an event of its own. Both are rows that are
//! written with the cursor, so that a kill loses none.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::sync::Arc;

use tessera_journal::{Journal, JournalError, Mark, Position, RecordRef, Tail};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, Event, Opening, Payer, Reference};
use tessera_protocol::{Institution, OrderKey};

use super::hooks::Hooks;
use super::outbox::{
    Agreement, AgreementState, Changes, Dead, Key, Kind, Open, Outbox, RowsError, Waiting,
};
use crate::occasion;

/// So many milliseconds after the end of an agreement a purchase that came before it is decided at the latest.
const DECIDED_WITHIN: u64 = 15_000;

/// Why the journal could not be followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    /// The disk of webhooks.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

pub(super) struct Follower {
    tail: Box<dyn Tail>,
    journal: Arc<dyn Journal>,
    /// Events before this time lead to nothing.
    from: Timestamp,
    open: HashMap<Reference, Open>,
    agreements: HashMap<OrderKey, Agreement>,
    /// The agreements by the time at which they are looked at.
    ends: BTreeSet<(Timestamp, [u8; 16])>,
}

impl Follower {
    /// Goes on where the rows end; `at_least_from` is the earliest time of which events are still sent.
    pub fn new(
        journal: Arc<dyn Journal>,
        outbox: &Outbox,
        at_least_from: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, FollowError> {
        let mut cursor = outbox.cursor()?;
        let begins = journal.begins()?;
        let is_kept = |mark: Mark| begins.is_none_or(|begins| mark.position >= begins);
        if let Some(mark) = cursor.filter(|mark| is_kept(*mark))
            && !journal.has(mark)?
        {
            // Another journal, or an older copy of it: the rows are about events that have not happened.
            tracing::warn!(
                "the folder of webhooks does not belong to this journal: what waits there is dropped, and webhooks go on with what \
                 happens from now on"
            );
            outbox.begin(now)?;
            cursor = None;
        }
        let agreements = outbox.all_agreements()?;
        Ok(Self {
            tail: journal.tail(cursor.filter(|mark| is_kept(*mark))),
            journal,
            from: at_least_from.unwrap_or(outbox.began()?),
            open: outbox.all_open()?,
            ends: agreements
                .iter()
                .map(|(key, agreement)| (agreement.ends.plus(DECIDED_WITHIN), key.0))
                .collect(),
            agreements,
        })
    }

    /// Looks at up to about so many events, and writes what has come of them. How many there were, and how many of what they led to
    /// was given up, because `taken` did not take it.
    pub fn look(
        &mut self,
        most: u64,
        hooks: &Hooks,
        outbox: &Outbox,
        taken: &mut dyn FnMut(Key, Waiting) -> bool,
    ) -> Result<(u64, usize), FollowError> {
        let mut changes = Changes::default();
        let mut reading = Reading {
            journal: &self.journal,
            hooks,
            from: self.from,
            open: &mut self.open,
            agreements: &mut self.agreements,
            ends: &mut self.ends,
            changes: &mut changes,
            taken,
        };
        let looked_at = self
            .tail
            .show(most, &mut |record| reading.look_at(record))?;
        if looked_at > 0 {
            outbox.write(&changes)?;
        }
        Ok((looked_at, changes.dead.len()))
    }

    /// Notifies of agreements that have ended unpaid by now; how many were given up. To be called when everything that happened
    /// before was looked at.
    pub fn end_agreements(
        &mut self,
        now: Timestamp,
        outbox: &Outbox,
        taken: &mut dyn FnMut(Key, Waiting) -> bool,
    ) -> Result<usize, FollowError> {
        let mut changes = Changes::default();
        while let Some(&(at, key)) = self.ends.first().filter(|(at, _)| *at <= now) {
            self.ends.remove(&(at, key));
            let order = OrderKey(key);
            let Some(agreement) = self.agreements.get(&order).copied() else {
                continue;
            };
            match agreement.state {
                // The financial system will answer.
                AgreementState::Paying(_) => {
                    self.ends.insert((now.plus(DECIDED_WITHIN), key));
                    continue;
                }
                AgreementState::Unpaid if agreement.ends >= self.from => {
                    let key = Key {
                        party: agreement.party,
                        position: agreement.position,
                        kind: Kind::Expired,
                    };
                    enqueue(&mut changes, key, agreement.ends, taken);
                }
                AgreementState::Unpaid | AgreementState::Paid(_) => {}
            }
            self.agreements.remove(&order);
            changes.agreements.push((order, None));
        }
        if !changes.agreements.is_empty() {
            outbox.write(&changes)?;
        }
        Ok(changes.dead.len())
    }

    /// Events that are durable and were not looked at.
    pub fn behind(&self) -> u64 {
        let looked_at = self
            .tail
            .mark()
            .map_or(0, |mark| self.journal.records_to(mark));
        self.journal.progress().durable.saturating_sub(looked_at)
    }
}

fn enqueue(
    changes: &mut Changes,
    key: Key,
    since: Timestamp,
    taken: &mut dyn FnMut(Key, Waiting) -> bool,
) {
    let waiting = Waiting {
        due: Timestamp::EPOCH,
        since,
        attempts: 0,
    };
    match taken(key, waiting) {
        true => changes.waiting.push((key, waiting)),
        false => changes.dead.push((
            key,
            Dead {
                since,
                attempts: 0,
                why: "too many events of the party wait already".to_owned(),
            },
        )),
    }
}

struct Reading<'a> {
    journal: &'a Arc<dyn Journal>,
    hooks: &'a Hooks,
    from: Timestamp,
    open: &'a mut HashMap<Reference, Open>,
    agreements: &'a mut HashMap<OrderKey, Agreement>,
    ends: &'a mut BTreeSet<(Timestamp, [u8; 16])>,
    changes: &'a mut Changes,
    taken: &'a mut dyn FnMut(Key, Waiting) -> bool,
}

impl Reading<'_> {
    fn look_at(&mut self, record: RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.changes.cursor = Some(record.mark());
        let Some(head) = Entry::peek(record.payload) else {
            return Ok(());
        };
        if head.of_account {
            return Ok(());
        }
        let entry = Entry::read(record.payload)?;
        let position = record.position;
        match &entry.event {
            Event::OrderAnnounced {
                opening,
                expires_at,
                ..
            } => self.announced(opening, *expires_at, position),
            Event::OrderCancelled { opening } => {
                if let Payer::Order(key) = opening.payer {
                    self.forget(key);
                }
            }
            Event::Held { opening, .. } => {
                self.opened(opening);
                if let Payer::Order(key) = opening.payer {
                    self.turn(key, AgreementState::Paying(opening.reference));
                }
            }
            Event::RefundRequested { opening, .. } => self.opened(opening),
            Event::Approved { reference } | Event::StoodIn { reference } => {
                if let Some(open) = self.decided(*reference) {
                    self.notify(&entry, position, open.party);
                    if let Some(key) = open.order {
                        self.turn_if_by(key, *reference, AgreementState::Paid(*reference));
                    }
                }
            }
            Event::Released { reference, .. } => {
                if let Some(key) = self.decided(*reference).and_then(|open| open.order) {
                    self.turn_if_by(key, *reference, AgreementState::Unpaid);
                }
            }
            Event::Reversed {
                opening,
                original,
                standing,
                ..
            } => {
                if let Some(party) = self.hooks.of(opening.institution) {
                    self.notify(&entry, position, party);
                }
                if standing.is_zero() {
                    self.decided(*original);
                    if let Payer::Order(key) = opening.payer {
                        self.turn_if_by(key, *original, AgreementState::Unpaid);
                    }
                }
            }
            Event::ReversedFurther { original, .. } => {
                let opened = occasion::opened(&entry, *original, self.journal.as_ref())?;
                let opening = opened.as_ref().and_then(|opened| opened.event.opening());
                let party = opening.and_then(|opening| self.hooks.of(opening.institution));
                if let Some(party) = party {
                    self.notify(&entry, position, party);
                }
            }
            Event::Opened(_)
            | Event::Provisioned { .. }
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::CardRetired { .. }
            | Event::LoadRequested { .. }
            | Event::PayoutRequested { .. }
            | Event::Advised { .. }
            | Event::Completed { .. }
            | Event::Expired { .. }
            | Event::PostingAcknowledged { .. }
            | Event::Declined { .. }
            | Event::ReversalNoted { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::Account { .. }
            | Event::Closed { .. }
            | Event::GivenUp { .. }
            | Event::Directed(_)
            | Event::Reconciled(_)
            | Event::CardLate { .. } => {}
        }
        Ok(())
    }

    fn notify(&mut self, entry: &Entry, position: Position, party: Institution) {
        if entry.at >= self.from {
            let kind = Kind::Happened;
            let key = Key {
                party,
                position,
                kind,
            };
            enqueue(self.changes, key, entry.at, self.taken);
        }
    }

    fn announced(&mut self, opening: &Opening, ends: Timestamp, position: Position) {
        let Payer::Order(key) = opening.payer else {
            return;
        };
        self.forget(key);
        if let Some(party) = self.hooks.of_acceptor(&opening.acceptor) {
            let agreement = Agreement {
                party,
                position,
                ends,
                state: AgreementState::Unpaid,
            };
            self.keep(key, agreement);
        }
    }

    fn opened(&mut self, opening: &Opening) {
        if let Some(party) = self.hooks.of(opening.institution) {
            let order = match opening.payer {
                Payer::Order(key) => Some(key),
                Payer::Card(..) | Payer::Wallet => None,
            };
            let open = Open { party, order };
            self.open.insert(opening.reference, open);
            self.changes.open.push((opening.reference, Some(open)));
        }
    }

    /// It is no longer under way.
    fn decided(&mut self, reference: Reference) -> Option<Open> {
        let open = self.open.remove(&reference)?;
        self.changes.open.push((reference, None));
        Some(open)
    }

    fn turn(&mut self, key: OrderKey, state: AgreementState) {
        if let Some(agreement) = self.agreements.get(&key) {
            let agreement = Agreement {
                state,
                ..*agreement
            };
            self.keep(key, agreement);
        }
    }

    /// The same where this purchase is paying or has paid it.
    fn turn_if_by(&mut self, key: OrderKey, by: Reference, state: AgreementState) {
        let is_by = |agreement: &Agreement| {
            [AgreementState::Paying(by), AgreementState::Paid(by)].contains(&agreement.state)
        };
        if self.agreements.get(&key).is_some_and(is_by) {
            self.turn(key, state);
        }
    }

    fn keep(&mut self, key: OrderKey, agreement: Agreement) {
        self.agreements.insert(key, agreement);
        self.ends
            .insert((agreement.ends.plus(DECIDED_WITHIN), key.0));
        self.changes.agreements.push((key, Some(agreement)));
    }

    fn forget(&mut self, key: OrderKey) {
        if let Some(agreement) = self.agreements.remove(&key) {
            let at = agreement.ends.plus(DECIDED_WITHIN);
            self.ends.remove(&(at, key.0));
            self.changes.agreements.push((key, None));
        }
    }
}
