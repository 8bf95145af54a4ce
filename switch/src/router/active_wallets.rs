//! The wallets in use on one worker: their addresses, and which have been idle for long.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use actix::dev::ContextFut;
use actix::{Addr, Context};
use hashbrown::HashMap;
use slab::Slab;

use super::prefetch::prefetch;
use crate::message::WalletMessage;
use crate::wallet::{ActiveList, WalletActor};
use tessera_ledger::WalletId;

/// A wallet's actor, and the number of its messages.
#[derive(Debug)]
struct ActiveWallet {
    address: Addr<WalletActor>,
    /// Messages put into its mailbox.
    sent: u64,
    /// By [`clock::steady`](tessera_kit::clock::steady).
    last_sent: u64,
    /// Where the actor lies in memory; 0 until it has started.
    actor_at: usize,
}

/// All active wallets of a worker. Bounded by the wallets in use.
#[derive(Debug, Default)]
pub struct ActiveWallets(RefCell<List>);

#[derive(Debug, Default)]
struct List {
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
    /// Where the wallet stands in the list, if it does.
    pub(super) fn place(&self, wallet: WalletId) -> Option<usize> {
        self.0.borrow().place(wallet)
    }

    /// Pushes the place of each wallet, and prefetches the memory that a message to it will touch.
    pub(super) fn prefetch(
        &self,
        wallets: impl Iterator<Item = WalletId>,
        places: &mut Vec<Option<usize>>,
    ) {
        let list = self.0.borrow();
        places.extend(wallets.map(|wallet| list.place(wallet)));
        for &place in places.iter().flatten() {
            list.prefetch(place);
        }
    }

    /// Puts a message into the mailbox of the wallet at this place.
    pub(super) fn send(&self, place: usize, message: WalletMessage) {
        self.0.borrow_mut().send(place, message);
    }

    /// Adds a wallet whose actor has been started.
    pub(super) fn insert(&self, wallet: WalletId, address: Addr<WalletActor>) -> usize {
        self.0.borrow_mut().insert(wallet, address)
    }

    /// The address for one message that is sent to the wallet now.
    pub(super) fn address(&self, wallet: WalletId) -> Option<Addr<WalletActor>> {
        let mut list = self.0.borrow_mut();
        let active = list.find(wallet)?;
        active.sent += 1;
        Some(active.address.clone())
    }

    pub(super) fn set_clock(&self, now: u64) {
        self.0.borrow_mut().now = now;
    }

    /// The next wallet without messages since `before`; it is checked again after the same time from now.
    pub(super) fn next_idle(&self, before: u64) -> Option<WalletId> {
        self.0.borrow_mut().next_idle(before)
    }
}

impl ActiveList for ActiveWallets {
    fn started(&self, wallet: WalletId, address: usize) {
        if let Some(active) = self.0.borrow_mut().find(wallet) {
            active.actor_at = address;
        }
    }

    fn leave(&self, wallet: WalletId, messages: u64) -> bool {
        let mut list = self.0.borrow_mut();
        if list
            .find(wallet)
            .is_some_and(|active| active.sent != messages)
        {
            return false;
        }
        if let Some(place) = list.places.remove(&wallet) {
            list.wallets.remove(place as usize);
        }
        true
    }
}

impl List {
    /// Where the wallet sits, if it does.
    fn place(&self, wallet: WalletId) -> Option<usize> {
        self.places.get(&wallet).map(|&place| place as usize)
    }

    fn find(&mut self, wallet: WalletId) -> Option<&mut ActiveWallet> {
        let place = self.place(wallet)?;
        self.wallets.get_mut(place)
    }

    /// Prefetches the memory that a message to the wallet will touch.
    fn prefetch(&self, place: usize) {
        let Some(active) = self.wallets.get(place) else {
            return;
        };
        prefetch(address_of_mailbox(&active.address), MAILBOX_BYTES);
        prefetch(
            active.actor_at.saturating_sub(BEFORE_ACTOR_BYTES),
            BEFORE_ACTOR_BYTES + size_of::<WalletActor>(),
        );
    }

    fn send(&mut self, place: usize, message: WalletMessage) {
        let now = self.now;
        if let Some(active) = self.wallets.get_mut(place) {
            active.sent += 1;
            active.last_sent = now;
            active.address.do_send(message);
        }
    }

    fn insert(&mut self, wallet: WalletId, address: Addr<WalletActor>) -> usize {
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

    /// The next wallet without messages since `before`; it is checked again after the same time from `now`.
    fn next_idle(&mut self, before: u64) -> Option<WalletId> {
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
