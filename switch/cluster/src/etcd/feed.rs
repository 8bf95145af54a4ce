//! What a follower has read, on its way from the runtime to the caller's thread: not more than a few MiB. Where the caller is
//! slow, the reader waits, then the connection's window is full, and in the end etcd waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::fault::Fault;
use super::limits::{AHEAD_KIB, BLIND};
use crate::{Followed, LogError};

/// The reader's end.
pub struct Feed {
    sender: UnboundedSender<Item>,
    space: Arc<Semaphore>,
    health: Arc<Health>,
}

/// The caller's end.
pub struct Fed {
    receiver: UnboundedReceiver<Item>,
    health: Arc<Health>,
    /// It ended with this.
    behind: Option<Option<u64>>,
}

enum Item {
    Entry {
        number: u64,
        bytes: Vec<u8>,
        _space: OwnedSemaphorePermit,
    },
    Behind(Option<u64>),
}

/// When the log was last seen as it is, and what has gone wrong since.
struct Health(Mutex<(Instant, Option<LogError>)>);

/// The caller has gone.
pub struct Gone;

pub fn feed() -> (Feed, Fed) {
    // Its length is bounded by `space`, of which each entry takes some.
    let (sender, receiver) = unbounded_channel();
    let health = Arc::new(Health(Mutex::new((Instant::now(), None))));
    let feed = Feed {
        sender,
        space: Arc::new(Semaphore::new(AHEAD_KIB as usize)),
        health: Arc::clone(&health),
    };
    let fed = Fed {
        receiver,
        health,
        behind: None,
    };
    (feed, fed)
}

impl Feed {
    /// Waits for space.
    pub async fn entry(&self, number: u64, bytes: Vec<u8>) -> Result<(), Gone> {
        let kib = u32::try_from(bytes.len() / 1024 + 1).unwrap_or(u32::MAX);
        let space = Arc::clone(&self.space).acquire_many_owned(kib.min(AHEAD_KIB));
        let _space = space.await.map_err(|_| Gone)?;
        self.healthy();
        let item = Item::Entry {
            number,
            bytes,
            _space,
        };
        self.sender.send(item).map_err(|_| Gone)
    }

    /// The last thing to say.
    pub fn behind(&self, first: Option<u64>) {
        // Where the caller has gone, nobody wants to know.
        let _ = self.sender.send(Item::Behind(first));
    }

    /// The log was seen as it is.
    pub fn healthy(&self) {
        *self.health.lock() = (Instant::now(), None);
    }

    pub fn ill(&self, fault: Fault) {
        let error = LogError::from(fault);
        tracing::debug!(%error, "following the replicated log was interrupted");
        self.health.lock().1 = Some(error);
    }
}

impl Fed {
    pub async fn next(&mut self, wait: Duration) -> Result<Followed, LogError> {
        if let Some(first) = self.behind {
            return Ok(Followed::Behind(first));
        }
        match timeout(wait, self.receiver.recv()).await {
            Ok(Some(Item::Entry { number, bytes, .. })) => Ok(Followed::Entry { number, bytes }),
            Ok(Some(Item::Behind(first))) => {
                self.behind = Some(first);
                Ok(Followed::Behind(first))
            }
            // The reader ends after `Behind` only.
            Ok(None) => Err(LogError::Unavailable("its reader has ended".into())),
            Err(_) => self.health.nothing(),
        }
    }
}

impl Health {
    /// Nothing came: because there is nothing, or because nobody answers.
    fn nothing(&self) -> Result<Followed, LogError> {
        let health = self.lock();
        let silent = health.0.elapsed();
        if silent < BLIND {
            return Ok(Followed::Nothing);
        }
        let silent = format!("no answer for {} s", silent.as_secs());
        Err(match &health.1 {
            None => LogError::Unavailable(silent),
            Some(LogError::Unusable(why)) => LogError::Unusable(format!("{silent}: {why}")),
            Some(LogError::Unavailable(why) | LogError::Full(why)) => {
                LogError::Unavailable(format!("{silent}: {why}"))
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, (Instant, Option<LogError>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
