//! What the tasks of a run share, and what others may watch of it. Everything is on one thread; nothing is
//! borrowed across an await.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tessera_common::addresses::Unreached;
use tokio::sync::Notify;

use super::clock::Clock;
use super::connections::party_line::PartyLine;
use super::connections::sign_on::SignOnError;
use super::options::{Options, Profile};
use super::report::about::About;
use super::report::statistics::Statistics;
use super::scenario::plan::{Plan, Stage};
use super::session::model::Model;
use super::speakers::Speaker;

/// What others may watch of a run while it goes on, and the one thing that they may ask of it.
#[derive(Default)]
pub struct Live {
    /// The counters.
    pub statistics: RefCell<Statistics>,
    /// The run's name.
    name: RefCell<String>,
    /// How long requests are sent.
    duration: Cell<Duration>,
    /// The stages of the plan.
    stages: RefCell<Vec<Stage>>,
    /// The threshold that ended the run.
    ended_by: RefCell<Option<String>>,
    /// When asking began.
    began: Cell<Option<Instant>>,
    phase: Cell<Phase>,
    stopped: Cell<bool>,
    stopping: Notify,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Reads the balances from which the model starts.
    #[default]
    Opening,
    /// Asks.
    Asking,
    /// Asks nothing new, waits for what is unanswered.
    Draining,
    /// Reads the balances back and compares.
    Verifying,
    /// Over.
    Done,
}

impl Phase {
    /// A word for a status line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opening => "reading balances",
            Self::Asking => "running",
            Self::Draining => "waiting for answers",
            Self::Verifying => "verifying balances",
            Self::Done => "done",
        }
    }
}

impl Live {
    /// How far it has come.
    pub fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// The run's name; empty before it starts.
    pub fn name(&self) -> String {
        self.name.borrow().clone()
    }

    /// How long requests are sent.
    pub fn duration(&self) -> Duration {
        self.duration.get()
    }

    /// The stage in which requests are sent now, with its place and how many there are; none where there is only one.
    pub(super) fn stage(&self) -> Option<(usize, usize, Stage)> {
        let stages = self.stages.borrow();
        let mut end = Duration::ZERO;
        let place = stages.iter().position(|stage| {
            end += stage.duration;
            self.asked() < end
        });
        let place = place.unwrap_or(stages.len().saturating_sub(1));
        let stage = stages.get(place).filter(|_| stages.len() > 1)?;
        Some((place, stages.len(), stage.clone()))
    }

    /// Ends the asking because this threshold does not hold.
    pub(super) fn end_by(&self, threshold: &str) {
        self.ended_by.replace(Some(threshold.to_owned()));
        self.stop();
    }

    /// The threshold that ended the run.
    pub(super) fn ended_by(&self) -> Option<String> {
        self.ended_by.borrow().clone()
    }

    /// How long requests have been sent.
    pub fn asked(&self) -> Duration {
        let asked = self
            .began
            .get()
            .map_or(Duration::ZERO, |began| began.elapsed());
        asked.min(self.duration())
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// Ends the asking early; answers and balances are still waited for.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.stopping.notify_waiters();
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Resolves once [`Live::stop`] was called.
    pub(super) async fn stopping(&self) {
        let stopping = self.stopping.notified();
        if !self.stopped.get() {
            stopping.await;
        }
    }
}

/// What the tasks of one run share.
pub(super) struct Shared {
    pub options: Options,
    /// What the report says of the run itself.
    pub about: About,
    /// What is asked when.
    pub plan: Plan,
    pub clock: Clock,
    pub live: std::rc::Rc<Live>,
    pub model: RefCell<Model>,
    /// Five characters that no other run of these 24 hours has; terminal ids begin with them.
    pub tag: [u8; 5],
    /// When asking began, in nanoseconds of the clock.
    pub began: Cell<u64>,
    /// Notified once, when sending begins.
    pub start: Notify,
    /// Why a connection could not sign on, before asking began.
    pub fault: RefCell<Option<Unreached<SignOnError>>>,
    /// When asking was seen to have ended.
    ended: Cell<Option<u64>>,
}

impl Shared {
    pub fn new(options: Options, live: std::rc::Rc<Live>) -> Self {
        let clock = Clock::start();
        // Five characters of base 36 in steps of 4 ms come round after 67 hours, duplicates are known for 24.
        let tag = base36(clock.started_milliseconds() / 4);
        let about = About::now(&options);
        live.name.replace(about.name.clone());
        let plan = options.plan();
        live.duration.set(Duration::from_nanos(plan.duration()));
        live.stages.replace(plan.stages().to_vec());
        Self {
            about,
            plan,
            options,
            clock,
            live,
            model: RefCell::default(),
            tag,
            began: Cell::new(0),
            start: Notify::new(),
            fault: RefCell::default(),
            ended: Cell::new(None),
        }
    }

    /// The profile of the party that speaks, where it has one: a development mall beside it has none.
    pub fn profile(&self, speaker: &Speaker) -> Option<&Profile> {
        let profile = self.options.profile.as_ref();
        profile.filter(|profile| profile.code == speaker.party)
    }

    /// Its line, where that is not the binary packing over TCP.
    pub fn party_line(&self, speaker: &Speaker) -> Option<&PartyLine> {
        let line = self.profile(speaker).map(|profile| &profile.line);
        line.filter(|line| !line.is_plain())
    }

    /// Asking begins now.
    pub fn begin(&self) {
        let now = self.clock.now().max(1);
        self.began.set(now);
        let mut statistics = self.live.statistics.borrow_mut();
        statistics.begin(now);
        if self.plan.stages().len() > 1 {
            statistics.follow(self.plan.starts());
        }
        self.live.began.set(Some(Instant::now()));
        self.start.notify_waiters();
    }

    /// Resolves when asking has begun.
    pub async fn begun(&self) {
        let start = self.start.notified();
        if self.began.get() == 0 {
            start.await;
        }
    }

    /// When asking ends.
    pub fn end(&self) -> u64 {
        self.began.get().saturating_add(self.plan.duration())
    }

    /// Whether new requests may still be asked.
    pub fn asking(&self, now: u64) -> bool {
        let asking = now < self.end() && !self.live.stopped();
        if !asking && self.ended.get().is_none() {
            self.ended.set(Some(now));
        }
        asking
    }

    /// Until when what is unanswered is waited for.
    pub fn patience(&self, now: u64) -> u64 {
        self.ended.get().unwrap_or(now) + self.options.settle.as_nanos() as u64
    }

    /// The instant at which the request `number` of connection `connection` is planned, open loop.
    pub fn planned(&self, connection: u32, number: u64) -> u64 {
        let place = number * u64::from(self.options.connections) + u64::from(connection);
        self.began.get().saturating_add(self.plan.instant(place))
    }

    /// How many requests of the plan are a connection's, from its request `number` on.
    pub fn planned_from(&self, connection: u32, number: u64) -> u64 {
        let of_connection = self.plan.count().saturating_sub(connection.into());
        let of_connection = of_connection.div_ceil(self.options.connections.into());
        of_connection.saturating_sub(number)
    }

    /// Nanoseconds since asking began.
    pub fn of_plan(&self, now: u64) -> u64 {
        now.saturating_sub(self.began.get())
    }

    /// How many requests a connection may have under way.
    pub fn slots(&self) -> u32 {
        match self.plan.rate_max() {
            None => self.plan.window_max().unwrap_or(1).saturating_mul(4),
            // Half a second of the plan; what is due beyond that waits in the plan, its latency counting.
            Some(rate) => {
                ((rate / f64::from(self.options.connections) / 2.0) as u32).clamp(64, 4_096)
            }
        }
    }

    /// The terminal id (field 41) of a connection: unlike every other connection's of this and other runs.
    pub fn terminal(&self, connection: u32) -> [u8; 8] {
        let mut terminal = [0; 8];
        terminal[..5].copy_from_slice(&self.tag);
        terminal[5..].copy_from_slice(&base36::<3>(u64::from(connection)));
        terminal
    }
}

/// The last `N` digits of a number in base 36.
pub(super) fn base36<const N: usize>(mut number: u64) -> [u8; N] {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut text = [b'0'; N];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(number % 36) as usize];
        number /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::options::Pace;

    #[test]
    fn plans_connections_in_turn() {
        let options = Options {
            connections: 4,
            pace: Pace::Rate(1_000.0),
            ..Options::default()
        };
        let shared = Shared::new(options, Default::default());
        shared.began.set(7);
        assert_eq!(shared.planned(0, 0), 7);
        assert_eq!(shared.planned(3, 0), 3_000_007);
        assert_eq!(shared.planned(0, 1), 4_000_007);
    }

    #[test]
    fn terminals_differ() {
        let shared = Shared::new(Options::default(), Default::default());
        assert_ne!(shared.terminal(0), shared.terminal(1));
        assert_eq!(&shared.terminal(35)[5..], b"00Z");
        assert_eq!(&shared.terminal(36)[5..], b"010");
    }
}
