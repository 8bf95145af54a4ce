//! Bringing settled transactions back from the journal.

use tessera_protocol::OrderKey;

use super::bytes::Unreadable;
use super::{About, Entry, Wallet};
use tessera_journal::{JournalError, Record};

/// Why an event could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum Unrecalled {
    /// The journal did not give the record.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The record is not an event.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The wallet and the journal do not belong together.
    #[error("the event at position {0} is not the one that the wallet remembers")]
    Strange(u64),
}

impl Entry {
    /// The event in a record that was read back.
    ///
    /// # Errors
    /// Where there is none.
    pub fn read_back(record: Result<Record, JournalError>) -> Result<Self, Unrecalled> {
        Ok(Self::read(&record?.payload)?)
    }
}

impl Wallet {
    /// Takes the settled transactions to hand that something is `about`, and the orders that they pay or that it names; `read`
    /// reads the event at a position. To be called before it is decided or applied.
    ///
    /// # Errors
    /// Where one of them can't be read. The wallet must not be asked then: it could not tell a repeat.
    pub fn recall(
        &mut self,
        about: About<'_>,
        order: Option<OrderKey>,
        read: impl Fn(u64) -> Result<Entry, Unrecalled>,
    ) -> Result<(), Unrecalled> {
        for position in self.transactions.settled_about(about) {
            let entry = read(position)?;
            if entry.wallet != self.id || !self.transactions.bring_back(&entry.event, position) {
                return Err(Unrecalled::Strange(position));
            }
            if let Some(key) = entry.event.order() {
                self.recall_order(&key, &read)?;
            }
        }
        order.map_or(Ok(()), |key| self.recall_order(&key, &read))
    }

    fn recall_order(
        &mut self,
        key: &OrderKey,
        read: &impl Fn(u64) -> Result<Entry, Unrecalled>,
    ) -> Result<(), Unrecalled> {
        let Some(position) = self.orders.settled(key) else {
            return Ok(());
        };
        let entry = read(position)?;
        if entry.wallet != self.id || !self.orders.bring_back(&entry.event, position) {
            return Err(Unrecalled::Strange(position));
        }
        Ok(())
    }
}
