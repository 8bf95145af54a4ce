//! A wallet, and how each event changes it.

use tessera_protocol::{Amount, Currency, OrderKey, ResponseCode};

use super::event::NotedOriginal;
use super::original::{DAY, PayerTag, UnseenOriginal};
use super::spending::Spending;
use super::transaction::{Advice, GivenUp, HoldState, Kind, Status, Transaction};
use super::{
    Account, Balance, Card, Cards, Change, Directed, Directive, Entry, Event, Opening, Order,
    OrderState, Orders, Owed, Payer, PayersAccount, Reference, Subject, Supervision, Transactions,
    WalletId,
};
use tessera_kit::record::{Position, Sequence};
use tessera_kit::{clock, invariant};

/// The payer's account.
#[derive(Debug, Clone, PartialEq)]
pub struct Wallet {
    /// Its number.
    pub id: WalletId,
    /// Its only currency; `None` until it is opened.
    pub currency: Option<Currency>,
    /// What can be spent.
    pub available: Balance,
    /// What is set aside.
    pub held: Balance,
    /// What the payer owes: refunds that were taken back when their money had been spent.
    pub owed: Balance,
    /// Its card numbers.
    pub cards: Cards,
    /// What it has spent lately.
    pub spending: Spending,
    /// The payer's account; none for a wallet that the wallet server itself speaks for.
    pub account: Option<Box<PayersAccount>>,
    /// What an operator has decided about it; none where that is nothing.
    pub supervision: Option<Box<Supervision>>,
    /// What was asked of it, as long as it must be remembered.
    pub transactions: Transactions,
    /// Orders that its payer agreed to pay.
    pub orders: Orders,
    /// Reversals of originals that were never seen.
    pub remembered: Vec<UnseenOriginal>,
    /// Journal position of its last event; `None` before the first.
    pub last_position: Option<Position>,
    /// Journal sequence of its last event; `None` before the first.
    pub last_sequence: Option<Sequence>,
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
    /// It says that the wallet had another balance before it.
    #[error("the event was of a wallet with {said} available, and the wallet has {has}")]
    OtherBalance {
        /// What the event says, minor units.
        said: u64,
        /// What the events before it come to, minor units.
        has: u64,
    },
    /// It changes an account that is not there.
    #[error("the event changes an account, and the wallet has none")]
    NoAccount,
}

impl Wallet {
    /// A wallet to which nothing has happened.
    pub fn new(id: WalletId) -> Self {
        Self {
            id,
            currency: None,
            available: Balance::ZERO,
            held: Balance::ZERO,
            owed: Balance::ZERO,
            cards: Cards::default(),
            spending: Spending::default(),
            account: None,
            supervision: None,
            transactions: Transactions::default(),
            orders: Orders::default(),
            remembered: Vec::new(),
            last_position: None,
            last_sequence: None,
        }
    }

    /// What the payer owns: available and held.
    pub fn ledger(&self) -> Balance {
        Balance(self.available.value().saturating_add(self.held.value()))
    }

    /// Whether it may take so much more: what one message can carry is the most that a payer may have.
    pub fn may_take(&self, amount: Amount) -> bool {
        let sum = self.ledger().plus(amount);
        sum.is_some_and(|sum| sum <= Balance::from(Amount::MAX))
    }

    /// Whether something about it is still to be settled.
    pub fn is_open(&self) -> bool {
        let ends = self.has_ended() && self.cards.known_to_host().next().is_some();
        ends || self.transactions.iter().any(Transaction::is_open)
    }

    /// When the first of its holds expires, milliseconds since 1970.
    pub fn wakes_at(&self) -> Option<u64> {
        let open = self.transactions.iter().filter(|found| found.holds());
        open.filter_map(|found| found.hold().map(|hold| hold.expires_at))
            .min()
    }

    /// Whether the operator has blocked it.
    pub fn is_blocked(&self) -> bool {
        let decided = self.supervision.as_deref();
        decided.is_some_and(|decided| decided.blocks.hold(Subject::Wallet))
    }

    /// The representative card, if it expires within so many milliseconds from now and was not issued within as many before.
    pub fn expiring(&self, now: u64, within: u64) -> Option<&Card> {
        let ends = |card: &&Card| clock::year_month(now + within) > card.expiry;
        let is_new = |card: &Card| card.issued_by.milliseconds() + within > now;
        let card = self.cards.representative().filter(|_| within != 0);
        card.filter(ends)
            .filter(|card| !is_new(card) && !self.has_ended())
    }

    /// Whether its payer has ended it.
    pub fn has_ended(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.closed)
    }

    /// The order of this key, if it is at hand.
    pub fn order(&self, key: &OrderKey) -> Option<&Order> {
        self.orders.get(key)
    }

    /// Lets go of what is closed and can be read again, as its position is durable; `now` in milliseconds
    /// since 1970.
    pub fn settle(&mut self, is_durable: impl Fn(Position) -> bool, now: u64) {
        self.transactions.settle(&is_durable);
        let transactions = &self.transactions;
        let at_hand = |reference| transactions.by_reference(reference).is_some();
        self.orders.settle(is_durable, now, at_hand);
    }

    /// Applies an event that stands at `position` with `sequence` in the journal. Nothing is changed
    /// where it fails.
    pub fn apply(
        &mut self,
        entry: &Entry,
        position: Position,
        sequence: Sequence,
    ) -> Result<(), Broken> {
        invariant!(
            Some(sequence) > self.last_sequence && Some(position) > self.last_position,
            "sequences and positions of a wallet's events rise",
            Some(self.id.0),
            Some(sequence)
        );
        self.transactions.mean(entry.event.about());
        let applied = self.apply_to_meant(entry, position, sequence);
        self.transactions.mean_any();
        applied
    }

    fn apply_to_meant(
        &mut self,
        entry: &Entry,
        position: Position,
        sequence: Sequence,
    ) -> Result<(), Broken> {
        let event = &entry.event;
        let said = (entry.available, entry.held, entry.owed);
        if said != (self.available, self.held, self.owed) {
            return Err(Broken::OtherBalance {
                said: entry.available.value(),
                has: self.available.value(),
            });
        }
        let before = self.worth();
        let moved = self.post(event)?;
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
            Event::CardRetired { card, .. } => self.cards.retire(card),
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
            } => self.use_up(*original, opening.amount)?,
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
            }
            Event::Held {
                opening,
                card,
                granted,
                ..
            } => {
                self.turn_order(opening, OrderState::Paying(opening.reference));
                let at = opening.reference.milliseconds();
                self.spending.add(at, granted.unwrap_or(opening.amount));
                self.cards.used(card, opening);
            }
            Event::Advised { opening, card, .. } => {
                let at = opening.reference.milliseconds();
                self.spending.add(at, opening.amount);
                self.cards.used(card, opening);
            }
            Event::Completed { original: None, .. } => {}
            Event::Completed {
                original: Some(original),
                debit,
                from_hold,
                closes,
                ..
            } => self.complete(*original, *debit, *from_hold, *closes)?,
            Event::Expired { reference } => self.release_hold(*reference, HoldState::Expired)?,
            Event::PostingAcknowledged { reference } => {
                let transaction = self.known_mut(*reference)?;
                transaction.more_mut().posting = Advice::Acknowledged;
                transaction.speak_again(Owed::Posting);
            }
            Event::Approved { reference } | Event::StoodIn { reference } => {
                let found = self.known(*reference)?;
                // Shrunk while it was with the host, the host approved all of it.
                let shrunk = found.left_at_host() < found.granted();
                let advice = if shrunk { Advice::Open } else { Advice::None };
                let kind = found.kind;
                self.close(*reference, Status::Approved, ResponseCode::APPROVED, advice)?;
                if matches!(event, Event::StoodIn { .. }) {
                    self.known_mut(*reference)?.more_mut().posting = Advice::Open;
                }
                self.orders
                    .turn_paid_by(*reference, OrderState::Paid(*reference));
                match kind {
                    Kind::Load => self.reloaded(*reference, None),
                    Kind::Payout => self.paid_out(entry.at)?,
                    Kind::Purchase
                    | Kind::Authorization
                    | Kind::Completion
                    | Kind::Reversal
                    | Kind::CardIssue
                    | Kind::Refund
                    | Kind::Retirement
                    | Kind::Administration => {}
                }
            }
            Event::Released {
                reference,
                code,
                advise,
            } => {
                let advice = if *advise { Advice::Open } else { Advice::None };
                self.close(*reference, Status::Declined, *code, advice)?;
                // What never left is no failure that has to be paused after.
                let never_left = !advise && *code == ResponseCode::HOST_UNREACHABLE;
                self.come_to_nothing(*reference, (!never_left).then_some(entry.at))?;
            }
            Event::Reversed {
                opening,
                original,
                asked,
                ..
            } => self.reverse(*original, *asked, opening.reference.milliseconds())?,
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
                let transaction = self.known_mut(*reference)?;
                transaction.advice = Advice::Acknowledged;
                transaction.speak_again(Owed::Undo);
                transaction.speak_again(Owed::Card);
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
                if let (Change::Registered(password), Some(opening)) = (change, opening) {
                    self.currency = Some(opening.currency);
                    self.account = Some(Box::new(PayersAccount::new(password.clone())));
                }
                self.account_mut()?.apply(change, entry.at);
            }
            Event::Closed { .. } => self.end(entry.at),
            Event::GivenUp {
                reference,
                owed,
                code,
            } => {
                let transaction = self.known_mut(*reference)?;
                transaction.speak_again(*owed);
                transaction.more_mut().given_up.push(GivenUp {
                    owed: *owed,
                    code: *code,
                    at: entry.at,
                });
            }
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
        if let Some(opened) = Transaction::opened_by(event, position) {
            self.transactions.push(opened);
        }
        invariant!(
            self.worth() == before + moved,
            "after an event the accounts of its wallet come to its postings",
            Some(self.id.0),
            Some(sequence)
        );
        self.last_position = Some(position);
        self.last_sequence = Some(sequence);
        Ok(())
    }

    /// Forgets what is closed and began longer than `kept` ago (milliseconds), and reversals of unseen originals that are
    /// older than they are remembered.
    pub fn forget_older(&mut self, now: u64, kept: u64) {
        let kept_from = now.saturating_sub(kept);
        self.transactions.forget_before(kept_from);
        let unseen_from = now.saturating_sub(DAY);
        self.remembered.retain(|unseen| unseen.at >= unseen_from);
        self.orders.forget_before(kept_from);
    }

    fn remember(&mut self, unseen: &UnseenOriginal) {
        let known = |other: &UnseenOriginal| other.key == unseen.key;
        if !self.remembered.iter().any(known) {
            self.remembered.push(*unseen);
        }
    }

    fn direct(&mut self, directed: &Directed, at: u64) -> Result<(), Broken> {
        let (reference, owed, dropped) = match directed.directive {
            Directive::Retry(reference, owed) => (reference, owed, false),
            Directive::Drop(reference, owed) => (reference, owed, true),
            Directive::Block(_)
            | Directive::Unblock(_)
            | Directive::Control(..)
            | Directive::BeginDay(..)
            | Directive::ChangeKey(_)
            | Directive::AcceptReferences(_) => {
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

    /// A transaction was declined, or nobody knows: whatever it had set aside is free again.
    fn come_to_nothing(
        &mut self,
        reference: Reference,
        failed_at: Option<u64>,
    ) -> Result<(), Broken> {
        // What was completed of it stands, whatever the host says.
        let used = match self.known(reference)? {
            authorization if authorization.kind == Kind::Authorization => authorization.more().used,
            _ => Amount::ZERO,
        };
        self.shrink(reference, used)?;
        match self.known(reference)?.kind {
            Kind::Load => self.reloaded(reference, failed_at),
            Kind::Payout => self.account_mut()?.closing = None,
            Kind::CardIssue => self.cards.give_up(reference),
            Kind::Purchase
            | Kind::Authorization
            | Kind::Completion
            | Kind::Reversal
            | Kind::Refund
            | Kind::Retirement
            | Kind::Administration => {}
        }
        Ok(())
    }

    /// So much of a purchase is refunded, or of an authorization completed.
    fn use_up(&mut self, reference: Reference, amount: Amount) -> Result<(), Broken> {
        let more = self.known_mut(reference)?.more_mut();
        more.used = more.used.checked_add(amount).unwrap_or(Amount::MAX);
        Ok(())
    }

    fn complete(
        &mut self,
        authorization: Reference,
        debit: Amount,
        from_hold: Amount,
        closes: bool,
    ) -> Result<(), Broken> {
        self.use_up(authorization, debit)?;
        let transaction = self.known_mut(authorization)?;
        let past_hold = debit.saturating_sub(from_hold);
        // What had expired is spent after all.
        let anew = transaction.standing.is_zero() && !past_hold.is_zero();
        let standing = transaction.standing.checked_add(past_hold);
        transaction.standing = standing.unwrap_or(Amount::MAX);
        if let Some(hold) = &mut transaction.more_mut().hold {
            hold.held = hold.held.saturating_sub(from_hold);
        }
        let bought_at = authorization.milliseconds();
        self.spending.add_to(bought_at, past_hold, anew);
        match closes {
            true => self.release_hold(authorization, HoldState::Completed),
            false => Ok(()),
        }
    }

    /// Nothing is set aside any more: what was completed stands. The host, which has approved more, gets an advice.
    fn release_hold(&mut self, reference: Reference, state: HoldState) -> Result<(), Broken> {
        let transaction = self.known_mut(reference)?;
        let more = transaction.more_mut();
        let hold = more.hold.as_mut().ok_or(Broken::OutOfTurn(reference))?;
        (hold.state, hold.held) = (state, Amount::ZERO);
        let used = more.used;
        if state == HoldState::Completed {
            hold.most = used;
        }
        if used < transaction.standing && transaction.status == Status::Approved {
            transaction.advise();
        }
        self.shrink(reference, used)
    }

    /// No more than this stands of a transaction any more.
    fn shrink(&mut self, reference: Reference, standing: Amount) -> Result<(), Broken> {
        let transaction = self.known_mut(reference)?;
        let undone = transaction.standing.saturating_sub(standing);
        transaction.standing = standing;
        let more = transaction.more();
        let (original, used) = (more.original, more.used);
        if let Some(hold) = transaction
            .more
            .as_mut()
            .and_then(|more| more.hold.as_mut())
        {
            hold.held = hold.held.min(standing.saturating_sub(used));
        }
        match transaction.kind {
            Kind::Purchase | Kind::Authorization => {
                let whole = standing.is_zero() && !undone.is_zero();
                let bought_at = reference.milliseconds();
                self.spending.take_out(bought_at, undone, whole);
                if whole {
                    // The order is not paid any more: the payer's agreement stands again until it expires.
                    self.orders.turn_paid_by(reference, OrderState::Open);
                    self.cards.unused(reference);
                }
            }
            // So much of a purchase is not refunded after all. It may be forgotten by now.
            Kind::Refund => {
                if let Some(original) = original
                    && let Some(original) = self.transactions.by_reference_mut(original)
                {
                    let more = original.more_mut();
                    more.used = more.used.saturating_sub(undone);
                }
            }
            // What comes back is available, and set aside no more; it may be completed again.
            Kind::Completion => {
                if let Some(original) = original
                    && let Some(authorization) = self.transactions.by_reference_mut(original)
                {
                    let more = authorization.more_mut();
                    more.used = more.used.saturating_sub(undone);
                    if let Some(hold) = &mut more.hold
                        && hold.state == HoldState::Completed
                    {
                        hold.state = HoldState::Expired;
                    }
                    let stands = authorization.stands_at(authorization.more().used);
                    self.shrink(original, stands)?;
                }
            }
            Kind::Reversal
            | Kind::Load
            | Kind::CardIssue
            | Kind::Payout
            | Kind::Retirement
            | Kind::Administration => {}
        }
        Ok(())
    }

    fn reload_mut(&mut self) -> Option<&mut super::Reload> {
        self.account.as_mut()?.reload.as_mut()
    }

    /// A load has ended: if it was the automatic one, the next may come, after a pause where it failed.
    fn reloaded(&mut self, reference: Reference, failed_at: Option<u64>) {
        if let Some(reload) = self.reload_mut()
            && reload.under_way == Some(reference)
        {
            reload.under_way = None;
            reload.failed_at = failed_at.unwrap_or(0);
        }
    }

    /// All money went back to its source. What came in meanwhile keeps the wallet open.
    fn paid_out(&mut self, now: u64) -> Result<(), Broken> {
        self.account_mut()?.closing = None;
        if self.ledger().is_zero() && self.owed.is_zero() {
            self.end(now);
        }
        Ok(())
    }

    /// Its cards end one by one, each with its own event, because the host gets an advice for each.
    fn end(&mut self, now: u64) {
        self.orders.cancel_open(now);
        self.account = Some(Box::new(PayersAccount::ended()));
    }

    fn account_mut(&mut self) -> Result<&mut PayersAccount, Broken> {
        self.account.as_deref_mut().ok_or(Broken::NoAccount)
    }

    fn reverse(&mut self, reference: Reference, asked: Amount, at: u64) -> Result<(), Broken> {
        let transaction = self.known_mut(reference)?;
        let standing = transaction.stands_after(asked);
        transaction.more_mut().asked = Some(asked);
        match transaction.status {
            // It may be on its way to the host, or approved there already.
            Status::Pending if standing.is_zero() && asked.is_zero() => {
                transaction.status = Status::Declined;
                transaction.code = ResponseCode::DECLINED;
                transaction.advise();
            }
            // What is left of it is decided when the host answers.
            Status::Pending => {}
            Status::Approved => {
                transaction.advise();
                transaction.more_mut().taken_back_at = at;
            }
            Status::Declined => {}
        }
        self.shrink(reference, standing)
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

    pub(super) fn known(&self, reference: Reference) -> Result<&Transaction, Broken> {
        self.transactions
            .by_reference(reference)
            .ok_or(Broken::NoTransaction(reference))
    }

    fn known_mut(&mut self, reference: Reference) -> Result<&mut Transaction, Broken> {
        self.transactions
            .by_reference_mut(reference)
            .ok_or(Broken::NoTransaction(reference))
    }

    pub(super) fn pending(&self, reference: Reference) -> Result<&Transaction, Broken> {
        let transaction = self.known(reference)?;
        match transaction.status {
            Status::Pending => Ok(transaction),
            Status::Approved | Status::Declined => Err(Broken::OutOfTurn(reference)),
        }
    }

    fn turn_order(&mut self, opening: &Opening, state: OrderState) {
        if let Payer::Order(key) = &opening.payer {
            self.orders.turn(key, state);
        }
    }
}

impl Payer {
    /// Distinguishes two ways to name the payer.
    pub fn tag(&self) -> PayerTag {
        PayerTag(match self {
            Self::Card(card, _) => card.expose(),
            Self::Order(key) => key.head(),
            Self::Wallet => 0,
        })
    }
}
