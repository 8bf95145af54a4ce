//! Money in and out of the wallet by the payer's own sources: loads, automatic reload, and the payout that ends
//! the wallet.

use smallvec::smallvec;
use tessera_kit::clock::Timestamp;
use tessera_protocol::Amount;

use super::super::account::RELOAD_PAUSE;
use super::super::transaction::{Kind, Status};
use super::super::{Context, Effect, Event, LoadFrom, Opening, Reference, Reload, Wallet};
use super::replies::{done, forward, may_reach_host, refuse};
use super::{Decision, cards};
use crate::Rule;

/// Asks the host for money from the payer's source.
pub(super) fn load(
    wallet: &Wallet,
    opening: &Opening,
    from: &LoadFrom,
    context: &Context,
) -> Decision {
    if let Err(rule) = may_reach_host(wallet, opening, context) {
        return refuse(rule);
    }
    if wallet.is_blocked() {
        return refuse(Rule::WalletBlocked);
    }
    if opening.amount.is_zero() {
        return refuse(Rule::NothingToLoad);
    }
    if !wallet.may_take(opening.amount) {
        return refuse(Rule::MoreThanWalletHolds);
    }
    let Some(card) = wallet.cards.representative() else {
        return refuse(Rule::NoCard);
    };
    // Several purchases may each have found it due before the first of these came.
    if let LoadFrom::Reload(source) = from {
        let wanted = wallet.account.as_ref().and_then(|account| account.reload);
        let wanted = wanted.filter(|reload| reload.source == *source);
        if !wanted.is_some_and(|reload| is_due(wallet, &reload, context.now)) {
            return refuse(Rule::NoReloadDue);
        }
    }
    let source = match from {
        LoadFrom::Number(_) if wallet.account.is_none() => 0,
        LoadFrom::Number(_) => {
            return refuse(Rule::SourceMissing);
        }
        LoadFrom::Source(source) | LoadFrom::Reload(source) => {
            let stored = wallet.account.as_ref().and_then(|it| it.source(*source));
            if stored.is_none() {
                return refuse(Rule::NoSuchSource);
            }
            *source
        }
    };
    Decision {
        events: smallvec![Event::LoadRequested {
            opening: opening.clone(),
            host_trace: context.host_stan(),
            card: card.name(),
            expiry: card.expiry,
            source,
            by_itself: matches!(from, LoadFrom::Reload(_)),
        }],
        effects: forward(opening),
    }
}

/// The automatic reload after something that has made it due, where the payer wants it.
pub(super) fn reload(wallet: &Wallet, after: Reference, now: Timestamp) -> Option<Effect> {
    let reload = wallet.account.as_ref()?.reload?;
    reload_as(wallet, &reload, after, now)
}

/// The same, as the payer wants it from now on.
pub(super) fn reload_as(
    wallet: &Wallet,
    reload: &Reload,
    after: Reference,
    now: Timestamp,
) -> Option<Effect> {
    let amount = Amount::new(reload.amount).filter(|_| is_due(wallet, reload, now))?;
    Some(Effect::Reload(after, reload.source, amount))
}

fn is_due(wallet: &Wallet, reload: &Reload, now: Timestamp) -> bool {
    let account = wallet.account.as_ref();
    let ends = account.is_none_or(|account| account.closing.is_some() || account.closed);
    let under_way = || {
        let mut loads = wallet.transactions.iter();
        loads.any(|other| other.kind == Kind::Load && other.status == Status::Pending)
    };
    wallet.available.value() < reload.threshold
        && reload
            .failed_at
            .is_none_or(|failed_at| now.since(failed_at) >= RELOAD_PAUSE)
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
        return refuse(Rule::NoSuchWallet);
    };
    if wallet.is_blocked() {
        return refuse(Rule::WalletBlocked);
    }
    let pending = wallet.transactions.iter().any(|transaction| {
        transaction.status == Status::Pending && transaction.kind != Kind::CardIssue
    });
    if pending || !wallet.held.is_zero() {
        return refuse(Rule::UnderWay);
    }
    if !wallet.owed.is_zero() {
        return refuse(Rule::MoneyOwed);
    }
    if wallet.available.is_zero() {
        let mut decision = done(Event::Closed {
            opening: opening.clone(),
        });
        cards::retire_all(wallet, context, &mut decision);
        return decision;
    }
    let Some(source) = source.filter(|source| account.source(*source).is_some()) else {
        return refuse(Rule::MoneyLeft);
    };
    let mut opening = opening.clone();
    opening.amount = wallet.available.as_amount();
    if wallet.available > opening.amount.into() {
        return refuse(Rule::PayoutTooLarge);
    }
    if let Err(rule) = may_reach_host(wallet, &opening, context) {
        return refuse(rule);
    }
    let Some(card) = wallet.cards.representative() else {
        return refuse(Rule::NoCard);
    };
    Decision {
        effects: forward(&opening),
        events: smallvec![Event::PayoutRequested {
            opening,
            host_trace: context.host_stan(),
            card: card.name(),
            expiry: card.expiry,
            source,
        }],
    }
}
