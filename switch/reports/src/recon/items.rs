//! Which items an event adds to the totals of a settlement date, worked out from the events of its wallet alone.
//!
//! An event names the request that it is about and says what stands of it afterwards. What stood before, and of whom it was, is
//! found by going back along the wallet's chain to the event that opened the request.

use tessera_journal::Position;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Class, Entry, Event, Opening, Reference};
use tessera_protocol::{Institution, Totals};

use super::error::ReconError;
use crate::index::Index;

/// Which sum an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Debit,
    DebitReversal,
    Credit,
    CreditReversal,
}

impl std::fmt::Display for Side {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Debit => "debit",
            Self::DebitReversal => "debit_reversal",
            Self::Credit => "credit",
            Self::CreditReversal => "credit_reversal",
        })
    }
}

/// See the head of this file.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub institution: Option<Institution>,
    pub side: Side,
    /// Minor units.
    pub amount: u64,
    /// Whether it counts as one, or goes on with one that was counted.
    pub counts: bool,
    /// The moment whose date it belongs to.
    pub at: Timestamp,
    /// The request that it shows.
    pub opening: Opening,
    /// Of the request whose money it is: what the financial system knows it by, also where this is its reversal.
    pub about: Reference,
}

impl Item {
    pub fn add_to(&self, totals: &mut Totals) {
        let (count, amount) = match self.side {
            Side::Debit => (&mut totals.debits, &mut totals.debit_amount),
            Side::DebitReversal => (
                &mut totals.debit_reversals,
                &mut totals.debit_reversal_amount,
            ),
            Side::Credit => (&mut totals.credits, &mut totals.credit_amount),
            Side::CreditReversal => (
                &mut totals.credit_reversals,
                &mut totals.credit_reversal_amount,
            ),
        };
        *count += u64::from(self.counts);
        *amount = amount.saturating_add(self.amount);
    }
}

/// What money of parties a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// From the payer, as a purchase, a completion or a payout does.
    Debit,
    /// To the payer, as a refund or a load does.
    Credit,
    /// None that is counted: an authorization sets aside.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    Approved,
    Declined,
}

/// A request and what has become of it.
struct Request {
    opening: Opening,
    institution: Option<Institution>,
    moves: Moves,
    /// What was asked for, or less where that is all that there was. Minor units.
    granted: u64,
    /// What of it has not been undone.
    stands: u64,
    state: State,
}

/// What an event does to the request that it names.
enum Does {
    Approve,
    Decline,
    Leave(u64),
}

/// The items of the event at a position.
pub(super) fn items_of(index: &Index, position: Position) -> Result<Vec<Item>, ReconError> {
    let entry = index.entry(position)?;
    let before = |reference, fits: &dyn Fn(&Request) -> bool| {
        request_before(index, position, &entry, reference, fits)
    };
    let mut items = Vec::new();
    match &entry.event {
        Event::Approved { reference } | Event::StoodIn { reference } => {
            let request = before(*reference, &|request| request.state == State::Waits)?;
            let undone = request.granted.saturating_sub(request.stands);
            let at = reference.given_at();
            items.extend(request.item(request.granted, at));
            items.extend(request.undo(undone, at));
        }
        Event::Advised { opening, .. } | Event::Completed { opening, .. } => {
            let request = opened(&entry.event).filter(|request| request.granted > 0);
            let Some(mut request) = request else {
                return Ok(items);
            };
            if let Event::Completed {
                original: Some(original),
                ..
            } = &entry.event
            {
                // It is the party's that had the money set aside.
                request.institution = before(*original, &|_| true)?.institution;
            }
            items.extend(request.item(request.granted, opening.reference.given_at()));
        }
        Event::Reversed {
            opening,
            original,
            standing,
            ..
        } => {
            let fits = |request: &Request| {
                request.state != State::Declined && request.stands >= standing.value()
            };
            let request = before(*original, &fits)?;
            let undone = request.stands.saturating_sub(standing.value());
            if request.state == State::Approved {
                let reversal = request.undo(undone, opening.reference.given_at());
                items.extend(reversal.map(|item| Item {
                    // The list shows the reversal, which has a field 37 of its own.
                    opening: opening.clone(),
                    ..item
                }));
            }
        }
        Event::ReversedFurther {
            original,
            stood,
            standing,
            at,
        } => {
            let request = before(*original, &|request| request.stands == stood.value())?;
            let undone = stood.value().saturating_sub(standing.value());
            if request.state == State::Approved {
                let reversal = request.undo(undone, *at);
                items.extend(reversal.map(|item| Item {
                    counts: false,
                    ..item
                }));
            }
        }
        Event::Opened(_)
        | Event::Provisioned { .. }
        | Event::CardRequested { .. }
        | Event::CardIssued { .. }
        | Event::CardRetired { .. }
        | Event::LoadRequested { .. }
        | Event::PayoutRequested { .. }
        | Event::RefundRequested { .. }
        | Event::Held { .. }
        | Event::Expired { .. }
        | Event::PostingAcknowledged { .. }
        | Event::Released { .. }
        | Event::Declined { .. }
        | Event::ReversalNoted { .. }
        | Event::AdviceAcknowledged { .. }
        | Event::Repeated { .. }
        | Event::OrderAnnounced { .. }
        | Event::OrderCancelled { .. }
        | Event::Account { .. }
        | Event::Closed { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_)
        | Event::CardLate { .. } => {}
    }
    Ok(items)
}

impl Request {
    fn item(&self, amount: u64, at: Timestamp) -> Option<Item> {
        let side = match self.moves {
            Moves::Debit => Side::Debit,
            Moves::Credit => Side::Credit,
            Moves::Nothing => return None,
        };
        Some(Item {
            institution: self.institution,
            side,
            amount,
            counts: true,
            at,
            opening: self.opening.clone(),
            about: self.opening.reference,
        })
    }

    fn undo(&self, amount: u64, at: Timestamp) -> Option<Item> {
        let item = self.item(amount, at).filter(|_| amount > 0)?;
        Some(Item {
            side: match item.side {
                Side::Credit | Side::CreditReversal => Side::CreditReversal,
                Side::Debit | Side::DebitReversal => Side::DebitReversal,
            },
            ..item
        })
    }

    fn becomes(mut self, done: &[Does]) -> Self {
        for does in done.iter().rev() {
            match does {
                Does::Approve => self.state = State::Approved,
                Does::Decline => self.state = State::Declined,
                Does::Leave(stands) => self.stands = *stands,
            }
        }
        self
    }
}

/// The request with this reference as it was before an event of its wallet. Journals of early builds may have a reference twice:
/// the newest is meant to which that can happen which the event says.
fn request_before(
    index: &Index,
    position: Position,
    entry: &Entry,
    reference: Reference,
    fits: &dyn Fn(&Request) -> bool,
) -> Result<Request, ReconError> {
    // What was done to it since, the newest first.
    let mut done = Vec::new();
    let mut next = entry.previous.filter(|before| *before < position);
    while let Some(at) = next {
        let earlier = index.entry(at)?;
        let opens = earlier.event.opening();
        if opens.is_some_and(|opening| opening.reference == reference)
            && let Some(request) = opened(&earlier.event)
        {
            let request = request.becomes(&done);
            if fits(&request) {
                return Ok(request);
            }
        }
        done.extend(does(&earlier.event, reference));
        next = earlier.previous.filter(|before| *before < at);
    }
    Err(ReconError::DoesNotFollow {
        position,
        reference,
    })
}

fn does(event: &Event, reference: Reference) -> Option<Does> {
    let (of, does) = match event {
        Event::Approved { reference } | Event::StoodIn { reference } => (reference, Does::Approve),
        Event::Released { reference, .. } => (reference, Does::Decline),
        Event::Reversed {
            original, standing, ..
        }
        | Event::ReversedFurther {
            original, standing, ..
        } => (original, Does::Leave(standing.value())),
        Event::Opened(_)
        | Event::Provisioned { .. }
        | Event::CardRequested { .. }
        | Event::CardIssued { .. }
        | Event::CardRetired { .. }
        | Event::LoadRequested { .. }
        | Event::PayoutRequested { .. }
        | Event::RefundRequested { .. }
        | Event::Held { .. }
        | Event::Advised { .. }
        | Event::Completed { .. }
        | Event::Expired { .. }
        | Event::PostingAcknowledged { .. }
        | Event::Declined { .. }
        | Event::ReversalNoted { .. }
        | Event::AdviceAcknowledged { .. }
        | Event::Repeated { .. }
        | Event::OrderAnnounced { .. }
        | Event::OrderCancelled { .. }
        | Event::Account { .. }
        | Event::Closed { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_)
        | Event::CardLate { .. } => return None,
    };
    (*of == reference).then_some(does)
}

/// The request that an event opens, if money may move for it.
fn opened(event: &Event) -> Option<Request> {
    let debits = |opening: &Opening| match opening.class {
        Class::Authorization => Moves::Nothing,
        Class::Financial | Class::Reversal | Class::Administrative => Moves::Debit,
    };
    let party = |opening: &Opening| opening.institution;
    let (opening, institution, moves, granted, state) = match event {
        Event::Held {
            opening, granted, ..
        } => {
            let granted = granted.unwrap_or(opening.amount);
            (
                opening,
                party(opening),
                debits(opening),
                granted,
                State::Waits,
            )
        }
        Event::RefundRequested { opening, .. } => {
            let amount = opening.amount;
            (opening, party(opening), Moves::Credit, amount, State::Waits)
        }
        // The wallet server asks for these, which is no party.
        Event::LoadRequested { opening, .. } => {
            (opening, None, Moves::Credit, opening.amount, State::Waits)
        }
        Event::PayoutRequested { opening, .. } => {
            (opening, None, Moves::Debit, opening.amount, State::Waits)
        }
        Event::Advised { opening, .. } => {
            let amount = opening.amount;
            (
                opening,
                party(opening),
                debits(opening),
                amount,
                State::Approved,
            )
        }
        Event::Completed { opening, debit, .. } => (
            opening,
            party(opening),
            Moves::Debit,
            *debit,
            State::Approved,
        ),
        Event::Opened(_)
        | Event::Provisioned { .. }
        | Event::CardRequested { .. }
        | Event::CardIssued { .. }
        | Event::CardRetired { .. }
        | Event::Expired { .. }
        | Event::StoodIn { .. }
        | Event::PostingAcknowledged { .. }
        | Event::Approved { .. }
        | Event::Released { .. }
        | Event::Declined { .. }
        | Event::Reversed { .. }
        | Event::ReversedFurther { .. }
        | Event::ReversalNoted { .. }
        | Event::AdviceAcknowledged { .. }
        | Event::Repeated { .. }
        | Event::OrderAnnounced { .. }
        | Event::OrderCancelled { .. }
        | Event::Account { .. }
        | Event::Closed { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_)
        | Event::CardLate { .. } => return None,
    };
    Some(Request {
        opening: opening.clone(),
        institution,
        moves,
        granted: granted.value(),
        stands: granted.value(),
        state,
    })
}
