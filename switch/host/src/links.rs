//! The channels between the links of the workers, and what they carry: see `sharing`.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::time::Instant;
use tessera_protocol::Stan;

use bytes::BytesMut;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::frames;
use tessera_metrics::LinkStats;

/// Batches that wait for a worker. One holds at most what a line's output or one read of a line brings.
const BATCHES_MAX: usize = 256;
/// The number of the line that stands for those of the other workers; own lines have smaller ones.
pub(super) const BORROWED: u16 = u16::MAX;

/// What one worker's link passes to another's. Frames with their lengths.
#[derive(Debug)]
pub(super) enum Passed {
    /// To go out over a line of the receiver before `until`: later they may have been given up on.
    Requests {
        from: usize,
        frames: BytesMut,
        until: Instant,
    },
    /// Answers to requests of the receiver.
    Answers(BytesMut),
    /// Requests of the receiver that certainly never left.
    Unsent(BytesMut),
}

/// The links of all workers, as each of them reaches the others.
#[derive(Debug, Clone)]
pub struct Links {
    all: Arc<[(mpsc::Sender<Passed>, Arc<LinkStats>)]>,
    /// Changes whenever a line of any worker has come up.
    came_up: watch::Sender<()>,
}

/// Where a worker's link is passed something by the others.
#[derive(Debug)]
pub struct LinkInbox {
    pub(super) passed: mpsc::Receiver<Passed>,
    /// Changes whenever a line of any worker has come up.
    pub(super) came_up: watch::Receiver<()>,
}

impl Links {
    /// For workers with these figures, in their order: each takes the inbox at its place.
    pub fn new(stats: &[Arc<LinkStats>]) -> (Self, Vec<LinkInbox>) {
        let came_up = watch::Sender::new(());
        let (all, inboxes) = stats
            .iter()
            .map(|stats| {
                let (way, passed) = mpsc::channel(BATCHES_MAX);
                let came_up = came_up.subscribe();
                ((way, Arc::clone(stats)), LinkInbox { passed, came_up })
            })
            .unzip::<_, _, Vec<_>, _>();
        let all = all.into();
        (Self { all, came_up }, inboxes)
    }

    pub(super) fn line_came_up(&self) {
        self.came_up.send_replace(());
    }

    /// The worker that has given out this trace number.
    pub(super) fn owner(&self, trace: Stan) -> usize {
        trace.number() as usize % self.all.len()
    }

    /// The next worker after this one with a line that is up.
    pub(super) fn next_up(&self, worker: usize) -> Option<usize> {
        let count = self.all.len();
        let mut others = (1..count).map(|step| (worker + step) % count);
        others.find(|&other| self.all[other].1.is_up())
    }

    /// What it could not take comes back.
    pub(super) fn pass(&self, worker: usize, passed: Passed) -> Result<(), Passed> {
        let sent = self.all[worker].0.try_send(passed);
        sent.map_err(|refused| match refused {
            TrySendError::Full(passed) | TrySendError::Closed(passed) => passed,
        })
    }
}

/// Answers to requests of other workers, until the end of the read that brought them.
#[derive(Debug, Default)]
pub(super) struct ForOthers(RefCell<Vec<(usize, BytesMut)>>);

impl ForOthers {
    pub(super) fn add(&self, worker: usize, body: &[u8]) {
        let mut kept = self.0.borrow_mut();
        let place = kept.iter().position(|(whose, _)| *whose == worker);
        let place = place.unwrap_or_else(|| {
            kept.push((worker, BytesMut::new()));
            kept.len() - 1
        });
        frames::append(&mut kept[place].1, body);
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(super) fn take(&self) -> Vec<(usize, BytesMut)> {
        mem::take(&mut *self.0.borrow_mut())
    }
}
