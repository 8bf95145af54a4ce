//! The thread that follows the journal and sends what is due.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};

use super::channel::{Channel, Email, Failure, Receipt, ReceiptOutcome, Sms, VapidKey, WebPush};
use super::dead_letter_client::{Ask, DeadLetterClient};
use super::dead_letters;
use super::deliver::{CODE_WITHIN, Delivered, Delivery, MallNames};
use super::elsewhere::{self, Progress};
use super::outbox::{Changes, ChannelKind, Dead, Key, OutboxError, To, Waiting};
use super::state::{Place, State};
use tessera_cluster::changes::Change;
use tessera_config::{NotifySettings, Settings, SettingsError};
use tessera_encryption::DataKeys;
use tessera_journal::Journal;
use tessera_kit::clock;
use tessera_kit::fence;
use tessera_ledger::WalletId;
use tessera_metrics::Metrics;
use tessera_store::Store;
use tessera_vault::Vault;

/// How often the journal is looked at for something new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Events looked at before anything else has its turn.
const LOOK_AT: u64 = 4096;
/// The longest pause before the outbox is opened again after a failure.
const REOPEN_MAX: Duration = Duration::from_secs(10);
/// The interval of updates of the metrics.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// Receipts of the message centre that nobody has taken.
const RECEIPTS_MAX: usize = 256;

/// The handle of the notification service.
#[derive(Debug)]
pub struct Notify {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// Where dead letters are listed, tried again and dropped.
    pub dead_letter_client: DeadLetterClient,
}

/// Has a wallet note that the push service of one of its browsers no longer knows it.
pub type BrowserGone = Arc<dyn Fn(WalletId, u32) + Send + Sync>;

/// Why the notification service could not start.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Passwords, certificates, addresses.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The outbox can't be opened.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The system gave no thread.
    #[error("no thread for notifications: {0}")]
    Thread(#[from] io::Error),
}

impl Notify {
    /// Starts it; none where no channel is configured.
    ///
    /// # Errors
    /// When a channel's password or certificate, the outbox or a thread can't be had.
    #[allow(clippy::too_many_arguments, reason = "each is a neighbour of its own")]
    pub fn start(
        settings: &Settings,
        keys: DataKeys,
        malls: MallNames,
        (push_key, gone): (Option<Arc<VapidKey>>, BrowserGone),
        journal: Arc<dyn Journal>,
        store: Arc<Store>,
        vault: Arc<Vault>,
        metrics: Arc<Metrics>,
    ) -> Result<Option<Self>, NotifyError> {
        let notify = settings.notify.clone();
        if !notify.has_channel() {
            return Ok(None);
        }
        let email = notify.email.as_ref().map(Email::open).transpose()?;
        notify.sms.as_ref().map(Sms::check).transpose()?;
        let web_push = notify.web_push.as_ref().zip(push_key);
        let web_push = web_push.map(|(settings, key)| WebPush::open(settings, key));
        let web_push = web_push.transpose()?;
        let place = Place {
            directory: settings.data.join("outbox"),
            keys,
            journal,
            store,
            sent_within: notify.give_up_after.as_millis() as u64,
            begin_after: elsewhere::remembered(&settings.data)?,
            pause_max: notify.retry_max.as_millis() as u64,
        };
        let state = match State::open(&place) {
            // Notifications wait until the disk can be written; payments go on meanwhile.
            Err(error) if error.is_of_the_disk() => Err(error),
            opened => Ok(opened?),
        };
        let (dead_letter_client, asks) = DeadLetterClient::new();
        let (stop, stopped) = oneshot::channel();
        let seed = Seed {
            in_cluster: settings.cluster.is_some(),
            settings: notify,
            email,
            web_push,
            malls,
            gone,
            vault,
            metrics,
            place,
            state,
        };
        let thread = std::thread::Builder::new()
            .name("notify".into())
            .spawn(move || seed.run(asks, stopped))?;
        Ok(Some(Self {
            thread,
            stop,
            dead_letter_client,
        }))
    }

    /// Ends it: what is on its way is sent again after the next start.
    pub fn stop(self) {
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the notification thread has panicked");
        }
    }
}

struct Seed {
    in_cluster: bool,
    settings: NotifySettings,
    email: Option<Email>,
    web_push: Option<WebPush>,
    malls: MallNames,
    gone: BrowserGone,
    vault: Arc<Vault>,
    metrics: Arc<Metrics>,
    place: Place,
    state: Result<State, OutboxError>,
}

/// Nothing is sent after the end of the thread.
struct Ended(Arc<Metrics>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.notify.stopped(true);
    }
}

impl Seed {
    fn run(self, asks: mpsc::Receiver<Ask>, stopped: oneshot::Receiver<()>) {
        let _ended = Ended(Arc::clone(&self.metrics));
        // Purchases go before; where the system does not allow it, nothing is lost but that.
        let _ = rustix::process::setpriority_process(None, 10);
        let built = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match built {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "notifications cannot start"),
        };
        let local = LocalSet::new();
        local.block_on(&runtime, async move {
            let (sender, receipts) = mpsc::channel(RECEIPTS_MAX);
            let sms = self.settings.sms.as_ref();
            let sms = match sms.map(|sms| Sms::open(sms, sender)).transpose() {
                Ok(sms) => sms,
                Err(error) => return tracing::error!(%error, "notifications cannot start"),
            };
            let delivery = Delivery {
                journal: Arc::clone(&self.place.journal),
                vault: self.vault,
                email: self.email.map(Channel::Email),
                sms: sms.map(Channel::Sms),
                web_push: self.web_push.map(Channel::WebPush),
                malls: self.malls,
            };
            let service = Service {
                progress: self.in_cluster.then(Progress::new),
                settings: self.settings,
                metrics: self.metrics,
                place: self.place,
                delivery: Rc::new(delivery),
                gone: self.gone,
                under_way: JoinSet::new(),
                figures_sent: None,
            };
            let outside = Outside {
                asks,
                receipts,
                stopped,
            };
            service.work_until_stopped(self.state, outside).await;
        });
    }
}

struct Service {
    /// What other nodes have to know, where there are some.
    progress: Option<Progress>,
    settings: NotifySettings,
    metrics: Arc<Metrics>,
    place: Place,
    delivery: Rc<Delivery>,
    gone: BrowserGone,
    under_way: JoinSet<(ChannelKind, Key, Delivered)>,
    figures_sent: Option<Instant>,
}

/// What others want.
struct Outside {
    asks: mpsc::Receiver<Ask>,
    receipts: mpsc::Receiver<Receipt>,
    stopped: oneshot::Receiver<()>,
}

impl Service {
    /// Until it is stopped. Where journal or outbox fail, everything is read from the disk anew after a pause: the outbox takes
    /// nothing more once a write has failed, and what is in memory may be ahead of it.
    async fn work_until_stopped(
        mut self,
        mut opened: Result<State, OutboxError>,
        mut outside: Outside,
    ) {
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let worked = match opened {
                Ok(mut state) => {
                    let worked = self.work(&mut state, &mut outside).await;
                    // They hold the outbox.
                    self.under_way.shutdown().await;
                    worked
                }
                Err(error) => Err(error),
            };
            let Err(error) = worked else {
                return;
            };
            tracing::error!(%error, "notifications paused");
            self.metrics.notify.stopped(true);
            if began.elapsed() > self.settings.retry_max {
                // It had worked for a while: this is not the trouble of before.
                failures = 0;
            }
            failures += 1;
            let pause = Duration::from_millis(self.pause(failures)).min(REOPEN_MAX);
            if self.is_stopped_within(pause, &mut outside).await {
                return;
            }
            opened = State::open(&self.place);
        }
    }

    async fn is_stopped_within(&self, pause: Duration, outside: &mut Outside) -> bool {
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                _ = &mut outside.stopped => return true,
                () = &mut over => return false,
                // That is the answer to the caller.
                Some(ask) = outside.asks.recv() => drop(ask),
                Some(receipt) = outside.receipts.recv() => self.count(&receipt),
            }
        }
    }

    async fn work(&mut self, state: &mut State, outside: &mut Outside) -> Result<(), OutboxError> {
        let mut more = true;
        loop {
            self.look(state, &mut more)?;
            self.send_what_is_due(state)?;
            self.say_figures(state);
            self.inform_other_nodes(state)?;
            let pause = if more { Duration::ZERO } else { LOOK_EVERY };
            tokio::select! {
                _ = &mut outside.stopped => break,
                Some(done) = self.under_way.join_next() => {
                    if let Ok((channel, key, delivered)) = done {
                        self.settle(state, channel, key, delivered)?;
                    }
                }
                Some(ask) = outside.asks.recv() => dead_letters::answer(state, ask)?,
                Some(receipt) = outside.receipts.recv() => self.count(&receipt),
                () = tokio::time::sleep(pause) => {}
            }
        }
        if let Err(error) = state.outbox.sync() {
            tracing::error!(%error, "the outbox could not be synced");
        }
        Ok(())
    }

    /// Reads on in the journal.
    fn look(&mut self, state: &mut State, more: &mut bool) -> Result<(), OutboxError> {
        let now = clock::now();
        let (looked_at, new) = state.follower.look(LOOK_AT, &state.outbox, now)?;
        *more = looked_at >= LOOK_AT;
        for (key, waiting) in new {
            state.lane(waiting.channel).follow(key, waiting);
        }
        Ok(())
    }

    fn inform_other_nodes(&mut self, state: &State) -> Result<(), OutboxError> {
        let Some(progress) = self.progress.as_mut().filter(|progress| progress.is_due()) else {
            return Ok(());
        };
        let mut oldest = None;
        for channel in ChannelKind::ALL {
            if let Some(first) = state.outbox.waiting(channel, Key::FIRST).next() {
                let (key, _) = first?;
                oldest = oldest.into_iter().chain([key.position]).min();
            }
        }
        if let Some(mark) = progress.look(state.outbox.cursor()?, oldest) {
            let mut change = Vec::new();
            Change::Notified { mark }.append_to(&mut change);
            self.place.journal.append_beside(&change);
        }
        Ok(())
    }

    fn send_what_is_due(&mut self, state: &mut State) -> Result<(), OutboxError> {
        if !fence::is_open() {
            // Another node may be active by now, and send the same.
            return Ok(());
        }
        let now = clock::now();
        for lane in &mut state.lanes {
            lane.refill(&state.outbox)?;
            while lane.under_way() < self.settings.batch
                && let Some(key) = lane.take_due(now)
            {
                let (channel, delivery) = (lane.channel(), Rc::clone(&self.delivery));
                let outbox = Arc::clone(&state.outbox);
                self.under_way.spawn_local(async move {
                    (channel, key, delivery.deliver(&outbox, key).await)
                });
            }
        }
        Ok(())
    }

    fn settle(
        &mut self,
        state: &mut State,
        channel: ChannelKind,
        key: Key,
        delivered: Delivered,
    ) -> Result<(), OutboxError> {
        let Some(waiting) = state.lane(channel).settle(key) else {
            return Ok(());
        };
        let mut changes = Changes::default();
        let figures = &Arc::clone(&self.metrics).notify;
        match delivered {
            Delivered::Sent(channel) => {
                figures.sent(channel, "sent");
                changes.done.push((key, waiting.channel));
            }
            Delivered::NobodyThere => {
                figures.sent("none", "dropped");
                changes.done.push((key, waiting.channel));
            }
            Delivered::Gone(wallet, number) => {
                figures.sent(waiting.channel.name(), "dropped");
                changes.done.push((key, waiting.channel));
                (self.gone)(wallet, number);
            }
            Delivered::Failed(channel, failure) => {
                let now = clock::now();
                let age = now.since(waiting.since);
                let attempts = waiting.attempts + 1;
                let give_up = self.settings.give_up_after.as_millis() as u64;
                match failure {
                    _ if key.to == To::Proposed && age >= CODE_WITHIN => {
                        figures.sent(channel, "dropped");
                        changes.done.push((key, waiting.channel));
                    }
                    Failure::Transient(_) | Failure::Later(..) if age < give_up => {
                        figures.sent(channel, "retried");
                        let due = now.plus(self.pause(attempts).max(self.asked_to_wait(&failure)));
                        let again = Waiting {
                            due,
                            attempts,
                            ..waiting
                        };
                        state.lane(waiting.channel).put(key, again);
                        changes.waiting.push((key, again));
                    }
                    Failure::Transient(_)
                    | Failure::Later(..)
                    | Failure::Permanent(_)
                    | Failure::Gone => {
                        let why = failure.to_string();
                        figures.sent(channel, "dead");
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
        state.outbox.write(&changes)
    }

    /// Doubled each time, and a random part of it, so that not all come back at once.
    fn pause(&self, attempts: u32) -> u64 {
        let doubled =
            self.settings.retry_min * 2u32.saturating_pow(attempts.saturating_sub(1).min(20));
        let pause = doubled.min(self.settings.retry_max).as_millis() as u64;
        pause / 2 + rand::random_range(0..=pause / 2)
    }

    /// For how long a server has asked for a pause, within reason.
    fn asked_to_wait(&self, failure: &Failure) -> u64 {
        match failure {
            Failure::Later(_, pause) => (*pause).min(self.settings.retry_max).as_millis() as u64,
            Failure::Transient(_) | Failure::Permanent(_) | Failure::Gone => 0,
        }
    }

    fn count(&self, receipt: &Receipt) {
        let result = match &receipt.outcome {
            ReceiptOutcome::Delivered => "delivered",
            ReceiptOutcome::Failed(why) => {
                let (id, segment, segments) = (&receipt.id, receipt.segment, receipt.segments);
                tracing::info!(%id, segment, segments, why, "a short message did not reach the telephone");
                "undelivered"
            }
        };
        self.metrics.notify.sent("sms", result);
    }

    fn say_figures(&mut self, state: &State) {
        if self
            .figures_sent
            .is_some_and(|notice| notice.elapsed() < FIGURES_EVERY)
        {
            return;
        }
        self.figures_sent = Some(Instant::now());
        let figures = &self.metrics.notify;
        let now = clock::now();
        for lane in &state.lanes {
            let oldest = lane.oldest();
            let oldest = oldest.map_or(0, |since| now.since(since) / 1000);
            figures.waiting(lane.channel().name(), lane.len(), oldest);
        }
        figures.set(state.outbox.dead_count(), state.follower.behind());
        figures.stopped(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::testing::{Records, open_outbox, open_store};

    const PATIENCE: Duration = Duration::from_secs(120);

    fn place(folder: &std::path::Path, journal: &Records) -> Place {
        Place {
            directory: folder.join("outbox"),
            keys: DataKeys::for_tests(folder),
            journal: journal.engine(),
            store: Arc::new(open_store(folder)),
            begin_after: None,
            sent_within: u64::MAX,
            pause_max: 60_000,
        }
    }

    fn delivery(folder: &std::path::Path, journal: &Records) -> Delivery {
        Delivery {
            journal: journal.engine(),
            vault: Arc::new(Vault::for_tests(folder)),
            email: None,
            sms: None,
            web_push: None,
            malls: Arc::new(|_| None),
        }
    }

    async fn until(metrics: &Metrics, line: &str) {
        let said = async {
            while !metrics.text().lines().any(|one| one == line) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, said).await;
        in_time.unwrap_or_else(|_| panic!("no {line}"));
    }

    #[test]
    fn after_a_failure_it_goes_on_from_what_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Records::default();
        let metrics = Arc::new(Metrics::new());
        let place = place(folder.path(), &journal);
        let state = State::open(&place).unwrap();
        let service = Service {
            progress: None,
            settings: NotifySettings {
                retry_min: Duration::from_millis(2),
                retry_max: Duration::from_millis(2),
                ..NotifySettings::default()
            },
            metrics: Arc::clone(&metrics),
            place,
            delivery: Rc::new(delivery(folder.path(), &journal)),
            gone: Arc::new(|_, _| {}),
            under_way: JoinSet::new(),
            figures_sent: None,
        };
        let (dead_letter_client, asks) = DeadLetterClient::new();
        let (_sender, receipts) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let outside = Outside {
            asks,
            receipts,
            stopped,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async {
            let notice = tokio::task::spawn_local(service.work_until_stopped(Ok(state), outside));
            until(&metrics, "tessera_notifications_stopped 0").await;
            journal.journal.fail_looks(usize::MAX);
            until(&metrics, "tessera_notifications_stopped 1").await;
            let asked = dead_letter_client.list(1).await;
            assert!(asked.is_err_and(|why| why.contains("stopped")));
            journal.propose("a");
            journal.journal.fail_looks(0);
            until(&metrics, "tessera_notifications_stopped 0").await;
            until(
                &metrics,
                "tessera_notifications_waiting{channel=\"email\"} 1",
            )
            .await;
            stop.send(()).unwrap();
            notice.await.unwrap();
        });
    }

    #[test]
    fn a_code_that_nobody_can_use_any_more_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Records::default();
        let delivery = delivery(folder.path(), &journal);
        let outbox = open_outbox(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let deliver = |ago| {
            journal.ago.store(ago, Ordering::Relaxed);
            let position = journal.propose("a");
            let to = To::Proposed;
            runtime.block_on(delivery.deliver(&outbox, Key { position, to }))
        };
        assert!(matches!(deliver(CODE_WITHIN), Delivered::NobodyThere));
        assert!(matches!(deliver(0), Delivered::Failed(..)));
    }
}
