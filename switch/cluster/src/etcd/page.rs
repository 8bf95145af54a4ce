//! Reads entries: a page of them and the head, at one revision.

use super::append::{head_of, nonsense};
use super::fault::{Fault, Kind};
use super::keys::Keys;
use super::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES, PAGE_ENTRIES_MAX};
use super::link::Link;
use super::wire::{KeyValue, RangeRequest, RequestOp, TxnRequest};

/// What was there from some number on.
pub struct Page {
    /// Numbers and entries, rising.
    pub entries: Vec<(u64, KeyValue)>,
    /// There are more after these.
    pub more: bool,
    /// The number in the head; `None` before the log was begun.
    pub last: Option<u64>,
    /// When all that was so.
    pub revision: i64,
}

/// Reads pages, the longer the shorter their entries are.
pub struct Pages {
    entries: i64,
}

impl Pages {
    pub fn new() -> Self {
        Self {
            entries: PAGE_ENTRIES,
        }
    }

    /// The entries from this number on.
    pub async fn read(&mut self, link: &Link, keys: &Keys, from: u64) -> Result<Page, Fault> {
        let asked = self.ask(link, keys, from).await;
        match asked {
            Err(fault) if fault.kind == Kind::TooLong && self.entries > PAGE_ENTRIES => {
                self.entries = PAGE_ENTRIES;
                self.ask(link, keys, from).await
            }
            asked => asked,
        }
    }

    async fn ask(&mut self, link: &Link, keys: &Keys, from: u64) -> Result<Page, Fault> {
        let range = RangeRequest {
            key: keys.entry(from),
            range_end: keys.entries_end(),
            limit: self.entries,
            ..RangeRequest::default()
        };
        let head = RangeRequest::one(keys.head());
        let mut answer = link
            .ask(&TxnRequest {
                success: vec![RequestOp::range(range), RequestOp::range(head)],
                ..TxnRequest::default()
            })
            .await?;
        let revision = answer.header.as_ref().map_or(0, |header| header.revision);
        let (Some(read), Some(head)) = (answer.range(0), answer.range(1)) else {
            return Err(nonsense("a transaction without what it read"));
        };
        let last = head_of(keys, head)?.map(|(head, _)| head.number);
        let more = read.more;
        let entries = numbered(keys, read.kvs)?;
        self.adapt(&entries);
        Ok(Page {
            entries,
            more,
            last,
            revision,
        })
    }

    fn adapt(&mut self, entries: &[(u64, KeyValue)]) {
        let bytes: usize = entries.iter().map(|(_, entry)| entry.value.len()).sum();
        let (is_full, is_short) = (
            entries.len() as i64 == self.entries,
            bytes < PAGE_BYTES_MAX / 4,
        );
        match (is_full, is_short) {
            (true, true) => self.entries = (self.entries * 2).min(PAGE_ENTRIES_MAX),
            (_, false) => self.entries = PAGE_ENTRIES,
            (false, true) => {}
        }
    }
}

/// The entries by their numbers, which rise.
fn numbered(keys: &Keys, kvs: Vec<KeyValue>) -> Result<Vec<(u64, KeyValue)>, Fault> {
    let number = |entry: KeyValue| keys.number(&entry.key).map(|number| (number, entry));
    let entries: Option<Vec<_>> = kvs.into_iter().map(number).collect();
    match entries {
        Some(entries) if entries.is_sorted_by(|(one, _), (next, _)| one < next) => Ok(entries),
        _ => Err(nonsense(
            "keys below log/ that are no entries, or out of order",
        )),
    }
}
