//! Which wallet a card leads to. The cards of wallets in use are here; the others are in the store. Neither has their numbers.

use std::sync::Arc;

use dashmap::DashMap;
use hashbrown::DefaultHashBuilder;
use tessera_encryption::{CardCipher, EncryptedCard, KeysError};
use tessera_protocol::CardNumber;

use tessera_ledger::{Card, Cards, WalletId};
use tessera_store::{Store, StoreError, StoredCard};

/// Each with a lock of its own: enough that two workers hardly ever want the same one. A power of two.
const SHARDS: usize = 256;

/// Shared by all workers. Bounded by the wallets in use: a wallet that rests takes its cards along.
#[derive(Debug)]
pub struct Directory {
    cards: DashMap<EncryptedCard, StoredCard, DefaultHashBuilder>,
    cipher: CardCipher,
    store: Arc<Store>,
}

impl Directory {
    /// Looks into `store` for what is not in use.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(store: Arc<Store>) -> Result<Self, KeysError> {
        Ok(Self {
            cards: DashMap::with_hasher_and_shard_amount(DefaultHashBuilder::default(), SHARDS),
            cipher: CardCipher::new()?,
            store,
        })
    }

    /// Whose card it is, and which of theirs.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn find(&self, number: &CardNumber) -> Result<Option<StoredCard>, StoreError> {
        match self.cards.get(&self.encrypted(number)) {
            Some(found) => Ok(Some(*found)),
            None => self.store.card(self.store.indexed(number)),
        }
    }

    /// The card leads to this wallet from now on.
    pub fn add(&self, card: &Card, wallet: WalletId) {
        let serial = card.serial;
        let card = self.encrypted(&card.number);
        self.cards.insert(card, StoredCard { wallet, serial });
    }

    /// The wallet's snapshot is with the store: its cards are found there.
    pub fn rest(&self, cards: &Cards) {
        for card in cards.iter() {
            self.cards.remove(&self.encrypted(&card.number));
        }
    }

    fn encrypted(&self, number: &CardNumber) -> EncryptedCard {
        self.cipher.encrypt(number.expose(), number.length())
    }
}
