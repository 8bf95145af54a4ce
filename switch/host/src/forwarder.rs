//! Store and forward: advices are sent until they are acknowledged. The journal keeps them through a
//! crash, and the wallets bring them here again at start; here is when each is sent next.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::sleep_until;

use super::backoff::Backoff;
use super::in_flight::{Asked, Requester};
use super::link::{DeliverAdvice, Link, Outgoing, Repeater};
use super::message::{AdviceOutcome, HostAnswer, HostMessage, HostOutcome};
use super::schedule::Schedule;
use tessera_kit::clock;
use tessera_ledger::{AdviceSubject, Reference, WalletId};
use tessera_metrics::LinkStats;

/// The store and forward of one worker.
pub struct Forwarder {
    link: Rc<Link>,
    schedule: RefCell<Schedule>,
    changed: Notify,
    backoff: Backoff,
    in_flight_max: usize,
    answer_within: Duration,
    refusals_max: u32,
    stats: Arc<LinkStats>,
    deliver: DeliverAdvice,
}

impl Forwarder {
    /// For a link that has none yet. `deliver` is called once for each advice: when it is acknowledged, or was refused
    /// too often.
    pub fn start(link: Rc<Link>, answer_within: Duration, deliver: DeliverAdvice) -> Rc<Self> {
        let settings = &link.settings;
        let forwarder = Rc::new(Self {
            schedule: RefCell::default(),
            changed: Notify::new(),
            backoff: Backoff::new(settings.repeat_min, settings.repeat_max),
            in_flight_max: settings.repeats_in_flight_max.max(1),
            answer_within,
            refusals_max: settings.refusals_max,
            stats: link.stats.clone(),
            deliver,
            link,
        });
        forwarder.link.set_repeater(forwarder.clone());
        spawn_local(forward(forwarder.clone()));
        forwarder
    }

    /// From here on it is sent until it is acknowledged, after what the wallet has enqueued before. An advice that the
    /// wallet has enqueued and that has not ended is not taken twice.
    pub fn enqueue(&self, wallet: WalletId, reference: Reference, message: HostMessage) {
        let now = Instant::now();
        let mut schedule = self.schedule.borrow_mut();
        if schedule.enqueue(wallet, reference, message, now) {
            self.changed.notify_one();
        }
    }

    /// Advices not yet acknowledged.
    pub fn len(&self) -> usize {
        self.schedule.borrow().len()
    }

    /// Whether everything has been acknowledged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends what is ready. When to check again without a message.
    fn send_what_is_ready(&self) -> Option<Instant> {
        let mut schedule = self.schedule.borrow_mut();
        let now = Instant::now();
        let up = self.link.up();
        if up {
            schedule.wake(now);
            let transmission = clock::transmission(clock::system());
            while let Some((wallet, advised)) = schedule.take(self.in_flight_max) {
                let repeat = advised.attempts > 0 || was_sent_before(&advised.message);
                if repeat {
                    self.stats.repeats.add(1);
                }
                self.link.ask(&Outgoing {
                    asked: Asked {
                        wallet,
                        reference: advised.reference,
                        requester: Requester::Forwarder,
                    },
                    trace: self.link.next_trace(),
                    transmission,
                    deadline: now + self.answer_within,
                    message: &advised.message,
                    repeat,
                });
            }
            self.link.flush();
        }
        self.stats.advices.set(schedule.len() as u64);
        self.stats
            .advices_in_flight
            .set(schedule.in_flight() as u64);
        let age = schedule
            .oldest()
            .map(|since| now.saturating_duration_since(since));
        self.stats.set_oldest_advice(age);
        schedule.next_due().filter(|_| up)
    }

    fn settle(&self, answer: HostAnswer, outcome: AdviceOutcome) {
        let subject = self.schedule.borrow_mut().settle(answer.wallet);
        (self.deliver)(answer, subject.unwrap_or(AdviceSubject::Card), outcome);
    }

    /// Later, because it was not acknowledged or could not be sent.
    fn wait(&self, wallet: WalletId, sent: bool) {
        let mut schedule = self.schedule.borrow_mut();
        let attempts = if sent {
            schedule.count_attempt(wallet)
        } else {
            1
        };
        let pause = self.backoff.equal_jitter(attempts, &mut rand::rng());
        schedule.wait(wallet, Instant::now() + pause);
    }
}

impl Repeater for Forwarder {
    fn answered(&self, answer: HostAnswer) {
        match &answer.outcome {
            HostOutcome::Silent => self.wait(answer.wallet, true),
            // The line that comes up next wakes it, if it is not due before.
            HostOutcome::Unsent => self.wait(answer.wallet, false),
            HostOutcome::Answered { code, .. }
                if self.schedule.borrow().is_refused(answer.wallet, *code) =>
            {
                self.stats.advices_refused.add(1);
                let refusals = self.schedule.borrow_mut().count_refusal(answer.wallet);
                match self.refusals_max {
                    0 => self.wait(answer.wallet, true),
                    most if refusals < most => self.wait(answer.wallet, true),
                    _ => self.settle(answer, AdviceOutcome::Refused),
                }
            }
            HostOutcome::Answered { .. }
            | HostOutcome::CardIssued { .. }
            | HostOutcome::Totals { .. } => {
                self.settle(answer, AdviceOutcome::Acknowledged);
            }
        }
        self.changed.notify_one();
    }

    fn line_is_up(&self) {
        self.schedule.borrow_mut().wake_all();
        self.changed.notify_one();
    }
}

fn was_sent_before(message: &HostMessage) -> bool {
    match message {
        HostMessage::Card { repeat, .. } => *repeat,
        HostMessage::Reversal(advice) => advice.repeat,
        HostMessage::Forward { .. }
        | HostMessage::Load { .. }
        | HostMessage::Posting(_)
        | HostMessage::Reconciliation { .. } => false,
    }
}

async fn forward(forwarder: Rc<Forwarder>) {
    loop {
        let due = forwarder.send_what_is_ready();
        let changed = forwarder.changed.notified();
        match due {
            Some(due) => tokio::select! {
                () = changed => {}
                () = sleep_until(due.into()) => {}
            },
            None => changed.await,
        }
    }
}
