//! A wallet's last events, read off the journal from the newest on.

use tessera_protocol::ResponseCode;

use crate::journal::Journal;
use crate::wallet::{Details, Entry, HistoryRequest, Outcome, Sources, WalletId};

/// What the request asks for, and where the next one would go on.
pub(super) fn read(
    journal: &dyn Journal,
    wallet: WalletId,
    request: HistoryRequest,
    sources: Sources,
) -> Outcome {
    let mut entries = Vec::new();
    let mut position = request.from;
    while position != 0 && entries.len() < usize::from(request.events) {
        match Entry::read_back(journal.read(position)) {
            Ok(entry) if entry.wallet == wallet => {
                let previous = entry.previous;
                entries.push((position, entry));
                position = previous;
            }
            // A position that is not this wallet's: the wallet server made it up.
            Ok(_) => break,
            // Not the end: whoever asks must not take it for that.
            Err(error) => {
                tracing::error!(%error, "a wallet's history could not be read");
                return Outcome::declined(ResponseCode::FAULT, "the journal could not be read");
            }
        }
    }
    Outcome {
        details: Details::History {
            entries,
            next: position,
            sources,
        },
        ..Outcome::approved()
    }
}
