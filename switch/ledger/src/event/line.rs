//! The line of a payer's history that an event is.

use tessera_protocol::leased::{EventKind, Purpose};
use tessera_protocol::{Amount, ResponseCode};

use super::Event;
use crate::Class;
use crate::Payer;
use crate::{Change, LastFour, Opening, Reference};

/// One line of a payer's history, but for what its request says.
#[derive(Debug)]
pub struct Line<'a> {
    /// What it is called.
    pub kind: EventKind,
    /// The transaction: the one that the event opens, or that it is about.
    pub reference: Option<Reference>,
    /// The purchase or authorization that it undoes, gives back or completes.
    pub original: Option<Reference>,
    /// How much; what is left where it is a reversal.
    pub amount: Amount,
    /// Field 39 of the answer, where the event decides it.
    pub code: Option<ResponseCode>,
    /// The card that it is about.
    pub card: Option<LastFour>,
    /// What else it says.
    pub detail: Detail<'a>,
    /// What a party asked for.
    pub purpose: Option<Purpose>,
    /// Why it was declined.
    pub reason: Option<&'a str>,
}

/// What an event says in words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail<'a> {
    /// Nothing.
    None,
    /// The number of a funding source.
    Source(u32),
    /// A text: a device, a masked source or contact.
    Text(&'a str),
    /// What is bought, as the payer agreed to it.
    Description(&'a [u8]),
}

impl Event {
    /// The line of the payer's history that this event is.
    pub fn line(&self) -> Line<'_> {
        let opening = self.opening();
        let line = Line {
            kind: kind(self),
            reference: opening.map(|opening| opening.reference),
            original: None,
            amount: opening.map_or(Amount::ZERO, |opening| opening.amount),
            code: None,
            card: match opening.map(|opening| &opening.payer) {
                Some(Payer::Card(card, _)) => Some(card.last_four),
                Some(Payer::Order(_) | Payer::Wallet) | None => None,
            },
            detail: Detail::None,
            purpose: opening.and_then(purpose),
            reason: None,
        };
        match self {
            Self::Approved { reference }
            | Self::AdviceAcknowledged { reference }
            | Self::PostingAcknowledged { reference }
            | Self::Expired { reference }
            | Self::StoodIn { reference }
            | Self::Repeated { reference, .. } => Line {
                reference: Some(*reference),
                ..line
            },
            Self::Released {
                reference, code, ..
            } => Line {
                reference: Some(*reference),
                code: Some(*code),
                ..line
            },
            Self::CardIssued {
                reference, card, ..
            } => Line {
                reference: Some(*reference),
                card: Some(LastFour::of(card)),
                ..line
            },
            Self::CardRetired { card, .. } => Line {
                card: Some(card.last_four),
                ..line
            },
            Self::Provisioned { balance, .. } => Line {
                amount: *balance,
                ..line
            },
            Self::Held { granted, .. } => Line {
                amount: granted.unwrap_or(line.amount),
                ..line
            },
            Self::Advised { .. } => Line {
                code: Some(ResponseCode::APPROVED),
                ..line
            },
            Self::Declined { code, reason, .. } => Line {
                code: Some(*code),
                reason: Some(reason.text()),
                ..line
            },
            Self::ReversalNoted { code, .. } => Line {
                code: Some(*code),
                ..line
            },
            Self::Completed {
                original, debit, ..
            } => Line {
                original: *original,
                amount: *debit,
                ..line
            },
            Self::RefundRequested { original, .. } => Line {
                original: *original,
                ..line
            },
            Self::Reversed {
                original, standing, ..
            }
            | Self::ReversedFurther {
                original, standing, ..
            } => Line {
                original: Some(*original),
                amount: *standing,
                ..line
            },
            // A source that was removed since is not named any more.
            Self::LoadRequested { source, .. } | Self::PayoutRequested { source, .. } => Line {
                detail: Detail::Source(*source),
                ..line
            },
            Self::OrderAnnounced { description, .. } => Line {
                detail: Detail::Description(description),
                ..line
            },
            Self::Account {
                change: Change::Disputed(reference),
                ..
            } => Line {
                reference: Some(*reference),
                ..line
            },
            Self::Account { change, .. } => Line {
                detail: detail(change),
                ..line
            },
            Self::Opened(_)
            | Self::CardRequested { .. }
            | Self::OrderCancelled { .. }
            | Self::Closed { .. }
            | Self::GivenUp { .. }
            | Self::Directed(_)
            | Self::Reconciled(_)
            | Self::CardLate { .. } => line,
        }
    }
}

/// What the party asks for; none where it is the wallet server.
fn purpose(opening: &Opening) -> Option<Purpose> {
    Some(match opening.class {
        Class::Administrative => return None,
        Class::Reversal => Purpose::Reversal,
        Class::Authorization | Class::Financial if opening.is_load() => Purpose::Load,
        Class::Authorization | Class::Financial if opening.credits() => Purpose::Refund,
        Class::Authorization | Class::Financial => Purpose::Payment,
    })
}

/// What the payer's history calls it.
fn kind(event: &Event) -> EventKind {
    match event {
        Event::Opened(_) => EventKind::Opened,
        Event::Provisioned { .. } => EventKind::Provisioned,
        Event::CardRequested { .. } => EventKind::CardRequested,
        Event::CardIssued { .. } => EventKind::CardIssued,
        Event::CardRetired { .. } => EventKind::CardRetired,
        Event::LoadRequested { .. } => EventKind::LoadRequested,
        Event::PayoutRequested { .. } => EventKind::PayoutRequested,
        Event::RefundRequested { opening, .. } if opening.is_load() => EventKind::LoadRequested,
        Event::RefundRequested { .. } => EventKind::RefundRequested,
        Event::Held { opening, .. } | Event::Advised { opening, .. }
            if opening.class == Class::Authorization =>
        {
            EventKind::Authorized
        }
        Event::Held { .. } => EventKind::Held,
        Event::Advised { .. } => EventKind::Advised,
        Event::Completed { closes: true, .. } => EventKind::Completed,
        Event::Completed { .. } => EventKind::CompletedInPart,
        Event::Expired { .. } => EventKind::Expired,
        Event::StoodIn { .. } => EventKind::Approved,
        Event::PostingAcknowledged { .. } => EventKind::AdviceAcknowledged,
        Event::Approved { .. } => EventKind::Approved,
        Event::Released { .. } => EventKind::Released,
        Event::Declined { .. } => EventKind::Declined,
        Event::Reversed { .. } | Event::ReversedFurther { .. } => EventKind::Reversed,
        Event::ReversalNoted { .. } => EventKind::ReversalNoted,
        Event::AdviceAcknowledged { .. } => EventKind::AdviceAcknowledged,
        Event::Repeated { .. } => EventKind::Repeated,
        Event::CardLate { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_) => EventKind::Other,
        Event::OrderAnnounced { .. } => EventKind::OrderAnnounced,
        Event::OrderCancelled { .. } => EventKind::OrderCancelled,
        Event::Closed { .. } => EventKind::Closed,
        Event::Account { change, .. } => match change {
            Change::Registered(_) => EventKind::Opened,
            Change::SignedIn(_) => EventKind::SignedIn,
            Change::SignedOut(_) => EventKind::SignedOut,
            Change::PasswordChanged { .. } | Change::Recovered(_) => EventKind::PasswordChanged,
            Change::SourceAdded(_) => EventKind::SourceAdded,
            Change::SourceRemoved(_) => EventKind::SourceRemoved,
            Change::ReloadSet(_) => EventKind::ReloadSet,
            Change::Frozen | Change::Disputed(_) => EventKind::Frozen,
            Change::Unfrozen => EventKind::Unfrozen,
            Change::LimitsSet(_) => EventKind::LimitsSet,
            Change::ContactProposed { .. } => EventKind::ContactProposed,
            Change::ContactConfirmed(_) => EventKind::ContactConfirmed,
            Change::ContactRemoved => EventKind::ContactRemoved,
            Change::PreferencesSet(_) => EventKind::PreferencesSet,
            Change::SessionUsed(_)
            | Change::SourceResealed(..)
            | Change::CodeMissed
            | Change::RecoverySet(_)
            | Change::LanguageSet(_)
            | Change::ContactResealed(_)
            | Change::PasskeyAdded { .. }
            | Change::PasskeyUsed(_)
            | Change::PasskeyRenamed(..)
            | Change::PasskeyRemoved(_)
            | Change::BrowserAdded(..)
            | Change::BrowserRemoved(_) => EventKind::Other,
        },
    }
}

fn detail(change: &Change) -> Detail<'_> {
    match change {
        Change::SignedIn(session) => Detail::Text(&session.device),
        Change::SourceAdded(source) => Detail::Text(&source.shown),
        Change::ContactProposed { proposed, .. } => Detail::Text(&proposed.contact.shown),
        Change::PasskeyAdded { passkey, .. } => Detail::Text(&passkey.name),
        Change::BrowserAdded(browser, _) => Detail::Text(&browser.name),
        Change::Registered(_)
        | Change::SignedOut(_)
        | Change::SessionUsed(_)
        | Change::PasswordChanged { .. }
        | Change::RecoverySet(_)
        | Change::Recovered(_)
        | Change::SourceRemoved(_)
        | Change::SourceResealed(..)
        | Change::ReloadSet(_)
        | Change::Frozen
        | Change::Unfrozen
        | Change::Disputed(_)
        | Change::LimitsSet(_)
        | Change::CodeMissed
        | Change::ContactConfirmed(_)
        | Change::ContactResealed(_)
        | Change::ContactRemoved
        | Change::PreferencesSet(_)
        | Change::LanguageSet(_)
        | Change::PasskeyUsed(_)
        | Change::PasskeyRenamed(..)
        | Change::PasskeyRemoved(_)
        | Change::BrowserRemoved(_) => Detail::None,
    }
}
