//! A reversal advice for the host, from what the journal says about the original.

use tessera_protocol::{Amount, Mti};

use super::Unread;
use crate::host::{
    Advice, CardUpdate, HostMessage, LOAD_PROCESSING_CODE, PAYOUT_PROCESSING_CODE, Posting,
};
use tessera_journal::{JournalError, Record};
use tessera_kit::clock;
use tessera_ledger::{AdviceSubject, Event};
use tessera_store::{ReadBackError, read_back};

/// Why an advice could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The event could not be read back.
    #[error(transparent)]
    ReadBackError(#[from] ReadBackError),
    /// The event never went to the host.
    #[error("the event at {0} was never sent to the financial system")]
    NeverSent(u64),
}

/// What the host is told of the transaction, of which `record` reads the event that opened it.
pub(crate) fn read(
    record: impl FnOnce(u64) -> Result<Record, JournalError>,
    unread: &Unread,
) -> Result<HostMessage, MessageError> {
    let entry = read_back(record(unread.position))?;
    match unread.subject {
        AdviceSubject::Undo(left) => undo(entry.event, left, unread),
        AdviceSubject::Posting => posting(entry.event, unread),
        AdviceSubject::Card => match entry.event {
            Event::CardRetired { card, .. } => Some(HostMessage::Card {
                update: CardUpdate::Cancel(card),
                repeat: false,
            }),
            _ => None,
        },
    }
    .ok_or(MessageError::NeverSent(unread.position))
}

/// It is undone, down to what shall be left of it.
fn undo(event: Event, left: Amount, unread: &Unread) -> Option<HostMessage> {
    let original_mti = match (&event, event.opening()?.class) {
        (Event::Advised { .. }, 1) => Mti::AUTHORIZATION_ADVICE,
        (Event::Advised { .. } | Event::Completed { .. }, _) => Mti::COMPLETION,
        (_, 1) => Mti::AUTHORIZATION,
        _ => Mti::PURCHASE,
    };
    // What was decided without the host reached it under another trace number and time each time.
    let sent_later = original_mti.is_advice();
    let (opening, host_trace, card, own) = match event {
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
        Event::Advised { opening, card, .. } | Event::Completed { opening, card, .. } => {
            (opening, 0, card, None)
        }
        _ => return None,
    };
    let transmission = clock::transmission(opening.reference.milliseconds());
    // What we sent in our own name has our time, which is UTC.
    let (local_date, local_time) = match own {
        Some(_) => (transmission / 1_000_000, transmission % 1_000_000),
        None => (opening.local_date, opening.local_time),
    };
    Some(HostMessage::Reversal(Box::new(Advice {
        repeat: false,
        card,
        processing_code: own.unwrap_or_else(|| opening.host_processing_code()),
        amount: opening.amount,
        replacement: (!left.is_zero()).then_some(left),
        currency: opening.currency,
        original_mti,
        original_trace: host_trace,
        original_transmission: if sent_later { 0 } else { transmission },
        original_institution: match own {
            Some(_) => 0,
            None => opening.institution,
        },
        local_time,
        local_date,
        settlement_date: unread.settlement_date,
        terminal: match own {
            Some(_) => crate::host::LOAD_TERMINAL,
            None => opening.terminal,
        },
        acceptor: match own {
            Some(_) => crate::host::LOAD_ACCEPTOR,
            None => opening.acceptor,
        },
        reference_of_original: opening.reference,
        in_doubt: unread.in_doubt,
    })))
}

/// It was decided without the host.
fn posting(event: Event, unread: &Unread) -> Option<HostMessage> {
    let original = unread.original;
    let (opening, card, expiry, amount, original) = match event {
        // Approved in the host's stead: the host may have had the request.
        Event::Held {
            opening,
            card,
            expiry,
            granted,
            ..
        } => {
            let amount = granted.unwrap_or(opening.amount);
            (opening, card, expiry, amount, original)
        }
        Event::Advised {
            opening,
            card,
            expiry,
            ..
        } => {
            let amount = opening.amount;
            (opening, card, expiry, amount, None)
        }
        Event::Completed {
            opening,
            card,
            expiry,
            debit,
            ..
        } => (opening, card, expiry, debit, original),
        _ => return None,
    };
    Some(HostMessage::Posting(Box::new(Posting {
        mti: match opening.class {
            1 => Mti::AUTHORIZATION_ADVICE,
            _ => Mti::COMPLETION,
        },
        card,
        expiry,
        settlement_date: unread.settlement_date,
        amount,
        currency: opening.currency,
        institution: opening.institution,
        local_time: opening.local_time,
        local_date: opening.local_date,
        merchant: opening.merchant,
        terminal: opening.terminal,
        acceptor: opening.acceptor,
        original,
    })))
}
