//! What the operator may know about one worker's lines. Written by that worker alone, read by anybody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tessera_kit::clock;

/// A figure with one writer: no locked instruction on the path of a payment.
#[derive(Debug, Default)]
pub struct Figure(AtomicU64);

impl Figure {
    /// Its value now.
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.set(self.read().wrapping_add(more));
    }

    /// Sets it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// The figures of one worker's lines and of its forwarder. Counters unless called a gauge.
#[derive(Debug, Default)]
pub struct LinkStats {
    /// Gauge, one for each line: 1 where it is signed on.
    pub lines_up: Box<[Figure]>,
    /// Gauge: requests without an answer.
    pub in_flight: Figure,
    /// Requests encoded for a line.
    pub sent: Figure,
    /// Of those, for a line of another worker.
    pub borrowed: Figure,
    /// Requests answered.
    pub answered: Figure,
    /// Of those, with another card, type, amount, currency or date than was asked.
    pub contradicting: Figure,
    /// Requests whose deadline passed or whose line was lost.
    pub silent: Figure,
    /// Requests that never left.
    pub unsent: Figure,
    /// Lines lost, and attempts at a line that failed.
    pub reconnects: Figure,
    /// Sign-ons that were refused or not answered.
    pub sign_on_failures: Figure,
    /// Answers that came after their deadline, or after their line was lost.
    pub late: Figure,
    /// Answers to what had been answered before.
    pub doubled: Figure,
    /// Answers to nothing that is remembered.
    pub unknown: Figure,
    /// Frames that could not be read.
    pub garbage: Figure,
    /// Requests of the financial system that we do not serve.
    pub refused: Figure,
    /// Gauge: advices not yet acknowledged.
    pub advices: Figure,
    /// Gauge: of those, on a line at this moment.
    pub advices_in_flight: Figure,
    /// Advices sent again.
    pub repeats: Figure,
    /// Advices answered with a code that acknowledges nothing.
    pub advices_refused: Figure,
    /// By [`clock::steady`], when the oldest advice came; 0 for none.
    oldest_advice: Figure,
}

impl LinkStats {
    /// For a worker with so many lines.
    pub fn new(lines: usize) -> Self {
        Self {
            lines_up: (0..lines).map(|_| Figure::default()).collect(),
            ..Self::default()
        }
    }

    /// Whether one of the lines is.
    pub fn is_up(&self) -> bool {
        self.lines_up.iter().any(|line| line.read() != 0)
    }

    /// How long the oldest advice has been waiting for its acknowledgement.
    pub fn oldest_advice_age(&self) -> Duration {
        match self.oldest_advice.read() {
            0 => Duration::ZERO,
            since => Duration::from_millis(clock::steady().saturating_sub(since)),
        }
    }

    /// How long the oldest advice has been waiting by now; `None` where there is none.
    pub fn set_oldest_advice(&self, age: Option<Duration>) {
        let since = |age: Duration| clock::steady().saturating_sub(age.as_millis() as u64);
        self.oldest_advice
            .set(age.map_or(0, |age| since(age).max(1)));
    }
}
