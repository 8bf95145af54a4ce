//! What one worker counts. No atomic instruction and no lookup of a label on the path of a request.

use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use prometheus::IntGauge;
use prometheus::local::{LocalHistogram, LocalIntCounter};

use super::Metrics;
use super::durations::LocalDurations;
use super::families::LocalCounters;
use super::labels::{ConnectionClosed, ConnectionRefused, FrameRefused, Kind, Label, Queue, Stage};
use super::local::{Answers, Declines, LocalGauge};
use tessera_ledger::{Rule, Verdict};

/// One worker's figures. What it counts is seen outside after [`WorkerMetrics::flush`], which costs a
/// microsecond or two: once per batch, or ten times a second.
pub struct WorkerMetrics {
    received: LocalCounters<Kind>,
    answers: Answers,
    declines: Declines,
    unmatched: LocalCounters<Kind>,
    duration: LocalDurations<Kind>,
    stages: LocalDurations<Stage>,
    order_wait: LocalHistogram,
    accepted: LocalIntCounter,
    not_signed_on: LocalGauge,
    refused: LocalCounters<ConnectionRefused>,
    closed: LocalCounters<ConnectionClosed>,
    frames_refused: LocalCounters<FrameRefused>,
    active: LocalGauge,
    started: LocalIntCounter,
    stopped: LocalIntCounter,
    disputed: LocalIntCounter,
    queues: Box<[IntGauge]>,
    /// Belongs to the thread on which it was made.
    here: PhantomData<Rc<()>>,
}

impl WorkerMetrics {
    /// The share of worker number `worker`.
    pub fn new(metrics: &Metrics, worker: usize) -> Self {
        let Metrics {
            requests,
            admission,
            wallets,
            ..
        } = metrics;
        let worker = worker.to_string();
        let queue = |queue: &Queue| {
            wallets
                .queues
                .with_label_values(&[queue.name(), worker.as_str()])
        };
        Self {
            received: requests.received.local(),
            answers: Answers::new(&requests.answered),
            declines: Declines::new(&requests.declined),
            unmatched: requests.unmatched.local(),
            duration: requests.duration.local(),
            stages: requests.stages.local(),
            order_wait: requests.order_wait.local(),
            accepted: admission.accepted.local(),
            not_signed_on: LocalGauge::new(&admission.not_signed_on),
            refused: admission.refused.local(),
            closed: admission.closed.local(),
            frames_refused: admission.frames_refused.local(),
            active: LocalGauge::new(&wallets.active),
            started: wallets.started.local(),
            stopped: wallets.stopped.local(),
            disputed: wallets.disputed.local(),
            queues: Queue::ALL.iter().map(queue).collect(),
            here: PhantomData,
        }
    }

    /// A request of a party came in.
    pub fn request(&self, kind: Kind) {
        self.received.count(kind);
    }

    /// An answer went out, so long after its request came in.
    pub fn answered(&self, kind: Kind, verdict: Verdict, took: Duration) {
        let Verdict { code, rule } = verdict;
        self.answers.count(kind, code);
        if let Some(rule) = rule {
            if rule == Rule::OriginalNotFound {
                self.unmatched.count(kind);
            }
            if !code.is_approved() {
                self.declines.count(code, rule);
            }
        }
        self.duration.observe(kind, took);
    }

    /// A stage of a request is over.
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.stages.observe(stage, took);
    }

    /// A purchase has its order, or will have none.
    pub fn order_waited(&self, waited: Duration) {
        self.order_wait.observe(waited.as_secs_f64());
    }

    /// A connection was accepted.
    pub fn connected(&self) {
        self.accepted.inc();
        self.not_signed_on.add(1);
    }

    /// A connection has become a party's.
    pub fn signed_on(&self) {
        self.not_signed_on.add(-1);
    }

    /// A connection is nobody's again.
    pub fn signed_off(&self) {
        self.not_signed_on.add(1);
    }

    /// A connection has ended, after its party has signed off or was signed off.
    pub fn disconnected(&self, reason: ConnectionClosed) {
        self.not_signed_on.add(-1);
        self.closed.count(reason);
    }

    /// A connection was turned away. One that [`WorkerMetrics::connected`] has counted must be disconnected too.
    pub fn connection_refused(&self, reason: ConnectionRefused) {
        self.refused.count(reason);
    }

    /// A frame was not served.
    pub fn frame_refused(&self, reason: FrameRefused) {
        self.frames_refused.count(reason);
    }

    /// A wallet's actor was started.
    pub fn actor_started(&self) {
        self.started.inc();
        self.active.add(1);
    }

    /// A payer does not recognise a transaction.
    pub fn disputed(&self) {
        self.disputed.inc();
    }

    /// A wallet's actor was stopped.
    pub fn actor_stopped(&self) {
        self.stopped.inc();
        self.active.add(-1);
    }

    /// The current length of a queue; reported once per batch.
    pub fn queue(&self, queue: Queue, depth: usize) {
        self.queues[queue.index()].set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// Pours all that was counted into the shared metrics.
    pub fn flush(&self) {
        self.received.flush();
        self.answers.flush();
        self.declines.flush();
        self.unmatched.flush();
        self.duration.flush();
        self.stages.flush();
        self.order_wait.flush();
        self.refused.flush();
        self.closed.flush();
        self.frames_refused.flush();
        for gauge in [&self.not_signed_on, &self.active] {
            gauge.flush();
        }
        for counter in [&self.accepted, &self.started, &self.stopped, &self.disputed] {
            counter.flush();
        }
    }
}
