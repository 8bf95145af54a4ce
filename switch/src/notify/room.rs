//! The thread that follows the journal and sends what is due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};

use super::channel::{Channel, Email, Failure, Receipt, ReceiptOutcome, Sms};
use super::deliver::{Delivered, Delivery};
use super::desk::{Ask, Desk};
use super::follow::Follower;
use super::outbox::{Changes, Dead, Key, Outbox, To, Waiting};
use crate::clock;
use crate::config::{NotifySettings, PartyKind, Settings, SettingsError};
use crate::journal::Journal;
use crate::ops::Metrics;
use crate::vault::Vault;

/// How often the journal is looked at for something new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Events looked at before anything else has its turn.
const LOOK_AT: u64 = 4096;
/// Messages that wait at most; beyond, the journal is not read on: what payers are to be told waits there.
const WAITING_MAX: usize = 20_000;
/// A code that came later would be of no use (see `CODE_STANDS` in the wallet room).
const CODE_WITHIN: u64 = 15 * 60 * 1000;
/// Receipts of the message centre that nobody has taken.
const RECEIPTS_MAX: usize = 256;

/// The room, from outside.
#[derive(Debug)]
pub struct Notify {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// Where dead letters are listed, tried again and dropped.
    pub desk: Desk,
}

/// Why telling payers could not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Passwords, certificates, addresses.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The outbox can't be opened.
    #[error(transparent)]
    Outbox(#[from] super::outbox::OutboxError),
    /// The system gave no thread.
    #[error("no thread for notifications: {0}")]
    Thread(#[from] io::Error),
}

impl Notify {
    /// Starts it; none where no channel is configured.
    ///
    /// # Errors
    /// When a channel's password or certificate, the outbox or a thread can't be had.
    pub fn start(
        settings: &Settings,
        journal: Arc<dyn Journal>,
        vault: Arc<Vault>,
        metrics: Arc<Metrics>,
    ) -> Result<Option<Self>, NotifyError> {
        let notify = settings.notify.clone();
        if notify.email.is_none() && notify.sms.is_none() {
            return Ok(None);
        }
        let email = notify.email.as_ref().map(Email::open).transpose()?;
        notify.sms.as_ref().map(Sms::check).transpose()?;
        let outbox = Arc::new(Outbox::open(&settings.data.join("outbox"))?);
        let waiting = outbox.waiting()?;
        let told_within = notify.give_up_after.as_millis() as u64;
        let follower = Follower::new(Arc::clone(&journal), &outbox, told_within)?;
        let malls = settings.parties.iter();
        let malls = malls
            .filter(|party| party.kind == PartyKind::Mall)
            .map(|party| (party.code, party.name.clone()));
        let (desk, asks) = Desk::new();
        let (stop, stopped) = oneshot::channel();
        let seed = Seed {
            settings: notify,
            email,
            malls: malls.collect(),
            journal,
            vault,
            outbox,
            metrics,
            follower,
            waiting,
        };
        let thread = std::thread::Builder::new()
            .name("notify".into())
            .spawn(move || seed.run(asks, stopped))?;
        Ok(Some(Self { thread, stop, desk }))
    }

    /// Ends it: what is on its way is sent again after the next start.
    pub fn stop(self) {
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the thread that tells payers has panicked");
        }
    }
}

struct Seed {
    settings: NotifySettings,
    email: Option<Email>,
    malls: HashMap<u64, String>,
    journal: Arc<dyn Journal>,
    vault: Arc<Vault>,
    outbox: Arc<Outbox>,
    metrics: Arc<Metrics>,
    follower: Follower,
    waiting: Vec<(Key, Waiting)>,
}

impl Seed {
    fn run(self, asks: mpsc::Receiver<Ask>, stopped: oneshot::Receiver<()>) {
        // Purchases go before; where the system does not allow it, nothing is lost but that.
        let _ = rustix::process::setpriority_process(None, 10);
        let built = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match built {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "payers are not told anything"),
        };
        let local = LocalSet::new();
        local.block_on(&runtime, async move {
            let (receipts, received) = mpsc::channel(RECEIPTS_MAX);
            let sms = self.settings.sms.as_ref();
            let sms = match sms.map(|sms| Sms::open(sms, receipts)).transpose() {
                Ok(sms) => sms,
                Err(error) => return tracing::error!(%error, "payers are not told anything"),
            };
            let delivery = Delivery {
                journal: Arc::clone(&self.journal),
                outbox: Arc::clone(&self.outbox),
                vault: self.vault,
                email: self.email.map(Channel::Email),
                sms: sms.map(Channel::Sms),
                malls: self.malls,
            };
            let mut room = Room {
                settings: self.settings,
                journal: self.journal,
                outbox: self.outbox,
                metrics: self.metrics,
                follower: self.follower,
                delivery: Rc::new(delivery),
                due: BinaryHeap::new(),
                waiting: HashMap::new(),
                under_way: JoinSet::new(),
            };
            for (key, waiting) in self.waiting {
                room.take_in(key, waiting);
            }
            room.work(asks, received, stopped).await;
        });
    }
}

struct Room {
    settings: NotifySettings,
    journal: Arc<dyn Journal>,
    outbox: Arc<Outbox>,
    metrics: Arc<Metrics>,
    follower: Follower,
    delivery: Rc<Delivery>,
    /// What is not under way, by the time at which it is due.
    due: BinaryHeap<Reverse<(u64, Key)>>,
    /// All that is not delivered, at most [`WAITING_MAX`] and what one look brings.
    waiting: HashMap<Key, Waiting>,
    under_way: JoinSet<(Key, Delivered)>,
}

impl Room {
    async fn work(
        &mut self,
        mut asks: mpsc::Receiver<Ask>,
        mut receipts: mpsc::Receiver<Receipt>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let mut more = true;
        loop {
            if let Err(error) = self.look(&mut more) {
                tracing::error!(%error, "the outbox does not follow the journal any more");
                return;
            }
            self.send_what_is_due();
            self.say_figures();
            let pause = if more { Duration::ZERO } else { LOOK_EVERY };
            tokio::select! {
                _ = &mut stopped => break,
                Some(done) = self.under_way.join_next() => {
                    if let Ok((key, delivered)) = done {
                        self.settle(key, delivered);
                    }
                }
                Some(ask) = asks.recv() => self.answer(ask),
                Some(receipt) = receipts.recv() => self.count(&receipt),
                () = tokio::time::sleep(pause) => {}
            }
        }
        if let Err(error) = self.outbox.sync() {
            tracing::error!(%error, "the outbox could not be synced");
        }
    }

    /// Reads on in the journal, unless too much waits already.
    fn look(&mut self, more: &mut bool) -> Result<(), crate::journal::JournalError> {
        *more = false;
        if self.waiting.len() >= WAITING_MAX {
            return Ok(());
        }
        let now = clock::milliseconds();
        let (looked_at, new) = self.follower.look(LOOK_AT, &self.outbox, now)?;
        *more = looked_at >= LOOK_AT;
        for (key, waiting) in new {
            self.take_in(key, waiting);
        }
        Ok(())
    }

    fn take_in(&mut self, key: Key, waiting: Waiting) {
        self.waiting.insert(key, waiting);
        self.due.push(Reverse((waiting.due, key)));
    }

    fn send_what_is_due(&mut self) {
        let now = clock::milliseconds();
        while self.under_way.len() < self.settings.batch {
            let Some(Reverse((due, key))) = self.due.peek().copied() else {
                return;
            };
            if due > now {
                return;
            }
            self.due.pop();
            // Dropped meanwhile, or put in again with another time.
            if self
                .waiting
                .get(&key)
                .is_none_or(|waiting| waiting.due != due)
            {
                continue;
            }
            let delivery = Rc::clone(&self.delivery);
            self.under_way
                .spawn_local(async move { (key, delivery.deliver(key).await) });
        }
    }

    fn settle(&mut self, key: Key, delivered: Delivered) {
        let Some(waiting) = self.waiting.get(&key).copied() else {
            return;
        };
        let mut changes = Changes::default();
        let figures = &self.metrics.notify;
        match delivered {
            Delivered::Sent(channel) => {
                figures.told(channel, "sent");
                changes.done.push(key);
            }
            Delivered::NobodyThere => {
                figures.told("none", "dropped");
                changes.done.push(key);
            }
            Delivered::Failed(channel, failure) => {
                let now = clock::milliseconds();
                let age = now.saturating_sub(waiting.since);
                let attempts = waiting.attempts + 1;
                let give_up = self.settings.give_up_after.as_millis() as u64;
                match failure {
                    _ if key.to == To::Proposed && age >= CODE_WITHIN => {
                        figures.told(channel, "dropped");
                        changes.done.push(key);
                    }
                    Failure::Transient(_) if age < give_up => {
                        figures.told(channel, "retried");
                        let due = now + self.pause(attempts);
                        let again = Waiting {
                            due,
                            attempts,
                            ..waiting
                        };
                        self.take_in(key, again);
                        changes.waiting.push((key, again));
                    }
                    Failure::Transient(why) | Failure::Permanent(why) => {
                        figures.told(channel, "dead");
                        tracing::warn!(channel, why, "a message was given up");
                        let dead = Dead {
                            since: waiting.since,
                            attempts,
                            why,
                        };
                        changes.dead.push((key, dead));
                    }
                }
            }
        }
        for gone in changes
            .done
            .iter()
            .chain(changes.dead.iter().map(|(key, _)| key))
        {
            self.waiting.remove(gone);
        }
        self.write(&changes);
    }

    /// Doubled each time, and a random part of it, so that not all come back at once.
    fn pause(&self, attempts: u32) -> u64 {
        let doubled =
            self.settings.retry_min * 2u32.saturating_pow(attempts.saturating_sub(1).min(20));
        let pause = doubled.min(self.settings.retry_max).as_millis() as u64;
        pause / 2 + rand::random_range(0..=pause / 2)
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::List(most, answer) => {
                let _ = answer.send(self.outbox.dead(most).map_err(|error| error.to_string()));
            }
            Ask::Retry(key, answer) => {
                let _ = answer.send(self.revive(key));
            }
            Ask::Drop(key, answer) => {
                let known = self.is_dead(key);
                if known {
                    let changes = Changes {
                        done: vec![key],
                        ..Changes::default()
                    };
                    self.write(&changes);
                }
                let _ = answer.send(known);
            }
        }
    }

    fn is_dead(&self, key: Key) -> bool {
        let dead = self.outbox.dead(usize::MAX).unwrap_or_default();
        dead.iter().any(|(known, _)| *known == key)
    }

    fn revive(&mut self, key: Key) -> bool {
        if !self.is_dead(key) {
            return false;
        }
        // It has as long again as a new one.
        let waiting = Waiting {
            due: 0,
            since: clock::milliseconds(),
            attempts: 0,
        };
        let changes = Changes {
            revived: vec![(key, waiting)],
            ..Changes::default()
        };
        self.write(&changes);
        self.take_in(key, waiting);
        true
    }

    fn count(&self, receipt: &Receipt) {
        let result = match receipt.outcome {
            ReceiptOutcome::Delivered => "delivered",
            _ => "undelivered",
        };
        self.metrics.notify.told("sms", result);
    }

    fn say_figures(&self) {
        let figures = &self.metrics.notify;
        let now = clock::milliseconds();
        let oldest = self.waiting.values().map(|waiting| waiting.since).min();
        let oldest = oldest.map_or(0, |since| now.saturating_sub(since) / 1000);
        let behind = self
            .journal
            .durable()
            .saturating_sub(self.follower.sequence());
        let dead = self.outbox.dead_count().unwrap_or(0);
        figures.set(self.waiting.len(), dead, oldest, behind);
    }

    /// What could not be written is done again after the next start: a message may come twice, none is lost.
    fn write(&self, changes: &Changes) {
        if let Err(error) = self.outbox.write(changes) {
            tracing::error!(%error, "the outbox could not be written");
        }
    }
}
