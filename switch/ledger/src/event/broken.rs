//! Why an event does not fit its wallet.

use super::Account;
use crate::Reference;

/// An event that does not fit the wallet: the journal is not what this switch wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It names a transaction that is not there.
    #[error("the event names transaction {0:?}, which the wallet does not have")]
    NoTransaction(Reference),
    /// It moves money that is not there.
    #[error("the event moves more than {0:?} holds")]
    Overdrawn(Account),
    /// It does not follow from the state of its transaction.
    #[error("the event does not follow from the state of transaction {0:?}")]
    OutOfTurn(Reference),
    /// It says that the wallet had another balance before it.
    #[error("the event was of a wallet with {said} available, and the wallet has {has}")]
    OtherBalance {
        /// What the event says, minor units.
        said: u64,
        /// What the events before it come to, minor units.
        has: u64,
    },
    /// It changes an account that is not there.
    #[error("the event changes an account, and the wallet has none")]
    NoAccount,
}
