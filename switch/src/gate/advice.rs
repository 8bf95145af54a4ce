//! A reversal advice for the host, from what the journal says about the original.

use tessera_protocol::{Amount, CardNumber, Mti};

use super::Unread;
use tessera_host::{
    Advice, CardUpdate, HostMessage, LOAD_PROCESSING_CODE, PAYOUT_PROCESSING_CODE, Posting,
};
use tessera_journal::{JournalError, Position, Record};
use tessera_kit::clock;
use tessera_ledger::{AdviceSubject, Class, Event, HostPurpose, ToHost};
use tessera_store::{ReadBackError, read_back};

/// Why an advice could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The event could not be read back.
    #[error(transparent)]
    ReadBackError(#[from] ReadBackError),
    /// Its wallet has no number for the card.
    #[error("the wallet of the event at {0} has no card number")]
    NoNumber(Position),
    /// The event never went to the host.
    #[error("the event at {0} was never sent to the financial system")]
    NeverSent(Position),
}

/// The advice to the host about the transaction; `record` reads the event that opened it.
pub(crate) fn read(
    record: impl FnOnce(Position) -> Result<Record, JournalError>,
    unread: &Unread,
) -> Result<HostMessage, MessageError> {
    let entry = read_back(record(unread.position))?;
    let no_number = MessageError::NoNumber(unread.position);
    let number = |sent: ToHost<'_>| {
        let number = unread.numbers.of_or_newest(sent.card).cloned();
        number.ok_or(MessageError::NoNumber(unread.position))
    };
    match unread.subject {
        AdviceSubject::Undo(left) => {
            let sent = entry.event.to_host();
            sent.map(|sent| Ok(undo(sent, number(sent)?, left, unread)))
        }
        AdviceSubject::Posting => {
            let sent = entry.event.to_host();
            sent.and_then(|sent| match number(sent) {
                Ok(card) => posting(sent, card, unread).map(Ok),
                Err(error) => Some(Err(error)),
            })
        }
        AdviceSubject::Card => {
            let Event::CardRetired { card, .. } = entry.event else {
                return Err(MessageError::NeverSent(unread.position));
            };
            let number = unread.numbers.of(card).ok_or(no_number)?;
            Some(Ok(HostMessage::Card {
                update: CardUpdate::Cancel(number.clone()),
                repeat: false,
            }))
        }
    }
    .unwrap_or(Err(MessageError::NeverSent(unread.position)))
}

/// It is undone, down to what shall be left of it.
fn undo(sent: ToHost<'_>, card: CardNumber, left: Amount, unread: &Unread) -> HostMessage {
    let opening = sent.opening;
    let original_mti = match (sent.purpose, opening.class) {
        (HostPurpose::Advice, Class::Authorization) => Mti::AUTHORIZATION_ADVICE,
        (HostPurpose::Advice | HostPurpose::Completion, _) => Mti::COMPLETION,
        (_, Class::Authorization) => Mti::AUTHORIZATION,
        _ => Mti::PURCHASE,
    };
    let own = match sent.purpose {
        HostPurpose::Load => Some(LOAD_PROCESSING_CODE),
        HostPurpose::Payout => Some(PAYOUT_PROCESSING_CODE),
        HostPurpose::Payment
        | HostPurpose::Refund
        | HostPurpose::Advice
        | HostPurpose::Completion => None,
    };
    let transmission = clock::transmission(opening.reference.given_at());
    // What we sent in our own name has our time, which is UTC.
    let (local_date, local_time) = match own {
        Some(_) => (transmission / 1_000_000, transmission % 1_000_000),
        None => (opening.local_date, opening.local_time),
    };
    HostMessage::Reversal(Box::new(Advice {
        repeat: false,
        card,
        processing_code: own.unwrap_or_else(|| opening.host_processing_code()),
        amount: opening.amount,
        replacement: (!left.is_zero()).then_some(left),
        currency: opening.currency,
        original_mti,
        original_trace: sent.trace,
        // What was decided without the host reached it under another trace number and time each time.
        original_transmission: sent.trace.map_or(0, |_| transmission),
        original_institution: match own {
            Some(_) => None,
            None => opening.institution,
        },
        local_time,
        local_date,
        settlement_date: unread.settlement_date,
        terminal: match own {
            Some(_) => tessera_host::LOAD_TERMINAL,
            None => opening.terminal,
        },
        acceptor: match own {
            Some(_) => tessera_host::LOAD_ACCEPTOR,
            None => opening.acceptor,
        },
        reference_of_original: opening.reference,
        in_doubt: unread.in_doubt,
    }))
}

/// It was decided without the host.
fn posting(sent: ToHost<'_>, card: CardNumber, unread: &Unread) -> Option<HostMessage> {
    let opening = sent.opening;
    let original = match sent.purpose {
        // Approved in the host's stead, the request may have reached the host.
        HostPurpose::Payment | HostPurpose::Completion => unread.original,
        HostPurpose::Advice => None,
        HostPurpose::Refund | HostPurpose::Load | HostPurpose::Payout => return None,
    };
    Some(HostMessage::Posting(Box::new(Posting {
        mti: match opening.class {
            Class::Authorization => Mti::AUTHORIZATION_ADVICE,
            Class::Financial | Class::Reversal | Class::Administrative => Mti::COMPLETION,
        },
        card,
        expiry: sent.expiry,
        settlement_date: unread.settlement_date,
        amount: sent.amount,
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
