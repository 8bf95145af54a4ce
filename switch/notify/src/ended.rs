//! Wallets that have ended: until their payers have the message about it, their keys are needed.

use super::follow::Follower;
use super::outbox::{Outbox, OutboxError};
use tessera_journal::Position;
use tessera_ledger::WalletId;

/// Those of the wallets whose event at this position was not looked at, with which they ended or which came later; and those
/// whose former contacts have messages that wait. What the outbox knows of a wallet says nothing before that: it may be the
/// outbox of a time before the wallet had a contact.
pub(super) fn to_be_notified(
    outbox: &Outbox,
    follower: &Follower,
    wallets: Vec<(WalletId, Position)>,
) -> Result<Vec<WalletId>, OutboxError> {
    let waiting = outbox.receivers(|position| follower.wallet_at(position))?;
    let mut still = Vec::new();
    for (wallet, position) in wallets {
        if waiting.contains(&wallet) || !follower.has_looked_at(position) {
            still.push(wallet);
        }
    }
    Ok(still)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Changes, ChannelKind, Key, To};
    use crate::testing::{Records, WALLET, open_outbox, open_store};
    use tessera_kit::clock::Timestamp;

    #[test]
    fn a_wallet_is_to_be_notified_until_its_end_was_looked_at_and_its_message_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let (outbox, store) = (open_outbox(folder.path()), open_store(folder.path()));
        let journal = Records::default();
        let mut follower =
            Follower::new(journal.engine(), &store, &outbox, u64::MAX, None).unwrap();
        journal.confirm("a");
        let ended = journal.pay_out();
        let still = |follower: &Follower| {
            !to_be_notified(&outbox, follower, vec![(WALLET, ended)])
                .unwrap()
                .is_empty()
        };
        assert!(
            still(&follower),
            "nothing was looked at, not even its contact"
        );
        assert_eq!(follower.oldest_needed(&outbox).unwrap(), None);
        // Event by event: the contact is proposed, then confirmed, then the wallet ends.
        for events in 1..4 {
            follower.look(1, &outbox, Timestamp::EPOCH).unwrap();
            assert!(still(&follower), "{events} events were looked at");
        }
        follower.look(u64::MAX, &outbox, Timestamp::EPOCH).unwrap();
        assert!(still(&follower), "the message waits");
        let needed = follower.oldest_needed(&outbox).unwrap();
        assert!(needed.is_some_and(|needed| needed <= ended));
        let key = Key {
            position: ended,
            to: To::Former,
        };
        let changes = Changes {
            done: vec![(key, ChannelKind::Email)],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        assert!(!still(&follower));
    }
}
