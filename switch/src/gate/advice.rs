//! A reversal advice for the host, from what the journal says about the original.

use tessera_protocol::Mti;

use super::Unread;
use crate::clock;
use crate::host::{Advice, HostMessage};
use crate::journal::Journal;
use crate::wallet::{Entry, Event, Unrecalled};

/// Why an advice could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Unmade {
    /// The event could not be read back.
    #[error(transparent)]
    Unrecalled(#[from] Unrecalled),
    /// The event never went to the host.
    #[error("the event at {0} was never sent to the financial system")]
    NeverSent(u64),
}

/// The advice that undoes the transaction down to what stands of it.
pub(super) fn read(journal: &dyn Journal, unread: &Unread) -> Result<HostMessage, Unmade> {
    let entry = Entry::read_back(journal.read(unread.position))?;
    let (Event::Held {
        opening,
        host_trace,
        card,
        ..
    }
    | Event::LoadRequested {
        opening,
        host_trace,
        card,
        ..
    }) = entry.event
    else {
        return Err(Unmade::NeverSent(unread.position));
    };
    let load = matches!(opening.class, 6);
    Ok(HostMessage::Reversal(Box::new(Advice {
        repeat: false,
        card,
        processing_code: if load {
            280_000
        } else {
            opening.processing_code
        },
        amount: opening.amount,
        replacement: (!unread.standing.is_zero()).then_some(unread.standing),
        currency: opening.currency,
        original_mti: Mti::PURCHASE,
        original_trace: host_trace,
        original_transmission: clock::transmission(opening.reference.milliseconds()),
        original_institution: opening.institution,
        local_time: opening.local_time,
        local_date: opening.local_date,
        terminal: if load {
            crate::host::LOAD_TERMINAL
        } else {
            opening.terminal
        },
        acceptor: if load {
            crate::host::LOAD_ACCEPTOR
        } else {
            opening.acceptor
        },
        reference_of_original: opening.reference,
    })))
}
