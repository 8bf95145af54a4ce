//! A wallet between two of its events: bytes that take a fraction of its memory.
//!
//! ```text
//! ┌──────────┬────────────────┬─────────────────────┬─────────────┬──────────┐
//! │ length 4 │ settled: a list│ highest reference 8 │ irregular 1 │ snapshot │
//! └──────────┴────────────────┴─────────────────────┴─────────────┴──────────┘
//! length: of the list. List and snapshot are those of the store (`tessera-ledger`, `snapshot.rs`), without orders.
//! ```

use tessera_ledger::{Orders, Reference, Unreadable, Wallet, WalletId};

const HEAD_BYTES: usize = 4;
const TAIL_BYTES: usize = 9;

/// A wallet that events are applied to.
pub(super) struct Unfolded {
    pub wallet: Wallet,
    /// The highest that it was given.
    pub highest: Reference,
    /// Whether one of its references has not risen.
    pub irregular: bool,
    /// What had settled when it was folded. It stays here, since few events need it.
    settled: Vec<u8>,
    /// Whether the wallet has that list too.
    restored: bool,
}

impl Unfolded {
    pub fn new(id: WalletId) -> Self {
        Self {
            wallet: Wallet::new(id),
            highest: Reference(0),
            irregular: false,
            settled: Vec::new(),
            restored: true,
        }
    }

    /// From what [`fold`](Self::fold) made.
    pub fn unfold(id: WalletId, bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = tessera_ledger::Reader::new(bytes);
        let length = from.u32()? as usize;
        let settled = from.take(length)?.to_vec();
        let highest = Reference(from.u64()?);
        let irregular = from.u8()? != 0;
        let snapshot = bytes.get(HEAD_BYTES + length + TAIL_BYTES..);
        Ok(Self {
            wallet: Wallet::read_snapshot(id, snapshot.unwrap_or_default())?,
            highest,
            irregular,
            restored: settled.is_empty(),
            settled,
        })
    }

    /// Has the wallet know again what has settled, so that it can be brought back.
    pub fn restore(&mut self) -> Result<(), Unreadable> {
        if !std::mem::replace(&mut self.restored, true) {
            self.wallet.restore_settled(&self.settled)?;
        }
        Ok(())
    }

    /// Writes it over `scratch`. Nothing that moves money depends on orders and remembered reversals: they are left out.
    pub fn fold(mut self, scratch: &mut Vec<u8>) {
        self.wallet.orders = Orders::default();
        self.wallet.remembered.clear();
        self.wallet.transactions.settle(|_| true);
        for settled in self.wallet.transactions.take_unsaved() {
            settled.write(&mut self.settled);
        }
        scratch.clear();
        // A list of 4 GiB would be one of 100 million transactions of one wallet.
        scratch.extend_from_slice(&(self.settled.len() as u32).to_le_bytes());
        scratch.extend_from_slice(&self.settled);
        scratch.extend_from_slice(&self.highest.0.to_le_bytes());
        scratch.push(u8::from(self.irregular));
        self.wallet.write_snapshot(scratch);
    }
}
