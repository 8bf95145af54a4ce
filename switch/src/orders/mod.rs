//! Orders: what a payer agreed to pay at an affiliated mall, joined with the mall's request.
//!
//! In come announcements of wallets and requests of malls, in either order; out goes the wallet that a
//! request is for. What never happens here: an order is paid; that is decided by its wallet.

mod slot;
mod waiting;
#[cfg(test)]
mod waiting_tests;

use std::sync::Arc;
use std::time::Instant;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tessera_kit::clock::Timestamp;
use tessera_protocol::OrderKey;

pub use slot::Parked;
use slot::{Owner, Slot, Turned};
pub use waiting::WaitingPurchases;

use crate::message::WalletMessage;
use tessera_ledger::{OrderState, UnseenOriginal, Wallet, WalletId};
use tessera_store::{Checkpointer, Store, StoreError};

/// Where a request by order goes.
#[derive(Debug)]
pub enum OrderRoute {
    /// To this wallet, at once.
    Wallet(WalletId, WalletMessage),
    /// It waits for the payer; the request that it replaced is not answered.
    Parked,
    /// Another amount or currency waits under the same key.
    Contradicts,
}

/// Shared by all workers. Bounded by the wallets in use and by admission.
#[derive(Debug)]
pub struct Orders {
    slots: DashMap<OrderKey, Slot>,
    /// Wallets of nobody in use, and the order that each remembers reversals of.
    nobodies: DashMap<WalletId, OrderKey>,
    store: Arc<Store>,
    checkpointer: Checkpointer,
}

impl Orders {
    /// Looks into `store` for orders of wallets that are not in use.
    pub fn new(store: Arc<Store>, checkpointer: Checkpointer) -> Self {
        Self {
            slots: DashMap::new(),
            nobodies: DashMap::new(),
            store,
            checkpointer,
        }
    }

    /// A purchase for an order: to its wallet, or parked until `parked.until` where no payer has
    /// agreed yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn purchase(&self, key: OrderKey, parked: Parked) -> Result<OrderRoute, StoreError> {
        if let Some(wallet) = self.wallet_of(&key)? {
            return Ok(OrderRoute::Wallet(wallet, parked.message));
        }
        let mut slot = self.slots.entry(key).or_default();
        // It may have been announced between the two looks.
        if let Some(wallet) = slot.owner.as_ref().and_then(Owner::wallet) {
            return Ok(OrderRoute::Wallet(wallet, parked.message));
        }
        // A repeat takes the place of what it repeats: the one answer goes to who asked last.
        if let Some(place) = slot.parked.iter().position(|other| other.key == parked.key) {
            if slot.parked[place].asks() != parked.asks() {
                return Ok(OrderRoute::Contradicts);
            }
            slot.parked.swap_remove(place);
        }
        slot.parked.push(parked);
        Ok(OrderRoute::Parked)
    }

    /// The wallet that a reversal for an order is for. Without an agreement the order has no wallet; `named` selects
    /// the parked purchases that the reversal undoes, which are returned.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn reversal(
        &self,
        key: OrderKey,
        mut unseen: UnseenOriginal,
        mut named: impl FnMut(&Parked) -> bool,
    ) -> Result<(WalletId, Vec<Parked>), StoreError> {
        if let Some(wallet) = self.wallet_of(&key)? {
            return Ok((wallet, Vec::new()));
        }
        let mut slot = self.slots.entry(key).or_default();
        // The wallet that is announcing it gets the reversal afterwards, and remembers it with the order.
        if let Some(wallet) = slot.owner.as_ref().map(Owner::decider) {
            return Ok((wallet, Vec::new()));
        }
        let undone: Vec<_> = slot.parked.extract_if(.., |parked| named(parked)).collect();
        if !slot.reversed.iter().any(|other| other.key == unseen.key) {
            unseen.was_waiting = !undone.is_empty();
            slot.reversed.push(unseen);
        }
        let nobody = WalletId::of_nobody(&key);
        self.nobodies.insert(nobody, key);
        Ok((nobody, undone))
    }

    /// A wallet is about to announce the order: false where another wallet has it, and it can still
    /// be paid or is. What was reversed before comes back with it.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn claim(
        &self,
        key: OrderKey,
        wallet: WalletId,
        now: Timestamp,
    ) -> Result<Option<Vec<UnseenOriginal>>, StoreError> {
        let entry = self.slots.entry(key);
        let known = match &entry {
            Entry::Occupied(slot) => slot.get().owner,
            Entry::Vacant(_) => None,
        };
        // Read while nobody can rest: what the slot had until then is in the store.
        let nobody = self.checkpointer.wallet(WalletId::of_nobody(&key))?;
        let mut reversed = nobody.map(|nobody| nobody.remembered).unwrap_or_default();
        let owner = match known {
            Some(owner) => Some(owner),
            None => self.store.order(&key)?.map(|stored| {
                Owner::Turned(Turned {
                    wallet: stored.wallet,
                    state: stored.state,
                    expires_at: stored.expires_at,
                })
            }),
        };
        if owner.is_some_and(|owner| owner.keeps_out(wallet, now)) {
            return Ok(None);
        }
        if let Entry::Occupied(slot) = &entry {
            reversed.extend_from_slice(&slot.get().reversed);
        }
        if owner.as_ref().and_then(Owner::wallet) != Some(wallet) {
            entry.or_default().owner = Some(Owner::Claimed {
                by: wallet,
                at: now,
                // What the store has it keeps.
                before: known.and_then(|owner| owner.turned()),
            });
        }
        Ok(Some(reversed))
    }

    /// The wallet has not announced the order that it claimed: the order is as it was before.
    pub fn let_go(&self, key: OrderKey, wallet: WalletId) {
        let Entry::Occupied(mut entry) = self.slots.entry(key) else {
            return;
        };
        let slot = entry.get_mut();
        if let Some(Owner::Claimed { by, before, .. }) = slot.owner
            && by == wallet
        {
            slot.owner = before.map(Owner::Turned);
            if slot.is_empty() {
                entry.remove();
            }
        }
    }

    /// The order has turned at its wallet; purchases that waited for it are handed back. Nothing happens where another wallet
    /// has announced it since: an agreement that was over there may still be cancelled by who had it before.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn turn(
        &self,
        key: OrderKey,
        wallet: WalletId,
        state: OrderState,
        expires_at: Timestamp,
    ) -> Result<Vec<WalletMessage>, StoreError> {
        let entry = self.slots.entry(key);
        let known = match &entry {
            Entry::Occupied(slot) => slot.get().owner.as_ref().map(Owner::decider),
            Entry::Vacant(_) => None,
        };
        // Read while nobody can rest: what the slot had until then is in the store.
        let owner = match (known, state) {
            (Some(owner), _) => Some(owner),
            (None, OrderState::Open | OrderState::Cancelled) => self.stored_owner(&key)?,
            // Its rules have let it pay: that counts also where nobody knows who else had it.
            (None, OrderState::Paying(_) | OrderState::Paid(_)) => {
                self.stored_owner(&key).unwrap_or_default()
            }
        };
        if owner.is_some_and(|owner| owner != wallet) {
            return Ok(Vec::new());
        }
        let mut slot = entry.or_default();
        slot.owner = Some(Owner::Turned(Turned {
            wallet,
            state,
            expires_at,
        }));
        slot.reversed.clear();
        Ok(slot.parked.drain(..).map(|parked| parked.message).collect())
    }

    fn stored_owner(&self, key: &OrderKey) -> Result<Option<WalletId>, StoreError> {
        Ok(self.store.order(key)?.map(|order| order.wallet))
    }

    /// Hands back what has been parked under `key` since before `now`, and forgets a slot that
    /// nothing is left in.
    pub fn give_up(&self, key: OrderKey, now: Instant) -> Vec<Parked> {
        let Entry::Occupied(mut entry) = self.slots.entry(key) else {
            return Vec::new();
        };
        let slot = entry.get_mut();
        let overdue = slot
            .parked
            .extract_if(.., |parked| parked.until <= now)
            .collect();
        if slot.is_empty() {
            entry.remove();
        }
        overdue
    }

    /// The wallet's snapshot is with the store: its orders are found there, and so are these that have settled.
    pub fn rest(&self, wallet: &Wallet, settled: &[OrderKey]) {
        if let Some((_, key)) = self.nobodies.remove(&wallet.id)
            && let Entry::Occupied(mut slot) = self.slots.entry(key)
        {
            slot.get_mut().reversed.clear();
            if slot.get().is_empty() {
                slot.remove();
            }
        }
        let at_hand = wallet.orders.iter().map(|order| order.key);
        let keys = at_hand.chain(wallet.orders.unsaved());
        self.find_in_store(wallet.id, keys.chain(settled.iter().copied()));
    }

    /// What has become of these orders of the wallet the store has.
    pub fn find_in_store(&self, wallet: WalletId, keys: impl Iterator<Item = OrderKey>) {
        for key in keys {
            self.slots.remove_if(&key, |_, slot| {
                slot.owner.as_ref().and_then(Owner::wallet) == Some(wallet)
            });
        }
    }

    /// The first of the purchases that wait for the order of which `report` makes something.
    pub fn waiting<T>(
        &self,
        key: &OrderKey,
        report: impl FnMut(&Parked) -> Option<T>,
    ) -> Option<T> {
        self.slots.get(key)?.parked.iter().find_map(report)
    }

    /// The wallet whose payer has agreed to the order last.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn wallet_of(&self, key: &OrderKey) -> Result<Option<WalletId>, StoreError> {
        if let Some(slot) = self.slots.get(key) {
            return Ok(slot.owner.as_ref().and_then(Owner::wallet));
        }
        self.stored_owner(key)
    }
}

#[cfg(test)]
mod tests {
    use tessera_protocol::leased::Operation;
    use tessera_protocol::{Currency, Mti, OriginalData, Stan};

    use super::*;
    use tessera_encryption::DataKeys;
    use tessera_journal::testing::Memory;
    use tessera_ledger::{Opening, Reference};

    const PAYER: WalletId = WalletId(7);
    const OTHER: WalletId = WalletId(8);

    fn unseen() -> UnseenOriginal {
        let named = OriginalData {
            mti: Mti::PURCHASE,
            trace: Stan::new(3),
            transmission: 0,
            institution: None,
            forwarding: None,
        };
        let by = Opening::by_itself(
            Reference(1),
            Reference(2),
            b"        ",
            Operation::Load,
            Currency::USD,
            Timestamp::EPOCH,
        );
        UnseenOriginal::named(&named, &by, Timestamp::EPOCH)
    }

    #[test]
    fn a_reversal_goes_to_the_wallet_that_decides_the_order_next() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let store = Store::open(&folder.path().join("store"), 1 << 20, keys);
        let store = Arc::new(store.unwrap());
        let journal = Arc::new(Memory::default());
        let (checkpointer, _writer) = Checkpointer::new(Arc::clone(&store), journal, 64);
        let orders = Orders::new(store, checkpointer);
        let key = OrderKey::of(b"SHOP-77        ", b"ORDER-1");
        let begin = Timestamp::EPOCH;
        let reversed = || orders.reversal(key, unseen(), |_| false).unwrap().0;

        // Nobody has it: what is remembered comes with the claim.
        assert_eq!(reversed(), WalletId::of_nobody(&key));
        assert_eq!(
            orders.claim(key, PAYER, begin).unwrap(),
            Some(vec![unseen()])
        );
        // While a wallet announces it, its own memory is the one that counts.
        assert_eq!(reversed(), PAYER);
        assert_eq!(orders.claim(key, OTHER, begin).unwrap(), None);
        orders.let_go(key, PAYER);
        assert_eq!(
            orders.claim(key, OTHER, begin).unwrap(),
            Some(vec![unseen()])
        );
        let expires_at = begin.plus(1000);
        let turn = |wallet, state| orders.turn(key, wallet, state, expires_at).unwrap();
        turn(OTHER, OrderState::Open);
        assert_eq!(reversed(), OTHER);
        assert_eq!(orders.claim(key, PAYER, begin).unwrap(), None);

        assert_eq!(orders.slots.len(), 1);
        // It is over, and the first payer agrees to it again: the other one's late word changes nothing.
        let later = expires_at.plus(slot::CLAIM_VALID_FOR + 1);
        assert!(orders.claim(key, PAYER, later).unwrap().is_some());
        turn(OTHER, OrderState::Cancelled);
        turn(PAYER, OrderState::Paid(Reference(1)));
        turn(OTHER, OrderState::Cancelled);
        assert_eq!(reversed(), PAYER);
        assert_eq!(orders.claim(key, OTHER, later).unwrap(), None);
    }
}
