//! A process, or the link, as others see it and ask for its end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long what was killed stays away: long enough that one sees what happens without it.
pub const BACK_AFTER_KILL: Duration = Duration::from_secs(6);

/// See the head of this file.
pub struct Process {
    /// Its name.
    pub name: &'static str,
    /// Whether it runs.
    pub state: Cell<State>,
    /// Asks for its SIGKILL.
    pub kill: Notify,
}

/// Whether a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has started it yet.
    Absent,
    /// It runs, and has not said yet that it is ready.
    Starting,
    /// It does.
    Running,
    /// It is started, or started again, at this moment.
    Down(Instant),
}

/// The same for the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Up,
    /// It has been started and is not ready.
    Starting,
    /// It is started again after this time.
    Down(Duration),
}

impl Process {
    /// Nobody has started it.
    pub fn new(name: &'static str) -> Rc<Self> {
        Rc::new(Self {
            name,
            state: Cell::new(State::Absent),
            kill: Notify::new(),
        })
    }

    /// Whether it runs, ready or not: only then it can be killed.
    pub fn runs(&self) -> bool {
        matches!(self.state.get(), State::Starting | State::Running)
    }

    /// Whether it runs and is ready.
    pub fn is_up(&self) -> bool {
        self.state.get() == State::Running
    }

    /// For how long it is still down; `None` where it runs.
    pub fn down(&self) -> Option<Duration> {
        match self.state.get() {
            State::Absent | State::Starting | State::Running => None,
            State::Down(until) => Some(until.saturating_duration_since(Instant::now())),
        }
    }

    /// For the view.
    pub fn condition(&self) -> Condition {
        match (self.state.get(), self.down()) {
            (_, Some(down)) => Condition::Down(down),
            (State::Running, None) => Condition::Up,
            (State::Absent | State::Starting | State::Down(_), None) => Condition::Starting,
        }
    }
}

/// When something that is down comes back, in words.
pub fn back_in(down: Duration) -> String {
    format!("back in {} s", down.as_secs_f64().ceil())
}

impl Condition {
    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Up => "up".to_owned(),
            Self::Starting => "starting".to_owned(),
            Self::Down(down) => back_in(down),
        }
    }
}
