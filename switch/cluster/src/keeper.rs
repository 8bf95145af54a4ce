//! Keeps the lease of this node: renews it, says under it how far the node is, and opens the fence of an owner for as long as the
//! lease certainly lives.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tessera_kit::fence::{self, Boottime};

use crate::standing::{Role, Standing};
use crate::{Claim, Lease, LogError, NodeId, NodeReport, ReplicatedLog};

/// The lease is renewed so many times while it lives.
const RENEWALS: u32 = 6;
/// The fence closes so many milliseconds before the lease can end: for an effect that has passed and is about to be written.
const MARGIN: u64 = 500;
/// How often a standby says how far it is, at most: the owner deletes by that.
const REPORT_EVERY: Duration = Duration::from_millis(200);
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
    lost: Lost,
}

#[derive(Default)]
struct Held {
    lease: Option<Box<dyn Lease>>,
    /// The claim on the log is ours, under this lease.
    claimed: bool,
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
        let inner = Arc::new(Inner {
            log,
            node,
            peer,
            ttl,
            standing,
            held: Mutex::default(),
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

    /// Claims the log. Whether it is ours.
    ///
    /// # Errors
    /// Where there is no lease yet, or the log does not answer.
    pub fn claim(&self) -> Result<bool, LogError> {
        let mut held = self.inner.lock();
        let Some(lease) = &mut held.lease else {
            return Err(LogError::Unavailable("there is no lease yet".to_owned()));
        };
        let ours = lease.claim(&self.inner.node)? == Claim::Ours;
        held.claimed = ours;
        if ours {
            // The fence opens with it.
            self.inner.renew(&mut held)?;
        }
        Ok(ours)
    }

    /// Gives the claim back: this node could not take over.
    pub fn disclaim(&self) {
        let mut held = self.inner.lock();
        held.claimed = false;
        fence::close();
        if let Some(lease) = &mut held.lease
            && let Err(error) = lease.disclaim()
        {
            tracing::warn!(%error, "the claim on the replicated log could not be given back: it ends with its lease");
        }
    }

    /// Ends the lease, and with it the claim.
    pub fn end(mut self) {
        let lease = {
            let mut held = self.inner.lock();
            (held.ended, held.claimed) = (true, false);
            held.lease.take()
        };
        fence::close();
        if let Some(lease) = lease
            && let Err(error) = lease.revoke()
        {
            tracing::debug!(%error, "the lease could not be revoked: it ends by itself");
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Inner {
    fn run(&self) {
        let renew_every = self.ttl / RENEWALS;
        let mut renewed: Option<Instant> = None;
        let mut reported: Option<((u64, Option<u64>), Instant)> = None;
        loop {
            let due = renewed.is_none_or(|at| at.elapsed() >= renew_every);
            let mut held = self.lock();
            if held.ended {
                return;
            }
            let had = held.lease.is_some();
            if due {
                renewed = Some(Instant::now());
                if let Err(error) = self.renew(&mut held) {
                    tracing::warn!(%error, "the lease of this node could not be renewed");
                }
            }
            let is_new = !had && held.lease.is_some();
            let now = (self.standing.synced(), self.standing.needs());
            let is_due = reported
                .is_none_or(|(last, at)| is_new || last != now && at.elapsed() >= REPORT_EVERY);
            if is_due && self.report(&mut held, now) {
                reported = Some((now, Instant::now()));
            }
            drop(held);
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Renews the lease, or takes another one.
    fn renew(&self, held: &mut Held) -> Result<(), LogError> {
        let sent = Boottime::now();
        let lives = match &mut held.lease {
            Some(lease) => lease.renew()?,
            None => false,
        };
        if !lives {
            held.lease = None;
            let mut lease = self.log.lease(self.ttl)?;
            if held.claimed {
                match lease.claim(&self.node)? {
                    Claim::Ours => {
                        tracing::warn!(
                            "the lease of the active node had ended: it has another one, and nobody took over"
                        );
                    }
                    Claim::Others(other) => {
                        let why = format!("its lease has ended, and {other} takes over");
                        (self.lost)(&why);
                    }
                }
            }
            held.lease = Some(lease);
        }
        if held.claimed {
            let milliseconds = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
            fence::open_until(sent.plus(milliseconds.saturating_sub(MARGIN)));
        }
        Ok(())
    }

    fn report(&self, held: &mut Held, (synced, needs): (u64, Option<u64>)) -> bool {
        let Some(lease) = &mut held.lease else {
            return false;
        };
        if self.standing.role() == Role::Starting && needs.is_none() {
            return false;
        }
        let report = NodeReport {
            node: self.node.clone(),
            synced,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            peer: self.peer.clone(),
            needs,
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
