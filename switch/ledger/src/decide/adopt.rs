//! Transactions that the financial system has booked and a restored, older journal lacks: they come into the wallet as the
//! financial system has them, and it is not told of them again.
//!
//! | booked | events |
//! | --- | --- |
//! | a debit | `Completed` where it names an authorization that holds as much |
//! | another that was asked for | `Held`, `Approved`, where the money is there |
//! | any other | `Advised`: what is not there is owed |
//! | a credit to a party's request | `RefundRequested`, `Approved` |
//! | a load | `LoadRequested`, `Approved` |
//! | what the wallet was waiting for | `Approved` |
//! | less is left | `Reversed` |
//!
//! and `PostingAcknowledged` or `AdviceAcknowledged` after what is new. The financial system does not know the trace number of the
//! request (field 11): an adopted transaction has none. A repeat of its request is known by all else that makes the key, and the
//! amount ([`Opening::adopted_key`]), a reversal by the time in field 90, the terminal and the
//! amount (`original.rs`).

use smallvec::{SmallVec, smallvec};
use tessera_kit::clock;
use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, Currency, Institution, Stan};

use super::super::transaction::{HoldState, Kind, Status, Transaction};
use super::super::{
    DuplicateKey, Event, KeyFields, KeyPayer, Merchant, Opening, Outcome, Payer, Reference, Wallet,
};
use super::{completed, reversal};
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
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// Of field 2.
    pub card: CardName,
}

impl BookedRequest {
    /// The request, as far as it is known: for [`adopt`].
    pub fn opening(&self, booking: Booking) -> Opening {
        let class = match booking {
            Booking::Debit { .. } | Booking::Credit { .. } | Booking::Awaited(_) => {
                Class::Financial
            }
            Booking::Left(..) => Class::Reversal,
            Booking::Load(_) => Class::Administrative,
        };
        let processing_code = match booking {
            Booking::Credit { .. } => REFUND,
            Booking::Load(_) => u32::from(Operation::Load.number()),
            Booking::Debit { .. } | Booking::Awaited(_) | Booking::Left(..) => 0,
        };
        let mut opening = Opening {
            reference: self.reference,
            key: DuplicateKey([0; 16]),
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
            retrieval: self.reference.to_text(),
            amount: self.amount,
            currency: self.currency,
            payer: match booking {
                Booking::Load(_) => Payer::Wallet,
                Booking::Debit { .. }
                | Booking::Credit { .. }
                | Booking::Awaited(_)
                | Booking::Left(..) => Payer::Card(self.card, None),
            },
            merchant: Merchant::default(),
        };
        opening.key = match self.institution {
            Some(_) if class == Class::Financial => opening.adopted_key(),
            // Nobody repeats it: its reference makes its key.
            _ => DuplicateKey::of(KeyFields {
                institution: None,
                terminal: b"ADOPTED ",
                acceptor: &std::array::from_fn(|place| {
                    opening.retrieval.get(place).copied().unwrap_or(b' ')
                }),
                trace: None,
                local_time: 0,
                local_date: 0,
                class: class.number(),
                processing_code,
                payer: KeyPayer::Wallet,
            }),
        };
        opening
    }
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
    /// The request with this reference, to which the wallet has no answer.
    Awaited(Reference),
    /// Of this transaction, which the wallet has, so much is left.
    Left(Reference, Amount),
}

/// The events that bring `booking` into the wallet, in their order. `opening` has what the financial system knows of the request;
/// for [`Booking::Left`], of the reversal.
///
/// # Errors
/// Why it can't come into this wallet.
pub fn adopt(
    wallet: &Wallet,
    opening: &Opening,
    booking: Booking,
) -> Result<SmallVec<[Event; 4]>, Rule> {
    match booking {
        Booking::Left(reference, left) => return undo(wallet, opening, reference, left),
        Booking::Awaited(reference) => return approve(wallet, opening, reference),
        Booking::Debit { .. } | Booking::Credit { .. } | Booking::Load(_) => {}
    }
    if wallet.currency != Some(opening.currency) {
        return Err(Rule::OtherCurrency);
    }
    if wallet.has_ended() {
        return Err(Rule::WalletEnded);
    }
    let reference = opening.reference;
    let (card, expiry) = completed::shown_card(wallet, opening);
    let opening = opening.clone();
    let known = |reference: Option<Reference>| wallet.transactions.by_reference(reference?);
    let mut events: SmallVec<[Event; 4]> = match booking {
        Booking::Debit {
            authorization,
            host_trace,
        } => {
            let held = known(authorization).filter(|found| holds(found, opening.amount));
            match (held, host_trace) {
                (Some(authorization), _) => smallvec![Event::Completed {
                    original: Some(authorization.reference),
                    card,
                    expiry,
                    debit: opening.amount,
                    from_hold: opening.amount,
                    // The party may complete the rest.
                    closes: false,
                    unmatched: false,
                    opening,
                }],
                (None, Some(host_trace)) if wallet.available.covers(opening.amount) => smallvec![
                    Event::Held {
                        host_trace,
                        card,
                        expiry,
                        granted: None,
                        expires_at: None,
                        opening,
                    },
                    Event::Approved { reference },
                ],
                _ => smallvec![Event::Advised {
                    card,
                    expiry,
                    expires_at: None,
                    opening,
                }],
            }
        }
        Booking::Credit { .. } | Booking::Load(_) if !wallet.may_take(opening.amount) => {
            return Err(Rule::MoreThanWalletHolds);
        }
        Booking::Credit {
            purchase,
            host_trace,
        } => smallvec![
            Event::RefundRequested {
                original: known(purchase)
                    .filter(|found| bears_refund(found, opening.amount))
                    .map(|found| found.reference),
                early: false,
                host_trace,
                card,
                expiry,
                opening,
            },
            Event::Approved { reference },
        ],
        Booking::Load(host_trace) => smallvec![
            Event::LoadRequested {
                host_trace,
                card,
                expiry,
                source: 0,
                by_itself: false,
                opening,
            },
            Event::Approved { reference },
        ],
        Booking::Awaited(_) | Booking::Left(..) => SmallVec::new(),
    };
    events.push(Event::PostingAcknowledged { reference });
    Ok(events)
}

fn holds(authorization: &Transaction, amount: Amount) -> bool {
    let hold = authorization.hold();
    authorization.status == Status::Approved
        && hold.is_some_and(|hold| hold.state == HoldState::Open && hold.held >= amount)
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
) -> Result<SmallVec<[Event; 4]>, Rule> {
    let found = wallet.transactions.by_reference(reference);
    match found.map(|found| found.status) {
        Some(Status::Pending) if found.map(Transaction::granted) != Some(opening.amount) => {
            Err(Rule::OtherContents)
        }
        Some(Status::Pending) => Ok(smallvec![Event::Approved { reference }]),
        // Its undoing is on the way to the financial system.
        Some(Status::Declined) => Err(Rule::DecidedBefore),
        Some(Status::Approved) => Ok(SmallVec::new()),
        None => Err(Rule::OriginalNotFound),
    }
}

fn undo(
    wallet: &Wallet,
    opening: &Opening,
    reference: Reference,
    left: Amount,
) -> Result<SmallVec<[Event; 4]>, Rule> {
    let found = wallet.transactions.by_reference(reference);
    let original = found.ok_or(Rule::OriginalNotFound)?;
    if original.standing == left {
        return Ok(SmallVec::new());
    }
    match original.status {
        Status::Approved => {}
        Status::Pending => return Err(Rule::PurchasePending),
        Status::Declined => return Err(Rule::NothingLeft),
    }
    // A second reversal undoes nothing; and what was refunded stands, whatever a reversal asks for.
    if original.more().asked.is_some() || left > original.standing {
        return Err(Rule::NothingLeft);
    }
    let asked = match original.more().used {
        used if used == left => Amount::ZERO,
        _ => left,
    };
    if original.stands_after(asked) != left {
        return Err(Rule::ReplacementTooHigh);
    }
    let undone = reversal::undo(wallet, opening, original, asked);
    let mut events: SmallVec<[Event; 4]> = undone.events.into_iter().collect();
    events.push(Event::AdviceAcknowledged { reference });
    Ok(events)
}

/// What a repeat of an adopted request is answered: as the request was.
pub(super) fn answer_again(seen: &Transaction) -> Outcome {
    Outcome {
        approval: Some(seen.approval()),
        ..Outcome::approved()
    }
}
