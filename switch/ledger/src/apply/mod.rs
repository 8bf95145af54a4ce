//! How each event changes its wallet. Its money is moved by its postings, before.

mod amounts;

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::{Amount, ResponseCode};

use crate::event::{Before, NotedOriginal};
use crate::original::UnseenOriginal;
use crate::transaction::{Advice, GivenUp, HoldState, Kind, Status, Transaction};
use crate::{
    Broken, CardName, Change, Directed, Directive, Entry, Event, Opening, Order, OrderState, Owed,
    Payer, PayersAccount, Reference, Wallet,
};

impl Wallet {
    /// Everything but balances and the list of transactions.
    pub(crate) fn change_by(&mut self, entry: &Entry, position: Position) -> Result<(), Broken> {
        let event = &entry.event;
        match event {
            Event::Opened(opening) => self.currency = Some(opening.currency),
            Event::Provisioned {
                currency,
                card,
                expiry,
                ..
            } => {
                self.currency = Some(*currency);
                self.cards.provision(card, *expiry);
            }
            Event::Declined { .. } => {}
            Event::CardRequested {
                opening, wanted, ..
            } => self.cards.request(opening.reference, wanted.clone()),
            Event::CardRetired { card, .. } => self.cards.retire(*card),
            Event::LoadRequested {
                opening, by_itself, ..
            } => {
                if let Some(reload) = self.reload_mut().filter(|_| *by_itself) {
                    reload.under_way = Some(opening.reference);
                }
            }
            Event::PayoutRequested { opening, .. } => {
                self.account_mut()?.closing = Some(opening.reference);
            }
            Event::RefundRequested {
                opening,
                original: Some(original),
                ..
            } => self.use_up(*original, opening.amount, opening.reference.given_at())?,
            Event::RefundRequested { .. } => {}
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
                self.cards.issue(*reference, card, *expiry)?;
                if !self.is_open() {
                    self.cards.forget_oldest();
                }
            }
            Event::Held {
                opening,
                card,
                granted,
                ..
            } => {
                self.turn_order(opening, OrderState::Paying(opening.reference));
                self.spend(opening, *card, granted.unwrap_or(opening.amount));
            }
            Event::Advised { opening, card, .. } => self.spend(opening, *card, opening.amount),
            Event::Completed { original: None, .. } => {}
            Event::Completed {
                opening,
                original: Some(original),
                debit,
                from_hold,
                closes,
                ..
            } => {
                let at = opening.reference.given_at();
                self.complete(*original, *debit, at, *from_hold, *closes)?;
            }
            Event::Expired { reference } => self.release_hold(*reference, HoldState::Expired)?,
            Event::PostingAcknowledged { reference } => {
                self.known_mut(*reference)?.posting_acknowledged();
            }
            Event::Approved { reference } => self.approve(*reference, entry.at)?,
            Event::StoodIn { reference } => {
                self.approve(*reference, entry.at)?;
                self.known_mut(*reference)?.more_mut().posting = Advice::Open;
            }
            Event::Released {
                reference,
                code,
                advise,
            } => self.release(*reference, *code, *advise, entry.at)?,
            Event::Reversed {
                opening,
                original,
                asked,
                ..
            } => self.reverse(*original, *asked, opening.reference.given_at())?,
            Event::ReversedFurther {
                original, standing, ..
            } => self.shrink(*original, *standing)?,
            Event::CardLate { reference } => {
                self.known_mut(*reference)?.code = ResponseCode::HOST_UNREACHABLE;
            }
            Event::ReversalNoted { original, .. } => match original {
                NotedOriginal::Unseen(unseen) => self.remember(unseen),
                NotedOriginal::Found | NotedOriginal::Several => {}
            },
            Event::AdviceAcknowledged { reference } => {
                self.known_mut(*reference)?.advice_acknowledged();
            }
            Event::Repeated {
                reference,
                transmission,
            } => {
                let transaction = self.known_mut(*reference)?;
                transaction.more_mut().repeats.push(*transmission);
            }
            Event::OrderAnnounced { reversed, .. } => {
                if let Some(order) = Order::announced_by(event, position) {
                    self.orders.put(order);
                }
                // An agreement may be given again, and what it brings is known then.
                reversed.iter().for_each(|unseen| self.remember(unseen));
            }
            Event::OrderCancelled { opening } => self.turn_order(opening, OrderState::Cancelled),
            Event::Account { opening, change } => {
                self.change_account(opening.as_ref(), change, entry.at)?;
            }
            Event::Closed { .. } => self.end(entry.at),
            Event::GivenUp {
                reference,
                owed,
                code,
            } => self.known_mut(*reference)?.give_up(GivenUp {
                owed: *owed,
                code: *code,
                at: entry.at,
            }),
            Event::Directed(directed) => self.direct(directed, entry.at)?,
            Event::Reconciled(reconciled) => {
                if reconciled.institution.is_none() && reconciled.agrees() {
                    self.supervision
                        .get_or_insert_default()
                        .days
                        .agree(reconciled.day);
                }
            }
        }
        Ok(())
    }

    /// The host approved it, or the switch in its stead.
    fn approve(&mut self, reference: Reference, now: Timestamp) -> Result<(), Broken> {
        let found = self.known(reference)?;
        // Shrunk while it was with the host, the host approved all of it.
        let shrunk = found.left_at_host() < found.granted();
        let advice = if shrunk { Advice::Open } else { Advice::None };
        let kind = found.kind;
        self.close(reference, Status::Approved, ResponseCode::APPROVED, advice)?;
        self.orders
            .turn_paid_by(reference, OrderState::Paid(reference));
        match kind {
            Kind::Load => self.reloaded(reference, None),
            Kind::Payout => self.paid_out(now)?,
            Kind::Purchase
            | Kind::Authorization
            | Kind::Completion
            | Kind::Reversal
            | Kind::CardIssue
            | Kind::Refund
            | Kind::Retirement
            | Kind::Administration => {}
        }
        Ok(())
    }

    fn release(
        &mut self,
        reference: Reference,
        code: ResponseCode,
        advise: bool,
        now: Timestamp,
    ) -> Result<(), Broken> {
        let advice = if advise { Advice::Open } else { Advice::None };
        self.close(reference, Status::Declined, code, advice)?;
        // What never left is no failure that has to be paused after.
        let never_left = !advise && code == ResponseCode::HOST_UNREACHABLE;
        self.come_to_nothing(reference, (!never_left).then_some(now))
    }

    /// So much is spent with this card.
    fn spend(&mut self, opening: &Opening, card: CardName, amount: Amount) {
        self.spending.add(opening.reference.given_at(), amount);
        self.cards.used(card, opening);
    }

    fn change_account(
        &mut self,
        opening: Option<&Opening>,
        change: &Change,
        now: Timestamp,
    ) -> Result<(), Broken> {
        if let (Change::Registered(password), Some(opening)) = (change, opening) {
            self.currency = Some(opening.currency);
            self.account = Some(Box::new(PayersAccount::new(password.clone())));
        }
        self.account_mut()?.apply(change, now);
        Ok(())
    }

    fn remember(&mut self, unseen: &UnseenOriginal) {
        let known = |other: &UnseenOriginal| other.key == unseen.key;
        if !self.remembered.iter().any(known) {
            self.remembered.push(*unseen);
        }
    }

    fn direct(&mut self, directed: &Directed, at: Timestamp) -> Result<(), Broken> {
        let (reference, owed, dropped) = match directed.directive {
            Directive::Retry(reference, owed) => (reference, owed, false),
            Directive::Drop(reference, owed) => (reference, owed, true),
            Directive::Block(_)
            | Directive::Unblock(_)
            | Directive::Control(..)
            | Directive::BeginDay(..)
            | Directive::ChangeKey(_)
            | Directive::AcceptReferences(_)
            | Directive::Import(_)
            | Directive::Undelivered(_)
            | Directive::ConsoleAccount(_) => {
                let supervision = self.supervision.get_or_insert_default();
                supervision.apply(directed, at);
                self.supervision.take_if(|decided| decided.is_empty());
                return Ok(());
            }
        };
        let transaction = self.known_mut(reference)?;
        transaction.speak_again(owed);
        if dropped {
            match owed {
                Owed::Posting => transaction.more_mut().posting = Advice::Acknowledged,
                Owed::Undo | Owed::Card if transaction.advice == Advice::Open => {
                    transaction.advice = Advice::Acknowledged;
                }
                Owed::Undo | Owed::Card => {}
            }
        }
        Ok(())
    }

    fn reload_mut(&mut self) -> Option<&mut super::Reload> {
        self.account.as_mut()?.reload.as_mut()
    }

    /// A load has ended: if it was the automatic one, the next may come, after a pause where it failed.
    fn reloaded(&mut self, reference: Reference, failed_at: Option<Timestamp>) {
        if let Some(reload) = self.reload_mut()
            && reload.under_way == Some(reference)
        {
            reload.under_way = None;
            reload.failed_at = failed_at;
        }
    }

    /// All money went back to its source. What came in meanwhile keeps the wallet open.
    fn paid_out(&mut self, now: Timestamp) -> Result<(), Broken> {
        self.account_mut()?.closing = None;
        if self.ledger().is_zero() && self.owed.is_zero() {
            self.end(now);
        }
        Ok(())
    }

    /// Its cards end one by one, each with its own event, because the host gets an advice for each.
    fn end(&mut self, now: Timestamp) {
        self.orders.cancel_open(now);
        self.account = Some(Box::new(PayersAccount::ended()));
    }

    fn account_mut(&mut self) -> Result<&mut PayersAccount, Broken> {
        self.account.as_deref_mut().ok_or(Broken::NoAccount)
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

    fn known_mut(&mut self, reference: Reference) -> Result<&mut Transaction, Broken> {
        self.transactions
            .by_reference_mut(reference)
            .ok_or(Broken::NoTransaction(reference))
    }

    fn turn_order(&mut self, opening: &Opening, state: OrderState) {
        if let Payer::Order(key) = &opening.payer {
            self.orders.turn(key, state);
        }
    }
}
