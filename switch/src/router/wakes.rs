//! When wallets are to be looked at again, because the time of what an authorization holds is over then.

use std::collections::BTreeSet;

use tessera_ledger::WalletId;

/// Wallets by time. One entry for each time at which a hold expires, 16 bytes each.
#[derive(Debug, Default)]
pub struct Wakes(BTreeSet<(u64, WalletId)>);

impl Wakes {
    /// Look at this wallet at this time, milliseconds since 1970.
    pub fn at(&mut self, milliseconds: u64, wallet: WalletId) {
        self.0.insert((milliseconds, wallet));
    }

    /// The next wallet whose time has come.
    pub fn next_due(&mut self, now: u64) -> Option<WalletId> {
        let first = self.0.first().filter(|(at, _)| *at <= now).copied()?;
        self.0.remove(&first);
        Some(first.1)
    }
}
