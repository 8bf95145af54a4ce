//! The wallets in use on one worker: their addresses, and which have been idle for long.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use actix::dev::ContextFut;
use actix::{Addr, Context};
use hashbrown::HashMap;
use slab::Slab;

use super::prefetch::prefetch;
use crate::message::WalletMessage;
use crate::wallet::WalletActor;
use tessera_ledger::WalletId;

/// A wallet's actor, and the number of its messages.
#[derive(Debug)]
pub(super) struct ActiveWallet {
    pub(super) address: Addr<WalletActor>,
    /// Messages put into its mailbox.
    pub(super) sent: u64,
    /// By [`clock::steady`](tessera_kit::clock::steady).
    last_sent: u64,
    /// Where the actor lies in memory; 0 until it has started.
    actor_at: usize,
}

/// All active wallets of a worker. Bounded by the wallets in use.
#[derive(Debug, Default)]
pub(super) struct ActiveWallets {
    places: HashMap<WalletId, u32>,
    wallets: Slab<ActiveWallet>,
    /// Every active wallet once, by the time of its next check.
    idle_since: VecDeque<(u64, WalletId)>,
    /// By [`clock::steady`](tessera_kit::clock::steady), as of the last look for idle wallets: exact enough for them.
    now: u64,
}

/// The lines of a mailbox that a message touches.
const MAILBOX_BYTES: usize = 128;
/// What lies in front of an actor and is touched when it is polled: its task's header and its context.
const BEFORE_ACTOR_BYTES: usize =
    64 + size_of::<ContextFut<WalletActor, Context<WalletActor>>>() - size_of::<WalletActor>();

impl ActiveWallets {
    /// Where the wallet sits, if it does.
    pub(super) fn place(&self, wallet: WalletId) -> Option<usize> {
        self.places.get(&wallet).map(|&place| place as usize)
    }

    pub(super) fn find(&mut self, wallet: WalletId) -> Option<&mut ActiveWallet> {
        let place = self.place(wallet)?;
        self.wallets.get_mut(place)
    }

    /// Prefetches the memory that a message to the wallet will touch.
    pub(super) fn prefetch(&self, place: usize) {
        let Some(active) = self.wallets.get(place) else {
            return;
        };
        prefetch(address_of_mailbox(&active.address), MAILBOX_BYTES);
        prefetch(
            active.actor_at.saturating_sub(BEFORE_ACTOR_BYTES),
            BEFORE_ACTOR_BYTES + size_of::<WalletActor>(),
        );
    }

    /// The actor lies there from now on.
    pub(super) fn actor_at(&mut self, wallet: WalletId, address: usize) {
        if let Some(active) = self.find(wallet) {
            active.actor_at = address;
        }
    }

    pub(super) fn send(&mut self, place: usize, message: WalletMessage) {
        let now = self.now;
        if let Some(active) = self.wallets.get_mut(place) {
            active.sent += 1;
            active.last_sent = now;
            active.address.do_send(message);
        }
    }

    pub(super) fn set_clock(&mut self, now: u64) {
        self.now = now;
    }

    pub(super) fn insert(&mut self, wallet: WalletId, address: Addr<WalletActor>) -> usize {
        let now = self.now;
        let place = self.wallets.insert(ActiveWallet {
            address,
            sent: 0,
            last_sent: now,
            actor_at: 0,
        });
        self.places.insert(wallet, place as u32);
        self.idle_since.push_back((now, wallet));
        place
    }

    pub(super) fn leave(&mut self, wallet: WalletId) {
        if let Some(place) = self.places.remove(&wallet) {
            self.wallets.remove(place as usize);
        }
    }

    /// The next wallet without messages since `before`; it is checked again after the same time from `now`.
    pub(super) fn next_idle(&mut self, before: u64) -> Option<WalletId> {
        let now = self.now;
        while let Some((since, wallet)) = self.idle_since.front().copied() {
            if since > before {
                return None;
            }
            self.idle_since.pop_front();
            let Some(active) = self.find(wallet) else {
                continue;
            };
            let last_sent = active.last_sent;
            if last_sent > before {
                self.idle_since.push_back((last_sent, wallet));
                continue;
            }
            self.idle_since.push_back((now, wallet));
            return Some(wallet);
        }
        None
    }
}

/// An address is a pointer to the mailbox, and says so to nobody but a hasher.
fn address_of_mailbox(address: &Addr<WalletActor>) -> usize {
    struct Listener(usize);
    impl Hasher for Listener {
        fn finish(&self) -> u64 {
            self.0 as u64
        }
        fn write(&mut self, _: &[u8]) {}
        fn write_usize(&mut self, pointer: usize) {
            self.0 = pointer;
        }
    }
    let mut listener = Listener(0);
    address.hash(&mut listener);
    listener.0
}
