//! Which wallet a card leads to. The cards of wallets in use are here; the others are in the store.

use std::sync::Arc;

use dashmap::DashMap;
use hashbrown::DefaultHashBuilder;
use tessera_protocol::CardNumber;

use tessera_ledger::{Cards, WalletId};
use tessera_store::{Store, StoreError};

/// Each with a lock of its own: enough that two workers hardly ever want the same one. A power of two.
const SHARDS: usize = 256;

/// Shared by all workers. Bounded by the wallets in use: a wallet that rests takes its cards along.
#[derive(Debug)]
pub struct Directory {
    cards: DashMap<u64, WalletId, DefaultHashBuilder>,
    store: Arc<Store>,
}

impl Directory {
    /// Looks into `store` for what is not in use.
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            cards: DashMap::with_hasher_and_shard_amount(DefaultHashBuilder::default(), SHARDS),
            store,
        }
    }

    /// The wallet of a card.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn wallet_of(&self, card: &CardNumber) -> Result<Option<WalletId>, StoreError> {
        match self.cards.get(&card.expose()) {
            Some(wallet) => Ok(Some(*wallet)),
            None => self.store.wallet_of_card(card),
        }
    }

    /// The card leads to this wallet from now on.
    pub fn add_card(&self, card: &CardNumber, wallet: WalletId) {
        self.cards.insert(card.expose(), wallet);
    }

    /// The wallet's snapshot is with the store: its cards are found there.
    pub fn rest(&self, cards: &Cards) {
        for card in cards.iter() {
            self.cards.remove(&card.number.expose());
        }
    }
}
