//! Events of version 0.2 with card numbers, as events with names of cards.

use std::error::Error;

use hashbrown::HashMap;
use smallvec::SmallVec;
use tessera_journal::{Convert, Mark, Position, RecordRef, Sequence};
use tessera_ledger::{CardName, Entry, Event, Unreadable, WalletId};
use tessera_protocol::CardNumber;

/// Why an event can't be written anew.
#[derive(Debug, thiserror::Error)]
enum Unconvertible {
    #[error("event {sequence}: {error}")]
    Unreadable {
        sequence: Sequence,
        error: Unreadable,
    },
    #[error("event {sequence} does not follow the event before it in its wallet")]
    OutOfOrder { sequence: Sequence },
}

/// What is known of the journal so far. About 64 bytes for each wallet.
#[derive(Default)]
pub(super) struct Conversion {
    wallets: HashMap<WalletId, Progress>,
    /// The wallet of the event that was converted last.
    newest: Option<WalletId>,
    /// Positions of the old journal that the outbox names, and where their events are now.
    pub positions: HashMap<Position, Option<Position>>,
}

#[derive(Default)]
struct Progress {
    /// Where the wallet's last event was, and where it is now.
    last: Option<(Position, Position)>,
    /// In the order in which they were issued: the first has serial number 1.
    cards: SmallVec<[CardNumber; 1]>,
}

impl Progress {
    fn name(&self, number: &CardNumber) -> CardName {
        let place = self.cards.iter().rposition(|card| card == number);
        let serial = place.map_or(0, |place| place as u32 + 1);
        CardName::new(serial, number)
    }
}

impl Convert for Conversion {
    fn convert(
        &mut self,
        record: RecordRef<'_>,
        payload: &mut Vec<u8>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let sequence = record.sequence;
        let unreadable = |error| Unconvertible::Unreadable { sequence, error };
        let what = "a wallet";
        let no_wallet = unreadable(Unreadable::Damaged { at: 0, what });
        let wallet = Entry::peek(record.payload).ok_or(no_wallet)?.wallet;
        let progress = self.wallets.entry(wallet).or_default();
        let name = |number: &CardNumber| progress.name(number);
        let mut entry = Entry::read_upgrading(record.payload, &name).map_err(unreadable)?;
        if entry.previous != progress.last.map(|(old, _)| old) {
            return Err(Unconvertible::OutOfOrder { sequence }.into());
        }
        entry.previous = progress.last.map(|(_, new)| new);
        if let Event::Provisioned { card, .. } | Event::CardIssued { card, .. } = &entry.event {
            progress.cards.push(card.clone());
        }
        entry.write(payload);
        self.newest = Some(wallet);
        Ok(())
    }

    fn placed(&mut self, old: Mark, new: Position) {
        let progress = self.newest.and_then(|newest| self.wallets.get_mut(&newest));
        if let Some(progress) = progress {
            progress.last = Some((old.position, new));
        }
        if let Some(position) = self.positions.get_mut(&old.position) {
            *position = Some(new);
        }
    }
}
