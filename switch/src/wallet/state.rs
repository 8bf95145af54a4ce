//! A wallet, and how each event changes it.

use smallvec::SmallVec;
use tessera_protocol::{Amount, CardNumber, Currency, ResponseCode};

use super::event::UnseenOriginal;
use super::transaction::{Advice, Kind, Status, Transaction};
use super::{
    Account, Entry, Event, Opening, OrderKey, Payer, Posting, Reference, Transactions, WalletId,
};

/// The payer's account.
#[derive(Debug, Clone, PartialEq)]
pub struct Wallet {
    /// Its number.
    pub id: WalletId,
    /// Its only currency; `None` until it is opened.
    pub currency: Option<Currency>,
    /// What can be spent.
    pub available: Amount,
    /// What is set aside.
    pub held: Amount,
    /// Its cards; the last one is shown to the host.
    pub cards: SmallVec<[Card; 1]>,
    /// What was asked of it, as long as it must be remembered.
    pub transactions: Transactions,
    /// Orders that its payer agreed to pay.
    pub orders: Vec<Order>,
    /// Reversals of originals that were never seen.
    pub remembered: Vec<UnseenOriginal>,
    /// Journal position of its last event; 0 before the first.
    pub last_position: u64,
    /// Journal sequence of its last event; 0 before the first.
    pub last_sequence: u64,
}

/// A representative card.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its number.
    pub number: CardNumber,
    /// YYMM.
    pub expiry: u16,
}

/// An order that the payer agreed to pay.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Mall and order number.
    pub key: OrderKey,
    /// What the payer agreed to.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// Until when, milliseconds since 1970.
    pub expires_at: u64,
    /// What became of it.
    pub state: OrderState,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// It may be paid.
    Open,
    /// A purchase for it is with the host.
    Paying(Reference),
    /// It is paid, and stays so.
    Paid(Reference),
    /// The payer took it back.
    Cancelled,
}

/// An event that does not fit the wallet: the journal is not what this switch wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It names a transaction that is not there.
    #[error("the event names transaction {0:?}, which the wallet does not have")]
    NoTransaction(Reference),
    /// It moves money that is not there.
    #[error("the event moves more than {0:?} holds")]
    Overdrawn(Account),
    /// It does not follow from the state of its transaction.
    #[error("the event does not follow from the state of transaction {0:?}")]
    OutOfTurn(Reference),
}

impl Wallet {
    /// A wallet to which nothing has happened.
    pub fn new(id: WalletId) -> Self {
        Self {
            id,
            currency: None,
            available: Amount::ZERO,
            held: Amount::ZERO,
            cards: SmallVec::new(),
            transactions: Transactions::default(),
            orders: Vec::new(),
            remembered: Vec::new(),
            last_position: 0,
            last_sequence: 0,
        }
    }

    /// What the payer owns: available and held.
    pub fn ledger(&self) -> Amount {
        self.available.checked_add(self.held).unwrap_or(Amount::MAX)
    }

    /// Whether something about it is still to be settled.
    pub fn is_open(&self) -> bool {
        self.transactions.iter().any(Transaction::is_open)
    }

    /// The order of this key.
    pub fn order(&self, key: &OrderKey) -> Option<&Order> {
        self.orders.iter().rev().find(|order| order.key == *key)
    }

    /// The money that `event` moves, read off the state before it.
    pub fn postings(&self, event: &Event) -> Result<Option<Posting>, Broken> {
        let available = Account::Available(self.id);
        let held = Account::Held(self.id);
        Ok(match event {
            Event::Provisioned { balance, .. } => Some(Posting {
                from: Account::Funding,
                to: available,
                amount: *balance,
            }),
            Event::Held { opening, .. } => Some(Posting {
                from: available,
                to: held,
                amount: opening.amount,
            }),
            Event::Approved { reference } => {
                let transaction = self.pending(*reference)?;
                let amount = transaction.standing;
                match transaction.kind {
                    Kind::Purchase => Some(Posting {
                        from: held,
                        to: Account::Payable(transaction.institution),
                        amount,
                    }),
                    _ => Some(Posting {
                        from: Account::Funding,
                        to: available,
                        amount,
                    }),
                }
            }
            Event::Released { reference, .. } => {
                let transaction = self.pending(*reference)?;
                (transaction.kind == Kind::Purchase).then_some(Posting {
                    from: held,
                    to: available,
                    amount: transaction.standing,
                })
            }
            Event::Reversed {
                original, standing, ..
            } => {
                let transaction = self.known(*original)?;
                let amount = transaction
                    .standing
                    .checked_sub(*standing)
                    .ok_or(Broken::OutOfTurn(*original))?;
                let from = match transaction.status {
                    Status::Pending => held,
                    Status::Approved => Account::Payable(transaction.institution),
                    Status::Declined => return Err(Broken::OutOfTurn(*original)),
                };
                Some(Posting {
                    from,
                    to: available,
                    amount,
                })
            }
            _ => None,
        })
    }

    /// Applies an event that stands at `position` with `sequence` in the journal. Nothing is changed
    /// where it fails.
    pub fn apply(&mut self, entry: &Entry, position: u64, sequence: u64) -> Result<(), Broken> {
        let event = &entry.event;
        if let Some(posting) = self.postings(event)? {
            self.post(posting)?;
        }
        match event {
            Event::Opened(opening) => self.currency = Some(opening.currency),
            Event::Provisioned {
                currency,
                card,
                expiry,
                ..
            } => {
                self.currency = Some(*currency);
                self.cards.push(Card {
                    number: card.clone(),
                    expiry: *expiry,
                });
            }
            Event::CardRequested { .. } | Event::LoadRequested { .. } | Event::Declined { .. } => {}
            Event::CardIssued {
                reference,
                card,
                expiry,
            } => {
                self.close(
                    *reference,
                    Status::Approved,
                    ResponseCode::APPROVED,
                    Advice::None,
                )?;
                self.cards.push(Card {
                    number: card.clone(),
                    expiry: *expiry,
                });
            }
            Event::Held { opening, .. } => {
                self.turn_order(opening, OrderState::Paying(opening.reference));
            }
            Event::Approved { reference } => {
                let found = self.known(*reference)?;
                // Shrunk while it was with the host, the host approved all of it.
                let shrunk = found.standing < found.amount;
                let advice = if shrunk { Advice::Open } else { Advice::None };
                self.close(*reference, Status::Approved, ResponseCode::APPROVED, advice)?;
                self.turn_order_of(*reference, OrderState::Paid(*reference));
            }
            Event::Released {
                reference,
                code,
                advise,
            } => {
                let advice = if *advise { Advice::Open } else { Advice::None };
                self.close(*reference, Status::Declined, *code, advice)?;
                self.turn_order_of(*reference, OrderState::Open);
                self.known_mut(*reference)?.standing = Amount::ZERO;
            }
            Event::Reversed {
                original, standing, ..
            } => self.reverse(*original, *standing)?,
            Event::ReversalNoted { unseen, .. } => self.remembered.extend(unseen),
            Event::AdviceAcknowledged { reference } => {
                self.known_mut(*reference)?.advice = Advice::Acknowledged;
            }
            Event::Repeated {
                reference,
                transmission,
            } => {
                let transaction = self.known_mut(*reference)?;
                transaction
                    .repeats
                    .get_or_insert_default()
                    .push(*transmission);
            }
            Event::OrderAnnounced {
                opening,
                expires_at,
                reversed,
                ..
            } => {
                if let Payer::Order(key) = opening.payer {
                    self.orders.retain(|order| order.key != key);
                    self.orders.push(Order {
                        key,
                        amount: opening.amount,
                        currency: opening.currency,
                        expires_at: *expires_at,
                        state: OrderState::Open,
                    });
                }
                self.remembered.extend(reversed);
            }
            Event::OrderCancelled { opening } => self.turn_order(opening, OrderState::Cancelled),
        }
        if let Some(opened) = Transaction::opened_by(event, position) {
            self.transactions.push(opened);
        }
        self.last_position = position;
        self.last_sequence = sequence;
        Ok(())
    }

    /// Forgets what is closed and began before `milliseconds`, and reversals of unseen originals
    /// that are older than `unseen_before`.
    pub fn forget_before(&mut self, milliseconds: u64, unseen_before: u64) {
        self.transactions.forget_before(milliseconds);
        self.remembered.retain(|unseen| unseen.at >= unseen_before);
        self.orders.retain(|order| {
            order.expires_at >= milliseconds || matches!(order.state, OrderState::Paying(_))
        });
    }

    fn post(&mut self, posting: Posting) -> Result<(), Broken> {
        let Posting { from, to, amount } = posting;
        let (mut available, mut held) = (self.available, self.held);
        match from {
            Account::Available(_) => {
                available = available
                    .checked_sub(amount)
                    .ok_or(Broken::Overdrawn(from))?
            }
            Account::Held(_) => held = held.checked_sub(amount).ok_or(Broken::Overdrawn(from))?,
            Account::Payable(_) | Account::Funding => {}
        }
        match to {
            Account::Available(_) => {
                available = available.checked_add(amount).ok_or(Broken::Overdrawn(to))?
            }
            Account::Held(_) => held = held.checked_add(amount).ok_or(Broken::Overdrawn(to))?,
            Account::Payable(_) | Account::Funding => {}
        }
        (self.available, self.held) = (available, held);
        Ok(())
    }

    fn reverse(&mut self, original: Reference, standing: Amount) -> Result<(), Broken> {
        let transaction = self.known_mut(original)?;
        transaction.standing = standing;
        transaction.reversed = true;
        let whole = standing.is_zero();
        match transaction.status {
            // It may be on its way to the host, or approved there already.
            Status::Pending if whole => {
                transaction.status = Status::Declined;
                transaction.code = ResponseCode::DECLINED;
                transaction.advice = Advice::Open;
            }
            // What is left of it is decided when the host answers.
            Status::Pending => {}
            Status::Approved if standing < transaction.amount => transaction.advice = Advice::Open,
            Status::Approved | Status::Declined => {}
        }
        if whole {
            // The order is not paid any more: the payer's agreement stands again until it expires.
            self.turn_order_of(original, OrderState::Open);
        }
        Ok(())
    }

    fn close(
        &mut self,
        reference: Reference,
        status: Status,
        code: ResponseCode,
        advice: Advice,
    ) -> Result<(), Broken> {
        self.pending(reference)?;
        let transaction = self.known_mut(reference)?;
        transaction.status = status;
        transaction.code = code;
        transaction.advice = advice;
        Ok(())
    }

    fn known(&self, reference: Reference) -> Result<&Transaction, Broken> {
        self.transactions
            .by_reference(reference)
            .ok_or(Broken::NoTransaction(reference))
    }

    fn known_mut(&mut self, reference: Reference) -> Result<&mut Transaction, Broken> {
        self.transactions
            .by_reference_mut(reference)
            .ok_or(Broken::NoTransaction(reference))
    }

    fn pending(&self, reference: Reference) -> Result<&Transaction, Broken> {
        let transaction = self.known(reference)?;
        match transaction.status {
            Status::Pending => Ok(transaction),
            _ => Err(Broken::OutOfTurn(reference)),
        }
    }

    fn turn_order(&mut self, opening: &Opening, state: OrderState) {
        if let Payer::Order(key) = opening.payer
            && let Some(order) = self.orders.iter_mut().rev().find(|order| order.key == key)
        {
            order.state = state;
        }
    }

    /// Turns the order that `paid_by` is paying or has paid; one that is by now paid by another
    /// purchase is left alone.
    fn turn_order_of(&mut self, paid_by: Reference, state: OrderState) {
        let by = [OrderState::Paying(paid_by), OrderState::Paid(paid_by)];
        if let Some(order) = self
            .orders
            .iter_mut()
            .find(|order| by.contains(&order.state))
        {
            order.state = state;
        }
    }
}

impl Payer {
    /// Tells two ways to name the payer apart.
    pub fn tag(&self) -> u64 {
        match self {
            Self::Card(card, _) => card.expose(),
            Self::Order(key) => key.head(),
            Self::Wallet => 0,
        }
    }
}
