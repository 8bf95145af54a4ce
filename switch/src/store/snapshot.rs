//! A wallet on its way to the store.

use crate::wallet::{OrderKey, OrderState, Wallet, WalletId};

/// What the store writes of a wallet.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) wallet: WalletId,
    /// The sequence of the last event in it: it must be durable before the snapshot is written, or
    /// the store would know what the journal does not.
    pub(super) sequence: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) cards: Vec<u64>,
    pub(super) orders: Vec<(OrderKey, OrderState, u64)>,
    pub(super) open: bool,
}

impl Snapshot {
    /// The wallet as it is now.
    pub fn of(wallet: &Wallet) -> Self {
        let transactions = &wallet.transactions;
        let mut bytes = Vec::with_capacity(
            64 + 112 * transactions.iter().len() + 31 * transactions.settled_len(),
        );
        wallet.write_snapshot(&mut bytes);
        Self {
            wallet: wallet.id,
            sequence: wallet.last_sequence,
            bytes,
            cards: wallet
                .cards
                .iter()
                .map(|card| card.number.expose())
                .collect(),
            orders: wallet
                .orders
                .iter()
                .map(|order| (order.key, order.state, order.expires_at))
                .collect(),
            open: wallet.is_open(),
        }
    }
}
