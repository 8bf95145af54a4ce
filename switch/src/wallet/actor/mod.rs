//! The actor that owns a wallet: a thin shell around the rules.
//!
//! It decides, applies, journals, and hands the effects to the gate; it never waits. It is virtual:
//! started at the first message for its wallet, with the state from the store, and stopped when the
//! wallet has been idle, so that memory follows the wallets in use.

mod confirmed;
mod host_totals;
mod passkeys;
mod perform;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use actix::{Actor, ActorContext, ActorFuture, AsyncContext, Context as Mailbox};
use hashbrown::HashSet;
use smallvec::SmallVec;
use tessera_kit::clock::Timestamp;
use tessera_protocol::OrderKey;

use super::{Housekeeping, Posted, Services};
use crate::gate::{News, Release};
use crate::message::{Reply, WalletMessage};
use crate::shared::EndedWallet;
use confirmed::Confirmation;
use host_totals::TotalsAsked;
use tessera_admission::{Connection, Requester};
use tessera_console::Limit;
use tessera_kit::invariant;
use tessera_ledger::{
    Action, Change, Command, Context, Directive, Entry, Event, Items, Outcome, Owed, Payer,
    Reference, Rule, Settled, Wallet, decide, is_admitted,
};
use tessera_metrics::Stage;
use tessera_store::{Known, Snapshot, Turnover};

/// How often the store looks for what is too old of a wallet that is always in use, in milliseconds.
const TIDIED_EVERY: u64 = 60 * 60 * 1_000;

/// A payer may report transactions as often as they unfreeze the wallet.
static DISPUTED: Limit = Limit::new("transaction disputed");

/// One per wallet in use.
pub struct WalletActor {
    pub(in crate::wallet) wallet: Wallet,
    pub(in crate::wallet) services: Rc<Services>,
    /// Who waits for the host's answer to which transaction: one asker of a party, several of the wallet server.
    waiting: Vec<Waiting>,
    /// The watchers: connections of the wallet server, so at most as many as it may have.
    watchers: Vec<Arc<Connection>>,
    /// Changed since its last snapshot.
    dirty: bool,
    /// What the store has of it already.
    known: Known,
    /// What it adds to totals since its last snapshot.
    turnover: Vec<Turnover>,
    /// When the store last got the list of what is too old to be kept; the beginning of 1970 where it never did.
    tidied_at: Timestamp,
    /// Orders that have settled in snapshots which the store may not have yet.
    settled_orders: Vec<OrderKey>,
    /// Of the operator wallet: the totals of a settlement date that were sent to the host.
    totals_asked: Option<Box<TotalsAsked>>,
    /// The password or passkey that was right last, while it counts.
    confirmed: Option<Box<Confirmation>>,
    /// Messages taken, to know whether any is left.
    taken: u64,
    /// In the list of active wallets, from its start on.
    place: usize,
    /// When the message at hand was taken: one look at the clock for all that it leads to.
    pub(in crate::wallet) sent_at: Instant,
}

/// Somebody who waits for the host's answer.
struct Waiting {
    transaction: Reference,
    since: Instant,
    requester: Requester,
}

impl WalletActor {
    /// The owner of `wallet`, which is as the store has it or new, to be started on the thread that has these `services`.
    pub fn new(wallet: Wallet, services: Rc<Services>) -> Self {
        Self {
            known: Known::of(&wallet),
            wallet,
            services,
            waiting: Vec::new(),
            watchers: Vec::new(),
            dirty: false,
            turnover: Vec::new(),
            tidied_at: Timestamp::EPOCH,
            settled_orders: Vec::new(),
            totals_asked: None,
            confirmed: None,
            taken: 0,
            place: usize::MAX,
            sent_at: Instant::now(),
        }
    }

    /// Handles a message that waited for the wallet.
    pub(in crate::wallet) fn receive(&mut self, message: WalletMessage) {
        self.taken += 1;
        let of_totals =
            self.totals_asked.is_some() || matches!(message.command, Command::HostTotals(..));
        let message = match of_totals {
            true => self.with_totals(message),
            false => Some(message),
        };
        if let Some(message) = message {
            self.process(message);
        }
    }

    /// Where the memory lies beside the actor itself that its next message will touch.
    fn beside(&self) -> [usize; 2] {
        let settled = self.wallet.transactions.newest_settled();
        let settled = settled.map_or(0, |newest| std::ptr::from_ref(newest).addr());
        // What settles next is written behind it.
        let next = settled.saturating_add(size_of::<Settled>());
        [next, self.turnover.as_ptr().addr()]
    }

    fn process(&mut self, message: WalletMessage) {
        let WalletMessage {
            mut command,
            requester,
            reply,
        } = message;
        let services = Rc::clone(&self.services);
        let moment = services.numbers.moment();
        if let Command::Ask(ask) = &mut command {
            // Given here and not by the session, so that a wallet's references rise.
            ask.opening.reference = services.numbers.next_reference(moment.now);
        }
        let operator_policy = services.policy.read();
        let asks = matches!(command, Command::Ask(_));
        let mut context = services.context(moment.now, asks, &operator_policy);
        self.sent_at = moment.instant;
        if let Some(requester) = &requester {
            services.metrics.stage(
                Stage::Decide,
                self.sent_at.saturating_duration_since(requester.arrived),
            );
        }
        let announced = announced(&command);
        if let Err(outcome) = self.prepare(&mut command, announced, &context) {
            if let Some(requester) = requester {
                self.hold(Release::Answer(requester, outcome));
            }
            return;
        }
        if may_stand_in(&command, &context) {
            let most = services.rules.stand_in.per_transaction;
            context.stand_in_left = services.stand_in.take(most);
        }
        let proven = self.proven(&command);
        self.look_for_copies(&command);
        if self.confirmed.is_some() {
            self.show_confirmation(&mut command, moment.now);
        }
        self.decide(&command, (requester, reply), &context);
        if proven.is_some() {
            self.confirm(proven, moment.now);
        }
        if let Some(key) = announced {
            services.orders.let_go(key, self.wallet.id);
        }
        self.wallet
            .settle(|position| services.events.is_durable(position), context.now);
    }

    /// Looks up what the rules need and the wallet does not have in memory. An error is the answer: nothing is applied.
    fn prepare(
        &mut self,
        command: &mut Command,
        announced: Option<OrderKey>,
        context: &Context,
    ) -> Result<(), Outcome> {
        let events = &self.services.events;
        let read = |position| events.read(position);
        let recalled = self
            .wallet
            .recall(command.about(), command.order(), read)
            .and_then(|()| {
                let Command::AskStatus(query) = command else {
                    return Ok(());
                };
                self.wallet.recall_payment(query, read)
            });
        if let Err(error) = recalled {
            // It cannot be distinguished from a repeat.
            tracing::error!(%error, "the journal could not be read back");
            return Err(Outcome::declined(Rule::JournalUnreadableBack));
        }
        if let Some(key) = announced {
            self.claim(key, command, context)?;
        }
        if let Command::Ask(ask) = command
            && let Action::Account(action) = &mut ask.action
        {
            self.seal(action)?;
        }
        if let Command::Reconcile(reconciled) = command {
            // All that is in them was journaled before the answer will be.
            let totals = &self.services.totals;
            reconciled.ours = totals.of(reconciled.institution, reconciled.day);
        }
        Ok(())
    }

    /// Lets the rules decide, journals and applies their events, and performs their effects.
    fn decide(
        &mut self,
        command: &Command,
        (mut requester, reply): (Option<Requester>, Option<Reply>),
        context: &Context,
    ) {
        let decision = decide(&self.wallet, command, context);
        let mut entries = SmallVec::<[Entry; 1]>::new();
        for event in decision.events {
            entries.push(self.entry(event, context.now));
            if let Some(entry) = entries.last() {
                self.journal(entry);
            }
        }
        if context.stand_in_left != 0 {
            let used = entries
                .iter()
                .map(|entry| self.stood_in(&entry.event))
                .sum();
            let unused = context.stand_in_left.saturating_sub(used);
            self.services.stand_in.give_back(unused);
        }
        for effect in decision.effects {
            let waiting = (&mut requester, reply.as_ref());
            self.perform(effect, command, &entries, waiting, context);
        }
        if !self.watchers.is_empty() && !entries.is_empty() {
            self.notify_watchers();
        }
    }

    /// What the event approved in the host's stead, in minor units.
    fn stood_in(&self, event: &Event) -> u64 {
        let Event::StoodIn { reference } = event else {
            return 0;
        };
        let found = self.wallet.transactions.by_reference(*reference);
        found.map_or(0, |found| found.granted().value())
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
        // A refused announcement does not block the order for its payer.
        if !is_admitted(&self.wallet, ask, context) {
            return Ok(());
        }
        match self.services.orders.claim(key, self.wallet.id, context.now) {
            Ok(Some(before)) => {
                if let Action::Announce { reversed, .. } = &mut ask.action {
                    *reversed = before;
                }
                Ok(())
            }
            Ok(None) => Err(Outcome::declined(Rule::OrderOfAnotherWallet)),
            Err(error) => {
                tracing::error!(%error, "an order could not be looked up");
                Err(Outcome::declined(Rule::StoreUnreadable))
            }
        }
    }

    /// The event in its place behind all others of the wallet.
    #[inline]
    pub(in crate::wallet) fn entry(&self, event: Event, now: Timestamp) -> Entry {
        Entry {
            wallet: self.wallet.id,
            previous: self.wallet.last_position,
            at: now,
            available: self.wallet.available,
            held: self.wallet.held,
            owed: self.wallet.owed,
            event,
        }
    }

    /// Journals and applies what [`WalletActor::entry`] has just made.
    pub(in crate::wallet) fn journal(&mut self, entry: &Entry) {
        if let Some(opening) = entry.event.opening() {
            self.services.numbers.reference_is_used(opening.reference);
        }
        // The host has the posting, or never will.
        let mut posted = None;
        if let Event::PostingAcknowledged { reference } = entry.event {
            posted = Some(reference);
        }
        if let Event::Directed(directed) = &entry.event
            && let Directive::Drop(reference, owed) = directed.directive
        {
            self.forget_dead_letter(reference, owed);
            posted = Some(reference).filter(|_| owed == Owed::Posting);
        }
        if let Some(reference) = posted
            && let Some(found) = self.wallet.transactions.by_reference(reference)
            && found.stood_in()
        {
            self.services.stand_in.give_back(found.granted().value());
        }
        if let Event::Account {
            change: Change::Disputed(reference),
            ..
        } = entry.event
        {
            self.services.metrics.disputed();
            if DISPUTED.allows(None) {
                let reference = String::from_utf8_lossy(&reference.to_text()).into_owned();
                tracing::warn!(
                    reference,
                    "a payer does not recognise a transaction, and has frozen the wallet; `tessera explain --reference` shows it"
                );
            }
        }
        let items = self.wallet.settles(&entry.event);
        let had_ended = self.wallet.has_ended();
        let appended = self.services.events.append(entry);
        let applied = self
            .wallet
            .apply(entry, appended.position, appended.sequence);
        let counted = applied.and(items).map(|items| self.count(&items));
        if let Err(broken) = counted {
            // The rules made an event that does not fit the wallet it was made for: a bug. It is in
            // the journal already, so nobody may act on it; a restart refuses to replay it.
            tracing::error!(%broken, "the rules made an event that does not follow from its wallet's state");
            invariant::fail(
                "an event fits the wallet that it was made for",
                Some(self.wallet.id.0),
                Some(appended.sequence),
            );
        }
        if self.wallet.has_ended() && !had_ended {
            self.services.ended_wallets.add(EndedWallet {
                wallet: self.wallet.id,
                position: appended.position,
            });
        }
        if !self.dirty {
            self.dirty = true;
            self.services.snapshots.turned_dirty(self.wallet.id);
        }
    }

    /// Counts what an event has added to totals.
    fn count(&mut self, items: &Items) {
        for item in items {
            let day = self.services.numbers.day(item.at);
            self.services.totals.add(self.services.worker, item, day);
            Turnover::add(&mut self.turnover, item, day);
        }
    }

    /// Hands a snapshot over, and says whether the actor may stop: cards and orders of the wallet are then looked up in the
    /// store.
    fn perform_housekeeping(&mut self, housekeeping: Housekeeping) -> bool {
        self.taken += 1;
        self.hand_over_snapshot();
        self.watchers.retain(|watcher| !watcher.is_closed());
        let needed =
            !self.waiting.is_empty() || !self.watchers.is_empty() || self.totals_asked.is_some();
        match housekeeping {
            Housekeeping::Checkpoint => return false,
            Housekeeping::Rest if needed => return false,
            Housekeeping::Rest => {}
        }
        let services = &self.services;
        let wallet = &self.wallet;
        if !services.snapshots.are_stored(wallet.id)
            || !services.active.leave(wallet.id, self.taken)
        {
            return false;
        }
        services.directory.rest(&wallet.cards);
        services.orders.rest(wallet, &self.settled_orders);
        services.metrics.actor_stopped();
        true
    }

    fn notify_watchers(&self) {
        let wallet = &self.wallet;
        self.hold(Release::News(Box::new(News {
            watchers: self.watchers.clone(),
            wallet: wallet.id,
            ledger: wallet.ledger(),
            available: wallet.available,
            position: wallet.last_position,
        })));
    }

    /// What rests on this wallet's state rests on its last event.
    pub(in crate::wallet) fn hold(&self, release: Release) {
        self.services.gate.hold(
            self.wallet.id,
            self.wallet.last_sequence,
            self.sent_at,
            release,
        );
    }

    fn hand_over_snapshot(&mut self) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        // Here and not at every request: old entries are removed at times, not on the path of a purchase.
        let now = tessera_kit::clock::now();
        let kept_from = now.saturating_sub(self.services.transactions_kept);
        self.wallet
            .forget_older(now, self.services.transactions_kept);
        let events = &self.services.events;
        self.wallet
            .settle(|position| events.is_durable(position), now);
        self.find_settled_orders_in_store();
        let turnover = std::mem::take(&mut self.turnover);
        self.settled_orders.extend(self.wallet.orders.unsaved());
        let snapshot = Snapshot::take(&mut self.wallet)
            .beside(&mut self.known)
            .having(turnover);
        // What is too old has to be looked for there: not at every checkpoint.
        let tidies = now.since(self.tidied_at) >= TIDIED_EVERY;
        self.services.snapshots.hand_over(match tidies {
            true => {
                self.tidied_at = now;
                snapshot.keeping_from(kept_from)
            }
            false => snapshot,
        });
    }

    /// Orders that have settled need not be known to all workers once the store has what became of them.
    fn find_settled_orders_in_store(&mut self) {
        if !self.settled_orders.is_empty() && self.services.snapshots.are_stored(self.wallet.id) {
            let settled = std::mem::take(&mut self.settled_orders);
            let orders = &self.wallet.orders;
            // What was brought back the store has as it was before.
            let newer: HashSet<OrderKey> = orders.unsaved().collect();
            let known = |key: &OrderKey| orders.get(key).is_none() && !newer.contains(key);
            let known = settled.into_iter().filter(known);
            self.services.orders.find_in_store(self.wallet.id, known);
        }
    }
}

/// Whether the rules may approve the command in the host's stead.
fn may_stand_in(command: &Command, context: &Context) -> bool {
    match command {
        Command::HostSilent(_) | Command::HostUnreached(_) => true,
        Command::Ask(_) => !context.host_up,
        Command::AskStatus(_)
        | Command::HostAnswered(..)
        | Command::HostIssuedCard(..)
        | Command::AdviceAnswered(..)
        | Command::AdviceRefused(..)
        | Command::Reconcile(_)
        | Command::AskForTotals(_)
        | Command::HostTotals(..)
        | Command::CompareTotals(_)
        | Command::ChangeKey(_)
        | Command::Direct(_)
        | Command::Inspect
        | Command::Wake
        | Command::Recover
        | Command::Renew
        | Command::Reseal
        | Command::BrowserGone(_) => false,
    }
}

/// The order that the command announces.
fn announced(command: &Command) -> Option<OrderKey> {
    let Command::Ask(ask) = command else {
        return None;
    };
    if let (Action::Announce { .. }, Payer::Order(key)) = (&ask.action, &ask.opening.payer) {
        return Some(*key);
    }
    None
}

impl Actor for WalletActor {
    type Context = Mailbox<Self>;

    fn started(&mut self, mailbox: &mut Mailbox<Self>) {
        let address = std::ptr::from_ref(self).addr();
        self.place = self.services.active.started(self.wallet.id, address);
        mailbox.spawn(Commands);
    }
}

/// Takes what waits for the actor, whenever it is woken; it ends with the actor.
struct Commands;

impl ActorFuture<WalletActor> for Commands {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut WalletActor,
        mailbox: &mut Mailbox<WalletActor>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let active = Rc::clone(&actor.services.active);
        while let Some(posted) = active.next(actor.place) {
            let stops = match posted {
                Posted::Message(message) => {
                    actor.receive(*message);
                    false
                }
                Posted::Housekeeping(housekeeping, done) => {
                    let stops = actor.perform_housekeeping(housekeeping);
                    if let Some(done) = done {
                        // Nobody may wait for it any more.
                        let _ = done.send(());
                    }
                    stops
                }
            };
            if stops {
                mailbox.stop();
                return Poll::Ready(());
            }
        }
        active.rests(actor.place, task.waker(), actor.beside());
        Poll::Pending
    }
}
