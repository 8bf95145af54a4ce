//! Wallets that have ended: until their payers have the message about it, their keys are needed.

use super::follow::Follower;
use super::outbox::{Outbox, OutboxError, Which};
use tessera_ledger::WalletId;

/// Those of the wallets whose end was not looked at, and those whose former contacts have messages that wait.
pub(super) fn to_be_notified(
    outbox: &Outbox,
    follower: &Follower,
    wallets: Vec<WalletId>,
) -> Result<Vec<WalletId>, OutboxError> {
    let waiting = outbox.receivers(|position| follower.wallet_at(position))?;
    let mut still = Vec::new();
    for wallet in wallets {
        let known = outbox.contact(wallet, Which::Confirmed)?;
        let proposed = outbox.contact(wallet, Which::Proposed)?;
        if waiting.contains(&wallet) || known.or(proposed).is_some() {
            still.push(wallet);
        }
    }
    Ok(still)
}
