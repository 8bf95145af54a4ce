//! From a batch of messages to the mailboxes of their wallets.

use std::mem;
use std::rc::Rc;
use std::time::Instant;

use actix::Actor;

use super::{Inbox, Worker};
use crate::gate::Release;
use crate::message::WalletMessage;
use crate::wallet::WalletActor;
use tessera_kit::invariant;
use tessera_ledger::{Outcome, WalletId};

impl Worker {
    /// Sends a wallet a message, on any worker, after the tasks that are ready now have run, so that all their messages
    /// form one batch.
    pub fn dispatch(&self, wallet: WalletId, message: WalletMessage) {
        let owner = self.owner(wallet.partition(self.partitions));
        self.outgoing.borrow_mut()[owner].push((wallet, message));
        if !self.hands_out.replace(true) {
            self.something_to_send.notify_one();
        }
    }

    /// Hands out what was dispatched, as long as the worker lives.
    pub async fn hand_out(self: Rc<Self>) {
        let mut own = Vec::new();
        loop {
            self.something_to_send.notified().await;
            self.hands_out.set(false);
            for (owner, messages) in self.outgoing.borrow_mut().iter_mut().enumerate() {
                if owner == self.index {
                    mem::swap(messages, &mut own);
                } else if !messages.is_empty() {
                    // It fails only when that worker has ended, and then nobody waits any more.
                    let _ = self.inboxes[owner].send(mem::take(messages));
                }
            }
            self.send_to_all(&mut own);
        }
    }

    /// Takes what other workers have for the wallets here, until the switch stops.
    pub async fn read_inbox(self: Rc<Self>, mut inbox: Inbox) {
        while let Some(mut messages) = inbox.recv().await {
            self.send_to_all(&mut messages);
        }
    }

    /// The actors are polled after all messages were sent: by then the prefetched memory is in the cache.
    fn send_to_all(self: &Rc<Self>, messages: &mut Vec<(WalletId, WalletMessage)>) {
        self.look_anew();
        let mut places = self.places.take();
        {
            let active_wallets = self.active_wallets.borrow();
            places.extend(
                messages
                    .iter()
                    .map(|(wallet, _)| active_wallets.place(*wallet)),
            );
            for &place in places.iter().flatten() {
                active_wallets.prefetch(place);
            }
        }
        for ((wallet, message), place) in messages.drain(..).zip(places.drain(..)) {
            match place.or_else(|| self.place_of(wallet)) {
                Some(place) => self.active_wallets.borrow_mut().send(place, message),
                None => self.could_not_load(wallet, message),
            }
        }
        self.places.replace(places);
    }

    /// The wallet's place among the active wallets, now that it is needed.
    fn place_of(self: &Rc<Self>, wallet: WalletId) -> Option<usize> {
        // Another one of the batch may have been for the same wallet.
        if let Some(place) = self.active_wallets.borrow().place(wallet) {
            return Some(place);
        }
        invariant!(
            self.owner(wallet.partition(self.partitions)) == self.index,
            "a wallet is touched by its owner only",
            Some(wallet.0),
            None
        );
        let loaded = self.load(wallet)?;
        let address = WalletActor::new(loaded, Rc::clone(self)).start();
        self.metrics.actor_started();
        Some(self.active_wallets.borrow_mut().insert(wallet, address))
    }

    fn could_not_load(&self, wallet: WalletId, message: WalletMessage) {
        if let Some(requester) = message.requester {
            let outcome = Outcome::fault("the wallet could not be loaded");
            self.gate.hold(
                wallet,
                0,
                Instant::now(),
                Release::Answer(requester, outcome),
            );
        }
    }
}
