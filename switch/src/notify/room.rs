//! The thread that follows the journal and sends what is due.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};

use super::channel::{Channel, Email, Failure, Receipt, ReceiptOutcome, Sms};
use super::deliver::{Delivered, Delivery};
use super::desk::{Ask, Desk};
use super::follow::Follower;
use super::lane::Lane;
use super::outbox::{Changes, Dead, Key, Outbox, To, Waiting};
use crate::clock;
use crate::config::{NotifySettings, PartyKind, Settings, SettingsError};
use crate::journal::Journal;
use crate::ops::Metrics;
use crate::vault::Vault;
use crate::wallet::ContactChannel;

/// How often the journal is looked at for something new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Events looked at before anything else has its turn.
const LOOK_AT: u64 = 4096;
/// Messages of a channel that are in memory; beyond, they wait in the outbox alone.
const IN_MEMORY_MAX: usize = 20_000;
/// How often the figures are told.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
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
        let lane = |channel| Lane::open(channel, IN_MEMORY_MAX, &outbox);
        let lanes = [lane(ContactChannel::Email)?, lane(ContactChannel::Mobile)?];
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
            lanes,
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
    lanes: [Lane; 2],
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
                lanes: self.lanes,
                under_way: JoinSet::new(),
                figures_told: None,
            };
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
    lanes: [Lane; 2],
    under_way: JoinSet<(ContactChannel, Key, Delivered)>,
    figures_told: Option<Instant>,
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
                    if let Ok((channel, key, delivered)) = done {
                        self.settle(channel, key, delivered);
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

    /// Reads on in the journal.
    fn look(&mut self, more: &mut bool) -> Result<(), crate::journal::JournalError> {
        let now = clock::milliseconds();
        let (looked_at, new) = self.follower.look(LOOK_AT, &self.outbox, now)?;
        *more = looked_at >= LOOK_AT;
        for (key, waiting) in new {
            self.lane(waiting.channel).follow(key, waiting);
        }
        Ok(())
    }

    fn lane(&mut self, channel: ContactChannel) -> &mut Lane {
        match channel {
            ContactChannel::Email => &mut self.lanes[0],
            ContactChannel::Mobile => &mut self.lanes[1],
        }
    }

    fn send_what_is_due(&mut self) {
        let now = clock::milliseconds();
        for lane in &mut self.lanes {
            if let Err(error) = lane.refill(&self.outbox) {
                tracing::error!(%error, "the outbox could not be read");
            }
            while lane.under_way() < self.settings.batch
                && let Some(key) = lane.take_due(now)
            {
                let (channel, delivery) = (lane.channel(), Rc::clone(&self.delivery));
                self.under_way
                    .spawn_local(async move { (channel, key, delivery.deliver(key).await) });
            }
        }
    }

    fn settle(&mut self, channel: ContactChannel, key: Key, delivered: Delivered) {
        let Some(waiting) = self.lane(channel).settle(key) else {
            return;
        };
        let mut changes = Changes::default();
        let figures = &Arc::clone(&self.metrics).notify;
        match delivered {
            Delivered::Sent(channel) => {
                figures.told(channel, "sent");
                changes.done.push((key, waiting.channel));
            }
            Delivered::NobodyThere => {
                figures.told("none", "dropped");
                changes.done.push((key, waiting.channel));
            }
            Delivered::Failed(channel, failure) => {
                let now = clock::milliseconds();
                let age = now.saturating_sub(waiting.since);
                let attempts = waiting.attempts + 1;
                let give_up = self.settings.give_up_after.as_millis() as u64;
                match failure {
                    _ if key.to == To::Proposed && age >= CODE_WITHIN => {
                        figures.told(channel, "dropped");
                        changes.done.push((key, waiting.channel));
                    }
                    Failure::Transient(_) if age < give_up => {
                        figures.told(channel, "retried");
                        let due = now + self.pause(attempts);
                        let again = Waiting {
                            due,
                            attempts,
                            ..waiting
                        };
                        self.lane(waiting.channel).put(key, again);
                        changes.waiting.push((key, again));
                    }
                    Failure::Transient(why) | Failure::Permanent(why) => {
                        figures.told(channel, "dead");
                        tracing::warn!(channel, why, "a message was given up");
                        let dead = Dead {
                            channel: waiting.channel,
                            since: waiting.since,
                            attempts,
                            why,
                        };
                        changes.dead.push((key, dead));
                    }
                }
            }
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
                let _ = answer.send(self.drop_dead(key));
            }
        }
    }

    fn dead_letter(&self, key: Key) -> Option<Dead> {
        let dead = self.outbox.dead_letter(key);
        dead.unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox could not be read");
            None
        })
    }

    fn drop_dead(&self, key: Key) -> bool {
        let Some(dead) = self.dead_letter(key) else {
            return false;
        };
        self.write(&Changes {
            done: vec![(key, dead.channel)],
            ..Changes::default()
        });
        true
    }

    fn revive(&mut self, key: Key) -> bool {
        let Some(dead) = self.dead_letter(key) else {
            return false;
        };
        // It has as long again as a new one.
        let waiting = Waiting {
            channel: dead.channel,
            due: 0,
            since: clock::milliseconds(),
            attempts: 0,
        };
        self.write(&Changes {
            revived: vec![(key, waiting)],
            ..Changes::default()
        });
        self.lane(waiting.channel).put(key, waiting);
        true
    }

    fn count(&self, receipt: &Receipt) {
        let result = match receipt.outcome {
            ReceiptOutcome::Delivered => "delivered",
            _ => "undelivered",
        };
        self.metrics.notify.told("sms", result);
    }

    fn say_figures(&mut self) {
        if self
            .figures_told
            .is_some_and(|told| told.elapsed() < FIGURES_EVERY)
        {
            return;
        }
        self.figures_told = Some(Instant::now());
        let figures = &self.metrics.notify;
        let now = clock::milliseconds();
        for lane in &self.lanes {
            let oldest = lane.oldest();
            let oldest = oldest.map_or(0, |since| now.saturating_sub(since) / 1000);
            figures.waiting(lane.channel(), lane.len(), oldest);
        }
        let behind = self
            .journal
            .durable()
            .saturating_sub(self.follower.sequence());
        figures.set(self.outbox.dead_count().unwrap_or(0), behind);
    }

    /// What could not be written is done again after the next start: a message may come twice, none is lost.
    fn write(&self, changes: &Changes) {
        if let Err(error) = self.outbox.write(changes) {
            tracing::error!(%error, "the outbox could not be written");
        }
    }
}
