//! The accounts of the double entry.

use tessera_protocol::Institution;

use crate::WalletId;

/// Accounts of the double entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What the payer can spend.
    Available(WalletId),
    /// What is set aside.
    Held(WalletId),
    /// What the switch owes a party.
    Payable(Option<Institution>),
    /// Where loaded money comes from.
    Funding,
    /// What the payer owes: refunds that were taken back when their money had been spent.
    Receivable(WalletId),
}

impl Account {
    /// Whether it belongs to no wallet.
    pub(crate) fn is_anothers(self) -> bool {
        match self {
            Self::Payable(_) | Self::Funding => true,
            Self::Available(_) | Self::Held(_) | Self::Receivable(_) => false,
        }
    }
}
