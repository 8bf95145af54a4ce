//! What was booked, item by item, where the host is asked to keep it: the list that a switch is settled with after a restore.
//! In memory only, since the start.

use std::collections::BTreeMap;

use super::request::{Posting, PostingKind, Reference, SettlementDate, TableName};

/// What a request said besides its posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::host) struct Said {
    /// Field 12.
    pub(in crate::host) local_time: u32,
    /// Field 13.
    pub(in crate::host) local_date: u32,
    /// Field 41.
    pub(in crate::host) terminal: [u8; 8],
    /// Field 42.
    pub(in crate::host) acceptor: [u8; 15],
    /// Field 48 tag 05: of a refund the purchase, of a completion the authorization.
    pub(in crate::host) original: Option<Reference>,
}

/// A posting that was approved.
#[derive(Debug, Clone)]
pub(in crate::host) struct Item {
    pub(in crate::host) posting: Posting,
    pub(in crate::host) said: Said,
    /// What was undone of it, by date.
    pub(in crate::host) undone: BTreeMap<SettlementDate, i64>,
}

/// All that moved money.
#[derive(Default)]
pub(super) struct Items {
    /// In the order of their references.
    items: BTreeMap<(TableName, Reference), Item>,
    /// Of the request that is being handled.
    pub(super) said: Said,
}

impl Items {
    pub(super) fn posted(&mut self, posting: &Posting) {
        if matches!(
            posting.kind,
            PostingKind::Authorization | PostingKind::AuthorizationAdvice
        ) {
            return;
        }
        let item = Item {
            posting: *posting,
            said: self.said,
            undone: BTreeMap::new(),
        };
        let key = (posting.kind.request_table(), posting.reference);
        self.items.insert(key, item);
    }

    /// So much more was undone of it, or less than nothing: that belongs to another date.
    pub(super) fn undone(
        &mut self,
        table: TableName,
        reference: Reference,
        date: SettlementDate,
        amount: i64,
    ) {
        if let Some(item) = self.items.get_mut(&(table, reference)) {
            *item.undone.entry(date).or_default() += amount;
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }
}
