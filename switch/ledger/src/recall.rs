//! Bringing settled transactions back from the journal.

use tessera_protocol::OrderKey;

use super::{About, Entry, StatusQuery, Wallet};
use tessera_kit::record::Position;

/// The wallet and the journal do not belong together.
#[derive(Debug, thiserror::Error)]
#[error("the event at position {0} is not the one that the wallet remembers")]
pub struct Strange(pub Position);

impl Wallet {
    /// Takes the settled transactions to hand that something is `about`, and the orders that they pay or that it names; `read`
    /// reads the event at a position, which is `None` where the journal no longer has it: then it stays forgotten. To be called
    /// before it is decided or applied.
    ///
    /// # Errors
    /// Where one of them can't be read. The wallet must not be asked then: it could not recognize a repeat.
    pub fn recall<E: From<Strange>>(
        &mut self,
        about: About<'_>,
        order: Option<OrderKey>,
        read: impl Fn(Position) -> Result<Option<Entry>, E>,
    ) -> Result<(), E> {
        for position in self.transactions.settled_about(about) {
            let Some(entry) = read(position)? else {
                continue;
            };
            if entry.wallet != self.id || !self.transactions.bring_back(&entry.event, position) {
                return Err(Strange(position).into());
            }
            if let Some(key) = entry.event.order() {
                self.recall_order(&key, &read)?;
            }
        }
        order.map_or(Ok(()), |key| self.recall_order(&key, &read))
    }

    /// Takes to hand the purchase that pays the order which a status inquiry is about; the order is at hand.
    ///
    /// # Errors
    /// Where one of them can't be read.
    pub fn recall_payment<E: From<Strange>>(
        &mut self,
        query: &StatusQuery,
        read: impl Fn(Position) -> Result<Option<Entry>, E>,
    ) -> Result<(), E> {
        let payment = self.payment_of(query).map(About::Reference);
        payment.map_or(Ok(()), |payment| self.recall(payment, None, read))
    }

    fn recall_order<E: From<Strange>>(
        &mut self,
        key: &OrderKey,
        read: &impl Fn(Position) -> Result<Option<Entry>, E>,
    ) -> Result<(), E> {
        let Some(position) = self.orders.settled(key) else {
            return Ok(());
        };
        let Some(entry) = read(position)? else {
            return Ok(());
        };
        if entry.wallet != self.id || !self.orders.bring_back(&entry.event, position) {
            return Err(Strange(position).into());
        }
        Ok(())
    }
}
