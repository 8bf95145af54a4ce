//! Who waits for an answer.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tessera_protocol::Header;

use super::{Admitted, Connection};
use crate::ops::metrics::Kind;
use crate::wallet::Outcome;

/// A request that has not been answered yet. Dropping it answers nothing and gives its place back.
#[derive(Debug)]
pub struct Asker {
    /// Where the answer goes, and its place among the unanswered ones.
    pub admitted: Admitted,
    /// The request in binary packing: the answer echoes parts of it.
    pub frame: Bytes,
    /// What stood in front of it: the answer goes back to where it came from.
    pub header: Header,
    /// When it came.
    pub arrived: Instant,
    /// What it asks for, for the figures.
    pub kind: Kind,
    /// How its answer is written.
    pub reply: Reply,
}

/// Writes the answer to a request into an outbox: malls and the wallet server are answered in other
/// messages.
pub type Reply = fn(&Asker, &Outcome, &mut BytesMut);

impl Asker {
    /// Writes the answer into the connection's outbox and gives the place back. True where the
    /// connection has to be flushed and nobody was told so before.
    pub fn answer(self, outcome: &Outcome) -> Option<Arc<Connection>> {
        let connection = self.admitted.connection();
        let first = connection.write(|out| (self.reply)(&self, outcome, out));
        first.then(|| Arc::clone(connection))
    }
}
