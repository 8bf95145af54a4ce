//! The journal, as the wallets of one worker see it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tessera_journal::{Appended, Journal, Position};
use tessera_kit::invariant;
use tessera_ledger::Entry;
use tessera_store::{ReadBackError, read_back_kept};
use zeroize::Zeroize;

use crate::dispatch::Outgoing;

/// Appends events and reads them back.
pub struct EventLog {
    journal: Arc<dyn Journal>,
    outgoing: Rc<Outgoing>,
    partitions: u16,
    /// Kept for its allocation.
    payload: RefCell<Vec<u8>>,
}

impl EventLog {
    /// For the wallets that the worker of `outgoing` owns.
    pub fn new(journal: Arc<dyn Journal>, outgoing: Rc<Outgoing>, partitions: u16) -> Self {
        Self {
            journal,
            outgoing,
            partitions,
            payload: RefCell::default(),
        }
    }

    /// Appends an event; it is durable later.
    pub fn append(&self, entry: &Entry) -> Appended {
        let mut payload = self.payload.borrow_mut();
        payload.clear();
        entry.write(&mut payload);
        invariant!(
            self.outgoing.owns(entry.wallet),
            "an event is appended by the owner of its wallet",
            Some(entry.wallet.0),
            None
        );
        let partition = entry.wallet.partition(self.partitions);
        let appended = self.journal.append(partition, &payload);
        if entry.event.has_card_number() {
            payload.zeroize();
        }
        appended
    }

    /// The event at this position; `None` where the journal no longer has it.
    ///
    /// # Errors
    /// Where the journal has none there.
    pub fn read(&self, position: Position) -> Result<Option<Entry>, ReadBackError> {
        read_back_kept(self.journal.read(position))
    }

    /// Whether the event at this position can be read back.
    pub fn is_durable(&self, position: Position) -> bool {
        self.journal.is_durable(position)
    }

    /// What was appended so far need not wait for more.
    pub fn end_turn(&self) {
        self.journal.end_turn();
    }
}
