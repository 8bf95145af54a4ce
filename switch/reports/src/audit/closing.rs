//! What the wallets of a bucket come to at the end of a pass.

use tessera_ledger::{Kind, Status, Unreadable, WalletId};
use tessera_protocol::Currency;

use super::folded::Unfolded;
use super::sums::Sums;
use super::totals::Totals;
use super::violation::Violation;
use super::wallets::Bucket;

/// What wallets have and wait for.
#[derive(Debug, Default, Clone)]
pub(super) struct Closed {
    pub sums: Sums,
    pub wallets: u64,
    pub currency: Option<(WalletId, Currency)>,
    pub available: i128,
    pub held: i128,
    pub owed: i128,
    pub pending: u64,
    pub unacknowledged: u64,
    /// Of those that went to the host, the ones that wait for it, or for its acknowledgement.
    pub forwarded_open: u64,
}

impl Closed {
    /// Of a bucket whose wallets are folded.
    pub fn of(bucket: &Bucket) -> Result<Self, Unreadable> {
        let mut closed = Self {
            sums: bucket.sums.clone(),
            ..Self::default()
        };
        for (id, bytes) in &bucket.folded {
            closed.enter(*id, &Unfolded::unfold(*id, bytes)?);
        }
        Ok(closed)
    }

    fn enter(&mut self, id: WalletId, unfolded: &Unfolded) {
        let wallet = &unfolded.wallet;
        self.wallets += 1;
        let currency = wallet.currency.map(|currency| (id, currency));
        self.currency = lower(self.currency, currency);
        self.available += i128::from(wallet.available.value());
        self.held += i128::from(wallet.held.value());
        self.owed += i128::from(wallet.owed.value());
        // What has settled waits for nothing.
        for transaction in wallet.transactions.iter() {
            let waits = match (transaction.status, transaction.is_open()) {
                (Status::Pending, _) => &mut self.pending,
                (_, true) => &mut self.unacknowledged,
                _ => continue,
            };
            *waits += 1;
            let forwarded = transaction.host_trace.is_some()
                || matches!(transaction.kind, Kind::CardIssue | Kind::Retirement);
            self.forwarded_open += u64::from(forwarded);
        }
    }

    /// Adds that of other buckets.
    pub fn add(&mut self, other: &Self) {
        let Self {
            sums,
            wallets,
            currency,
            available,
            held,
            owed,
            pending,
            unacknowledged,
            forwarded_open,
        } = other;
        self.sums.add(sums);
        self.wallets += wallets;
        self.currency = lower(self.currency, *currency);
        self.available += available;
        self.held += held;
        self.owed += owed;
        self.pending += pending;
        self.unacknowledged += unacknowledged;
        self.forwarded_open += forwarded_open;
    }

    /// The totals of all buckets, if debits and credits meet.
    pub fn totals(self) -> Result<Totals, Violation> {
        let Sums {
            events,
            funding,
            payable,
            mut parties,
            forwarded,
            irregular,
            accepted,
        } = self.sums;
        let owed_to_parties: i128 = payable.values().sum();
        let sum = funding + owed_to_parties + self.available + self.held - self.owed;
        if sum != 0 {
            return Err(Violation::Unbalanced(sum));
        }
        for (institution, party) in &mut parties {
            party.payable = payable.get(institution).copied().unwrap_or(0);
        }
        Ok(Totals {
            events,
            last: None,
            wallets: self.wallets,
            currency: self.currency.map(|(_, currency)| currency),
            funding: -funding,
            available: self.available,
            held: self.held,
            owed: self.owed,
            parties: parties.into_values().collect(),
            settled: forwarded.saturating_sub(self.forwarded_open),
            pending: self.pending,
            unacknowledged: self.unacknowledged,
            accepted: accepted == irregular,
            irregular,
            since: None,
            opening: None,
            result: None,
        })
    }
}

/// That of the wallet with the lowest number, so that it does not depend on their order.
fn lower(
    one: Option<(WalletId, Currency)>,
    other: Option<(WalletId, Currency)>,
) -> Option<(WalletId, Currency)> {
    match (one, other) {
        (Some(one), Some(other)) if other.0 < one.0 => Some(other),
        (None, other) => other,
        (one, _) => one,
    }
}
