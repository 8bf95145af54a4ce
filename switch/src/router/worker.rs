//! A worker's share of the wallets: one thread owns them.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;
use std::vec::Drain;

use actix::Actor;
use tessera_kit::{clock, invariant};
use tessera_ledger::{Command, Outcome, Rule, WalletId};
use tokio::sync::oneshot::channel;

use super::ActiveWallets;
use crate::dispatch::{Batch, Inbox};
use crate::gate::Release;
use crate::message::WalletMessage;
use crate::wallet::{Housekeeping, Services, WalletActor};

/// Messages whose actors are prefetched together: what these touch fits into the second cache, some two kilobytes each.
pub(super) const PIECE: usize = 128;

/// Starts, feeds and stops the actors of a worker's wallets.
pub struct Worker {
    services: Rc<Services>,
    active: Rc<ActiveWallets>,
    /// The places of the wallets of the current batch; kept for its allocation.
    places: RefCell<Vec<Option<usize>>>,
}

impl Worker {
    /// A worker whose actors have these neighbours; `active` is their [`ActiveList`](crate::wallet::ActiveList).
    pub fn new(services: Rc<Services>, active: Rc<ActiveWallets>) -> Self {
        Self {
            services,
            active,
            places: RefCell::default(),
        }
    }

    /// Hands out what was dispatched on this worker, as long as it lives.
    pub async fn hand_out(self: Rc<Self>) {
        let mut own = Vec::new();
        loop {
            self.services.outgoing.gather(&mut own).await;
            self.send_to_all(&mut own).await;
        }
    }

    /// Takes what other workers have for the wallets here, until the switch stops.
    pub async fn read_inbox(self: Rc<Self>, mut inbox: Inbox) {
        while let Some(mut messages) = inbox.recv().await {
            self.send_to_all(&mut messages).await;
        }
    }

    /// A piece of the batch after the other. The actors are polled after all messages of a piece were sent: by then the
    /// prefetched memory is in the cache, and what the actors of the piece before needed has left it.
    async fn send_to_all(&self, messages: &mut Batch) {
        let mut messages = messages.drain(..);
        while !messages.as_slice().is_empty() {
            self.send_piece(&mut messages);
            if !messages.as_slice().is_empty() {
                let_others_run().await;
            }
        }
    }

    fn send_piece(&self, messages: &mut Drain<'_, (WalletId, Box<WalletMessage>)>) {
        self.services.numbers.look_anew();
        let mut places = self.places.take();
        let piece = messages.as_slice().iter().take(PIECE);
        self.active
            .prefetch(piece.map(|(wallet, _)| *wallet), &mut places);
        for (place, (wallet, message)) in places.drain(..).zip(messages) {
            match place.or_else(|| self.place_of(wallet)) {
                Some(place) => self.active.send(place, message),
                None => self.could_not_load(wallet, *message),
            }
        }
        self.places.replace(places);
    }

    /// The wallet's place among the active wallets, now that it is needed.
    fn place_of(&self, wallet: WalletId) -> Option<usize> {
        // Another message of the batch may have been for the same wallet.
        if let Some(place) = self.active.place(wallet) {
            return Some(place);
        }
        let services = &self.services;
        invariant!(
            services.outgoing.owns(wallet),
            "a wallet is touched by its owner only",
            Some(wallet.0),
            None
        );
        let loaded = match services.snapshots.load(wallet, services.transactions_kept) {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(%error, "a wallet could not be loaded from the store");
                return None;
            }
        };
        for card in loaded.cards.iter() {
            services.directory.add(card, wallet);
        }
        let address = WalletActor::new(loaded, Rc::clone(services)).start();
        services.metrics.actor_started();
        // The address is let go of: what the actor is to do it finds in the list.
        Some(self.active.insert(wallet, &address))
    }

    fn could_not_load(&self, wallet: WalletId, message: WalletMessage) {
        if let Some(requester) = message.requester {
            let outcome = Outcome::declined(Rule::WalletNotLoaded);
            let answer = Release::Answer(requester, outcome);
            self.services
                .gate
                .hold(wallet, None, Instant::now(), answer);
        }
    }

    /// Sends a message to each wallet whose time has come.
    pub fn wake(&self) {
        let now = clock::now();
        while let Some(wallet) = self.services.wakes.next_due(now) {
            self.services.outgoing.send(wallet, Command::Wake);
        }
    }

    /// Hands every wallet that changed to the store, one after another as the store keeps up. Comes back
    /// when all of them are handed over.
    pub async fn checkpoint(&self) {
        let snapshots = &self.services.snapshots;
        for wallet in snapshots.take_dirty() {
            snapshots.capacity().await;
            let (done, is_done) = channel();
            let checkpoint = Housekeeping::Checkpoint;
            // A wallet that is not active any more has handed its snapshot over.
            if self
                .active
                .send_housekeeping(wallet, checkpoint, Some(done))
            {
                let _ = is_done.await;
            }
        }
    }

    /// Stops wallets without messages for `idle_after` milliseconds, a few at a time. To be called regularly: it sets
    /// the clock by which they are idle.
    pub async fn rest_idle(&self, idle_after: u64) {
        let now = clock::steady();
        self.active.set_clock(now);
        // At least one, so that a wallet comes once in a call: it is checked again after `now`.
        let Some(before) = now.checked_sub(idle_after.max(1)) else {
            return;
        };
        let snapshots = &self.services.snapshots;
        while let Some(wallet) = self.active.next_idle(before) {
            if snapshots.are_paused() {
                return;
            }
            snapshots.capacity().await;
            self.active
                .send_housekeeping(wallet, Housekeeping::Rest, None);
        }
    }
}

/// Comes back behind all tasks that are ready now. Unlike tokio's `yield_now` without a look at the sockets.
async fn let_others_run() {
    let mut have_run = false;
    poll_fn(|context| {
        if std::mem::replace(&mut have_run, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
