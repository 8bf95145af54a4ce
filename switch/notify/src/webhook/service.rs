//! The thread that follows the journal and sends what is due.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::header::{CONTENT_TYPE, HeaderName};
use tessera_config::{Settings, SettingsError};
use tessera_encryption::DataKeys;
use tessera_journal::Journal;
use tessera_kit::clock::{self, Timestamp};
use tessera_kit::fence;
use tessera_metrics::Metrics;
use tessera_protocol::Institution;
use tessera_store::read_back_kept;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};

use super::client::{Ask, WebhookClient, WebhookDead, WebhookId};
use super::event;
use super::follow::{FollowError, Follower};
use super::hooks::{HookDirectory, Hooks};
use super::outbox::{Changes, Dead, Key, Kind, Outbox, RowsError, Waiting};
use super::sign;
use crate::asked::{Letters, reply};
use crate::post::{Answered, Posted, Poster, Reach};

/// How often the journal is looked at for something new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Events looked at before anything else has its turn.
const LOOK_AT: u64 = 4096;
/// How often profiles and figures are looked at.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// Requests to one party's server at the same time.
const UNDER_WAY_MAX: usize = 4;
/// Events of one party that wait; what comes then is given up at once, and can be sent again by an operator.
const WAITING_MAX: usize = 100_000;
/// Events that were given up and are kept for an operator, of all parties.
const DEAD_MAX: usize = 100_000;
/// The pause after the first failure; doubled after each further one.
const PAUSE_MIN: u64 = 5_000;
/// A server that takes nothing is tried again after no longer than this.
const REST_MAX: u64 = 60_000;
/// No pause of one event is longer.
const PAUSE_MAX: u64 = 60 * 60 * 1_000;
/// After so many failures in a row the log says that a server takes nothing: one or two are no news.
const FAILURES_LOGGED: u32 = 3;
/// An event that could not be sent for so long is given up.
const GIVE_UP_AFTER: u64 = 3 * 24 * 60 * 60 * 1_000;
/// A node of a cluster that takes over sends again what happened in this time before.
const REPEATED: u64 = 60 * 60 * 1_000;
/// The longest pause before the rows are opened again after a failure.
const REOPEN_MAX: Duration = Duration::from_secs(10);

/// Why webhooks could not start.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The machine's certificates.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The rows can't be opened.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The system gave no thread.
    #[error("no thread for webhooks: {0}")]
    Thread(#[from] io::Error),
}

/// The handle of the service.
#[derive(Debug)]
pub struct Webhooks {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// Where events that were given up are listed, sent again and dropped.
    pub client: WebhookClient,
}

impl Webhooks {
    /// Starts it; none where no party has a webhook.
    ///
    /// # Errors
    /// When the rows or a thread can't be had.
    pub fn start(
        settings: &Settings,
        keys: DataKeys,
        directory: HookDirectory,
        journal: Arc<dyn Journal>,
        metrics: Arc<Metrics>,
    ) -> Result<Option<Self>, WebhookError> {
        if directory().is_empty() {
            return Ok(None);
        }
        let poster = Poster::new()?;
        let place = Place {
            folder: settings.data.join("webhooks"),
            keys,
            journal,
            in_cluster: settings.cluster.is_some(),
        };
        // Here, so that a folder of another build refuses the start.
        let outbox = Outbox::open(&place.folder, place.keys.clone(), clock::now())?;
        let (client, asks) = WebhookClient::new();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("webhooks".into())
            .spawn(move || {
                let service = Service {
                    place,
                    poster,
                    directory,
                    metrics,
                    hooks: Rc::default(),
                    refreshed: None,
                };
                run(service, outbox, asks, stopped);
            })?;
        Ok(Some(Self {
            thread,
            stop,
            client,
        }))
    }

    /// Ends it: what is on its way is sent again after the next start.
    pub fn stop(self) {
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the thread of webhooks has panicked");
        }
    }
}

struct Place {
    folder: PathBuf,
    keys: DataKeys,
    journal: Arc<dyn Journal>,
    in_cluster: bool,
}

fn run(
    service: Service,
    outbox: Outbox,
    asks: mpsc::Receiver<Ask>,
    stopped: oneshot::Receiver<()>,
) {
    // Purchases go before; where the system does not allow it, nothing is lost but that.
    let _ = rustix::process::setpriority_process(None, 10);
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "webhooks cannot start"),
    };
    let work = service.work_until_stopped(outbox, asks, stopped);
    LocalSet::new().block_on(&runtime, work);
}

struct Service {
    place: Place,
    poster: Poster,
    directory: HookDirectory,
    metrics: Arc<Metrics>,
    hooks: Rc<Hooks>,
    refreshed: Option<Instant>,
}

/// The rows, and what is in memory of them.
struct State {
    outbox: Outbox,
    follower: Follower,
    backlogs: HashMap<Institution, Backlog>,
    dead: usize,
}

/// What waits for one party.
#[derive(Default)]
struct Backlog {
    count: usize,
    /// When they happened, and how many then.
    since: BTreeMap<Timestamp, usize>,
    under_way: HashSet<Key>,
    /// Failures in a row: a server that takes nothing is asked with one event at a time, after pauses.
    failures: u32,
    /// Nothing is sent before this time.
    rests_until: Option<Timestamp>,
}

impl Backlog {
    fn add(&mut self, waiting: Waiting) {
        self.count += 1;
        *self.since.entry(waiting.since).or_default() += 1;
    }

    fn remove(&mut self, waiting: Waiting) {
        self.count = self.count.saturating_sub(1);
        if let Some(count) = self.since.get_mut(&waiting.since) {
            *count -= 1;
            if *count == 0 {
                self.since.remove(&waiting.since);
            }
        }
    }

    /// Counts a try. Says where it changes what is known of the server.
    fn tried(&mut self, failed: bool, now: Timestamp) -> Option<Turn> {
        let before = self.failures;
        if !failed {
            self.failures = 0;
            return (before >= FAILURES_LOGGED).then_some(Turn::TakesAgain);
        }
        self.failures = before.saturating_add(1);
        let rests = pause(self.failures).min(REST_MAX);
        self.rests_until = Some(now.plus(rests));
        (self.failures == FAILURES_LOGGED).then_some(Turn::TakesNothing)
    }

    /// How many more may be sent now.
    fn free(&self, now: Timestamp) -> usize {
        let most = match self.failures {
            0 => UNDER_WAY_MAX,
            _ if self.rests_until.is_some_and(|until| now < until) => 0,
            _ => 1,
        };
        most.saturating_sub(self.under_way.len())
    }
}

/// What the log says of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    TakesNothing,
    TakesAgain,
}

/// What a try has come to.
enum Tried {
    Sent,
    /// There is nothing to say, or nobody to say it to.
    Dropped,
    Failed(String),
}

impl Service {
    /// Where journal or rows fail, everything is read from the disk anew after a pause.
    async fn work_until_stopped(
        mut self,
        outbox: Outbox,
        mut asks: mpsc::Receiver<Ask>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let mut failures = 0;
        let mut opened = Ok(outbox);
        loop {
            let began = Instant::now();
            let worked = match opened {
                Ok(outbox) => self.work(outbox, &mut asks, &mut stopped).await,
                Err(error) => Err(FollowError::Rows(error)),
            };
            let Err(error) = worked else {
                return self.metrics.webhooks.stopped(true);
            };
            tracing::error!(%error, "webhooks paused");
            self.metrics.webhooks.stopped(true);
            failures = match began.elapsed() > REOPEN_MAX {
                true => 1,
                false => failures + 1,
            };
            let pause = Duration::from_millis(pause(failures)).min(REOPEN_MAX);
            tokio::select! {
                _ = &mut stopped => return,
                () = tokio::time::sleep(pause) => {}
            }
            let keys = self.place.keys.clone();
            opened = Outbox::open(&self.place.folder, keys, clock::now());
        }
    }

    fn state(&self, outbox: Outbox) -> Result<State, FollowError> {
        let now = clock::now();
        let from = self.place.in_cluster.then(|| now.saturating_sub(REPEATED));
        let journal = Arc::clone(&self.place.journal);
        let follower = Follower::new(journal, &outbox, from, now)?;
        let mut backlogs = HashMap::<_, Backlog>::new();
        for row in outbox.all_waiting() {
            let (key, waiting) = row?;
            backlogs.entry(key.party).or_default().add(waiting);
        }
        Ok(State {
            dead: outbox.dead_count()?,
            backlogs,
            follower,
            outbox,
        })
    }

    async fn work(
        &mut self,
        outbox: Outbox,
        asks: &mut mpsc::Receiver<Ask>,
        stopped: &mut oneshot::Receiver<()>,
    ) -> Result<(), FollowError> {
        let mut state = self.state(outbox)?;
        let mut tried = JoinSet::new();
        self.refreshed = None;
        loop {
            self.refresh(&state);
            let more = self.look(&mut state)?;
            self.send_what_is_due(&mut state, &mut tried)?;
            let pause = if more { Duration::ZERO } else { LOOK_EVERY };
            tokio::select! {
                _ = &mut *stopped => break,
                Some(done) = tried.join_next() => {
                    if let Ok((key, waiting, came_to)) = done {
                        self.settle(&mut state, key, waiting, came_to)?;
                    }
                }
                Some(ask) = asks.recv() => self.answer(&mut state, ask)?,
                () = tokio::time::sleep(pause) => {}
            }
        }
        tried.shutdown().await;
        state.outbox.sync()?;
        Ok(())
    }

    fn refresh(&mut self, state: &State) {
        let is_due = |at: Instant| at.elapsed() >= REFRESH_EVERY;
        if !self.refreshed.is_none_or(is_due) {
            return;
        }
        self.refreshed = Some(Instant::now());
        self.hooks = Rc::new(Hooks::new((self.directory)()));
        let now = clock::now();
        for hook in self.hooks.by_party.values() {
            let backlog = state.backlogs.get(&hook.party);
            let count = backlog.map_or(0, |backlog| backlog.count);
            let oldest = backlog.and_then(|backlog| backlog.since.keys().next());
            let age = oldest.map_or(0, |since| now.since(*since) / 1_000);
            self.metrics.webhooks.waiting(&hook.name, count, age);
        }
        let figures = &self.metrics.webhooks;
        figures.set(state.dead, state.follower.behind());
        figures.stopped(false);
    }

    fn look(&mut self, state: &mut State) -> Result<bool, FollowError> {
        if !fence::is_open() {
            // Another node may be active by now, and send the same.
            return Ok(false);
        }
        let State {
            outbox,
            follower,
            backlogs,
            dead,
        } = state;
        let mut taken = |key: Key, waiting: Waiting| {
            let backlog = backlogs.entry(key.party).or_default();
            let takes = backlog.count < WAITING_MAX;
            if takes {
                backlog.add(waiting);
            }
            takes
        };
        let (looked_at, given_up) = follower.look(LOOK_AT, &self.hooks, outbox, &mut taken)?;
        let more = looked_at >= LOOK_AT;
        let given_up = given_up
            + match more {
                true => 0,
                false => follower.end_agreements(clock::now(), outbox, &mut taken)?,
            };
        for _ in 0..given_up {
            self.metrics.webhooks.tried("dead");
        }
        *dead += given_up;
        Ok(more)
    }

    fn send_what_is_due(
        &self,
        state: &mut State,
        tried: &mut JoinSet<(Key, Waiting, Tried)>,
    ) -> Result<(), FollowError> {
        if !fence::is_open() {
            return Ok(());
        }
        let now = clock::now();
        for (party, backlog) in &mut state.backlogs {
            if backlog.count == 0 || backlog.free(now) == 0 {
                continue;
            }
            for row in state.outbox.waiting(*party) {
                let (key, waiting) = row?;
                if waiting.due > now || backlog.free(now) == 0 {
                    break;
                }
                if !backlog.under_way.insert(key) {
                    continue;
                }
                let (journal, poster) = (Arc::clone(&self.place.journal), self.poster.clone());
                let hooks = Rc::clone(&self.hooks);
                tried.spawn_local(async move {
                    let came_to = send(key, &hooks, journal.as_ref(), &poster).await;
                    (key, waiting, came_to)
                });
            }
        }
        Ok(())
    }

    fn settle(
        &self,
        state: &mut State,
        key: Key,
        waiting: Waiting,
        came_to: Tried,
    ) -> Result<(), FollowError> {
        let backlog = state.backlogs.entry(key.party).or_default();
        backlog.under_way.remove(&key);
        let now = clock::now();
        let why = match &came_to {
            Tried::Failed(why) => Some(why.as_str()),
            Tried::Sent | Tried::Dropped => None,
        };
        if let Some(turn) = backlog.tried(why.is_some(), now) {
            self.log(key.party, backlog.count, turn, why);
        }
        let figures = &self.metrics.webhooks;
        let mut changes = Changes {
            done: vec![(key, waiting)],
            ..Changes::default()
        };
        match came_to {
            Tried::Sent => figures.tried("sent"),
            Tried::Dropped => figures.tried("dropped"),
            Tried::Failed(why) => {
                let attempts = waiting.attempts + 1;
                if now.since(waiting.since) >= GIVE_UP_AFTER {
                    return self.give_up(state, key, waiting, why);
                }
                figures.tried("retried");
                let again = Waiting {
                    due: now.plus(pause(attempts)),
                    attempts,
                    ..waiting
                };
                changes.waiting.push((key, again));
                state.outbox.write(&changes)?;
                return Ok(());
            }
        }
        state.outbox.write(&changes)?;
        state.remove(key, waiting);
        Ok(())
    }

    /// Once for each turn, however often the server is tried in between.
    fn log(&self, party: Institution, waiting: usize, turn: Turn, why: Option<&str>) {
        let hook = self.hooks.by_party.get(&party);
        let party_name = hook.map(|hook| hook.name.as_str());
        let party = party.number();
        match turn {
            Turn::TakesNothing => tracing::warn!(
                party,
                party_name,
                why,
                waiting,
                "the server of a webhook takes no events: they wait, and are sent when it does"
            ),
            Turn::TakesAgain => tracing::info!(
                party,
                party_name,
                waiting,
                "the server of a webhook takes events again"
            ),
        }
    }

    fn give_up(
        &self,
        state: &mut State,
        key: Key,
        waiting: Waiting,
        why: String,
    ) -> Result<(), FollowError> {
        let hook = self.hooks.by_party.get(&key.party);
        let party = key.party.number();
        let party_name = hook.map(|hook| hook.name.as_str());
        tracing::warn!(party, party_name, why, "an event of a webhook was given up");
        let mut changes = Changes {
            done: vec![(key, waiting)],
            ..Changes::default()
        };
        match state.dead < DEAD_MAX {
            true => {
                self.metrics.webhooks.tried("dead");
                changes.dead.push((
                    key,
                    Dead {
                        since: waiting.since,
                        attempts: waiting.attempts + 1,
                        why,
                    },
                ));
                state.dead += 1;
            }
            false => self.metrics.webhooks.tried("dropped"),
        }
        state.outbox.write(&changes)?;
        state.remove(key, waiting);
        Ok(())
    }

    fn answer(&self, state: &mut State, ask: Ask) -> Result<(), FollowError> {
        match ask {
            Ask::List(most, answer) => reply(answer, listed(&state.outbox, most)),
            Ask::Has(letters, answer) => {
                let found = some_of(&state.outbox, letters, 1);
                reply(answer, found.map(|found| !found.is_empty()))
            }
            Ask::Take(letters, sends, answer) => reply(answer, take(state, letters, sends)),
        }
    }
}

fn listed(outbox: &Outbox, most: usize) -> Result<Vec<WebhookDead>, FollowError> {
    let dead = outbox.dead(most)?.into_iter();
    let listed = dead.map(|(key, dead)| WebhookDead {
        id: WebhookId(key).to_string(),
        party: key.party.number(),
        since: dead.since,
        attempts: dead.attempts,
        why: dead.why,
    });
    Ok(listed.collect())
}

impl State {
    fn remove(&mut self, key: Key, waiting: Waiting) {
        self.backlogs.entry(key.party).or_default().remove(waiting);
    }
}

/// At most so many of these.
fn some_of(
    outbox: &Outbox,
    letters: Letters<WebhookId>,
    most: usize,
) -> Result<Vec<(Key, Dead)>, FollowError> {
    match letters {
        Letters::One(WebhookId(key)) => {
            let dead = outbox.dead_letter(key)?;
            Ok(dead.map(|dead| (key, dead)).into_iter().collect())
        }
        Letters::All => Ok(outbox.dead(most)?),
    }
}

/// Sends these again, with as long as a new event has, or forgets them.
fn take(state: &mut State, letters: Letters<WebhookId>, sends: bool) -> Result<usize, FollowError> {
    let dead = some_of(&state.outbox, letters, DEAD_MAX)?;
    let mut changes = Changes::default();
    for (key, _) in &dead {
        changes.raised.push(*key);
        if sends {
            let waiting = Waiting {
                due: Timestamp::EPOCH,
                since: clock::now(),
                attempts: 0,
            };
            changes.waiting.push((*key, waiting));
            state.backlogs.entry(key.party).or_default().add(waiting);
        }
    }
    state.outbox.write(&changes)?;
    state.dead -= dead.len();
    Ok(dead.len())
}

async fn send(key: Key, hooks: &Hooks, journal: &dyn Journal, poster: &Poster) -> Tried {
    let Some(hook) = hooks.by_party.get(&key.party) else {
        return Tried::Dropped;
    };
    let entry = match read_back_kept(journal.read(key.position)) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Tried::Dropped,
        Err(error) => return Tried::Failed(error.to_string()),
    };
    let body = match event::body(&entry, key.kind, key.party, journal) {
        Ok(Some(body)) => body,
        Ok(None) => return Tried::Dropped,
        Err(error) => return Tried::Failed(error.to_string()),
    };
    // A journal that was restored gives positions again, but not with the same time.
    let id = format!(
        "evt_{:x}_{}_{:x}",
        key.position.to_stored(),
        match key.kind {
            Kind::Happened => "h",
            Kind::Expired => "x",
        },
        entry.at.milliseconds()
    );
    let at = clock::system().milliseconds() / 1_000;
    let signature = sign::signatures(&hook.webhook.secrets, &id, at, &body);
    let header = |name: &'static str, value| (HeaderName::from_static(name), value);
    let posted = Posted {
        url: hook.webhook.url.clone(),
        reach: Reach::Any,
        headers: vec![
            (CONTENT_TYPE, "application/json".to_owned()),
            header("webhook-id", id),
            header("webhook-timestamp", at.to_string()),
            header("webhook-signature", signature),
        ],
        body,
    };
    match poster
        .post(posted)
        .await
        .and_then(|answered| taken(&answered))
    {
        Ok(()) => Tried::Sent,
        Err(why) => Tried::Failed(why),
    }
}

/// Why the party's server has not taken an event that it has answered.
fn taken(answered: &Answered) -> Result<(), String> {
    let status = answered.status;
    match status.as_u16() {
        _ if status.is_success() => Ok(()),
        number if status.is_redirection() => {
            Err(format!("answered {number}: redirects are not followed"))
        }
        number => Err(format!("answered {number}")),
    }
}

/// Doubled each time, and a random part of it, so that not all come back at once.
fn pause(attempts: u32) -> u64 {
    let doubled = PAUSE_MIN.saturating_mul(2u64.saturating_pow(attempts.saturating_sub(1)));
    let pause = doubled.min(PAUSE_MAX);
    pause / 2 + rand::random_range(0..=pause / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_takes_nothing_is_logged_once_and_again_when_it_takes_events() {
        let now = clock::now();
        let mut backlog = Backlog::default();
        // One that fails now and then is no news.
        for failed in [true, true, false, true, false] {
            assert_eq!(backlog.tried(failed, now), None);
        }
        let turns: Vec<_> = (1..=1_000).map(|_| backlog.tried(true, now)).collect();
        let logged = turns.iter().flatten().collect::<Vec<_>>();
        assert_eq!(logged, [&Turn::TakesNothing]);
        assert_eq!(turns[2], Some(Turn::TakesNothing));
        assert_eq!(backlog.free(now), 0, "it rests");
        assert_eq!(backlog.tried(false, now), Some(Turn::TakesAgain));
        assert_eq!(backlog.tried(false, now), None);
        assert_eq!(backlog.free(now), UNDER_WAY_MAX);
    }
}
