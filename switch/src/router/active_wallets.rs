//! The wallets in use on one worker: what wakes the actor of each, what waits for it, and which have been idle for long.
//!
//! ```text
//! wallets    [ first, last, waker, … ]        [ first, last, waker, … ]
//!                │      └──────────────┐
//! messages   [ M │ next ]──▶[ M │ next ]      one list for all wallets of the worker
//! ```
//! What stands here of a message is a pointer: it lies where its sender has laid it. Its actor is woken and takes it from here: a
//! mailbox of actix would make two allocations for it and copy it five times. What the worker itself wants of an actor waits here
//! too, so that no address of actix is kept for each wallet: that has two allocations of its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::task::Waker;

use actix::dev::ContextFut;
use actix::{Addr, Context};
use hashbrown::HashMap;
use slab::Slab;
use tokio::sync::oneshot::Sender;

use super::prefetch::prefetch;
use crate::message::WalletMessage;
use crate::wallet::{ActiveList, Housekeeping, Posted, WalletActor};
use tessera_ledger::WalletId;

/// No message.
const NONE: u32 = u32::MAX;

/// What a wallet's actor has not taken yet.
#[derive(Debug)]
struct Waiting {
    posted: Posted,
    /// The next one for the same wallet, or [`NONE`].
    next: u32,
}

/// A wallet's actor, and its messages.
#[derive(Debug)]
struct ActiveWallet {
    /// Wakes the actor; does nothing until it has run.
    waker: Waker,
    /// Of the messages that wait, the oldest and the newest, or [`NONE`].
    first: u32,
    last: u32,
    /// Messages sent to it, those of the worker itself included.
    sent: u64,
    /// By [`clock::steady`](tessera_kit::clock::steady).
    last_sent: u64,
    /// Its place in `idle_since`, by the same clock: others are of an actor before this one.
    listed: u64,
    /// Where the mailbox lies in memory that actix looks into whenever it polls the actor.
    mailbox_at: usize,
    /// Where the actor lies in memory; 0 until it has started.
    actor_at: usize,
    /// What else of its memory it will touch at the next message.
    beside: [usize; 2],
}

/// All active wallets of a worker. Bounded by the wallets in use.
#[derive(Debug, Default)]
pub struct ActiveWallets(RefCell<List>);

#[derive(Debug, Default)]
struct List {
    places: HashMap<WalletId, u32>,
    wallets: Slab<ActiveWallet>,
    /// Bounded by admission, like all messages to wallets.
    messages: Slab<Waiting>,
    /// Every active wallet once, by the time of its next check.
    idle_since: VecDeque<(u64, WalletId)>,
    /// By [`clock::steady`](tessera_kit::clock::steady), as of the last look for idle wallets: exact enough for them.
    now: u64,
}

/// The lines of a mailbox that its actor looks at whenever it is polled.
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

    /// Lays down a message for the wallet at this place, and wakes its actor.
    pub(super) fn send(&self, place: usize, message: Box<WalletMessage>) {
        self.0.borrow_mut().send(place, message);
    }

    /// Adds a wallet whose actor has been started.
    pub(super) fn insert(&self, wallet: WalletId, address: &Addr<WalletActor>) -> usize {
        let mailbox_at = address_of_mailbox(address);
        self.0.borrow_mut().insert(wallet, mailbox_at)
    }

    /// Lays down what the worker wants of the wallet, behind its messages. It does not count as being used. False where
    /// the wallet is not active.
    pub(super) fn send_housekeeping(
        &self,
        wallet: WalletId,
        housekeeping: Housekeeping,
        done: Option<Sender<()>>,
    ) -> bool {
        let mut list = self.0.borrow_mut();
        let place = list.place(wallet);
        if let Some(place) = place {
            list.post(place, Posted::Housekeeping(housekeeping, done));
        }
        place.is_some()
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
    fn started(&self, wallet: WalletId, address: usize) -> usize {
        let mut list = self.0.borrow_mut();
        if let Some(active) = list.find(wallet) {
            active.actor_at = address;
        }
        list.place(wallet).unwrap_or(usize::MAX)
    }

    fn next(&self, place: usize) -> Option<Posted> {
        self.0.borrow_mut().next(place)
    }

    fn rests(&self, place: usize, waker: &Waker, beside: [usize; 2]) {
        self.0.borrow_mut().rests(place, waker, beside);
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
        prefetch(active.mailbox_at, MAILBOX_BYTES);
        prefetch(
            active.actor_at.saturating_sub(BEFORE_ACTOR_BYTES),
            BEFORE_ACTOR_BYTES + size_of::<WalletActor>(),
        );
        for address in active.beside {
            prefetch(address, 1);
        }
    }

    fn send(&mut self, place: usize, message: Box<WalletMessage>) {
        if let Some(active) = self.wallets.get_mut(place) {
            active.last_sent = self.now;
            self.post(place, Posted::Message(message));
        }
    }

    fn post(&mut self, place: usize, posted: Posted) {
        let Some(active) = self.wallets.get_mut(place) else {
            return;
        };
        let number = self.messages.insert(Waiting { posted, next: NONE }) as u32;
        match self.messages.get_mut(active.last as usize) {
            Some(newest) => newest.next = number,
            None => active.first = number,
        }
        active.last = number;
        active.sent += 1;
        active.waker.wake_by_ref();
    }

    /// The oldest that waits for the wallet.
    fn next(&mut self, place: usize) -> Option<Posted> {
        let active = self.wallets.get_mut(place)?;
        if active.first == NONE {
            return None;
        }
        let Waiting { posted, next } = self.messages.remove(active.first as usize);
        active.first = next;
        if next == NONE {
            active.last = NONE;
        }
        Some(posted)
    }

    fn rests(&mut self, place: usize, waker: &Waker, beside: [usize; 2]) {
        if let Some(active) = self.wallets.get_mut(place) {
            active.waker.clone_from(waker);
            active.beside = beside;
        }
    }

    fn insert(&mut self, wallet: WalletId, mailbox_at: usize) -> usize {
        let now = self.now;
        let place = self.wallets.insert(ActiveWallet {
            waker: Waker::noop().clone(),
            first: NONE,
            last: NONE,
            sent: 0,
            last_sent: now,
            listed: now,
            mailbox_at,
            actor_at: 0,
            beside: [0; 2],
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
            let Some(active) = self.find(wallet).filter(|active| active.listed == since) else {
                continue;
            };
            let is_used = active.last_sent > before;
            let next = if is_used { active.last_sent } else { now };
            active.listed = next;
            self.idle_since.push_back((next, wallet));
            if !is_used {
                return Some(wallet);
            }
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
