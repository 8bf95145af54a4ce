//! The wallets in use on one worker: their addresses, and which have been idle for long.

use std::collections::VecDeque;

use actix::Addr;
use hashbrown::HashMap;

use crate::wallet::{WalletActor, WalletId};

/// Where a wallet's actor is, and how much it was told.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) address: Addr<WalletActor>,
    /// Messages put into its mailbox.
    pub(super) told: u64,
    /// Milliseconds since 1970.
    pub(super) last_told: u64,
}

/// All seats of a worker. Bounded by the wallets in use.
#[derive(Debug, Default)]
pub(super) struct Seats {
    by_wallet: HashMap<WalletId, Seat>,
    /// Every seated wallet once, by the time at which it is worth another look.
    idle_since: VecDeque<(u64, WalletId)>,
    /// Milliseconds since 1970, as of the last look for idle wallets: exact enough for them.
    now: u64,
}

impl Seats {
    pub(super) fn seat(&mut self, wallet: WalletId) -> Option<&mut Seat> {
        self.by_wallet.get_mut(&wallet)
    }

    /// The seat, about to be told something.
    pub(super) fn tell(&mut self, wallet: WalletId) -> Option<&mut Seat> {
        let now = self.now;
        let seat = self.by_wallet.get_mut(&wallet)?;
        seat.told += 1;
        seat.last_told = now;
        Some(seat)
    }

    pub(super) fn set_clock(&mut self, now: u64) {
        self.now = now;
    }

    pub(super) fn take_seat(&mut self, wallet: WalletId, address: Addr<WalletActor>) {
        let now = self.now;
        self.by_wallet.insert(
            wallet,
            Seat {
                address,
                told: 0,
                last_told: now,
            },
        );
        self.idle_since.push_back((now, wallet));
    }

    pub(super) fn leave(&mut self, wallet: WalletId) {
        self.by_wallet.remove(&wallet);
    }

    /// The next wallet that was told nothing since `before`; it is not looked at again before `now`
    /// is as far away.
    pub(super) fn next_idle(&mut self, before: u64) -> Option<WalletId> {
        let now = self.now;
        while let Some((since, wallet)) = self.idle_since.front().copied() {
            if since > before {
                return None;
            }
            self.idle_since.pop_front();
            let Some(seat) = self.by_wallet.get(&wallet) else {
                continue;
            };
            if seat.last_told > before {
                self.idle_since.push_back((seat.last_told, wallet));
                continue;
            }
            self.idle_since.push_back((now, wallet));
            return Some(wallet);
        }
        None
    }
}
