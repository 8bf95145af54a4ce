//! Watches: what changes below a key from a revision on.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::timeout;

use super::connection::Answers;
use super::fault::{Fault, Kind};
use super::limits::ATTEMPT;
use super::link::{Chosen, Link};
use super::wire::{WatchCreateRequest, WatchRequest, WatchResponse};

/// What to watch.
pub struct Watched {
    pub key: Bytes,
    /// Empty for the one key.
    pub range_end: Bytes,
    /// Of the first change that is shown.
    pub from: i64,
    /// Whether deletions are shown too.
    pub deletions: bool,
}

/// A watch at one member. It ends with any error, and with this value.
pub struct Watch {
    answers: Answers<WatchResponse>,
    chosen: Chosen,
}

impl Watch {
    pub async fn open(link: &Link, watched: Watched) -> Result<Self, Fault> {
        let filters = match watched.deletions {
            true => Vec::new(),
            false => vec![WatchCreateRequest::NO_DELETIONS],
        };
        let create = WatchRequest {
            create: Some(WatchCreateRequest {
                key: watched.key,
                range_end: watched.range_end,
                start_revision: watched.from,
                filters,
                fragment: true,
            }),
        };
        let chosen = link.choose().await?;
        // The member ends the stream of answers with that of requests, so that one never ends.
        let requests = stream::iter([create]).chain(stream::pending());
        let answers = link.stream(&chosen, requests, ATTEMPT).await?;
        let mut watch = Self { answers, chosen };
        // The first answer says that it has begun.
        let first = timeout(ATTEMPT, watch.next(link)).await;
        first.unwrap_or_else(|_| Err(Fault::broken("no watch in time")))?;
        Ok(watch)
    }

    /// The next changes; some answers have none. May be given up at any time.
    pub async fn next(&mut self, link: &Link) -> Result<WatchResponse, Fault> {
        let answer = self.answers.next().await;
        let answer = link.judged(&self.chosen, answer).await?;
        if answer.compact_revision != 0 {
            let revision = answer.compact_revision;
            return Err(Fault::new(
                Kind::Compacted,
                format_args!(
                    "a watch from before revision {revision}, where etcd's history begins"
                ),
            ));
        }
        match answer.canceled {
            true => Err(Fault::new(
                Kind::Busy,
                format_args!("the watch was cancelled: {}", answer.cancel_reason),
            )),
            false => Ok(answer),
        }
    }
}
