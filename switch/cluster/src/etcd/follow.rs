//! Follows the log: reads what is there, then watches, and reads again after whatever happens to the watch. Each entry is
//! delivered by its number, so what comes twice is dropped, and what is missing is read.
//!
//! ```text
//! read ─ nothing left ─▶ watch ─ an entry ─▶ deliver ─▶ watch
//!  ▲ │                     │
//!  │ └ the next is gone ─▶ Behind, the end
//!  └── broken, cancelled, a gap, or silent while the log goes on
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::fault::Fault;
use super::feed::{Fed, Feed, Gone, feed};
use super::keys::Keys;
use super::limits::{PAUSE, SILENCE};
use super::link::Link;
use super::page::Pages;
use super::runtime::Worker;
use super::watch::{Watch, Watched};
use super::wire::{Event, WatchResponse};
use crate::{Follow, Followed, LogError};

/// The caller's side: see [`follow`].
struct Follower {
    worker: Arc<Worker>,
    reader: JoinHandle<()>,
    fed: Fed,
}

/// The side of the runtime.
struct Reader {
    link: Link,
    keys: Keys,
    /// Of the next entry to deliver.
    next: u64,
    pages: Pages,
    feed: Feed,
}

/// How reading ended.
enum End {
    Fault(Fault),
    /// The next entry was deleted; the log begins with this one.
    Behind(Option<u64>),
    Gone,
}

pub fn follow(worker: &Arc<Worker>, link: Link, keys: Keys, from: u64) -> Box<dyn Follow> {
    let (feed, fed) = feed();
    let reader = Reader {
        link,
        keys,
        next: from,
        pages: Pages::new(),
        feed,
    };
    Box::new(Follower {
        worker: Arc::clone(worker),
        reader: worker.spawn(reader.run()),
        fed,
    })
}

impl Follow for Follower {
    fn next(&mut self, wait: Duration) -> Result<Followed, LogError> {
        self.worker.wait(self.fed.next(wait))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Reader {
    async fn run(mut self) {
        loop {
            match self.read_and_watch().await {
                End::Fault(fault) => {
                    let pause = match fault.passes() {
                        true => PAUSE,
                        false => SILENCE,
                    };
                    self.feed.ill(fault);
                    sleep(pause).await;
                }
                End::Behind(first) => return self.feed.behind(first),
                End::Gone => return,
            }
        }
    }

    async fn read_and_watch(&mut self) -> End {
        loop {
            let watched = async {
                let revision = self.read().await?;
                self.watch(revision + 1).await
            };
            if let Err(end) = watched.await {
                return end;
            }
        }
    }

    /// Delivers all that is there. Says at which revision nothing was left.
    async fn read(&mut self) -> Result<i64, End> {
        loop {
            let page = self.pages.read(&self.link, &self.keys, self.next).await?;
            self.feed.healthy();
            let found = page.entries.len();
            for (number, entry) in page.entries {
                if number != self.next {
                    return Err(End::Behind(Some(number)));
                }
                self.deliver(entry.value.to_vec()).await?;
            }
            if page.more && found > 0 {
                continue;
            }
            return match page.last {
                Some(last) if found == 0 && last >= self.next => Err(End::Behind(None)),
                _ => Ok(page.revision),
            };
        }
    }

    /// Delivers what comes, until it is better to read again.
    async fn watch(&mut self, from: i64) -> Result<(), End> {
        let watched = Watched {
            key: self.keys.entry(0),
            range_end: self.keys.entries_end(),
            from,
            deletions: false,
        };
        let mut watch = Watch::open(&self.link, watched).await?;
        loop {
            let Ok(answer) = timeout(SILENCE, watch.next(&self.link)).await else {
                let before = self.next;
                self.read().await?;
                if self.next != before {
                    // The watch should have shown that.
                    return Ok(());
                }
                continue;
            };
            if !self.take(answer?).await? {
                return Ok(());
            }
        }
    }

    /// Delivers what a watch has shown. Says whether nothing is missing.
    async fn take(&mut self, answer: WatchResponse) -> Result<bool, End> {
        for event in answer.events {
            let Some(entry) = event.kv.filter(|_| event.kind == Event::PUT) else {
                continue;
            };
            match self.keys.number(&entry.key) {
                Some(number) if number < self.next => {}
                Some(number) if number == self.next => self.deliver(entry.value.to_vec()).await?,
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn deliver(&mut self, bytes: Vec<u8>) -> Result<(), End> {
        self.feed.entry(self.next, bytes).await?;
        // No log gets there; an answer could say so.
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}
