//! The lines of the other workers, for a worker whose own lines take nothing.
//!
//! ```text
//! worker 0, no line up                        worker 1, a line up
//! link ──▶ borrowed ──Requests──▶ inbox ──▶ share ──▶ line ══TLS══▶ financial system
//! in flight ◀── share ◀── inbox ◀──Answers── receive ◀═════
//! ```
//! A request waits in the table of the worker that it belongs to, whatever line carries it: its trace number
//! says whose it is. The worker with the line keeps nothing of it. Where that line is lost after
//! a request may have left, its deadline makes it silent. A request is handed over once: what did not leave
//! over the other worker's line goes out over a line of its own, or is unsent.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::frames;
use super::line::Line;
use super::link::Link;
use super::receive::receive_passed;
use tessera_metrics::LinkStats;

/// Batches that wait for a worker. One holds at most what a line's output or one read of a line brings.
const BATCHES_MAX: usize = 256;
/// The number of the line that stands for those of the other workers; own lines have smaller ones.
pub(super) const BORROWED: u16 = u16::MAX;

/// What one worker's link passes to another's. Frames with their lengths.
#[derive(Debug)]
enum Passed {
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
    passed: mpsc::Receiver<Passed>,
    came_up: watch::Receiver<()>,
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

    /// The next worker after this one with a line that is up.
    pub(super) fn next_up(&self, worker: usize) -> Option<usize> {
        let count = self.all.len();
        let mut others = (1..count).map(|step| (worker + step) % count);
        others.find(|&other| self.all[other].1.is_up())
    }

    /// What it could not take comes back.
    fn pass(&self, worker: usize, passed: Passed) -> Result<(), Passed> {
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

    pub(super) fn take(&self) -> Vec<(usize, BytesMut)> {
        mem::take(&mut *self.0.borrow_mut())
    }
}

impl Link {
    /// Whether a line of another worker can be borrowed.
    pub(super) fn may_borrow(&self) -> bool {
        self.borrowed.takes() && self.links.next_up(self.index).is_some()
    }

    /// The other worker that has given out this trace number.
    pub(super) fn other_with(&self, trace: u32) -> Option<usize> {
        let worker = trace as usize % self.links.all.len();
        (worker != self.index).then_some(worker)
    }

    /// Hands what was written for a line of another worker to one that has a line.
    #[cold]
    pub(super) fn hand_over(&self) {
        let mut frames = BytesMut::new();
        self.borrowed.exchange_output(&mut frames);
        let until = self.earliest_deadline(&frames);
        let passed = match self.links.next_up(self.index) {
            Some(worker) => {
                let from = self.index;
                let requests = Passed::Requests {
                    from,
                    frames,
                    until,
                };
                self.links.pass(worker, requests)
            }
            None => Err(Passed::Unsent(frames)),
        };
        match passed {
            Ok(()) => {}
            Err(
                Passed::Requests { frames, .. } | Passed::Answers(frames) | Passed::Unsent(frames),
            ) => {
                self.give_back(&self.borrowed, frames::behind(&frames, 0));
            }
        }
    }

    /// Hands on answers to requests of other workers. Where one cannot take them, its requests become silent.
    #[inline]
    pub(super) fn pass_answers(&self) {
        if !self.for_others.0.borrow().is_empty() {
            for (worker, answers) in self.for_others.take() {
                let _ = self.links.pass(worker, Passed::Answers(answers));
            }
        }
    }

    /// Hands requests that never left back to those whose they are. Where one cannot take them, they become silent.
    pub(super) fn pass_back(&self, unsent: &ForOthers) {
        for (worker, frames) in unsent.take() {
            let _ = self.links.pass(worker, Passed::Unsent(frames));
        }
    }

    /// Requests of another worker go out over a line of this one.
    fn carry(&self, from: usize, frames: BytesMut, until: Instant) {
        match self.line_of_batch() {
            Some(line) if Instant::now() < until => {
                line.write(|out| out.extend_from_slice(&frames));
                line.flush();
            }
            _ => {
                let _ = self.links.pass(from, Passed::Unsent(frames));
            }
        }
    }
}

/// Takes what other workers pass, as long as the worker lives.
pub(super) async fn share(link: Rc<Link>, mut inbox: LinkInbox) {
    loop {
        tokio::select! {
            passed = inbox.passed.recv() => match passed {
                Some(Passed::Requests { from, frames, until }) => link.carry(from, frames, until),
                Some(Passed::Answers(answers)) => receive_passed(&link, &answers),
                Some(Passed::Unsent(frames)) => {
                    link.give_back(&link.borrowed, frames::behind(&frames, 0));
                    link.flush();
                }
                None => return,
            },
            changed = inbox.came_up.changed() => {
                if changed.is_err() {
                    return;
                }
                if !link.lines.iter().any(Line::is_up) {
                    link.wake_repeater();
                }
            }
        }
    }
}
