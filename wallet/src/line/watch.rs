//! The wallets that open pages show: all views of one wallet share one watch on the line.
//!
//! A wallet's keeper is a task: it asks for the watch, waits until the connection of the watch is gone, and asks again over
//! another. It ends with the last view, or when no session of the views is any good.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tessera_protocol::leased::{Operation, tag};
use tessera_protocol::{Message, tlv};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{Answer, Failure, Fields, Line, Name};
use crate::metrics::Metrics;
use crate::session::Session;

/// How long a keeper rests when the switch could not be asked.
const REST: Duration = Duration::from_secs(2);

/// Pages of one wallet that are kept up to date: a payer has a few devices, and a few tabs on each.
const VIEWS_OF_WALLET_MAX: usize = 16;

/// The latest state of a wallet from the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notice {
    /// The number of the wallet.
    pub wallet: u64,
    /// The ledger balance, in minor units.
    pub ledger: u64,
    /// The available balance, in minor units.
    pub available: u64,
    /// The journal position of the newest event.
    pub position: u64,
}

impl Notice {
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let data = message.raw(60)?;
        let number = |tag| -> Option<u64> {
            let value = tlv::find(data, tag).ok()??;
            std::str::from_utf8(value).ok()?.parse().ok()
        };
        Some(Self {
            wallet: number(tag::WALLET)?,
            ledger: number(tag::LEDGER)?,
            available: number(tag::AVAILABLE)?,
            position: number(tag::POSITION).unwrap_or_default(),
        })
    }

    fn of_answer(answer: &Answer, wallet: u64) -> Option<Self> {
        Some(Self {
            wallet,
            ledger: answer.value(tag::LEDGER)?,
            available: answer.value(tag::AVAILABLE)?,
            position: answer.value(tag::POSITION).unwrap_or_default(),
        })
    }
}

/// All watched wallets of this process.
pub struct Watches {
    watched: Mutex<HashMap<u64, Watched>>,
    views_max: usize,
    metrics: Arc<Metrics>,
}

/// What is known of a watched wallet.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    notice: Option<Notice>,
    /// The line of the watch is gone: more may have happened.
    is_stale: bool,
}

struct Watched {
    sender: watch::Sender<Seen>,
    /// Those of the views, each as often as it has views.
    sessions: Vec<Session>,
    connection: Option<u64>,
    keeper: Option<AbortHandle>,
    /// So that a view of an earlier watch does not end a later one.
    generation: u64,
}

impl Watches {
    /// No wallet is watched yet. At most `views_max` views at once.
    pub fn new(views_max: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            watched: Mutex::default(),
            views_max,
            metrics,
        })
    }

    /// Opens a view of a session's wallet; `None` where there are too many. The session must be valid: the caller has
    /// just read the balance with it.
    pub fn view(self: &Arc<Self>, line: &Line, session: &Session) -> Option<View> {
        let wallet = session.wallet();
        let mut watched = self.lock();
        let views: usize = watched.values().map(|one| one.sessions.len()).sum();
        let own = watched.get(&wallet).map_or(0, |one| one.sessions.len());
        if views >= self.views_max || own >= VIEWS_OF_WALLET_MAX {
            return None;
        }
        let one = watched.entry(wallet).or_insert_with(|| Watched {
            sender: watch::Sender::new(Seen::default()),
            sessions: Vec::new(),
            connection: None,
            keeper: None,
            generation: rand::random(),
        });
        one.sessions.push(session.clone());
        if one.keeper.is_none() {
            let keeper = Arc::clone(self).keep(line.clone(), wallet, one.generation);
            one.keeper = Some(tokio::spawn(keeper).abort_handle());
        }
        let view = View {
            watches: Arc::clone(self),
            line: line.clone(),
            session: session.clone(),
            generation: one.generation,
            seen: one.sender.subscribe(),
        };
        drop(watched);
        self.metrics.live_views(1);
        Some(view)
    }

    pub(super) fn notice(&self, notice: Notice) {
        if let Some(watched) = self.lock().get(&notice.wallet) {
            watched.sender.send_replace(Seen {
                notice: Some(notice),
                is_stale: false,
            });
        }
    }

    async fn keep(self: Arc<Self>, line: Line, wallet: u64, generation: u64) {
        let mut alive = line.0.queue.alive();
        while let Some(session) = self.any_session(wallet, generation) {
            let fields = Fields::default().secret(tag::SESSION, session.expose());
            match line.ask(Operation::Watch, fields, Name::random()).await {
                Ok(answer) => {
                    self.watching(&answer, wallet, generation);
                    let lost = alive.wait_for(|alive| !alive.contains(&answer.connection));
                    if lost.await.is_err() {
                        return;
                    }
                    self.stale(wallet, generation);
                }
                Err(Failure::Refused(_)) => self.forget(wallet, generation, &session),
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    fn any_session(&self, wallet: u64, generation: u64) -> Option<Session> {
        let watched = self.lock();
        let one = watched.get(&wallet)?;
        let session = one.sessions.last()?;
        (one.generation == generation).then(|| session.clone())
    }

    /// Until there is a watch again, nobody knows what has happened.
    fn stale(&self, wallet: u64, generation: u64) {
        let watched = self.lock();
        let one = watched.get(&wallet);
        if let Some(one) = one.filter(|one| one.generation == generation) {
            one.sender.send_modify(|seen| seen.is_stale = true);
        }
    }

    /// The watch is active again; missed changes are sent now.
    fn watching(&self, answer: &Answer, wallet: u64, generation: u64) {
        let mut watched = self.lock();
        let Some(one) = watched.get_mut(&wallet) else {
            return;
        };
        if one.generation == generation {
            one.connection = Some(answer.connection);
            if let Some(notice) = Notice::of_answer(answer, wallet) {
                // What has happened since the switch answered may have been pushed already.
                one.sender.send_if_modified(|seen| {
                    let known = seen.notice;
                    let is_newer = known.is_none_or(|known| known.position < notice.position);
                    if is_newer {
                        seen.notice = Some(notice);
                    }
                    is_newer | std::mem::take(&mut seen.is_stale)
                });
            }
        }
    }

    /// A session has ended. With the last one the watch goes, and with it the views.
    fn forget(&self, wallet: u64, generation: u64, session: &Session) {
        let mut watched = self.lock();
        let Some(one) = watched.get_mut(&wallet) else {
            return;
        };
        if one.generation == generation {
            one.sessions.retain(|other| other != session);
            if one.sessions.is_empty() {
                watched.remove(&wallet);
            }
        }
    }

    fn close(&self, line: &Line, session: &Session, generation: u64) {
        let wallet = session.wallet();
        let mut watched = self.lock();
        let Some(one) = watched.get_mut(&wallet) else {
            return;
        };
        if one.generation != generation {
            return;
        }
        if let Some(place) = one.sessions.iter().position(|other| other == session) {
            one.sessions.swap_remove(place);
        }
        if one.sessions.is_empty()
            && let Some(one) = watched.remove(&wallet)
        {
            stop(line, wallet, &one);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Watched>> {
        // Nothing in here is left half done by a panic.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stop(line: &Line, wallet: u64, watched: &Watched) {
    if let Some(keeper) = &watched.keeper {
        keeper.abort();
    }
    if let Some(connection) = watched.connection {
        let fields = Fields::default().data(tag::WALLET, wallet);
        line.send_without_answer(Operation::Unwatch, fields, connection);
    }
}

/// One page that looks at a wallet, until it is dropped.
pub struct View {
    watches: Arc<Watches>,
    line: Line,
    session: Session,
    generation: u64,
    seen: watch::Receiver<Seen>,
}

/// What a view learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// The wallet is so now.
    Notice(Notice),
    /// Nobody knows how it is, until the next notice.
    Stale,
}

impl View {
    /// Waits for the next update. Several in a row may be merged into the last one. `None`: the session is over.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            self.seen.changed().await.ok()?;
            match *self.seen.borrow_and_update() {
                Seen { is_stale: true, .. } => return Some(Update::Stale),
                Seen {
                    notice: Some(notice),
                    ..
                } => return Some(Update::Notice(notice)),
                Seen { notice: None, .. } => {}
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.watches
            .close(&self.line, &self.session, self.generation);
        self.watches.metrics.live_views(-1);
    }
}
