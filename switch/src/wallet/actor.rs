//! The actor that owns a wallet: a thin shell around the rules.
//!
//! It decides, applies, journals, and hands the effects to the gate; it never waits. It is virtual:
//! started at the first message for its wallet, with the state from the store, and stopped when the
//! wallet has been idle, so that memory follows the wallets in use.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorContext, Context as Mailbox, Handler, Message};
use smallvec::SmallVec;
use tessera_protocol::leased::tag;
use tessera_protocol::{OrderKey, ResponseCode};

use super::host_totals::TotalsAsked;
use super::{
    Action, Command, Context, Details, Directions, Directive, Effect, Entry, Event, GivenUp, Items,
    Outcome, Owed, Payer, Reference, Reply, Wallet, decide, is_admitted,
};
use crate::door::{Asker, Connection};
use crate::gate::{DeadLetter, Draft, LetterId, News, Release, Unread};
use crate::ops::metrics::Stage;
use crate::passwords::Job;
use crate::router::Worker;
use crate::store::{Known, Snapshot, Turnover};

/// Something for a wallet, and who waits for an answer to it.
///
/// A wallet's mailbox holds one for each admitted request and one for each answer of the host, so it
/// is bounded by admission at the door; actix's own bound (16 by default) does not hold for
/// `do_send`, which is used for that reason: a full mailbox would have to be answered, and there is
/// nothing here that would make room by waiting.
#[derive(Debug)]
pub struct Tell {
    /// What it is told.
    pub command: Command,
    /// Who asked.
    pub asker: Option<Asker>,
}

/// What the wallet's own worker wants of it.
#[derive(Debug, Clone, Copy)]
pub enum Housekeeping {
    /// Hand a snapshot to the store.
    Checkpoint,
    /// Hand a snapshot to the store and stop, unless something came in meanwhile.
    Rest,
}

/// One per wallet in use.
pub struct WalletActor {
    pub(super) wallet: Wallet,
    pub(super) worker: Rc<Worker>,
    /// Who waits for the host's answer to which transaction: one asker at most for each.
    waiting: SmallVec<[Waiting; 1]>,
    /// Who is told of whatever happens: connections of the wallet server, so at most as many as it may have.
    watchers: Vec<Arc<Connection>>,
    /// Changed since its last snapshot.
    dirty: bool,
    /// What the store has of it already.
    known: Known,
    /// What it adds to totals since its last snapshot.
    turnover: Vec<Turnover>,
    /// The store has been told what of it is too old to be kept.
    tidied: bool,
    /// Of the operator's wallet: what the host was told of a settlement date.
    pub(super) totals_asked: Option<Box<TotalsAsked>>,
    /// Messages taken out of the mailbox, to know whether any is left in it.
    taken: u64,
    /// When the message at hand was taken: one look at the clock for all that it leads to.
    pub(super) told_at: Instant,
}

/// Somebody who waits for the host's answer.
struct Waiting {
    transaction: Reference,
    since: Instant,
    asker: Asker,
}

impl WalletActor {
    /// The owner of `wallet`, to be started on `worker`'s own thread.
    pub fn new(wallet: Wallet, worker: Rc<Worker>) -> Self {
        Self {
            wallet,
            worker,
            waiting: SmallVec::new(),
            watchers: Vec::new(),
            dirty: false,
            known: Known::default(),
            turnover: Vec::new(),
            tidied: false,
            totals_asked: None,
            taken: 0,
            told_at: Instant::now(),
        }
    }

    fn tell(&mut self, mut command: Command, mut asker: Option<Asker>) {
        let worker = Rc::clone(&self.worker);
        let moment = worker.moment();
        if let Command::Ask(ask) = &mut command {
            // Given here and not at the door, so that a wallet's references rise.
            ask.opening.reference = worker.next_reference(moment.milliseconds);
        }
        let house = worker.house();
        let asks = matches!(command, Command::Ask(_));
        let mut context = worker.context(moment.milliseconds, asks, &house);
        self.told_at = moment.instant;
        if let Some(asker) = &asker {
            worker.metrics.stage(
                Stage::Decide,
                self.told_at.saturating_duration_since(asker.arrived),
            );
        }
        let recalled = self
            .wallet
            .recall(command.about(), |position| worker.read_event(position));
        if let Err(error) = recalled {
            // It could not be told from a repeat, and nobody may act on a guess: nothing is applied.
            tracing::error!(%error, "the journal could not be read back");
            if let Some(asker) = asker {
                let outcome = Outcome::fault("the journal could not be read back");
                self.hold(Release::Answer(asker, outcome));
            }
            return;
        }
        let announced = announced(&command);
        if let Some(key) = announced
            && let Err(outcome) = self.claim(key, &mut command, &context)
        {
            if let Some(asker) = asker {
                self.hold(Release::Answer(asker, outcome));
            }
            return;
        }
        if let Command::Reconcile(reconciled) = &mut command {
            // All that is in them was journaled before the answer will be.
            reconciled.ours = worker.book.of(reconciled.institution, reconciled.day);
        }
        let may_stand_in = match command {
            Command::HostSilent(_) | Command::HostUnreached(_) => true,
            Command::Ask(_) => !context.host_up,
            _ => false,
        };
        if may_stand_in {
            context.stand_in_left = worker.take_stand_in();
        }
        let decision = decide(&self.wallet, &command, &context);
        let mut entries = SmallVec::<[Entry; 1]>::new();
        for event in decision.events {
            entries.push(self.journal(event, context.now));
        }
        if context.stand_in_left != 0 {
            let used = entries
                .iter()
                .map(|entry| self.stood_in(&entry.event))
                .sum();
            worker
                .stand_in
                .give_back(context.stand_in_left.saturating_sub(used));
        }
        for effect in decision.effects {
            self.perform(effect, &command, &entries, &mut asker, &context);
        }
        if let Some(key) = announced {
            worker.orders.let_go(key, self.wallet.id);
        }
        if !self.watchers.is_empty() && !entries.is_empty() {
            self.tell_watchers();
        }
        self.wallet.transactions.settle(worker.durable_end());
    }

    /// What the event approved in the host's stead, in minor units.
    fn stood_in(&self, event: &Event) -> u64 {
        match event {
            Event::StoodIn { reference } => {
                let found = self.wallet.transactions.by_reference(*reference);
                found.map_or(0, |found| found.granted().value())
            }
            _ => 0,
        }
    }

    /// Keeps the order for this wallet while it decides, and finds what was reversed of it before.
    fn claim(
        &self,
        key: OrderKey,
        command: &mut Command,
        context: &Context,
    ) -> Result<(), Outcome> {
        let Command::Ask(ask) = command else {
            return Ok(());
        };
        // Whoever may not announce anything keeps no order from its payer.
        if !is_admitted(&self.wallet, ask, context) {
            return Ok(());
        }
        match self.worker.orders.claim(key, self.wallet.id, context.now) {
            Ok(Some(before)) => {
                if let Action::Announce { reversed, .. } = &mut ask.action {
                    *reversed = before;
                }
                Ok(())
            }
            Ok(None) => Err(Outcome::declined(
                ResponseCode::DUPLICATE,
                "another wallet has the order",
            )),
            Err(error) => {
                tracing::error!(%error, "an order could not be looked up");
                Err(Outcome::fault("the store could not be read"))
            }
        }
    }

    pub(super) fn journal(&mut self, event: Event, now: u64) -> Entry {
        let (wallet, previous) = (self.wallet.id, self.wallet.last_position);
        let entry = Entry {
            wallet,
            previous,
            at: now,
            available: self.wallet.available,
            held: self.wallet.held,
            owed: self.wallet.owed,
            event,
        };
        if let Some(opening) = entry.event.opening() {
            self.worker.reference_is_used(opening.reference);
        }
        let told = match &entry.event {
            Event::PostingAcknowledged { reference } => Some(*reference),
            Event::Directed(directed) => match directed.directive {
                Directive::Drop(reference, Owed::Posting) => Some(reference),
                _ => None,
            },
            _ => None,
        };
        if let Event::Directed(directed) = &entry.event
            && let Directive::Drop(reference, owed) = directed.directive
        {
            self.forget_dead_letter(reference, owed);
        }
        if let Some(reference) = told
            && let Some(found) = self.wallet.transactions.by_reference(reference)
            && found.stood_in()
        {
            self.worker.stand_in.give_back(found.granted().value());
        }
        let items = self.wallet.settles(&entry.event, now);
        let appended = self.worker.append(&entry);
        let applied = self
            .wallet
            .apply(&entry, appended.position, appended.sequence);
        let counted = applied.and(items).map(|items| self.count(&items));
        if let Err(broken) = counted {
            // The rules made an event that does not fit the wallet it was made for: a bug. It is in
            // the journal already, so nobody may act on it; a restart refuses to replay it.
            crate::fault::stop("a rule made an event that does not fit its wallet", &broken);
        }
        if !self.dirty {
            self.dirty = true;
            self.worker.turned_dirty(self.wallet.id);
        }
        entry
    }

    /// Counts what an event has added to totals.
    fn count(&mut self, items: &Items) {
        for item in items {
            let day = self.worker.house().days.of(item.at);
            self.worker.book.add(self.worker.index(), item, day);
            Turnover::add(&mut self.turnover, item, day);
        }
    }

    fn perform(
        &mut self,
        effect: Effect,
        command: &Command,
        entries: &[Entry],
        asker: &mut Option<Asker>,
        context: &Context,
    ) {
        match effect {
            Effect::Answer(outcome) => {
                if let Command::Direct(_, reply)
                | Command::Inspect(reply)
                | Command::AskForTotals(_, reply)
                | Command::CompareTotals(_, reply) = command
                {
                    self.answer_operator(reply, outcome);
                } else if let Some(asker) = asker.take() {
                    self.hold(Release::Answer(asker, outcome));
                }
            }
            Effect::Await(reference) => {
                if let Some(asker) = asker.take() {
                    self.waiting
                        .retain(|waiting| waiting.transaction != reference);
                    let since = self.told_at;
                    self.waiting.push(Waiting {
                        transaction: reference,
                        since,
                        asker,
                    });
                }
            }
            Effect::Settle(reference, outcome) => {
                if let Some(asker) = self.no_longer_waiting(reference) {
                    self.hold(Release::Answer(asker, outcome));
                }
            }
            Effect::Forward(reference) => {
                let waiting = self
                    .waiting
                    .iter()
                    .find(|waiting| waiting.transaction == reference);
                let asker = waiting.map(|waiting| &waiting.asker);
                match self.host_request(reference, command, entries, asker, context) {
                    Ok(request) => self.hold(Release::Request(request)),
                    Err(error) => {
                        // The journal has it as under way: it comes to nothing like one that never left.
                        tracing::error!(%error, "a request could not be made for the financial system");
                        self.worker
                            .tell(self.wallet.id, Command::HostUnreached(reference));
                    }
                }
            }
            Effect::Advise(reference) => {
                if let Some(unread) = self.unread(reference, Owed::Undo) {
                    self.tell_host(unread);
                }
            }
            Effect::Post(reference) => {
                if matches!(command, Command::Recover) {
                    self.take_stand_in_of(reference);
                }
                if let Some(unread) = self.unread(reference, Owed::Posting) {
                    self.tell_host(unread);
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
            Effect::TellTotals(day) => {
                if let Command::AskForTotals(_, reply) = command {
                    self.tell_totals(day, reply, context);
                }
            }
            Effect::WakeAt(at) => self.worker.wakes.borrow_mut().at(at, self.wallet.id),
            Effect::AskForCardAgain(reference) => {
                if let Some(update) = self.card_update(reference) {
                    self.forget_dead_letter(reference, Owed::Card);
                    self.hold(Release::CardAgain(self.wallet.id, reference, update));
                }
            }
            Effect::Prove(stored) => self.prove(stored, command, asker),
            Effect::Reload(purchase, source, amount) => {
                let ask = self.reload(purchase, source, amount, context);
                self.worker.tell(self.wallet.id, Command::Ask(ask));
            }
            Effect::RenewCard(serial) => {
                let ask = self.renewal(serial, context);
                self.worker.tell(self.wallet.id, Command::Ask(ask));
            }
            Effect::Watch => {
                if let Some(asker) = asker {
                    self.watch(asker.admitted.connection());
                }
            }
            Effect::Unwatch => {
                if let Some(asker) = asker {
                    let own = asker.admitted.connection();
                    self.watchers.retain(|other| !Arc::ptr_eq(own, other));
                }
            }
            Effect::Reseal => self.reseal(context.now),
            Effect::CardAdded(card) => self.worker.directory.add_card(&card, self.wallet.id),
            Effect::OrderTurned(key, state, expires_at) => {
                self.worker
                    .order_turned(key, self.wallet.id, state, expires_at);
            }
            Effect::ReadHistory(request) => {
                if let Some(asker) = asker.take() {
                    let account = self.wallet.account.as_ref();
                    let sources = account.map_or(&[][..], |account| &account.sources[..]);
                    let shown = sources
                        .iter()
                        .map(|source| (source.number, source.shown.clone()))
                        .collect();
                    self.hold(Release::History(asker, self.wallet.id, request, shown));
                }
            }
        }
    }

    /// Advices go out when they are durable; one that lay aside does no more.
    fn tell_host(&self, unread: Unread) {
        self.forget_dead_letter(unread.reference, unread.told.owed());
        self.hold(Release::Advice(unread));
    }

    /// What the host is told of a transaction.
    fn unread(&self, reference: Reference, owed: Owed) -> Option<Unread> {
        let date = |milliseconds| self.worker.settlement_date(milliseconds);
        self.wallet.unread(reference, owed, date)
    }

    fn lay_aside(&self, reference: Reference, given_up: GivenUp) {
        let draft = match self.card_update(reference) {
            Some(update) => Some(Draft::Card(update)),
            None => self.unread(reference, given_up.owed).map(Draft::Unread),
        };
        if let Some(draft) = draft {
            let letter = DeadLetter { given_up, draft };
            let id = self.letter_id(reference, given_up.owed);
            self.worker.dead_letters.add(id, letter);
        }
    }

    fn forget_dead_letter(&self, reference: Reference, owed: Owed) {
        if !self.worker.dead_letters.is_empty() {
            let id = self.letter_id(reference, owed);
            self.worker.dead_letters.remove(id);
        }
    }

    fn letter_id(&self, reference: Reference, owed: Owed) -> LetterId {
        LetterId {
            reference,
            wallet: self.wallet.id,
            owed,
        }
    }

    /// It was approved in the host's stead before a restart, which has not been told of it.
    fn take_stand_in_of(&self, reference: Reference) {
        let found = self.wallet.transactions.by_reference(reference);
        if let Some(transaction) = found.filter(|found| found.stood_in()) {
            let amount = transaction.granted().value();
            self.worker.stand_in.was_taken(amount);
        }
    }

    pub(super) fn answer_operator(&self, reply: &Reply, outcome: Outcome) {
        let directions = Directions {
            outcome,
            supervision: self
                .wallet
                .supervision
                .as_deref()
                .cloned()
                .unwrap_or_default(),
            cards: self
                .wallet
                .cards
                .iter()
                .map(|card| (card.number.clone(), card.serial))
                .collect(),
            position: self.wallet.last_position,
        };
        self.hold(Release::Operator(reply.clone(), Box::new(directions)));
    }

    fn watch(&mut self, connection: &Arc<Connection>) {
        self.watchers
            .retain(|other| !other.is_closed() && !Arc::ptr_eq(connection, other));
        self.watchers.push(Arc::clone(connection));
    }

    fn tell_watchers(&self) {
        let wallet = &self.wallet;
        self.hold(Release::News(Box::new(News {
            watchers: self.watchers.clone(),
            wallet: wallet.id,
            ledger: wallet.ledger(),
            available: wallet.available,
            position: wallet.last_position,
        })));
    }

    /// Sends a request whose passwords are to be looked at to the threads that do so.
    fn prove(&self, stored: Option<Box<str>>, command: &Command, asker: &mut Option<Asker>) {
        let (Command::Ask(ask), Some(asker)) = (command, asker.take()) else {
            return;
        };
        let job = Job {
            wallet: self.wallet.id,
            ask: ask.clone(),
            asker,
            stored,
        };
        if let Err(refused) = self.worker.passwords.submit(job) {
            self.hold(Release::Answer(refused.asker, Outcome::busy()));
        }
    }

    fn no_longer_waiting(&mut self, reference: Reference) -> Option<Asker> {
        let place = self
            .waiting
            .iter()
            .position(|waiting| waiting.transaction == reference)?;
        let waiting = self.waiting.swap_remove(place);
        let waited = self.told_at.saturating_duration_since(waiting.since);
        self.worker.metrics.stage(Stage::Host, waited);
        Some(waiting.asker)
    }

    /// What rests on this wallet's state rests on its last event.
    pub(super) fn hold(&self, release: Release) {
        self.worker
            .gate
            .hold(self.wallet.last_sequence, self.told_at, release);
    }

    fn hand_over_snapshot(&mut self) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        // Here and not at every request: what is too old is looked at once in a while, not paid for
        // on the road.
        let now = crate::clock::milliseconds();
        let kept_from = now.saturating_sub(self.worker.transactions_kept);
        self.wallet.forget_older(now, self.worker.transactions_kept);
        self.wallet.transactions.settle(self.worker.durable_end());
        let turnover = std::mem::take(&mut self.turnover);
        let snapshot = Snapshot::take(&mut self.wallet)
            .beside(&mut self.known)
            .having(turnover);
        // What is too old has to be looked for there: not at every checkpoint.
        self.worker
            .hand_over(match std::mem::replace(&mut self.tidied, true) {
                true => snapshot,
                false => snapshot.keeping_from(kept_from),
            });
    }
}

/// The order that the command announces.
fn announced(command: &Command) -> Option<OrderKey> {
    let Command::Ask(ask) = command else {
        return None;
    };
    match (&ask.action, &ask.opening.payer) {
        (Action::Announce { .. }, Payer::Order(key)) => Some(*key),
        _ => None,
    }
}

impl Message for Tell {
    type Result = ();
}

impl Message for Housekeeping {
    type Result = ();
}

impl Actor for WalletActor {
    type Context = Mailbox<Self>;

    fn started(&mut self, _: &mut Mailbox<Self>) {
        let address = std::ptr::from_ref(self).addr();
        self.worker.actor_at(self.wallet.id, address);
    }
}

impl Handler<Tell> for WalletActor {
    type Result = ();

    fn handle(&mut self, tell: Tell, _: &mut Mailbox<Self>) {
        self.taken += 1;
        let of_totals =
            self.totals_asked.is_some() || matches!(tell.command, Command::HostTotals(..));
        let command = match of_totals {
            true => self.with_totals(tell.command),
            false => Some(tell.command),
        };
        if let Some(command) = command {
            self.tell(command, tell.asker);
        }
    }
}

impl Handler<Housekeeping> for WalletActor {
    type Result = ();

    fn handle(&mut self, housekeeping: Housekeeping, mailbox: &mut Mailbox<Self>) {
        self.taken += 1;
        self.hand_over_snapshot();
        let rest = matches!(housekeeping, Housekeeping::Rest);
        self.watchers.retain(|watcher| !watcher.is_closed());
        let unneeded =
            self.waiting.is_empty() && self.watchers.is_empty() && self.totals_asked.is_none();
        if rest && unneeded && self.worker.release(&self.wallet, self.taken) {
            mailbox.stop();
        }
    }
}

impl Outcome {
    /// The wallet could not be loaded, or the request could not be understood inside: nothing was
    /// applied.
    pub fn fault(reason: &'static str) -> Self {
        Self::declined(ResponseCode::FAULT, reason)
    }

    /// Too many passwords wait to be looked at: nothing was applied.
    fn busy() -> Self {
        Self {
            details: Details::Rows(vec![(tag::RETRY_AFTER, "1".to_owned())]),
            ..Self::fault("too many passwords are being looked at")
        }
    }
}
