//! The wallet before an event.

use super::Broken;
use crate::transaction::{Status, Transaction};
use crate::{Balance, Reference, WalletId};

/// As much of a wallet as decides what an event moves and adds to totals.
pub(crate) trait Before {
    /// Its number.
    fn id(&self) -> WalletId;
    /// What can be spent.
    fn available(&self) -> Balance;
    /// What its payer owes.
    fn owed(&self) -> Balance;
    /// The transaction with this reference.
    fn transaction(&self, reference: Reference) -> Option<&Transaction>;

    /// The transaction that an event names.
    fn known(&self, reference: Reference) -> Result<&Transaction, Broken> {
        self.transaction(reference)
            .ok_or(Broken::NoTransaction(reference))
    }

    /// The same, where it is not decided yet.
    fn pending(&self, reference: Reference) -> Result<&Transaction, Broken> {
        let transaction = self.known(reference)?;
        match transaction.status {
            Status::Pending => Ok(transaction),
            Status::Approved | Status::Declined => Err(Broken::OutOfTurn(reference)),
        }
    }
}
