//! What the wallets of all workers share, each behind its own lock or atomic.
//!
//! In come facts that a wallet's actor has journaled; out go the wallet of a card, what may still be approved as stand-in,
//! the totals of a party, what operators have decided. What never happens here: a decision, or a message to a wallet.

mod directory;
mod ended_wallets;
mod party_totals;
mod policy;
mod stand_in_budget;

pub use directory::Directory;
pub use ended_wallets::{EndedWallet, EndedWallets};
pub use party_totals::PartyTotals;
pub use policy::{OperatorPolicy, PolicyReader};
pub use stand_in_budget::StandInBudget;
