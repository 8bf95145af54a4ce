//! Money in and out of the wallet by the payer's own sources: loads, automatic reload, and the payout that ends
//! the wallet.

use smallvec::smallvec;
use tessera_protocol::{Amount, ResponseCode};

use super::super::account::RELOAD_PAUSE;
use super::super::transaction::{Kind, Status};
use super::super::{Context, Effect, Event, LoadFrom, Opening, Reference, Reload, Wallet};
use super::administration::{done, forward, may_reach_host, refuse};
use super::purchase::BLOCKED;
use super::{Decision, cards};

/// Asks the host for money from the payer's source.
pub(super) fn load(
    wallet: &Wallet,
    opening: &Opening,
    from: &LoadFrom,
    context: &Context,
) -> Decision {
    if let Err((code, reason)) = may_reach_host(wallet, opening, context) {
        return refuse(code, reason);
    }
    if wallet.is_blocked() {
        return refuse(BLOCKED.0, BLOCKED.1);
    }
    if opening.amount.is_zero() {
        return refuse(ResponseCode::INVALID_AMOUNT, "nothing to load");
    }
    if !wallet.may_take(opening.amount) {
        return refuse(
            ResponseCode::ABOVE_AMOUNT_LIMIT,
            "more than a wallet can hold",
        );
    }
    let Some(card) = wallet.cards.representative() else {
        return refuse(ResponseCode::NO_SUCH_CARD, "the wallet has no card");
    };
    // Several purchases may each have found it due before the first of these came.
    if let LoadFrom::Reload(source) = from {
        let wanted = wallet.account.as_ref().and_then(|account| account.reload);
        let wanted = wanted.filter(|reload| reload.source == *source);
        if !wanted.is_some_and(|reload| is_due(wallet, &reload, context.now)) {
            return refuse(ResponseCode::DUPLICATE, "no reload is due any more");
        }
    }
    let source = match from {
        LoadFrom::Number(_) if wallet.account.is_none() => 0,
        LoadFrom::Number(_) => {
            return refuse(ResponseCode::FORMAT_ERROR, "tag 22: no source");
        }
        LoadFrom::Source(source) | LoadFrom::Reload(source) => {
            let stored = wallet.account.as_ref().and_then(|it| it.source(*source));
            if stored.is_none() {
                return refuse(ResponseCode::NOT_FOUND, "no such source");
            }
            *source
        }
    };
    Decision {
        events: smallvec![Event::LoadRequested {
            opening: opening.clone(),
            host_trace: context.host_trace,
            card: card.number.clone(),
            expiry: card.expiry,
            source,
            by_itself: matches!(from, LoadFrom::Reload(_)),
        }],
        effects: forward(opening),
    }
}

/// The automatic reload after something that has made it due, where the payer wants it.
pub(super) fn reload(wallet: &Wallet, after: Reference, now: u64) -> Option<Effect> {
    let reload = wallet.account.as_ref()?.reload?;
    reload_as(wallet, &reload, after, now)
}

/// The same, as the payer wants it from now on.
pub(super) fn reload_as(
    wallet: &Wallet,
    reload: &Reload,
    after: Reference,
    now: u64,
) -> Option<Effect> {
    let amount = Amount::new(reload.amount).filter(|_| is_due(wallet, reload, now))?;
    Some(Effect::Reload(after, reload.source, amount))
}

fn is_due(wallet: &Wallet, reload: &Reload, now: u64) -> bool {
    let account = wallet.account.as_ref();
    let ends = account.is_none_or(|account| account.closing.is_some() || account.closed);
    let under_way = || {
        let mut loads = wallet.transactions.iter();
        loads.any(|other| other.kind == Kind::Load && other.status == Status::Pending)
    };
    wallet.available.value() < reload.threshold
        && now.saturating_sub(reload.failed_at) >= RELOAD_PAUSE
        && !ends
        && !under_way()
}

/// Ends the wallet: at once where there is no money in it, else when the host has paid the money back to this source.
pub(super) fn close(
    wallet: &Wallet,
    opening: &Opening,
    source: Option<u32>,
    context: &Context,
) -> Decision {
    let Some(account) = &wallet.account else {
        return refuse(ResponseCode::NO_SUCH_CARD, "no such wallet");
    };
    if wallet.is_blocked() {
        return refuse(BLOCKED.0, BLOCKED.1);
    }
    let pending = wallet.transactions.iter().any(|transaction| {
        transaction.status == Status::Pending && transaction.kind != Kind::CardIssue
    });
    if pending || !wallet.held.is_zero() {
        return refuse(
            ResponseCode::DUPLICATE,
            "something is under way: wait until it is decided",
        );
    }
    if !wallet.owed.is_zero() {
        return refuse(ResponseCode::NOT_ENOUGH_MONEY, "the payer owes money");
    }
    if wallet.available.is_zero() {
        let mut decision = done(Event::Closed {
            opening: opening.clone(),
        });
        cards::retire_all(wallet, context, &mut decision);
        return decision;
    }
    let Some(source) = source.filter(|source| account.source(*source).is_some()) else {
        return refuse(
            ResponseCode::INVALID_TRANSACTION,
            "there is money left: say which source it goes back to",
        );
    };
    let mut opening = opening.clone();
    opening.amount = wallet.available.as_amount();
    if wallet.available > opening.amount.into() {
        let reason = "more than one payout can carry: some of it has to be spent first";
        return refuse(ResponseCode::ABOVE_AMOUNT_LIMIT, reason);
    }
    if let Err((code, reason)) = may_reach_host(wallet, &opening, context) {
        return refuse(code, reason);
    }
    let Some(card) = wallet.cards.representative() else {
        return refuse(ResponseCode::NO_SUCH_CARD, "the wallet has no card");
    };
    Decision {
        effects: forward(&opening),
        events: smallvec![Event::PayoutRequested {
            opening,
            host_trace: context.host_trace,
            card: card.number.clone(),
            expiry: card.expiry,
            source,
        }],
    }
}
