//! Keeps the lease of this node: renews it, says under it how far the node is, and opens the fence of an owner for as long as the
//! lease certainly lives.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tessera_kit::clock;
use tessera_kit::fence::{self, Boottime};

use crate::protocol::{Due, Reply, Said, Tenure};
use crate::standing::{Role, Standing};
use crate::{Lease, LogError, NodeId, NodeReport, NodeState, ReplicatedLog};

/// The lease is renewed so many times while it lives.
const RENEWALS: u32 = 6;
/// The fence closes so many milliseconds before the lease can end: for an effect that has passed and is about to be written.
const MARGIN: u64 = 500;
/// How often a standby says how far it is, at most: the owner deletes by that.
const REPORT_EVERY: Duration = Duration::from_millis(200);
/// The same is said again after this: an earlier report, held up on a line that was cut, may have arrived after the last one.
const REPORT_AGAIN_AFTER: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Is called once when the role of this process has ended: the process has to.
pub type Lost = Box<dyn Fn(&str) + Send + Sync>;

/// See the head of this file.
pub(crate) struct Keeper {
    inner: Arc<Inner>,
    thread: Option<JoinHandle<()>>,
}

struct Inner {
    log: Arc<dyn ReplicatedLog>,
    node: NodeId,
    peer: Option<String>,
    ttl: Duration,
    standing: Arc<Standing>,
    held: Mutex<Held>,
    /// How far the fence was opened last; `None` while it is closed. By itself, because the lock is held while the log is asked.
    open_until: Mutex<Option<Boottime>>,
    lost: Lost,
}

struct Held {
    tenure: Tenure<Boottime>,
    lease: Option<Box<dyn Lease>>,
    /// No lease is taken any more.
    ended: bool,
}

impl Keeper {
    pub fn start(
        log: Arc<dyn ReplicatedLog>,
        node: NodeId,
        peer: Option<String>,
        ttl: Duration,
        standing: Arc<Standing>,
        lost: Lost,
    ) -> std::io::Result<Self> {
        fence::close();
        let held = Held {
            tenure: Tenure::new(Boottime::now()),
            lease: None,
            ended: false,
        };
        let inner = Arc::new(Inner {
            log,
            node,
            peer,
            ttl,
            standing,
            held: Mutex::new(held),
            open_until: Mutex::default(),
            lost,
        });
        let keeps = Arc::clone(&inner);
        let thread = thread::Builder::new()
            .name("cluster-lease".to_owned())
            .spawn(move || keeps.run())?;
        Ok(Self {
            inner,
            thread: Some(thread),
        })
    }

    /// Claims the log. Whether this node is the candidate now.
    ///
    /// # Errors
    /// Where the log does not answer. The node is no candidate then.
    pub fn claim(&self) -> Result<bool, LogError> {
        let mut held = self.inner.lock();
        if held.ended {
            return Ok(false);
        }
        let due = held.tenure.claim();
        self.inner.drive(&mut held, due)
    }

    /// Whether the lease certainly lives under which the log was claimed.
    pub fn holds(&self) -> bool {
        let until = *self.inner.open_until();
        until.is_some_and(|until| Boottime::now() < until)
    }

    /// The candidate has begun this epoch. Whether it is the owner now: not where its claim has ended since it was made.
    pub fn promote(&self, epoch: u64) -> bool {
        self.inner.lock().tenure.promote(epoch)
    }

    /// This node is no candidate any more. Its lease ends, and with it the claim, whether or not the log learns of it.
    pub fn give_up(&self) {
        let mut held = self.inner.lock();
        let due = held.tenure.give_up();
        // To revoke is all that this does.
        let _ = self.inner.drive(&mut held, due);
    }

    /// Ends the lease in the same way, for a process that ends at once, from any thread: waits so long at most.
    pub fn ends_within(&self, patience: Duration) -> impl Fn() + Send + Sync + 'static {
        let inner = Arc::downgrade(&self.inner);
        move || {
            let Some(inner) = inner.upgrade() else {
                return;
            };
            // First: what is under way must not open it again.
            inner.standing.set_ending();
            inner.close();
            let (done, ended) = channel();
            let end = move || {
                inner.end();
                // Nobody waits any more where it took long.
                let _ = done.send(());
            };
            let thread = thread::Builder::new().name("cluster-end".to_owned());
            // Where that fails the lease ends by itself.
            if thread.spawn(end).is_ok() {
                let _ = ended.recv_timeout(patience);
            }
        }
    }

    /// Ends the lease, and with it the claim.
    pub fn end(mut self) {
        self.inner.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Inner {
    fn end(&self) {
        let lease = {
            let mut held = self.lock();
            held.ended = true;
            // The lease is revoked below, without the lock.
            let _ = held.tenure.give_up();
            held.lease.take()
        };
        self.close();
        revoke(lease);
    }

    fn run(&self) {
        let renew_every = self.ttl / RENEWALS;
        let mut renewed: Option<Instant> = None;
        let mut failed = false;
        let mut reported: Option<Instant> = None;
        let mut reported_state = None;
        loop {
            let mut held = self.lock();
            if held.ended {
                return;
            }
            let due = renewed.is_none_or(|at| at.elapsed() >= renew_every);
            // At once after the last one was given up.
            if due || held.lease.is_none() && !failed {
                renewed = Some(Instant::now());
                let due = held.tenure.renew(Boottime::now());
                let driven = self.drive(&mut held, due);
                failed = driven.is_err();
                if let Err(error) = driven {
                    tracing::warn!(%error, "the lease of this node could not be renewed");
                }
            }
            let said = Said {
                synced: self.standing.synced(),
                needs: self.standing.needs(),
            };
            let again = reported.is_none_or(|at| at.elapsed() >= REPORT_AGAIN_AFTER);
            let state = self.standing.state();
            let has_changed = reported_state.as_ref() != Some(&state);
            if (held.tenure.has_to_report(said) || has_changed || again)
                && reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY)
                && self.report(&mut held, said, state.clone())
            {
                held.tenure.reported(said);
                reported = Some(Instant::now());
                reported_state = Some(state);
            }
            drop(held);
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Does what is due, until that is all. Whether the fence was opened.
    fn drive(&self, held: &mut Held, mut due: Due<Boottime>) -> Result<bool, LogError> {
        let mut failed = None;
        loop {
            let reply = match due {
                Due::Open(sent) => {
                    self.open(sent);
                    return Ok(true);
                }
                Due::Rest => break,
                Due::Revoke => {
                    self.close();
                    revoke(held.lease.take());
                    break;
                }
                Due::Lost(why) => {
                    self.close();
                    (self.lost)(&why);
                    break;
                }
                Due::Renew => with(&mut held.lease, |lease| lease.renew().map(Reply::Renewed)),
                Due::Grant => {
                    self.close();
                    held.lease = None;
                    self.log.lease(self.ttl).map(|lease| {
                        held.lease = Some(lease);
                        Reply::Granted
                    })
                }
                Due::Claim => with(&mut held.lease, |lease| {
                    lease.claim(&self.node).map(Reply::Claimed)
                }),
                Due::LookAtClaim => with(&mut held.lease, |lease| {
                    lease.has_claim().map(Reply::HasClaim)
                }),
                Due::ReadHead => self
                    .log
                    .head()
                    .map(|found| Reply::Head(found.map(|(head, _)| head))),
            };
            let reply = reply.unwrap_or_else(|error| {
                failed = Some(error);
                Reply::Silence
            });
            due = held.tenure.on(reply, Boottime::now());
        }
        failed.map_or(Ok(false), Err)
    }

    fn open(&self, sent: Boottime) {
        let is_about_to_end = || self.standing.is_superseded() || self.standing.is_ending();
        if is_about_to_end() {
            return;
        }
        let milliseconds = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        let until = sent.plus(milliseconds.saturating_sub(MARGIN));
        *self.open_until() = Some(until);
        fence::open_until(until);
        // A fault may have closed it between.
        if is_about_to_end() {
            self.close();
        }
    }

    fn close(&self) {
        *self.open_until() = None;
        fence::close();
    }

    fn open_until(&self) -> MutexGuard<'_, Option<Boottime>> {
        self.open_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, held: &mut Held, said: Said, state: NodeState) -> bool {
        let Some(lease) = &mut held.lease else {
            return false;
        };
        let Said { synced, needs } = said;
        if self.standing.role() == Role::Starting && needs.is_none() {
            return false;
        }
        let report = NodeReport {
            node: self.node.clone(),
            synced,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            peer: self.peer.clone(),
            needs,
            state: NodeState {
                clock: clock::system().milliseconds(),
                ..state
            },
        };
        let reported = lease.report(&report);
        if let Err(error) = &reported {
            tracing::debug!(%error, "this node could not say how far it is");
        }
        reported.is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // What is in it is changed field by field, and each is true alone.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with<T>(
    lease: &mut Option<Box<dyn Lease>>,
    ask: impl FnOnce(&mut dyn Lease) -> Result<T, LogError>,
) -> Result<T, LogError> {
    match lease {
        Some(lease) => ask(lease.as_mut()),
        None => Err(LogError::Unavailable("there is no lease yet".to_owned())),
    }
}

fn revoke(lease: Option<Box<dyn Lease>>) {
    if let Some(lease) = lease
        && let Err(error) = lease.revoke()
    {
        tracing::debug!(%error, "the lease could not be revoked: it ends by itself");
    }
}
