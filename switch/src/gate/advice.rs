//! A reversal advice for the host, from what the journal says about the original.

use tessera_protocol::Mti;

use super::Unread;
use crate::clock;
use crate::host::{Advice, CardUpdate, HostMessage, LOAD_PROCESSING_CODE, PAYOUT_PROCESSING_CODE};
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

/// The advice that undoes the transaction down to what stands of it, or that its card is no more.
pub(super) fn read(journal: &dyn Journal, unread: &Unread) -> Result<HostMessage, Unmade> {
    let entry = Entry::read_back(journal.read(unread.position))?;
    let (opening, host_trace, card, own) = match entry.event {
        Event::Held {
            opening,
            host_trace,
            card,
            ..
        }
        | Event::RefundRequested {
            opening,
            host_trace,
            card,
            ..
        } => (opening, host_trace, card, None),
        Event::LoadRequested {
            opening,
            host_trace,
            card,
            ..
        } => (opening, host_trace, card, Some(LOAD_PROCESSING_CODE)),
        Event::PayoutRequested {
            opening,
            host_trace,
            card,
            ..
        } => (opening, host_trace, card, Some(PAYOUT_PROCESSING_CODE)),
        Event::CardRetired { card, .. } => {
            return Ok(HostMessage::Card {
                update: CardUpdate::Cancel(card),
                repeat: false,
            });
        }
        _ => return Err(Unmade::NeverSent(unread.position)),
    };
    let transmission = clock::transmission(opening.reference.milliseconds());
    // What we sent in our own name has our time, which is UTC.
    let (local_date, local_time) = match own {
        Some(_) => (transmission / 1_000_000, transmission % 1_000_000),
        None => (opening.local_date, opening.local_time),
    };
    Ok(HostMessage::Reversal(Box::new(Advice {
        repeat: false,
        card,
        processing_code: own.unwrap_or(opening.processing_code),
        amount: opening.amount,
        replacement: (!unread.standing.is_zero()).then_some(unread.standing),
        currency: opening.currency,
        original_mti: Mti::PURCHASE,
        original_trace: host_trace,
        original_transmission: transmission,
        original_institution: match own {
            Some(_) => 0,
            None => opening.institution,
        },
        local_time,
        local_date,
        terminal: match own {
            Some(_) => crate::host::LOAD_TERMINAL,
            None => opening.terminal,
        },
        acceptor: match own {
            Some(_) => crate::host::LOAD_ACCEPTOR,
            None => opening.acceptor,
        },
        reference_of_original: opening.reference,
    })))
}
