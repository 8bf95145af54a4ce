//! The transactions on the head, and what is read of it.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::fault::{Fault, Kind, shortened};
use super::keys::Keys;
use super::limits::{APPEND, ENTRY_BYTES_MAX};
use super::link::Link;
use super::wire::{
    Compare, KeyValue, RangeRequest, RangeResponse, RequestOp, ResponseHeader, Target, TxnRequest,
};
use crate::{Appended, Config, Head, Revision};

/// What is to be appended.
pub struct Append<'a> {
    pub expected: Revision,
    pub head: &'a Head,
    pub entry: &'a [u8],
    pub trim_below: u64,
}

/// Sends it once. Connecting may take several attempts.
pub async fn append(link: &Link, keys: &Keys, append: Append<'_>) -> Result<Appended, Fault> {
    let deadline = Instant::now() + APPEND;
    let request = transaction(keys, &append)?;
    let chosen = link.connected(deadline).await?;
    let mut answer = link.once(&chosen, request, deadline).await?;
    let revision = revision(answer.header.as_ref());
    if answer.succeeded {
        return match revision > append.expected {
            true => Ok(Appended::Done(revision)),
            false => Err(nonsense("an append that did not raise the revision")),
        };
    }
    let read = answer.range(0);
    let read = read.ok_or_else(|| nonsense("a transaction without what it read"))?;
    match head_of(keys, read)? {
        Some((_, same)) if same == append.expected => {
            Err(nonsense("a transaction that failed for no reason"))
        }
        Some((head, revision)) => Ok(Appended::Other(head, revision)),
        None => Err(Fault::new(
            Kind::Refused,
            "the head of the log is gone: somebody has deleted it; see the guide for a log that was lost",
        )),
    }
}

/// Deletes entries, where the head is as expected.
pub async fn trim(link: &Link, keys: &Keys, expected: Revision, below: u64) -> Result<(), Fault> {
    let request = TxnRequest {
        compare: vec![Compare::equal(keys.head(), Target::ModRevision(expected.0))],
        success: vec![RequestOp::delete(keys.entry(0), keys.entry(below))],
        failure: Vec::new(),
    };
    link.ask(&request).await.map(drop)
}

/// Writes `config` and `head` where neither is there.
pub async fn begin(link: &Link, keys: &Keys, config: &Config, head: &Head) -> Result<bool, Fault> {
    let absent = |key| Compare::equal(key, Target::CreateRevision(0));
    let request = TxnRequest {
        compare: vec![absent(keys.config()), absent(keys.head())],
        success: vec![
            RequestOp::put(keys.config(), json(config)?, 0),
            RequestOp::put(keys.head(), json(head)?, 0),
        ],
        failure: Vec::new(),
    };
    let deadline = Instant::now() + APPEND;
    let chosen = link.connected(deadline).await?;
    Ok(link.once(&chosen, request, deadline).await?.succeeded)
}

pub async fn head(link: &Link, keys: &Keys) -> Result<Option<(Head, Revision)>, Fault> {
    let read = link.ask(&RangeRequest::one(keys.head())).await?;
    head_of(keys, read)
}

pub async fn config(link: &Link, keys: &Keys) -> Result<Option<Config>, Fault> {
    let read = link.ask(&RangeRequest::one(keys.config())).await?;
    let found = one(keys.config(), read)?;
    found.map(|found| parsed(&found)).transpose()
}

/// The head in an answer to a range of its key.
pub fn head_of(keys: &Keys, read: RangeResponse) -> Result<Option<(Head, Revision)>, Fault> {
    let Some(found) = one(keys.head(), read)? else {
        return Ok(None);
    };
    Ok(Some((parsed(&found)?, Revision(found.mod_revision))))
}

/// The key that was asked for, if it is there.
pub fn one(key: Bytes, read: RangeResponse) -> Result<Option<KeyValue>, Fault> {
    match read.kvs.into_iter().next() {
        Some(found) if found.key != key => Err(nonsense("another key than the one asked for")),
        found => Ok(found),
    }
}

/// The value of a key that the nodes write.
pub fn parsed<T: DeserializeOwned>(found: &KeyValue) -> Result<T, Fault> {
    serde_json::from_slice(&found.value).map_err(|why| {
        let key = shortened(&String::from_utf8_lossy(&found.key));
        Fault::new(
            Kind::Refused,
            format_args!("the value of {key} can't be read, so another build has written it, or somebody else: {why}"),
        )
    })
}

pub fn json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|why| Fault::new(Kind::Refused, why))
}

pub fn nonsense(what: &str) -> Fault {
    Fault::new(
        Kind::Refused,
        format_args!("etcd has answered with {what}: check what listens at the endpoint"),
    )
}

fn transaction(keys: &Keys, append: &Append<'_>) -> Result<TxnRequest, Fault> {
    let Append {
        expected,
        head,
        entry,
        trim_below,
    } = *append;
    assert!(trim_below <= head.number, "an append that trims itself");
    if entry.len() > ENTRY_BYTES_MAX {
        return Err(Fault::new(
            Kind::Refused,
            format_args!(
                "an entry of {} bytes; the longest has {ENTRY_BYTES_MAX}",
                entry.len()
            ),
        ));
    }
    let mut success = vec![
        RequestOp::put(keys.entry(head.number), Bytes::copy_from_slice(entry), 0),
        RequestOp::put(keys.head(), json(head)?, 0),
    ];
    if trim_below > 0 {
        success.push(RequestOp::delete(keys.entry(0), keys.entry(trim_below)));
    }
    let as_expected = Compare::equal(keys.head(), Target::ModRevision(expected.0));
    let failure = vec![RequestOp::range(RangeRequest::one(keys.head()))];
    Ok(TxnRequest {
        compare: vec![as_expected],
        success,
        failure,
    })
}

fn revision(header: Option<&ResponseHeader>) -> Revision {
    Revision(header.map_or(0, |header| header.revision))
}
