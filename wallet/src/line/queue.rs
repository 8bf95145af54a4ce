//! Operations that wait for a line. All connections take from the queue; a lost one puts its unanswered operations back.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::ask::Ask;

/// Bounded by the permits of the callers; messages without an answer are dropped above this.
const WAITING_MAX: usize = 16_384;

pub(super) struct Queue {
    waiting: Mutex<VecDeque<Ask>>,
    /// Rises with everything that is put in.
    bell: watch::Sender<u64>,
    /// Connections that are signed on.
    alive: watch::Sender<Vec<u64>>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            bell: watch::Sender::new(0),
            alive: watch::Sender::new(Vec::new()),
        }
    }

    /// Rings with everything that is put in.
    pub(super) fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Connections that are signed on.
    pub(super) fn alive(&self) -> watch::Receiver<Vec<u64>> {
        self.alive.subscribe()
    }

    pub(super) fn push(&self, ask: Ask) {
        let mut waiting = self.lock();
        if waiting.len() < WAITING_MAX {
            waiting.push_back(ask);
        }
        drop(waiting);
        self.ring();
    }

    /// The next one for this connection. What nobody waits for any more is thrown away.
    pub(super) fn pop(&self, connection: u64) -> Option<Ask> {
        let now = Instant::now();
        let mut waiting = self.lock();
        waiting.retain(|ask| !ask.is_over(now));
        let place = waiting
            .iter()
            .position(|ask| ask.only.is_none_or(|only| only == connection))?;
        waiting.remove(place)
    }

    pub(super) fn opened(&self, connection: u64) {
        self.alive.send_modify(|alive| alive.push(connection));
    }

    /// Puts back what a lost connection had under way, before everything else.
    pub(super) fn lost(&self, connection: u64, pending: impl Iterator<Item = Ask>) {
        self.alive
            .send_modify(|alive| alive.retain(|one| *one != connection));
        let mut waiting = self.lock();
        waiting.retain(|ask| ask.only != Some(connection));
        for mut ask in pending.filter(|ask| ask.only.is_none()) {
            ask.repeat = true;
            waiting.push_front(ask);
        }
        drop(waiting);
        self.ring();
    }

    fn ring(&self) {
        self.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Ask>> {
        // Nothing in here is left half done by a panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
