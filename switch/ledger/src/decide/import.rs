//! What the financial system has booked and a restored, older journal lacks is imported into the wallet: as the financial system
//! has it, and without sending it there again.
//!
//! | booked | events |
//! | --- | --- |
//! | a debit that completes an authorization which holds as much | `Completed`, `PostingAcknowledged` |
//! | another debit that was asked for | `Held`, `Approved` |
//! | one of which the financial system was notified | `Advised`, `PostingAcknowledged`: what is not there is owed |
//! | a credit that a party asked for | `RefundRequested`, `Approved` |
//! | a load | `LoadRequested`, `Approved` |
//! | what the wallet was waiting for | `Approved` |
//! | less is left | `Reversed`, `AdviceAcknowledged` |
//!
//! The financial system does not know the trace number of the request (field 11), nor how it named the payer. So an imported
//! transaction stays at hand as long as it is kept: a repeat of its request is known by party, fields 12, 13, 41 and 42 and the
//! amount, a reversal by terminal, amount and the time in field 90 (`original.rs`).

use smallvec::{SmallVec, smallvec};
use tessera_kit::clock;
use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, Currency, Institution, Stan};

use super::super::transaction::{HoldState, Kind, Status, Transaction};
use super::super::{
    Action, Ask, DuplicateKey, Event, KeyFields, KeyPayer, Merchant, Opening, Outcome, Payer,
    Reference, Wallet,
};
use super::{Decision, completed, reversal};
use crate::opening::REFUND;
use crate::{CardName, Class, Rule};

/// What the financial system knows of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookedRequest {
    /// Field 37 towards the financial system; of a reversal, which has none there, a new one.
    pub reference: Reference,
    /// Field 32; none for loads and payouts.
    pub institution: Option<Institution>,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Field 41.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
    /// What was debited, credited or reversed.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// Of field 2.
    pub card: CardName,
}

/// What the financial system has booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booking {
    /// Money was taken from the wallet.
    Debit {
        /// The authorization that it completes.
        authorization: Option<Reference>,
        /// Field 11 as the financial system got it; none of what it was notified of (0220), which had another one each time.
        host_trace: Option<Stan>,
    },
    /// Money was given to the wallet, as a party asked for.
    Credit {
        /// The purchase that it refunds.
        purchase: Option<Reference>,
        /// Field 11 as the financial system got it.
        host_trace: Stan,
    },
    /// The payer loaded money, asked for under this field 11.
    Load(Stan),
    /// The request with this reference, to which the wallet has no answer, was approved.
    Awaited(Reference),
    /// Of a transaction that the wallet has, less is left.
    Left {
        /// The transaction.
        of: Reference,
        /// What is left of it.
        left: Amount,
        /// What stays of it whatever becomes of its refunds, as far as that can be seen.
        stays: Amount,
    },
}

/// Why a booking can't be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotImported {
    /// Of another currency than the wallet or the transaction.
    #[error("it is not in the wallet's currency")]
    Currency,
    /// The wallet takes and gives nothing any more.
    #[error("the wallet was ended")]
    Ended,
    /// The financial system approved it when there was more.
    #[error("the wallet does not have the money")]
    Money,
    /// Above what a message can carry.
    #[error("it is more than a wallet can hold")]
    TooMuch,
    /// Refunds do not exceed their purchase.
    #[error("its purchase does not have so much left")]
    Purchase,
    /// The transaction of an answer or reversal.
    #[error("the wallet does not have its debit or credit")]
    Unknown,
    /// The transaction of an answer is a debit, the booking a credit, or the other way round.
    #[error("the wallet has it on the other side")]
    Side,
    /// The transaction of an answer.
    #[error("the wallet has it with another amount")]
    Amount,
    /// The transaction was given up.
    #[error("the wallet has given it up, and the start has the financial system reverse it")]
    GivenUp,
    /// The transaction of a reversal is not decided.
    #[error("the wallet still waits for the answer to its debit or credit")]
    Waits,
    /// A transaction is reversed once.
    #[error("it was reversed before, or less of it is left here")]
    Reversed,
}

impl Booking {
    fn class(self) -> Class {
        match self {
            Self::Debit { .. } | Self::Credit { .. } | Self::Awaited(_) => Class::Financial,
            Self::Left { .. } => Class::Reversal,
            Self::Load(_) => Class::Administrative,
        }
    }

    fn processing_code(self) -> u32 {
        match self {
            Self::Credit { .. } => REFUND,
            Self::Load(_) => u32::from(Operation::Load.number()),
            Self::Debit { .. } | Self::Awaited(_) | Self::Left { .. } => 0,
        }
    }
}

impl BookedRequest {
    /// The request, as far as it is known: for [`import`].
    pub fn opening(&self, booking: Booking) -> Opening {
        let retrieval = self.reference.to_text();
        let (class, processing_code) = (booking.class(), booking.processing_code());
        Opening {
            reference: self.reference,
            // No request has such a key.
            key: DuplicateKey::of(KeyFields {
                institution: None,
                terminal: b"IMPORTED",
                acceptor: &std::array::from_fn(|place| retrieval.get(place).copied().unwrap_or(0)),
                trace: None,
                local_time: 0,
                local_date: 0,
                class: class.number(),
                processing_code,
                payer: KeyPayer::Wallet,
            }),
            institution: self.institution,
            class,
            processing_code,
            trace: None,
            transmission: clock::transmission(self.reference.given_at()),
            local_time: self.local_time,
            local_date: self.local_date,
            terminal: self.terminal,
            acceptor: self.acceptor,
            repeat: false,
            retrieval,
            amount: self.amount,
            currency: self.currency,
            payer: match booking {
                Booking::Load(_) => Payer::Wallet,
                Booking::Debit { .. }
                | Booking::Credit { .. }
                | Booking::Awaited(_)
                | Booking::Left { .. } => Payer::Card(self.card, None),
            },
            merchant: Merchant::default(),
            place: None,
        }
    }
}

/// The events that bring `booking` into the wallet, in their order; none where it has it. `opening` has what the financial system
/// knows of the request; for [`Booking::Left`], of the reversal. The transactions that the booking names must be at hand.
///
/// # Errors
/// Why it can't come into this wallet.
pub fn import(
    wallet: &Wallet,
    opening: &Opening,
    booking: Booking,
) -> Result<SmallVec<[Event; 2]>, NotImported> {
    if wallet.currency != Some(opening.currency) {
        return Err(NotImported::Currency);
    }
    let ended = wallet.has_ended();
    match booking {
        Booking::Left { of, left, stays } => reverse(wallet, opening, of, (left, stays)),
        Booking::Awaited(reference) => approve(wallet, opening, reference),
        Booking::Debit { .. } | Booking::Credit { .. } | Booking::Load(_) if ended => {
            Err(NotImported::Ended)
        }
        Booking::Debit {
            authorization,
            host_trace,
        } => debit(wallet, opening, authorization, host_trace),
        Booking::Credit { .. } | Booking::Load(_) if !wallet.may_take(opening.amount) => {
            Err(NotImported::TooMuch)
        }
        Booking::Credit {
            purchase,
            host_trace,
        } => credit(wallet, opening, purchase, host_trace),
        Booking::Load(host_trace) => {
            let (card, expiry) = completed::shown_card(wallet, opening);
            let requested = Event::LoadRequested {
                opening: opening.clone(),
                host_trace,
                card,
                expiry,
                source: 0,
                by_itself: false,
            };
            Ok(approved(requested, opening.reference))
        }
    }
}

fn approved(requested: Event, reference: Reference) -> SmallVec<[Event; 2]> {
    smallvec![requested, Event::Approved { reference }]
}

fn debit(
    wallet: &Wallet,
    opening: &Opening,
    authorization: Option<Reference>,
    host_trace: Option<Stan>,
) -> Result<SmallVec<[Event; 2]>, NotImported> {
    let (card, expiry) = completed::shown_card(wallet, opening);
    let (reference, opening) = (opening.reference, opening.clone());
    let authorization = authorization
        .and_then(|authorization| wallet.transactions.by_reference(authorization))
        .filter(|found| holds(found, opening.amount));
    let booked = match (authorization, host_trace) {
        (Some(authorization), _) => Event::Completed {
            original: Some(authorization.reference),
            card,
            expiry,
            debit: opening.amount,
            from_hold: opening.amount,
            // The party may complete the rest.
            closes: false,
            unmatched: false,
            opening,
        },
        (None, Some(_)) if !wallet.available.covers(opening.amount) => {
            return Err(NotImported::Money);
        }
        (None, Some(host_trace)) => {
            let held = Event::Held {
                host_trace,
                card,
                expiry,
                granted: None,
                expires_at: None,
                opening,
            };
            return Ok(approved(held, reference));
        }
        (None, None) => Event::Advised {
            card,
            expiry,
            expires_at: None,
            opening,
        },
    };
    Ok(smallvec![booked, Event::PostingAcknowledged { reference }])
}

fn holds(authorization: &Transaction, amount: Amount) -> bool {
    let hold = authorization.hold();
    authorization.status == Status::Approved
        && hold.is_some_and(|hold| hold.state == HoldState::Open && hold.held >= amount)
}

fn credit(
    wallet: &Wallet,
    opening: &Opening,
    purchase: Option<Reference>,
    host_trace: Stan,
) -> Result<SmallVec<[Event; 2]>, NotImported> {
    // One that is not known any more bears no further refund anyway.
    let purchase = purchase.and_then(|purchase| wallet.transactions.by_reference(purchase));
    if purchase.is_some_and(|found| !bears_refund(found, opening.amount)) {
        return Err(NotImported::Purchase);
    }
    let (card, expiry) = completed::shown_card(wallet, opening);
    let requested = Event::RefundRequested {
        opening: opening.clone(),
        original: purchase.map(|found| found.reference),
        early: false,
        host_trace,
        card,
        expiry,
    };
    Ok(approved(requested, opening.reference))
}

fn bears_refund(purchase: &Transaction, amount: Amount) -> bool {
    let left = purchase.standing.saturating_sub(purchase.more().used);
    matches!(purchase.kind, Kind::Purchase | Kind::Completion)
        && purchase.status == Status::Approved
        && amount <= left
}

fn approve(
    wallet: &Wallet,
    opening: &Opening,
    reference: Reference,
) -> Result<SmallVec<[Event; 2]>, NotImported> {
    let found = wallet.transactions.by_reference(reference);
    let found = found.ok_or(NotImported::Unknown)?;
    match found.status {
        Status::Approved => Ok(SmallVec::new()),
        Status::Declined => Err(NotImported::GivenUp),
        Status::Pending if found.granted() != opening.amount => Err(NotImported::Amount),
        Status::Pending => Ok(smallvec![Event::Approved { reference }]),
    }
}

fn reverse(
    wallet: &Wallet,
    opening: &Opening,
    reference: Reference,
    (left, stays): (Amount, Amount),
) -> Result<SmallVec<[Event; 2]>, NotImported> {
    let found = wallet.transactions.by_reference(reference);
    let original = found.ok_or(NotImported::Unknown)?;
    if original.standing == left {
        return Ok(SmallVec::new());
    }
    match original.status {
        Status::Approved => {}
        Status::Pending => return Err(NotImported::Waits),
        Status::Declined => return Err(NotImported::GivenUp),
    }
    let used = original.more().used;
    if original.more().asked.is_some() && original.stands_at(used) == left {
        // The reversal of its refund was imported, and what that gives back was not: it was interrupted.
        let mut decision = Decision::default();
        reversal::lower(
            wallet,
            original,
            used,
            opening.reference.given_at(),
            &mut decision,
        );
        return Ok(decision.events.into_iter().collect());
    }
    if original.more().asked.is_some() || left > original.standing {
        return Err(NotImported::Reversed);
    }
    // A refund keeps what it gave back, until it is reversed too.
    let asked = match used >= left {
        true => stays.min(left),
        false => left,
    };
    let undone = reversal::undo(wallet, opening, original, asked);
    let mut events: SmallVec<[Event; 2]> = undone.events.into_iter().collect();
    events.push(Event::AdviceAcknowledged { reference });
    Ok(events)
}

/// The imported transaction whose request is repeated: the one with the amount, or the only one with less, if less may have been
/// booked of such a request.
pub(super) fn find<'a>(wallet: &'a Wallet, ask: &Ask) -> Option<&'a Transaction> {
    let opening = &ask.opening;
    let said = opening.traits();
    let completes = matches!(ask.action, Action::Complete { .. });
    let less = completes || opening.merchant.takes_part && !super::is_advice(&ask.action);
    let alike = |found: &&Transaction| {
        let traits = found.traits();
        found.is_imported()
            && found.currency == opening.currency
            && (traits.institution, traits.class, traits.credits)
                == (said.institution, said.class, said.credits)
            && (traits.local, traits.terminal, traits.acceptor)
                == (said.local, said.terminal, said.acceptor)
            && (found.amount == opening.amount || less && found.amount < opening.amount)
    };
    let all: SmallVec<[&Transaction; 4]> = wallet.transactions.iter().filter(alike).collect();
    let exact = all.iter().find(|found| found.amount == opening.amount);
    match (exact, all.as_slice()) {
        (Some(found), _) | (None, [found]) => Some(found),
        (None, _) => None,
    }
}

/// What such a repeat is answered: as the request was. What was reversed as a whole may have been so because the request was given
/// up: a party that reversed it does not ask again.
pub(super) fn answer_again(seen: &Transaction, opening: &Opening) -> Outcome {
    if seen.standing.is_zero() {
        return Outcome::declined(Rule::ReversedMeanwhile);
    }
    let less = seen.amount < opening.amount && opening.merchant.takes_part;
    Outcome {
        approval: Some(seen.approval()),
        ..super::approved(opening.amount, less.then_some(seen.amount))
    }
}
