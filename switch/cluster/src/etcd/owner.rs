//! Who has claimed the log, and which nodes there are.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::append::{nonsense, one, parsed};
use super::fault::{Fault, Kind, shortened};
use super::keys::Keys;
use super::limits::{PAUSE, SILENCE};
use super::link::Link;
use super::watch::{Watch, Watched};
use super::wire::{KeyValue, RangeRequest};
use crate::{HandOver, NodeId, NodeReport};

/// More nodes than any cluster has.
const NODES_MAX: i64 = 100;

pub async fn claimed(link: &Link, keys: &Keys) -> Result<Option<NodeId>, Fault> {
    Ok(look(link, keys).await?.0)
}

/// Watches the claim. What it says at the end was read after that.
pub async fn unclaimed(link: &Link, keys: &Keys, wait: Duration) -> Result<Option<NodeId>, Fault> {
    let deadline = Instant::now() + wait;
    loop {
        let (who, revision) = look(link, keys).await?;
        if who.is_none() || Instant::now() >= deadline {
            return Ok(who);
        }
        match change(link, keys, revision, deadline).await {
            Ok(()) => {}
            // Looks again, at another member.
            Err(fault) if fault.passes() || fault.kind == Kind::Compacted => sleep(PAUSE).await,
            Err(fault) => return Err(fault),
        }
    }
}

/// Waits until the claim changes, the watch has been silent for some time, or the time is over.
async fn change(link: &Link, keys: &Keys, since: i64, deadline: Instant) -> Result<(), Fault> {
    let watched = Watched {
        key: keys.owner(),
        range_end: Bytes::new(),
        from: since + 1,
        deletions: true,
    };
    let mut watch = Watch::open(link, watched).await?;
    let until = deadline.saturating_duration_since(Instant::now());
    loop {
        let Ok(answer) = timeout(until.min(SILENCE), watch.next(link)).await else {
            return Ok(());
        };
        if !answer?.events.is_empty() {
            return Ok(());
        }
    }
}

async fn look(link: &Link, keys: &Keys) -> Result<(Option<NodeId>, i64), Fault> {
    let read = link.ask(&RangeRequest::one(keys.owner())).await?;
    let revision = read.header.as_ref().map_or(0, |header| header.revision);
    let found = one(keys.owner(), read)?;
    Ok((found.as_ref().map(name_of).transpose()?, revision))
}

/// The node that a claim names.
pub fn name_of(claim: &KeyValue) -> Result<NodeId, Fault> {
    let name = String::from_utf8_lossy(&claim.value);
    NodeId::parse(&name).ok_or_else(|| {
        let key = shortened(&String::from_utf8_lossy(&claim.key));
        Fault::new(
            Kind::Refused,
            format_args!("{key} names no node: somebody else has written it"),
        )
    })
}

pub async fn nodes(link: &Link, keys: &Keys) -> Result<Vec<NodeReport>, Fault> {
    let [key, range_end] = keys.nodes();
    let range = RangeRequest {
        key,
        range_end,
        limit: NODES_MAX,
        ..RangeRequest::default()
    };
    let read = link.ask(&range).await?;
    read.kvs.iter().map(parsed).collect()
}

pub async fn hand_over(link: &Link, keys: &Keys) -> Result<Option<HandOver>, Fault> {
    let read = link.ask(&RangeRequest::one(keys.hand_over())).await?;
    let found = one(keys.hand_over(), read)?;
    found.map(|found| parsed(&found)).transpose()
}

/// The number of the oldest entry.
pub async fn first(link: &Link, keys: &Keys) -> Result<Option<u64>, Fault> {
    let range = RangeRequest {
        key: keys.entry(0),
        range_end: keys.entries_end(),
        limit: 1,
        keys_only: true,
    };
    let read = link.ask(&range).await?;
    let found = read.kvs.first();
    found
        .map(|entry| keys.number(&entry.key))
        .map(|number| number.ok_or_else(|| nonsense("a key below log/ that is no entry")))
        .transpose()
}
