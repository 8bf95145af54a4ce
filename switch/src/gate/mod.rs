//! The gate: nothing leaves the switch before the event that it rests on is durable.
//!
//! In come releases with the sequence number of that event; out they go, in order, when the journal
//! says so. What never happens here: a decision, or a wait.

pub(crate) mod advice;
mod dead_letters;
mod history;
mod host_lines;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use tokio::sync::Notify;

pub use advice::MessageError;
pub use dead_letters::{DeadLetter, DeadLetters, Draft, LetterId};
pub use host_lines::{HostLines, TlsLines};

use crate::message::{Directions, Reply};
use crate::shared::OperatorPolicy;
use tessera_admission::{Connection, OUTBOX_BYTES_MAX, Requester};
use tessera_host::{CardUpdate, HostMessage, HostRequest, Original};
use tessera_journal::{Journal, Position, Sequence};
use tessera_kit::invariant;
use tessera_ledger::{
    AdviceSubject, Balance, CardNumbers, HistoryRequest, Outcome, Reference, Sources, Supervision,
    WalletId,
};
use tessera_metrics::WorkerMetrics;
use tessera_metrics::{Queue, Stage};

/// The message that a dead letter would be, as it stands on the line, with a trace number of zeros.
///
/// # Errors
/// Where the journal can't be read back.
pub fn write_out(
    journal: &dyn Journal,
    id: LetterId,
    letter: &DeadLetter,
) -> Result<Vec<u8>, MessageError> {
    let message = match &letter.draft {
        Draft::Unread(unread) => advice::read(|at| journal.read(at), unread)?,
        Draft::Card(update) => HostMessage::Card {
            update: update.clone(),
            repeat: true,
        },
    };
    Ok(tessera_host::write_out(&message, id.reference))
}

/// What waits for its event to be durable.
#[derive(Debug)]
pub enum Release {
    /// An answer.
    Answer(Requester, Outcome),
    /// An answer that is read from the journal: its newest event is durable now.
    History(Requester, WalletId, HistoryRequest, Sources),
    /// A request for the host.
    Request(HostRequest),
    /// An advice that the host must get until it acknowledges. Its particulars stand in the journal, and are read off
    /// it now that they are durable.
    Advice(Unread),
    /// A card that the host is asked for until it says its number.
    CardAgain(WalletId, Reference, CardUpdate),
    /// Something happened to a wallet that is being watched.
    News(Box<News>),
    /// An answer to an operator.
    Operator(Reply, Box<Directions>),
    /// What the operator has decided about all wallets.
    Proclaim(Box<Supervision>),
}

/// How a watched wallet stands after something happened to it.
#[derive(Debug)]
pub struct News {
    /// Who watches.
    pub watchers: Vec<Arc<Connection>>,
    /// Which wallet.
    pub wallet: WalletId,
    /// Available and held.
    pub ledger: Balance,
    /// What can be spent.
    pub available: Balance,
    /// Journal position of the newest event; `None` before the first.
    pub position: Option<Position>,
}

/// Writes news into an outbox.
pub type WriteNews = Box<dyn Fn(&News, &mut BytesMut)>;

/// An advice that is still to be read off the journal.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Whose transaction.
    pub wallet: WalletId,
    /// Which.
    pub reference: Reference,
    /// Where the event stands that opened it.
    pub position: Position,
    /// The numbers of its wallet's cards, one of which the event names.
    pub numbers: CardNumbers,
    /// The kind of the advice.
    pub subject: AdviceSubject,
    /// Its original, for the advice of a stand-in decision.
    pub original: Option<Original>,
    /// To which settlement date that belongs, MMDD.
    pub settlement_date: u32,
    /// The host has not approved it, and may have never received it.
    pub in_doubt: bool,
}

/// One per worker. Bounded by admission: every release belongs to an admitted request or to a
/// transaction that is open in the journal.
pub struct Gate {
    journal: Arc<dyn Journal>,
    partitions: u16,
    host: Rc<dyn HostLines>,
    metrics: Rc<WorkerMetrics>,
    policy: Arc<OperatorPolicy>,
    write_news: WriteNews,
    bell: Arc<Notify>,
    waiting: RefCell<VecDeque<Waiting>>,
    touched: RefCell<Vec<Arc<Connection>>>,
}

struct Waiting {
    /// Whose event it waits for.
    wallet: WalletId,
    /// Of that event; `None` where it waits for none.
    sequence: Option<Sequence>,
    since: Instant,
    release: Release,
}

impl Gate {
    /// A gate in front of these, for wallets in so many partitions of the journal.
    pub fn new(
        journal: Arc<dyn Journal>,
        partitions: u16,
        host: Rc<dyn HostLines>,
        metrics: Rc<WorkerMetrics>,
        policy: Arc<OperatorPolicy>,
        write_news: WriteNews,
    ) -> Self {
        // The journal's thread rings after every sync: the one wake-up that a batch costs.
        let bell = Arc::new(Notify::new());
        let ring = Arc::clone(&bell);
        journal.subscribe(Box::new(move || ring.notify_one()));
        Self {
            journal,
            partitions,
            host,
            metrics,
            policy,
            write_news,
            bell,
            waiting: RefCell::default(),
            touched: RefCell::default(),
        }
    }

    /// Holds `release` until the wallet's event with this `sequence` is durable, and all that was held before it is out.
    pub fn hold(
        &self,
        wallet: WalletId,
        sequence: Option<Sequence>,
        since: Instant,
        release: Release,
    ) {
        let partition = wallet.partition(self.partitions);
        invariant!(
            sequence <= self.journal.last(partition),
            "an effect waits for an event that was appended",
            Some(wallet.0),
            sequence
        );
        self.waiting.borrow_mut().push_back(Waiting {
            wallet,
            sequence,
            since,
            release,
        });
        if sequence <= self.journal.durable(partition) {
            // No sync will come for it.
            self.bell.notify_one();
        }
    }

    /// Opens whenever something has become durable, as long as the worker lives.
    pub async fn keep(&self) {
        loop {
            self.bell.notified().await;
            self.open();
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// Lets out what has become durable, and flushes whatever that wrote to: one write for each
    /// connection, one record for the host.
    pub fn open(&self) {
        let mut next = self.next();
        if next.is_none() {
            return;
        }
        let now = Instant::now();
        // One at a time, so that nothing is borrowed while it leaves.
        while let Some(waiting) = next {
            invariant!(
                self.is_durable(&waiting),
                "an effect leaves when its event is durable",
                Some(waiting.wallet.0),
                waiting.sequence
            );
            self.metrics
                .stage(Stage::Journal, now.saturating_duration_since(waiting.since));
            self.let_out(waiting.release, now);
            next = self.next();
        }
        self.host.flush();
        for connection in self.touched.take() {
            connection.flush();
        }
        self.metrics.queue(Queue::Gate, self.len());
    }

    fn next(&self) -> Option<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.pop_front_if(|first| self.is_durable(first))
    }

    fn is_durable(&self, waiting: &Waiting) -> bool {
        let partition = waiting.wallet.partition(self.partitions);
        waiting.sequence <= self.journal.durable(partition)
    }

    fn let_out(&self, release: Release, now: Instant) {
        match release {
            Release::Answer(requester, outcome) => self.answer(requester, &outcome, now),
            Release::History(requester, wallet, request, sources) => {
                let outcome = history::read(self.journal.as_ref(), wallet, request, sources);
                self.answer(requester, &outcome, now);
            }
            Release::Request(request) => self.host.send(request),
            Release::Advice(unread) => match advice::read(|at| self.journal.read(at), &unread) {
                Ok(message) => self.host.advise(unread.wallet, unread.reference, message),
                Err(error) => crate::fault::stop("the journal could not be read back", &error),
            },
            Release::CardAgain(wallet, reference, update) => {
                let message = HostMessage::Card {
                    update,
                    repeat: true,
                };
                self.host.advise(wallet, reference, message);
            }
            Release::News(news) => self.notify_watchers(&news),
            Release::Operator(reply, directions) => reply.send(*directions),
            Release::Proclaim(text) => self.policy.publish(*text),
        }
    }

    fn answer(&self, requester: Requester, outcome: &Outcome, now: Instant) {
        let took = now.saturating_duration_since(requester.arrived);
        let verdict = outcome.verdict();
        if verdict.rule.is_some() {
            requester.log_decline(verdict);
        }
        self.metrics.answered(requester.kind, verdict, took);
        if let Some(connection) = requester.answer(outcome) {
            self.touched.borrow_mut().push(connection);
        }
    }

    /// Who does not keep up reading misses some: the next news says all that these would have said.
    fn notify_watchers(&self, news: &News) {
        for watcher in &news.watchers {
            if watcher.waiting_bytes() < OUTBOX_BYTES_MAX
                && watcher.write(|out| (self.write_news)(news, out))
            {
                self.touched.borrow_mut().push(Arc::clone(watcher));
            }
        }
    }
}
