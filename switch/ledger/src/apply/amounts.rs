//! What stands of a transaction, what is set aside for it, and what is used of it.

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, ResponseCode};

use crate::event::Before;
use crate::transaction::{HoldState, Kind, Status};
use crate::{Broken, OrderState, Reference, Wallet};

impl Wallet {
    pub(super) fn reverse(
        &mut self,
        reference: Reference,
        asked: Amount,
        at: Timestamp,
    ) -> Result<(), Broken> {
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
                transaction.more_mut().taken_back_at = Some(at);
            }
            Status::Declined => {}
        }
        self.shrink(reference, standing)
    }

    pub(super) fn complete(
        &mut self,
        authorization: Reference,
        debit: Amount,
        at: Timestamp,
        from_hold: Amount,
        closes: bool,
    ) -> Result<(), Broken> {
        self.use_up(authorization, debit, at)?;
        let transaction = self.known_mut(authorization)?;
        let past_hold = debit.saturating_sub(from_hold);
        // What had expired is spent after all.
        let anew = transaction.standing.is_zero() && !past_hold.is_zero();
        let standing = transaction.standing.checked_add(past_hold);
        transaction.standing = standing.unwrap_or(Amount::MAX);
        if let Some(hold) = &mut transaction.more_mut().hold {
            hold.held = hold.held.saturating_sub(from_hold);
        }
        let bought_at = authorization.given_at();
        self.spending.add_to(bought_at, past_hold, anew);
        match closes {
            true => self.release_hold(authorization, HoldState::Completed),
            false => Ok(()),
        }
    }

    /// So much of a purchase is refunded, or of an authorization completed, by a request that came then.
    pub(super) fn use_up(
        &mut self,
        reference: Reference,
        amount: Amount,
        at: Timestamp,
    ) -> Result<(), Broken> {
        let more = self.known_mut(reference)?.more_mut();
        more.used_at = more.used_at.max(Some(at));
        more.used = more.used.checked_add(amount).unwrap_or(Amount::MAX);
        Ok(())
    }

    /// Nothing is set aside any more: what was completed stands. The host, which has approved more, gets an advice.
    pub(super) fn release_hold(
        &mut self,
        reference: Reference,
        state: HoldState,
    ) -> Result<(), Broken> {
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

    /// A transaction was declined, or its outcome is not known: what it had set aside is free again.
    pub(super) fn come_to_nothing(
        &mut self,
        reference: Reference,
        failed_at: Option<Timestamp>,
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

    /// No more than this stands of a transaction any more.
    pub(super) fn shrink(&mut self, reference: Reference, standing: Amount) -> Result<(), Broken> {
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
                let bought_at = reference.given_at();
                self.spending.take_out(bought_at, undone, whole);
                if whole {
                    // The order is not paid any more: the payer's agreement stands again until it expires.
                    self.orders.turn_paid_by(reference, OrderState::Open);
                    self.cards.unused(reference);
                }
            }
            // So much of a purchase is not refunded after all.
            Kind::Refund => {
                if let Some(original) = original
                    && let Some(original) = self.transactions.by_reference_mut(original)
                {
                    original.more_mut().unuse(undone);
                }
            }
            // What comes back is available, and set aside no more; it may be completed again.
            Kind::Completion => {
                if let Some(original) = original
                    && let Some(authorization) = self.transactions.by_reference_mut(original)
                {
                    let more = authorization.more_mut();
                    more.unuse(undone);
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
}
