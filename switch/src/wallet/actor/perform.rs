//! What a decision has done: answers, requests and advices that wait at the gate, and messages to other wallets.

use std::sync::Arc;

use super::super::asks_host::unread;
use super::{Waiting, WalletActor};
use crate::gate::{DeadLetter, Draft, LetterId, Release, Unread};
use crate::message::{Directions, Reply};
use crate::passwords::{Job, Refused, Stored};
use tessera_admission::{Connection, Requester};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    Command, Context, Details, Effect, Entry, Event, GivenUp, Outcome, Owed, Reference, Rule,
    StatusQuery,
};
use tessera_metrics::{Kind, Stage};
use tessera_protocol::{ResponseCode, State};

/// Repeats of one form that wait for the financial system at the same time.
const FORMS_WAITING_MAX: usize = 16;

impl WalletActor {
    pub(super) fn perform(
        &mut self,
        effect: Effect,
        command: &Command,
        entries: &[Entry],
        (requester, reply): (&mut Option<Requester>, Option<&Reply>),
        context: &Context,
    ) {
        match effect {
            Effect::Answer(mut outcome) => {
                if self.confirmed.is_some() {
                    self.add_confirmation(&mut outcome, command, context.now);
                }
                if let Command::AskStatus(query) = command {
                    self.add_reason(&mut outcome, query, context.now);
                }
                self.add_passkeys(&mut outcome, command);
                if let Some(reply) = reply {
                    self.answer_operator(reply, outcome);
                } else if let Some(requester) = requester.take() {
                    self.hold(Release::Answer(requester, outcome));
                }
            }
            Effect::Await(reference) => {
                if let Some(requester) = requester.take() {
                    self.reserve_for(&requester, reference);
                    let since = self.sent_at;
                    // As a rule there is one.
                    self.waiting.reserve_exact(1);
                    self.waiting.push(Waiting {
                        transaction: reference,
                        since,
                        requester,
                    });
                }
            }
            Effect::Settle(reference, outcome) => {
                while let Some(requester) = self.no_longer_waiting(reference) {
                    self.hold(Release::Answer(requester, outcome.clone()));
                }
            }
            Effect::Forward(reference) => {
                let waiting = self
                    .waiting
                    .iter()
                    .find(|waiting| waiting.transaction == reference);
                let requester = waiting.map(|waiting| &waiting.requester);
                match self.host_request(reference, command, entries, requester, context) {
                    Ok(request) => self.hold(Release::Request(request)),
                    Err(error) => {
                        // The journal has it as under way: it comes to nothing like one that never left.
                        tracing::error!(%error, "a request could not be made for the financial system");
                        self.services
                            .outgoing
                            .send(self.wallet.id, Command::HostUnreached(reference));
                    }
                }
            }
            Effect::Advise(reference) => {
                if let Some(unread) = self.unread(reference, Owed::Undo) {
                    self.send_to_host(unread);
                }
            }
            Effect::Post(reference) => {
                if matches!(command, Command::Recover) {
                    self.take_stand_in_of(reference);
                }
                if let Some(unread) = self.unread(reference, Owed::Posting) {
                    self.send_to_host(unread);
                }
            }
            Effect::LayAside(reference, given_up) => {
                if matches!(command, Command::Recover) && given_up.owed == Owed::Posting {
                    self.take_stand_in_of(reference);
                }
                self.lay_aside(reference, given_up);
            }
            Effect::Proclaim => {
                let decided = self.wallet.supervision.as_deref().cloned();
                self.hold(Release::Proclaim(Box::new(decided.unwrap_or_default())));
            }
            Effect::SendTotals(day) => {
                if let Some(reply) = reply {
                    self.send_totals(day, reply, context);
                }
            }
            Effect::WakeAt(at) => self.services.wakes.at(at, self.wallet.id),
            Effect::AskForCardAgain(reference) => {
                if let Some(update) = self.card_update(reference) {
                    self.forget_dead_letter(reference, Owed::Card);
                    self.hold(Release::CardAgain(self.wallet.id, reference, update));
                }
            }
            Effect::Prove(stored) => {
                self.prove(Stored::Password(stored), command, requester);
            }
            Effect::ProvePasskey(number) => match self.passkey_material(number) {
                Some(material) => {
                    self.prove(Stored::Passkey(number, material), command, requester);
                }
                None => {
                    if let Some(requester) = requester.take() {
                        let outcome = Outcome::declined(Rule::WrongPasskey);
                        self.hold(Release::Answer(requester, outcome));
                    }
                }
            },
            Effect::Reload(purchase, source, amount) => {
                let ask = self.reload(purchase, source, amount, context);
                self.services
                    .outgoing
                    .send(self.wallet.id, Command::Ask(ask));
            }
            Effect::RenewCard(serial) => {
                let ask = self.renewal(serial, context);
                self.services
                    .outgoing
                    .send(self.wallet.id, Command::Ask(ask));
            }
            Effect::Watch => {
                if let Some(requester) = requester {
                    self.watch(requester.admitted.connection());
                }
            }
            Effect::Unwatch => {
                if let Some(requester) = requester {
                    let own = requester.admitted.connection();
                    self.watchers.retain(|other| !Arc::ptr_eq(own, other));
                }
            }
            Effect::Reseal => self.reseal(context.now),
            Effect::CardAdded(name) => {
                if let Some(card) = self.wallet.cards.find(name) {
                    self.services.directory.add(card, self.wallet.id);
                }
            }
            Effect::OrderTurned(key, state, expires_at) => {
                self.services
                    .purchases
                    .order_turned(key, self.wallet.id, state, expires_at);
            }
            Effect::ReadHistory(request) => {
                if let Some(requester) = requester.take() {
                    let account = self.wallet.account.as_ref();
                    let sources = account.map_or(&[][..], |account| &account.sources[..]);
                    let shown = sources
                        .iter()
                        .map(|source| (source.number, source.shown.clone()))
                        .collect();
                    self.hold(Release::History(requester, self.wallet.id, request, shown));
                }
            }
        }
    }

    /// Why the request that an inquiry is about was declined: the wallet remembers only the code.
    fn add_reason(&self, outcome: &mut Outcome, query: &StatusQuery, now: Timestamp) {
        let Details::Status(report) = &mut outcome.details else {
            return;
        };
        if report.state != State::Declined {
            return;
        }
        let events = &self.services.events;
        let found = self.wallet.asked_about(query, now);
        let position = found.map(|found| found.position);
        let opened = position
            .filter(|position| events.is_durable(*position))
            .and_then(|position| events.read(position).ok().flatten());
        let text = match opened.map(|entry| entry.event) {
            Some(Event::Declined { reason, .. }) => Some(reason.text().into()),
            // The financial system, or a reversal, declined it.
            _ => report.code.and_then(ResponseCode::meaning).map(Into::into),
        };
        report.reason = text;
    }

    /// Advices go out when they are durable; one that lay aside does no more.
    fn send_to_host(&self, unread: Unread) {
        self.forget_dead_letter(unread.reference, unread.subject.owed());
        self.hold(Release::Advice(unread));
    }

    /// The advice to the host about a transaction.
    fn unread(&self, reference: Reference, owed: Owed) -> Option<Unread> {
        let date = |moment| self.services.numbers.settlement_date(moment);
        unread(&self.wallet, reference, owed, date)
    }

    fn lay_aside(&self, reference: Reference, given_up: GivenUp) {
        let draft = match self.card_update(reference) {
            Some(update) => Some(Draft::Card(update)),
            None => self.unread(reference, given_up.owed).map(Draft::Unread),
        };
        if let Some(draft) = draft {
            let letter = DeadLetter { given_up, draft };
            let id = self.letter_id(reference, given_up.owed);
            self.services.dead_letters.add(id, letter);
        }
    }

    pub(super) fn forget_dead_letter(&self, reference: Reference, owed: Owed) {
        if !self.services.dead_letters.is_empty() {
            let id = self.letter_id(reference, owed);
            self.services.dead_letters.remove(id);
        }
    }

    fn letter_id(&self, reference: Reference, owed: Owed) -> LetterId {
        LetterId {
            reference,
            wallet: self.wallet.id,
            owed,
        }
    }

    /// It was approved as stand-in before a restart, and the host has no advice of it.
    fn take_stand_in_of(&self, reference: Reference) {
        let found = self.wallet.transactions.by_reference(reference);
        if let Some(transaction) = found.filter(|found| found.stood_in()) {
            let amount = transaction.granted().value();
            self.services.stand_in.was_taken(amount);
        }
    }

    pub(in crate::wallet) fn answer_operator(&self, reply: &Reply, outcome: Outcome) {
        let directions = Directions {
            outcome,
            supervision: self
                .wallet
                .supervision
                .as_deref()
                .cloned()
                .unwrap_or_default(),
            position: self.wallet.last_position,
        };
        self.hold(Release::Operator(reply.clone(), Box::new(directions)));
    }

    fn watch(&mut self, connection: &Arc<Connection>) {
        self.watchers
            .retain(|other| !other.is_closed() && !Arc::ptr_eq(connection, other));
        self.watchers.push(Arc::clone(connection));
    }

    /// Sends a request whose passwords are to be looked at to the threads that do so.
    fn prove(&self, stored: Stored, command: &Command, requester: &mut Option<Requester>) {
        let (Command::Ask(ask), Some(requester)) = (command, requester.take()) else {
            return;
        };
        let job = Job {
            wallet: self.wallet.id,
            ask: ask.clone(),
            requester,
            stored,
        };
        match self.services.passwords.submit(job) {
            Ok(()) => {}
            Err(Refused::Busy(job)) => self.hold(Release::Answer(job.requester, Outcome::busy())),
            Err(Refused::TooEarly(job, wait)) => {
                self.hold(Release::Answer(job.requester, Outcome::too_early(wait)));
            }
        }
    }

    /// A party waits once for a transaction: its repeat takes the place of the request before. A payer's form may have been
    /// sent several times at once, and each of them is answered.
    fn reserve_for(&mut self, requester: &Requester, reference: Reference) {
        let most = match requester.kind {
            Kind::Administrative => FORMS_WAITING_MAX,
            Kind::Network
            | Kind::Purchase
            | Kind::Authorization
            | Kind::Refund
            | Kind::Load
            | Kind::Payout
            | Kind::Inquiry
            | Kind::Verification
            | Kind::Completion
            | Kind::Reversal
            | Kind::Reconciliation
            | Kind::Status
            | Kind::Unknown => 1,
        };
        let same = |waiting: &Waiting| waiting.transaction == reference;
        if self.waiting.iter().filter(|waiting| same(waiting)).count() >= most
            && let Some(oldest) = self.waiting.iter().position(same)
        {
            self.waiting.remove(oldest);
        }
    }

    fn no_longer_waiting(&mut self, reference: Reference) -> Option<Requester> {
        let place = self
            .waiting
            .iter()
            .position(|waiting| waiting.transaction == reference)?;
        let waiting = self.waiting.remove(place);
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
        let waited = self.sent_at.saturating_duration_since(waiting.since);
        self.services.metrics.stage(Stage::Host, waited);
        Some(waiting.requester)
    }
}
