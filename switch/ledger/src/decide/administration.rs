//! What the wallet server asks for on its leased line.

use smallvec::smallvec;
use tessera_kit::clock::Timestamp;

use super::super::UnseenOriginal;
use super::super::{
    Ask, Context, Effect, Event, HistoryRequest, Opening, OrderState, Payer, Wallet,
};
use super::Decision;
use super::purchase::may_spend;
use super::replies::{done, refuse};
use crate::Rule;

/// Makes the wallet.
pub(super) fn open(wallet: &Wallet, opening: &Opening) -> Decision {
    if wallet.currency.is_some() {
        return refuse(Rule::WalletExists);
    }
    done(Event::Opened(opening.clone()))
}

/// The payer agreed to pay an order.
pub(super) fn announce(
    wallet: &Wallet,
    ask: &Ask,
    expires_at: Timestamp,
    description: &[u8],
    reversed: &[UnseenOriginal],
    context: &Context,
) -> Decision {
    let opening = &ask.opening;
    let Payer::Order(key) = opening.payer else {
        return refuse(Rule::NoOrderNamed);
    };
    if wallet.currency != Some(opening.currency) {
        return refuse(Rule::OtherCurrency);
    }
    if opening.amount.is_zero() {
        return refuse(Rule::NothingToPay);
    }
    let stands = wallet.order(&key).and_then(|order| match order.state {
        // As long as nothing was paid by it, the same agreement may be given again.
        OrderState::Open
            if (order.amount, order.currency) == (opening.amount, opening.currency) =>
        {
            None
        }
        OrderState::Open if order.expires_at < context.now => None,
        OrderState::Open => Some(Rule::AgreedToOtherAmount),
        OrderState::Cancelled => None,
        OrderState::Paying(_) | OrderState::Paid(_) => Some(Rule::OrderPaidOrPaying),
    });
    if let Some(rule) = stands {
        return refuse(rule);
    }
    // A payer gets at once the decline that the mall would get later.
    if ask.claims.is_some()
        && let Err(rule) = may_spend(wallet, opening, context)
    {
        return refuse(rule);
    }
    let mut decision = done(Event::OrderAnnounced {
        opening: opening.clone(),
        expires_at,
        description: description.to_vec(),
        reversed: reversed.to_vec(),
    });
    decision
        .effects
        .push(Effect::OrderTurned(key, OrderState::Open, expires_at));
    decision
}

/// The payer takes an order back, unless a purchase for it is under way or done.
pub(super) fn cancel(wallet: &Wallet, opening: &Opening) -> Decision {
    let Payer::Order(key) = opening.payer else {
        return refuse(Rule::NoOrderNamed);
    };
    let Some(order) = wallet.order(&key) else {
        return refuse(Rule::NoSuchOrder);
    };
    match order.state {
        OrderState::Open | OrderState::Cancelled => {
            let expires_at = order.expires_at;
            let mut decision = done(Event::OrderCancelled {
                opening: opening.clone(),
            });
            decision
                .effects
                .push(Effect::OrderTurned(key, OrderState::Cancelled, expires_at));
            decision
        }
        OrderState::Paying(_) | OrderState::Paid(_) => refuse(Rule::OrderPaid),
    }
}

/// The wallet's last events.
pub(super) fn read_history(wallet: &Wallet, request: HistoryRequest) -> Decision {
    let request = HistoryRequest {
        from: request.from.or(wallet.last_position),
        available: request.from.is_none().then_some(wallet.available),
        ..request
    };
    Decision {
        effects: smallvec![Effect::ReadHistory(request)],
        ..Decision::default()
    }
}
