//! The data of a node, as far as the log changes it.

use std::error::Error;

use tessera_encryption::DataKeyId;
use tessera_journal::{BatchHead, Cut};

/// What a node does with what it takes from the log.
pub trait Replica {
    /// Where its journal ends.
    fn place(&self) -> Cut;

    /// The data key of the segment that the journal ends in: all nodes have it, because they have that segment. `None` for a journal
    /// without one.
    fn key(&self) -> Option<DataKeyId> {
        None
    }

    /// Writes a batch that goes on there, and applies its records.
    ///
    /// # Errors
    /// Where it does not fit, or the disk refuses. The node has to end.
    fn append(&mut self, batch: &BatchHead, plaintext: &[u8]) -> Result<(), AnyError>;

    /// Makes changes of files beside the journal, durably. They may have been made before.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    fn change_beside(&mut self, changes: &[u8]) -> Result<(), AnyError>;

    /// Makes a page of the file of wallet keys what it is on another node, durably.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    fn adopt_wallet_keys(&mut self, offset: u64, page: &[u8; 4096]) -> Result<(), AnyError>;

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// If the disk refuses.
    fn sync(&mut self) -> Result<(), AnyError>;
}

/// What a replica may say.
pub type AnyError = Box<dyn Error + Send + Sync>;
