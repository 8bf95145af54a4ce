//! One worker's lines to the financial system, as its gate and its forwarder see them.

mod others;

use std::cell::{Cell, OnceCell, RefCell};
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tessera_ledger::Verdict;
use tessera_protocol::{Extras, Institution, Message, Stan, answer};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::encode::{self, Marks};
use super::in_flight::{Asked, InFlight, Requester};
use super::line::{Line, State};
use super::links::{BORROWED, ForOthers, Links};
use super::message::{
    AdviceOutcome, DateMessage, HostAnswer, HostMessage, HostOutcome, HostRequest, Unanswered,
};
use super::traces::TraceShare;
use super::wheel::TICK_MILLISECONDS;
use tessera_config::HostLinkSettings;
use tessera_ledger::AdviceSubject;
use tessera_metrics::LinkStats;

/// Settings with which no line can be opened.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// `server_name` can stand in no certificate.
    #[error("`{0}` is not a server name")]
    ServerName(String),
}

/// Where answers go. Called on the worker, never from within a method of [`Link`].
pub type Deliver = Rc<dyn Fn(HostAnswer)>;
/// The same for advices, with the kind of the advice and the outcome.
pub type DeliverAdvice = Rc<dyn Fn(HostAnswer, AdviceSubject, AdviceOutcome)>;

/// The handler of the financial system's messages about settlement dates: [`Link::answer`].
pub type DeliverDate = Rc<dyn Fn(DateMessage, Unanswered)>;

/// Who asks again; see [`Forwarder`](super::Forwarder).
pub(super) trait Repeater {
    fn answered(&self, answer: HostAnswer);
    fn line_is_up(&self);
}

/// One request on its way into a line.
pub(super) struct Outgoing<'a> {
    pub asked: Asked,
    pub trace: Stan,
    pub transmission: u32,
    pub deadline: Instant,
    pub message: &'a HostMessage,
    pub repeat: bool,
}

/// The lines of one worker. Requests are encoded into a line's output by [`Link::send`] and leave
/// together at [`Link::flush`]; every request gets exactly one answer through `deliver`. A link lives as long
/// as its worker.
pub struct Link {
    pub(super) settings: HostLinkSettings,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) server_name: ServerName<'static>,
    pub(super) institution: Institution,
    pub(super) stats: Arc<LinkStats>,
    pub(super) lines: Box<[Line]>,
    /// Stands for the lines of the other workers.
    pub(super) borrowed: Line,
    pub(super) links: Links,
    /// Of this worker among them.
    pub(super) index: usize,
    pub(super) for_others: ForOthers,
    pub(super) in_flight: RefCell<InFlight>,
    /// The line that the present batch goes to.
    current: Cell<usize>,
    /// Outcomes that are reported on a later turn of the worker, because the caller of `send` may be in the middle of
    /// an operation.
    unsent: RefCell<Vec<(Asked, HostOutcome)>>,
    pub(super) something_unsent: Notify,
    deliver: Deliver,
    repeater: OnceCell<Rc<dyn Repeater>>,
    deliver_date: OnceCell<DeliverDate>,
    /// One at a time: nothing that it sends may pile up here.
    date_unanswered: Cell<bool>,
    /// Where the ticks of deadlines begin.
    began: Instant,
    pub(super) closing: watch::Sender<bool>,
    pub(super) tasks: RefCell<Vec<JoinHandle<()>>>,
}

impl Link {
    /// A link without tasks: nothing connects, and no deadline passes.
    pub(super) fn new(
        settings: &HostLinkSettings,
        tls: Arc<ClientConfig>,
        share: TraceShare,
        stats: Arc<LinkStats>,
        links: Links,
        deliver: Deliver,
    ) -> Result<Self, LinkError> {
        let server_name = ServerName::try_from(settings.server_name.clone())
            .map_err(|_| LinkError::ServerName(settings.server_name.clone()))?;
        let lines = settings.lines_per_worker.clamp(1, usize::from(BORROWED));
        let borrowed = Line::new(BORROWED);
        borrowed.state.set(State::Up);
        let in_flight = InFlight::new(share, settings.in_flight_max, rand::random());
        Ok(Self {
            settings: settings.clone(),
            tls,
            server_name,
            institution: settings.institution,
            stats,
            lines: (0..lines).map(|number| Line::new(number as u16)).collect(),
            borrowed,
            links,
            index: share.index as usize,
            for_others: ForOthers::default(),
            in_flight: RefCell::new(in_flight),
            current: Cell::new(0),
            unsent: RefCell::default(),
            something_unsent: Notify::new(),
            deliver,
            repeater: OnceCell::new(),
            deliver_date: OnceCell::new(),
            date_unanswered: Cell::default(),
            began: Instant::now(),
            closing: watch::Sender::new(false),
            tasks: RefCell::default(),
        })
    }

    /// From now on it gets the financial system's messages about settlement dates. To be said once.
    pub fn deliver_dates(&self, deliver: DeliverDate) {
        let _ = self.deliver_date.set(deliver);
    }

    /// Hands it on; `false` if one waits for its answer, or there is no handler.
    pub(super) fn send_date(&self, date: DateMessage, unanswered: Unanswered) -> bool {
        match self.deliver_date.get() {
            Some(deliver) if !self.date_unanswered.replace(true) => {
                deliver(date, unanswered);
                true
            }
            _ => false,
        }
    }

    /// Answers it, on the line that it came over.
    pub fn answer(&self, unanswered: &Unanswered, verdict: Verdict) {
        self.date_unanswered.set(false);
        let line = self.lines.get(usize::from(unanswered.line));
        let line = line.filter(|line| line.takes());
        if let (Some(line), Ok(message)) = (line, Message::parse(&unanswered.message)) {
            let extras = Extras {
                reason: verdict.reason(),
                ..Extras::default()
            };
            line.write(|out| answer(&message, out, verdict.code, &extras, None));
            line.flush();
        }
    }

    /// Whether any line is signed on, of this worker or of another.
    pub fn up(&self) -> bool {
        self.lines.iter().any(Line::is_up) || self.may_borrow()
    }

    /// A trace number for a request to come, unique among what is in flight on all workers.
    pub fn next_trace(&self) -> Stan {
        self.in_flight.borrow_mut().next_trace()
    }

    /// Encodes a request into a line's output. It leaves with the next [`Link::flush`]. Where no line of any worker is
    /// up or too much is in flight, the outcome is [`HostOutcome::Unsent`], reported on a later turn.
    pub fn send(&self, request: HostRequest) {
        let repeat = match &request.message {
            HostMessage::Card { repeat, .. } => *repeat,
            HostMessage::Reversal(advice) => advice.repeat,
            HostMessage::Forward { .. }
            | HostMessage::Load { .. }
            | HostMessage::Posting(_)
            | HostMessage::Reconciliation { .. } => false,
        };
        let asked = Asked {
            wallet: request.wallet,
            reference: request.reference,
            requester: Requester::Wallet,
        };
        // The ticks may be behind: the journal, or a lease of the cluster, may have kept this thread waiting.
        if request.deadline <= Instant::now() {
            self.stats.unsent.add(1);
            self.send_later(asked, HostOutcome::Unsent);
            return;
        }
        self.ask(&Outgoing {
            asked,
            trace: request.trace,
            transmission: request.transmission,
            deadline: request.deadline,
            message: &request.message,
            repeat,
        });
    }

    /// Lets out what was sent since the last time: once for each batch. The next batch goes to the next line.
    pub fn flush(&self) {
        // First: what is not taken there goes out here, or is unsent.
        if self.borrowed.flush() {
            self.hand_over();
        }
        let mut flushed = false;
        for line in &self.lines {
            flushed |= line.flush();
        }
        if flushed && self.lines.len() > 1 {
            self.current
                .set((self.current.get() + 1) % self.lines.len());
        }
        self.count_in_flight();
    }

    /// Signs off and closes every line. What is still in flight becomes silent.
    pub async fn close(&self) {
        self.closing.send_replace(true);
        self.borrowed.state.set(State::Closed);
        let tasks = mem::take(&mut *self.tasks.borrow_mut());
        for task in tasks {
            // A line whose task panicked is closed too.
            let _ = task.await;
        }
        self.lose(&self.borrowed, std::iter::empty());
        self.send_unsent();
    }

    pub(super) fn ask(&self, outgoing: &Outgoing<'_>) {
        if self.try_ask(outgoing).is_none() {
            self.stats.unsent.add(1);
            self.send_later(outgoing.asked, HostOutcome::Unsent);
        }
    }

    #[inline]
    fn try_ask(&self, outgoing: &Outgoing<'_>) -> Option<()> {
        let line = self.line_of_batch().or_else(|| self.borrow())?;
        let mut in_flight = self.in_flight.borrow_mut();
        let due = self.due(outgoing.deadline);
        if due <= in_flight.now() || !in_flight.admits(outgoing.trace) {
            return None;
        }
        let marks = Marks {
            transmission: outgoing.transmission,
            trace: Some(outgoing.trace),
            reference: outgoing.asked.reference,
        };
        let awaited = line.write(|out| {
            encode::encode(
                out,
                marks,
                outgoing.message,
                outgoing.repeat,
                Some(self.institution),
            )
        })?;
        in_flight.insert(outgoing.asked, awaited, line.number, due);
        self.stats.sent.add(1);
        if line.number == BORROWED {
            self.stats.borrowed.add(1);
        }
        Some(())
    }

    /// The present line as long as it takes requests, otherwise the next that does.
    #[inline]
    pub(super) fn line_of_batch(&self) -> Option<&Line> {
        let current = self.current.get();
        if self.lines[current].takes() {
            return Some(&self.lines[current]);
        }
        let others = (1..self.lines.len()).map(|step| (current + step) % self.lines.len());
        let next = others
            .into_iter()
            .find(|&number| self.lines[number].takes())?;
        self.current.set(next);
        Some(&self.lines[next])
    }

    /// The first tick at which a deadline has passed.
    #[inline]
    fn due(&self, deadline: Instant) -> u64 {
        self.tick(deadline) + 1
    }

    #[inline]
    pub(super) fn tick(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        since.as_secs() * (1_000 / TICK_MILLISECONDS)
            + u64::from(since.subsec_millis()) / TICK_MILLISECONDS
    }

    #[inline]
    pub(super) fn report(&self, asked: Asked, outcome: HostOutcome) {
        let answer = HostAnswer {
            wallet: asked.wallet,
            reference: asked.reference,
            outcome,
        };
        match asked.requester {
            Requester::Wallet => (self.deliver)(answer),
            Requester::Forwarder => {
                if let Some(repeater) = self.repeater.get() {
                    repeater.answered(answer);
                }
            }
        }
    }

    fn send_later(&self, asked: Asked, outcome: HostOutcome) {
        self.unsent.borrow_mut().push((asked, outcome));
        self.something_unsent.notify_one();
    }

    pub(super) fn send_unsent(&self) {
        let unsent = mem::take(&mut *self.unsent.borrow_mut());
        for (asked, outcome) in unsent {
            self.report(asked, outcome);
        }
    }

    pub(super) fn report_silent(&self, silent: &mut Vec<Asked>) {
        self.stats.silent.add(silent.len() as u64);
        for asked in silent.drain(..) {
            self.report(asked, HostOutcome::Silent);
        }
    }

    /// A line was lost. `unwritten` are the frames that TLS has not seen: they go out on another line, if one is up.
    pub(super) fn lose<'a>(&self, line: &Line, unwritten: impl Iterator<Item = &'a [u8]>) {
        self.give_back(line, unwritten);
        let mut silent = Vec::new();
        self.in_flight
            .borrow_mut()
            .lose_line(line.number, &mut silent);
        self.flush();
        self.report_silent(&mut silent);
        self.count_in_flight();
    }

    /// A line came up or went down.
    pub(super) fn lines_changed(&self, line: &Line) {
        if let Some(figure) = self.stats.lines_up.get(usize::from(line.number)) {
            figure.set(u64::from(line.is_up()));
        }
        if line.is_up() {
            self.wake_repeater();
            self.links.line_came_up();
        }
    }

    pub(super) fn wake_repeater(&self) {
        if let Some(repeater) = self.repeater.get() {
            repeater.line_is_up();
        }
    }

    /// There is one forwarder; the first stays.
    pub(super) fn set_repeater(&self, repeater: Rc<dyn Repeater>) {
        let _ = self.repeater.set(repeater);
    }

    pub(super) fn count_in_flight(&self) {
        self.stats
            .in_flight
            .set(self.in_flight.borrow().len() as u64);
    }
}
