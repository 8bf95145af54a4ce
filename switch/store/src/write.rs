//! What snapshots bring, as rows.

use std::collections::BTreeMap;
use std::ops::Bound;

use hashbrown::HashMap;
use tessera_journal::Mark;
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::Day;
use tessera_protocol::{Institution, OrderKey, Totals};

use super::tables::{Row, Table};
use super::{MARK, REACH, Snapshot, Store, StoreError, StoredCard, StoredOrder, rows};

impl Store {
    /// Writes all `snapshots`, and that with them the store reflects the journal up to `mark`, as one
    /// batch: all of it is there after a crash, or none. Where the disk refuses it, it waits in memory.
    ///
    /// # Errors
    /// If a row that it needs is unreadable, or the memory limit is reached while the disk refuses writes.
    pub fn write(&self, snapshots: &[Snapshot], mark: Option<Mark>) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(snapshots.len() * 4);
        for snapshot in snapshots {
            self.rows_of(snapshot, &mut rows)?;
        }
        self.orders_of(snapshots, &mut rows)?;
        self.totals_of(snapshots, &mut rows)?;
        if let Some(mark) = mark {
            let mark = rows::mark(mark, clock::highest());
            rows.push(self.row(Table::Meta, MARK, &mark)?);
        }
        self.reach_of(snapshots, mark, &mut rows)?;
        self.put(rows)
    }

    /// How far the journal must reach from now on.
    fn reach_of(
        &self,
        snapshots: &[Snapshot],
        mark: Option<Mark>,
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let reflected = snapshots.iter().filter_map(Snapshot::last).chain(mark);
        let Some(newest) = reflected.max_by_key(|mark| mark.position) else {
            return Ok(());
        };
        if self
            .reach()?
            .is_none_or(|reach| reach.position < newest.position)
        {
            rows.push(self.row(Table::Meta, REACH, &newest.to_bytes())?);
        }
        Ok(())
    }

    pub(super) fn rows_of(
        &self,
        snapshot: &Snapshot,
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let id = snapshot.wallet.0.to_be_bytes();
        rows.push(self.row(Table::Wallets, &id, &snapshot.bytes)?);
        if !snapshot.settled.is_empty() {
            let key = rows::settled_key(snapshot.wallet, snapshot.at, snapshot.sequence);
            rows.push(self.row(Table::Settled, &key, &snapshot.settled)?);
        }
        if let Some(settled_from) = snapshot.settled_from {
            let from = rows::settled_key(snapshot.wallet, Timestamp::EPOCH, None);
            let to = rows::settled_key(snapshot.wallet, settled_from, None);
            let mut old = Vec::new();
            self.scan(
                Table::Settled,
                &from,
                Bound::Excluded(&to),
                &mut |key, _| {
                    old.push(Row::removed(Table::Settled, key));
                    Ok(())
                },
            )?;
            rows.append(&mut old);
        }
        for (serial, number) in &snapshot.cards {
            let card = rows::card(StoredCard {
                wallet: snapshot.wallet,
                serial: *serial,
            });
            rows.push(self.row(Table::Cards, &self.indexed(number).0, &card)?);
        }
        if let Some(open) = snapshot.open {
            rows.push(match open {
                true => self.row(Table::Open, &id, &[])?,
                false => Row::removed(Table::Open, &id),
            });
        }
        if let Some(at) = snapshot.wakes_at {
            rows.push(match at {
                Some(at) => self.row(Table::Holds, &id, &at.milliseconds().to_le_bytes())?,
                None => Row::removed(Table::Holds, &id),
            });
        }
        Ok(())
    }

    /// What the snapshots say of orders. Several wallets may know the same order, one after the other: the one that announced
    /// it last wins, in whatever order the snapshots come.
    fn orders_of(&self, snapshots: &[Snapshot], rows: &mut Vec<Row>) -> Result<(), StoreError> {
        let mut newest: HashMap<OrderKey, StoredOrder> = HashMap::new();
        for (key, order) in snapshots.iter().flat_map(|snapshot| &snapshot.orders) {
            let known = newest.entry(*key).or_insert(*order);
            if known.position <= order.position {
                *known = *order;
            }
        }
        for (key, order) in &newest {
            let known = self.order(key)?;
            if known.is_none_or(|known| known.position <= order.position) {
                rows.push(self.row(Table::Orders, &key.0, &rows::order(order))?);
            }
        }
        for snapshot in snapshots {
            let gone = snapshot.forgotten.iter();
            for key in gone.filter(|key| !newest.contains_key(*key)) {
                let owner = self.order(key)?.map(|order| order.wallet);
                if owner == Some(snapshot.wallet) {
                    rows.push(Row::removed(Table::Orders, &key.0));
                }
            }
        }
        Ok(())
    }

    /// The totals of parties with what the snapshots add to them.
    fn totals_of(&self, snapshots: &[Snapshot], rows: &mut Vec<Row>) -> Result<(), StoreError> {
        let mut sums: BTreeMap<(Option<Institution>, Day), Totals> = BTreeMap::new();
        for turnover in snapshots.iter().flat_map(|snapshot| &snapshot.turnover) {
            let sum = sums
                .entry((turnover.institution, turnover.day))
                .or_default();
            sum.add(&turnover.totals);
        }
        for ((institution, day), mut sum) in sums {
            let key = rows::totals_key(institution, day);
            if let Some(row) = self.get(Table::Totals, &key)? {
                sum.add(&rows::read_totals(&row)?);
            }
            rows.push(self.row(Table::Totals, &key, &rows::totals(&sum))?);
        }
        Ok(())
    }
}
