//! What the wallet server asks for on its leased line.

use smallvec::smallvec;

use super::super::UnseenOriginal;
use super::super::{
    Ask, Context, Effect, Event, HistoryRequest, Opening, OrderState, Outcome, Payer, Wallet,
};
use super::Decision;
use super::purchase::may_spend;
use crate::{Rule, Verdict};

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
    expires_at: u64,
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
    let from = request.from.or(wallet.last_position);
    Decision {
        effects: smallvec![Effect::ReadHistory(HistoryRequest { from, ..request })],
        ..Decision::default()
    }
}

/// Whether the host may be asked for something on the wallet's account.
pub(super) fn may_reach_host(
    wallet: &Wallet,
    opening: &Opening,
    context: &Context,
) -> Result<(), Rule> {
    if let Some(account) = &wallet.account
        && (account.closed || account.closing.is_some())
    {
        return Err(Rule::WalletEnded);
    }
    match wallet.currency {
        None => Err(Rule::NoSuchWallet),
        Some(currency) if currency != opening.currency => Err(Rule::OtherCurrency),
        Some(_) if !context.host_up => Err(Rule::HostDown),
        Some(_) => Ok(()),
    }
}

/// Sends the request to the host, whose answer its asker waits for.
pub(super) fn forward(opening: &Opening) -> smallvec::SmallVec<[Effect; 2]> {
    smallvec![
        Effect::Await(opening.reference),
        Effect::Forward(opening.reference)
    ]
}

pub(super) fn done(event: Event) -> Decision {
    Decision {
        events: smallvec![event],
        effects: smallvec![Effect::Answer(Outcome::approved())],
    }
}

/// Refusals to the wallet server change nothing and are decided afresh when it asks again.
pub(super) fn refuse(why: impl Into<Verdict>) -> Decision {
    Decision::answer(Outcome::declined(why))
}
