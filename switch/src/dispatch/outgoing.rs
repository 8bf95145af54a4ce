//! What one worker has for wallets, until the tasks that are ready have run.

use std::cell::{Cell, RefCell};
use std::mem;

use tessera_ledger::{Command, WalletId};
use tokio::sync::Notify;

use super::inboxes::{Batch, Inboxes};
use crate::message::WalletMessage;

/// One per worker. Bounded by admission: every message belongs to an admitted request, to an answer of the host, or to a
/// transaction that is open in the journal.
pub struct Outgoing {
    index: usize,
    inboxes: Inboxes,
    /// By the worker that owns the wallet.
    gathered: RefCell<Vec<Batch>>,
    /// Whether [`Outgoing::gather`] will return for what is gathered.
    notified: Cell<bool>,
    something: Notify,
}

impl Outgoing {
    /// Of worker `index`.
    pub fn new(index: usize, inboxes: Inboxes) -> Self {
        Self {
            index,
            gathered: RefCell::new((0..inboxes.workers()).map(|_| Vec::new()).collect()),
            inboxes,
            notified: Cell::default(),
            something: Notify::new(),
        }
    }

    /// Whether this worker owns the wallet.
    pub fn owns(&self, wallet: WalletId) -> bool {
        self.inboxes.owner(wallet) == self.index
    }

    /// Sends a wallet a message, on any worker, after the tasks that are ready now have run, so that all their messages
    /// form one batch.
    pub fn dispatch(&self, wallet: WalletId, message: WalletMessage) {
        let owner = self.inboxes.owner(wallet);
        let message = Box::new(message);
        self.gathered.borrow_mut()[owner].push((wallet, message));
        if !self.notified.replace(true) {
            self.something.notify_one();
        }
    }

    /// Sends a wallet a command whose outcome nobody waits for.
    pub fn send(&self, wallet: WalletId, command: Command) {
        self.dispatch(wallet, WalletMessage::unasked(command));
    }

    /// Waits until something was dispatched, sends the other workers what is theirs, and swaps what is for this worker's
    /// wallets into `own`, which is empty.
    pub async fn gather(&self, own: &mut Batch) {
        self.something.notified().await;
        self.notified.set(false);
        for (owner, messages) in self.gathered.borrow_mut().iter_mut().enumerate() {
            if owner == self.index {
                mem::swap(messages, own);
            } else if !messages.is_empty() {
                self.inboxes.send_batch(owner, mem::take(messages));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    const PARTITIONS: u16 = 8;

    fn ids(batch: &Batch) -> Vec<WalletId> {
        batch.iter().map(|(wallet, _)| *wallet).collect()
    }

    #[tokio::test]
    async fn sends_each_worker_what_its_wallets_get_as_one_batch_in_order() {
        let (first, mut first_inbox) = unbounded_channel();
        let (second, mut second_inbox) = unbounded_channel();
        let outgoing = Outgoing::new(0, Inboxes::new(vec![first, second], PARTITIONS));
        let wallets: Vec<_> = (1..200).map(WalletId).collect();
        for &wallet in &wallets {
            outgoing.send(wallet, Command::Wake);
        }
        let mut own = Vec::new();
        outgoing.gather(&mut own).await;

        let (mine, others): (Vec<_>, Vec<_>) =
            wallets.iter().partition(|wallet| outgoing.owns(**wallet));
        assert!(!mine.is_empty() && !others.is_empty());
        assert_eq!(ids(&own), mine);
        assert_eq!(ids(&second_inbox.try_recv().unwrap()), others);
        assert!(second_inbox.try_recv().is_err(), "one batch");
        assert!(first_inbox.try_recv().is_err(), "its own are not sent");
    }

    #[tokio::test]
    async fn a_worker_that_has_ended_stops_nothing() {
        let (first, _inbox) = unbounded_channel();
        let (second, ended) = unbounded_channel();
        drop(ended);
        let outgoing = Outgoing::new(0, Inboxes::new(vec![first, second], PARTITIONS));
        let all: Vec<_> = (1..50).map(WalletId).collect();
        let mine = all.iter().filter(|wallet| outgoing.owns(**wallet)).count();
        for &wallet in &all {
            outgoing.send(wallet, Command::Wake);
        }
        let mut own = Vec::new();
        outgoing.gather(&mut own).await;
        assert_eq!(own.len(), mine);
    }
}
