//! When wallets are to be checked again, because what an authorization holds expires then.

use std::cell::RefCell;
use std::collections::BTreeSet;

use tessera_kit::clock::Timestamp;
use tessera_ledger::WalletId;

/// A worker's wallets by time. One entry for each time at which a hold expires, 16 bytes each.
#[derive(Debug, Default)]
pub struct Wakes(RefCell<BTreeSet<(Timestamp, WalletId)>>);

impl Wakes {
    /// Check this wallet at this time.
    pub fn at(&self, moment: Timestamp, wallet: WalletId) {
        self.0.borrow_mut().insert((moment, wallet));
    }

    /// The next wallet whose time has come.
    pub fn next_due(&self, now: Timestamp) -> Option<WalletId> {
        let mut wakes = self.0.borrow_mut();
        let first = wakes.first().filter(|(at, _)| *at <= now).copied()?;
        wakes.remove(&first);
        Some(first.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wallets_are_due_in_the_order_of_time_and_once() {
        let wakes = Wakes::default();
        let moment = Timestamp::from_milliseconds;
        for (at, wallet) in [(30, 1), (10, 2), (20, 3), (10, 2)] {
            wakes.at(moment(at), WalletId(wallet));
        }
        assert_eq!(wakes.next_due(moment(9)), None);
        assert_eq!(wakes.next_due(moment(20)), Some(WalletId(2)));
        assert_eq!(wakes.next_due(moment(20)), Some(WalletId(3)));
        assert_eq!(wakes.next_due(moment(29)), None);
        assert_eq!(wakes.next_due(moment(u64::MAX)), Some(WalletId(1)));
        assert_eq!(wakes.next_due(moment(u64::MAX)), None);
    }
}
