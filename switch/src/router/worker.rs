//! A worker: one thread with its connections, its lines to the host, and its share of the wallets.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_protocol::{OrderKey, ResponseCode};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::active_wallets::ActiveWallets;
use super::wakes::Wakes;
use super::{Budget, Directory, PartyTotals};
use crate::gate::{DeadLetters, Gate};
use crate::message::WalletMessage;
use crate::orders::{Orders, Parked};
use crate::passwords::Passwords;
use crate::policy::OperatorPolicy;
use crate::wallet::Housekeeping;
use tessera_host::{AdviceOutcome, Forwarder, HostAnswer, HostOutcome, Link};
use tessera_journal::{Appended, Journal};
use tessera_kit::{clock, invariant};
use tessera_ledger::{
    AdviceSubject, Command, Context, Day, Entry, OrderState, Outcome, Reference, Rules,
    Supervision, Wallet, WalletId,
};
use tessera_metrics::WorkerMetrics;
use tessera_store::{Checkpointer, ReadBackError, Snapshot, read_back};
use tessera_vault::Vault;

/// What other workers have for the wallets of this one. Unbounded as a channel; what is in it is
/// bounded by admission at the door, like a mailbox.
pub type Inbox = UnboundedReceiver<Vec<(WalletId, WalletMessage)>>;
/// The way into an inbox.
pub type InboxWay = UnboundedSender<Vec<(WalletId, WalletMessage)>>;

const NO_SUCH_ORDER: (ResponseCode, &str) =
    (ResponseCode::NOT_FOUND, "no payer has agreed to this order");

/// Decisions in a row that share a look at the clock: some thirty microseconds.
const LOOKS: u32 = 16;

/// A look at both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For durations.
    pub instant: Instant,
    /// Since 1970.
    pub milliseconds: u64,
}

impl Moment {
    fn now() -> Self {
        Self {
            instant: Instant::now(),
            milliseconds: clock::milliseconds(),
        }
    }
}

/// What a worker is made of.
pub struct Parts {
    /// Its number, from 0.
    pub index: usize,
    /// How many partitions there are, and what lies in them is owned by worker `partition % workers`.
    pub partitions: u16,
    /// The ways into the inboxes of all workers, its own among them.
    pub inboxes: Vec<InboxWay>,
    /// Where events go.
    pub journal: Arc<dyn Journal>,
    /// Where effects wait.
    pub gate: Gate,
    /// Its line to the host.
    pub link: Rc<Link>,
    /// Advices under way.
    pub forwarder: Rc<Forwarder>,
    /// Cards.
    pub directory: Arc<Directory>,
    /// Orders.
    pub orders: Arc<Orders>,
    /// The store, and who writes into it.
    pub checkpointer: Checkpointer,
    /// Its own figures.
    pub metrics: Rc<WorkerMetrics>,
    /// Within what time a request is answered.
    pub answer_within: Duration,
    /// For how many milliseconds a closed transaction is remembered.
    pub transactions_kept: u64,
    /// What the operator has decided about all wallets.
    pub rules: Rules,
    /// What may be approved in the host's stead.
    pub stand_in: Arc<Budget>,
    /// What the operator has decided about all wallets.
    pub policy: Arc<OperatorPolicy>,
    /// What the host has refused too often.
    pub dead_letters: Arc<DeadLetters>,
    /// The parties' totals.
    pub totals: Arc<PartyTotals>,
    /// Where passwords are looked at.
    pub passwords: Passwords,
    /// What opens what is sealed.
    pub vault: Arc<Vault>,
}

/// See the head of this file.
pub struct Worker {
    pub(super) index: usize,
    pub(super) partitions: u16,
    pub(super) inboxes: Vec<InboxWay>,
    /// What goes to which worker's wallets when [`Worker::hand_out`] comes to it, and whether it will.
    pub(super) outgoing: RefCell<Vec<Vec<(WalletId, WalletMessage)>>>,
    pub(super) hands_out: Cell<bool>,
    pub(super) something_to_send: Notify,
    /// The places of the wallets of the current batch; kept for its allocation.
    pub(super) places: RefCell<Vec<Option<usize>>>,
    pub(super) active_wallets: RefCell<ActiveWallets>,
    dirty: RefCell<Vec<WalletId>>,
    scratch: RefCell<Vec<u8>>,
    /// Orders that purchases wait for, by the time at which they give up.
    parked: RefCell<VecDeque<(Instant, OrderKey)>>,
    moment: Cell<Moment>,
    looks: Cell<u32>,
    last_reference: Cell<Reference>,
    last_transmission: Cell<(u64, u32)>,
    last_settlement_date: Cell<(Day, u32)>,
    journal: Arc<dyn Journal>,
    link: Rc<Link>,
    /// Advices under way.
    pub forwarder: Rc<Forwarder>,
    checkpointer: Checkpointer,
    /// What waits to be durable.
    pub gate: Gate,
    /// Cards.
    pub directory: Arc<Directory>,
    /// Orders.
    pub orders: Arc<Orders>,
    /// Its own figures.
    pub metrics: Rc<WorkerMetrics>,
    /// Within what time a request is answered.
    pub answer_within: Duration,
    /// For how many milliseconds a closed transaction is remembered.
    pub transactions_kept: u64,
    rules: Rules,
    /// What may still be approved in the host's stead.
    pub stand_in: Arc<Budget>,
    policy: Arc<OperatorPolicy>,
    /// The version of the directory when it was last read, and its content.
    operator_policy: RefCell<(u64, Rc<Supervision>)>,
    /// What the host has refused too often.
    pub dead_letters: Arc<DeadLetters>,
    /// The parties' totals.
    pub totals: Arc<PartyTotals>,
    /// When wallets are to be looked at again.
    pub wakes: RefCell<Wakes>,
    /// Where passwords are looked at.
    pub passwords: Passwords,
    /// What opens what is sealed.
    pub vault: Arc<Vault>,
}

impl Worker {
    /// A worker of these parts.
    pub fn new(parts: Parts) -> Rc<Self> {
        let outgoing = parts.inboxes.iter().map(|_| Vec::new()).collect();
        Rc::new(Self {
            index: parts.index,
            partitions: parts.partitions,
            inboxes: parts.inboxes,
            outgoing: RefCell::new(outgoing),
            hands_out: Cell::default(),
            something_to_send: Notify::new(),
            places: RefCell::default(),
            active_wallets: RefCell::default(),
            dirty: RefCell::default(),
            scratch: RefCell::default(),
            parked: RefCell::default(),
            moment: Cell::new(Moment::now()),
            looks: Cell::default(),
            last_reference: Cell::new(Reference::first(0, parts.index)),
            last_transmission: Cell::default(),
            last_settlement_date: Cell::default(),
            journal: parts.journal,
            link: parts.link,
            forwarder: parts.forwarder,
            checkpointer: parts.checkpointer,
            gate: parts.gate,
            directory: parts.directory,
            orders: parts.orders,
            metrics: parts.metrics,
            answer_within: parts.answer_within,
            transactions_kept: parts.transactions_kept,
            rules: parts.rules,
            stand_in: parts.stand_in,
            policy: parts.policy,
            operator_policy: RefCell::default(),
            dead_letters: parts.dead_letters,
            totals: parts.totals,
            wakes: RefCell::default(),
            passwords: parts.passwords,
            vault: parts.vault,
        })
    }

    /// Its number, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The host's word about a transaction enters as a command like any other.
    pub fn deliver(self: &Rc<Self>, answer: HostAnswer) {
        let reference = answer.reference;
        let command = match answer.outcome {
            HostOutcome::Answered { code, .. } => {
                Command::HostAnswered(reference, ResponseCode::new(code))
            }
            HostOutcome::CardIssued { card, expiry } => {
                Command::HostIssuedCard(reference, card, expiry)
            }
            HostOutcome::Totals { agreed, theirs } => {
                Command::HostTotals(reference, agreed, theirs)
            }
            HostOutcome::Silent => Command::HostSilent(reference),
            HostOutcome::Unsent => Command::HostUnreached(reference),
        };
        self.send(answer.wallet, command);
    }

    /// The host's answer to an advice, or to a card asked for again.
    pub fn deliver_advice(
        self: &Rc<Self>,
        answer: HostAnswer,
        subject: AdviceSubject,
        taken_as: AdviceOutcome,
    ) {
        let command = match answer.outcome {
            HostOutcome::Answered { code, .. } if taken_as == AdviceOutcome::Refused => {
                Command::AdviceRefused(answer.reference, subject, ResponseCode::new(code))
            }
            HostOutcome::CardIssued { card, expiry } => {
                Command::HostIssuedCard(answer.reference, card, expiry)
            }
            HostOutcome::Answered { .. }
            | HostOutcome::Totals { .. }
            | HostOutcome::Silent
            | HostOutcome::Unsent => Command::AdviceAnswered(answer.reference, subject),
        };
        self.send(answer.wallet, command);
    }

    /// Sends a wallet a message that nobody waits for.
    pub fn send(self: &Rc<Self>, wallet: WalletId, command: Command) {
        self.dispatch(wallet, WalletMessage::unasked(command));
    }

    /// What is handed in to a decision made at this time; a trace number only where the host may be asked.
    pub fn context<'a>(
        &'a self,
        now: u64,
        may_ask_host: bool,
        operator_policy: &'a Supervision,
    ) -> Context<'a> {
        Context {
            now,
            host_trace: if may_ask_host { self.next_trace() } else { 0 },
            host_up: self.link.up(),
            rules: &self.rules,
            operator_policy,
            stand_in_left: 0,
            next_reference: self.free_reference(now),
        }
    }

    /// Rises with everything that the operator decides about all wallets.
    #[inline]
    pub fn policy(&self) -> u64 {
        self.policy.number()
    }

    /// What the operator has decided about all wallets.
    #[inline]
    pub fn operator_policy(&self) -> Rc<Supervision> {
        let number = self.policy.number();
        let mut operator_policy = self.operator_policy.borrow_mut();
        if operator_policy.0 != number {
            *operator_policy = (number, Rc::new(Supervision::clone(&self.policy.read())));
        }
        Rc::clone(&operator_policy.1)
    }

    /// What may be approved in the host's stead for one request, taken out of what all workers may: to be given back
    /// where it was not used.
    pub fn take_stand_in(&self) -> u64 {
        match self.rules.stand_in.per_transaction {
            0 => 0,
            most => self.stand_in.take(most),
        }
    }

    /// Sends a message to each wallet whose time has come.
    pub fn wake(self: &Rc<Self>) {
        let now = clock::milliseconds();
        while let Some(wallet) = { self.wakes.borrow_mut().next_due(now) } {
            self.send(wallet, Command::Wake);
        }
    }

    /// About now: looked up once for a few decisions that are made one after another.
    pub fn moment(&self) -> Moment {
        let looks = self.looks.get();
        if looks.is_multiple_of(LOOKS) {
            self.moment.set(Moment::now());
        }
        self.looks.set(looks.wrapping_add(1));
        self.moment.get()
    }

    /// The next look at the clock is a real one.
    pub(super) fn look_anew(&self) {
        self.looks.set(0);
    }

    /// A trace number towards the host.
    pub fn next_trace(&self) -> u32 {
        self.link.next_trace()
    }

    /// A reference above all that were given before, of this millisecond if possible.
    pub fn next_reference(&self, now: u64) -> Reference {
        let next = self.free_reference(now);
        self.reference_is_used(next);
        next
    }

    fn free_reference(&self, now: u64) -> Reference {
        let by_clock = Reference::first(now, self.index);
        by_clock.max(self.last_reference.get().next())
    }

    /// A decision has given it, and those before it.
    pub fn reference_is_used(&self, reference: Reference) {
        let last = self.last_reference.get();
        self.last_reference.set(last.max(reference));
        // A millisecond had no more, and the next one was begun: a restart must go on after that.
        if reference.milliseconds() > clock::highest() {
            clock::not_before(reference.milliseconds());
        }
    }

    /// Field 7 towards the host of the transaction with this reference.
    pub fn transmission(&self, reference: Reference) -> u32 {
        let second = reference.milliseconds() / 1000;
        let (known, transmission) = self.last_transmission.get();
        if known == second {
            return transmission;
        }
        let transmission = clock::transmission(reference.milliseconds());
        self.last_transmission.set((second, transmission));
        transmission
    }

    /// Field 15 towards the host of what happened at this moment, milliseconds since 1970: MMDD.
    pub fn settlement_date(&self, milliseconds: u64) -> u32 {
        let day = self.operator_policy().days.of(milliseconds);
        let (known, date) = self.last_settlement_date.get();
        if known == day && date != 0 {
            return date;
        }
        let date = day.month_and_day();
        self.last_settlement_date.set((day, date));
        date
    }

    /// Appends an event to the journal.
    pub fn append(&self, entry: &Entry) -> Appended {
        let mut payload = self.scratch.borrow_mut();
        payload.clear();
        entry.write(&mut payload);
        let partition = entry.wallet.partition(self.partitions);
        invariant!(
            self.owner(partition) == self.index,
            "an event is appended by the owner of its wallet",
            Some(entry.wallet.0),
            None
        );
        self.journal.append(partition, &payload)
    }

    /// The worker that owns the wallets of a partition.
    pub(super) fn owner(&self, partition: u16) -> usize {
        usize::from(partition) % self.inboxes.len()
    }

    /// The event at this position.
    ///
    /// # Errors
    /// Where the journal has none there.
    pub fn read_event(&self, position: u64) -> Result<Entry, ReadBackError> {
        read_back(self.journal.read(position))
    }

    /// Where the durable part of the journal ends.
    pub fn durable_end(&self) -> u64 {
        self.journal.durable_end()
    }

    /// What was appended so far need not wait for more.
    pub fn end_journal_turn(&self) {
        self.journal.end_turn();
    }

    /// The wallet has changed since its last snapshot.
    pub fn turned_dirty(&self, wallet: WalletId) {
        self.dirty.borrow_mut().push(wallet);
    }

    /// Hands a snapshot to the store, to be written behind.
    pub fn hand_over(&self, snapshot: Snapshot) {
        self.checkpointer.hand_over(snapshot);
    }

    /// Whether all snapshots that were handed over of this wallet are in the store.
    pub fn has_stored(&self, wallet: WalletId) -> bool {
        self.checkpointer.has_stored(wallet)
    }

    /// A wallet's actor lies there in memory from now on.
    pub fn actor_at(&self, wallet: WalletId, address: usize) {
        self.active_wallets.borrow_mut().actor_at(wallet, address);
    }

    /// Drops a wallet's actor if it has handled all messages and its last snapshot is in the store: from then on its
    /// cards and orders are looked up there.
    pub fn release(&self, wallet: &Wallet, settled: &[OrderKey], taken: u64) -> bool {
        if !self.checkpointer.has_stored(wallet.id) {
            return false;
        }
        let mut active_wallets = self.active_wallets.borrow_mut();
        if active_wallets
            .find(wallet.id)
            .is_some_and(|active| active.sent != taken)
        {
            return false;
        }
        active_wallets.leave(wallet.id);
        self.directory.rest(&wallet.cards);
        self.orders.rest(wallet, settled);
        self.metrics.actor_stopped();
        true
    }

    /// An order now belongs to this wallet; purchases that waited for it are forwarded.
    pub fn order_turned(
        self: &Rc<Self>,
        key: OrderKey,
        wallet: WalletId,
        state: OrderState,
        expires_at: u64,
    ) {
        let waited = match self.orders.turn(key, wallet, state, expires_at) {
            Ok(waited) => waited,
            Err(error) => {
                tracing::error!(%error, "an order could not be looked up");
                return;
            }
        };
        for message in waited {
            if let Some(requester) = &message.requester {
                self.metrics.order_waited(requester.arrived.elapsed());
            }
            self.dispatch(wallet, message);
        }
    }

    /// A purchase waits for this order until then.
    pub fn park(&self, key: OrderKey, until: Instant) {
        self.parked.borrow_mut().push_back((until, key));
    }

    /// Answers the purchases that have waited for an order for too long.
    pub fn give_up_parked(&self, now: Instant) {
        loop {
            let mut parked = self.parked.borrow_mut();
            let Some(&(_, key)) = parked.front().filter(|(until, _)| *until <= now) else {
                return;
            };
            parked.pop_front();
            drop(parked);
            self.answer_parked(self.orders.give_up(key, now), NO_SUCH_ORDER);
        }
    }

    /// Answers purchases that waited for an order.
    pub fn answer_parked(&self, parked: Vec<Parked>, (code, reason): (ResponseCode, &'static str)) {
        let now = Instant::now();
        for requester in parked
            .into_iter()
            .filter_map(|parked| parked.message.requester)
        {
            let took = now.saturating_duration_since(requester.arrived);
            requester.log_decline((code, reason));
            self.metrics.answered(requester.kind, (code, reason), took);
            self.metrics.order_waited(took);
            if let Some(connection) = requester.answer(&Outcome::declined(code, reason)) {
                connection.flush();
            }
        }
    }

    /// Hands every wallet that changed to the store, one after another as the store keeps up. Comes back
    /// when all of them are handed over.
    pub async fn checkpoint(&self) {
        let dirty = self.dirty.take();
        for wallet in dirty {
            self.checkpointer.room().await;
            let address = self.active_wallets.borrow_mut().find(wallet).map(|active| {
                active.sent += 1;
                active.address.clone()
            });
            if let Some(address) = address {
                // It fails only when the actor has stopped, and then its snapshot was handed over.
                let _ = address.send(Housekeeping::Checkpoint).await;
            }
        }
    }

    /// Stops wallets without messages for `idle_after` milliseconds, a few at a time. To be called regularly: it sets
    /// the clock by which they are idle.
    pub async fn rest_idle(&self, idle_after: u64) {
        let now = clock::steady();
        self.active_wallets.borrow_mut().set_clock(now);
        let Some(before) = now.checked_sub(idle_after) else {
            return;
        };
        loop {
            let idle = self.active_wallets.borrow_mut().next_idle(before);
            let Some(wallet) = idle else { return };
            if self.checkpointer.is_paused() {
                return;
            }
            self.checkpointer.room().await;
            if let Some(active) = self.active_wallets.borrow_mut().find(wallet) {
                active.sent += 1;
                active.address.do_send(Housekeeping::Rest);
            }
        }
    }

    /// The wallet as it was last handed to the store; a new one where there is none.
    pub(super) fn load(&self, wallet: WalletId) -> Option<Wallet> {
        match self.checkpointer.wallet(wallet) {
            Ok(found) => {
                let mut loaded = found.unwrap_or_else(|| Wallet::new(wallet));
                // The store may still have an earlier row of a transaction that was forgotten with what became of it later.
                loaded.forget_older(clock::milliseconds(), self.transactions_kept);
                for card in loaded.cards.iter() {
                    self.directory.add_card(&card.number, wallet);
                }
                Some(loaded)
            }
            Err(error) => {
                tracing::error!(%error, "a wallet could not be loaded from the store");
                None
            }
        }
    }
}
