//! Purchases and balance inquiries.

use smallvec::smallvec;
use tessera_protocol::leased::Limits;
use tessera_protocol::{Amount, sandbox};

use super::super::{
    Balance, Card, Context, Details, Effect, Event, Opening, OrderState, Outcome, Payer, Wallet,
};
use super::{Decision, funding, stand_in};
use crate::{Class, Rule};

/// 0200/00 or 0100/00 that was never seen before: holds the money and goes to the host, or is declined.
pub(super) fn purchase(
    wallet: &Wallet,
    opening: &Opening,
    barred: Option<Rule>,
    context: &Context,
) -> Decision {
    match may_purchase(wallet, opening, barred, context) {
        Err(rule) => {
            let mut effects = smallvec![Effect::Answer(Outcome::declined(rule))];
            // The next one should find money.
            if rule == Rule::NotEnoughMoney {
                effects.extend(funding::reload(wallet, opening.reference, context.now));
            }
            Decision {
                events: smallvec![Event::Declined {
                    opening: opening.clone(),
                    code: rule.code(),
                    reason: rule.into(),
                }],
                effects,
            }
        }
        Ok((card, granted)) => hold(wallet, opening, card, granted, context),
    }
}

fn hold(
    wallet: &Wallet,
    opening: &Opening,
    card: &Card,
    granted: Option<Amount>,
    context: &Context,
) -> Decision {
    let reference = opening.reference;
    let expires_at = match opening.class {
        Class::Authorization => Some(context.now.plus(context.rules.hold_valid_for)),
        Class::Financial | Class::Reversal | Class::Administrative => None,
    };
    let held = Event::Held {
        opening: opening.clone(),
        host_trace: context.host_stan(),
        card: card.name(),
        expiry: card.expiry,
        granted,
        expires_at,
    };
    let mut decision = match context.host_up {
        true => Decision {
            events: smallvec![held],
            effects: smallvec![Effect::Await(reference), Effect::Forward(reference)],
        },
        false => stand_in::approve_at_once(opening, granted, held),
    };
    if let Payer::Order(key) = opening.payer
        && let Some(order) = wallet.order(&key)
    {
        let state = match context.host_up {
            true => OrderState::Paying(reference),
            false => OrderState::Paid(reference),
        };
        let turned = Effect::OrderTurned(key, state, order.expires_at);
        decision.effects.push(turned);
    }
    if let Some(expires_at) = expires_at {
        decision.effects.push(Effect::WakeAt(expires_at));
    }
    decision
}

/// 0100/31: what is there, and what of it can be spent.
pub(super) fn inquire(wallet: &Wallet, opening: &Opening, context: &Context) -> Decision {
    let outcome = match may_inquire(wallet, opening, context) {
        Err(rule) => Outcome::declined(rule),
        Ok(()) => Outcome {
            details: Details::Balances {
                ledger: wallet.ledger(),
                available: wallet.available,
            },
            ..Outcome::approved()
        },
    };
    Decision::answer(outcome)
}

/// 0100/00 with amount 0, or 0100/38: nothing is journaled or held, and the host is not asked. It is answered afresh each
/// time; its key is looked up all the same, as that of an authorization of another amount must not be used again.
pub(super) fn verify(
    wallet: &Wallet,
    opening: &Opening,
    barred: Option<Rule>,
    context: &Context,
) -> Decision {
    let outcome = match may_verify(wallet, opening, barred, context) {
        Err(rule) => Outcome::declined(rule),
        Ok(()) => Outcome {
            approval: Some(opening.reference.approval()),
            ..Outcome::approved()
        },
    };
    Decision::answer(outcome)
}

fn may_verify(
    wallet: &Wallet,
    opening: &Opening,
    barred: Option<Rule>,
    context: &Context,
) -> Result<(), Rule> {
    if wallet.currency != Some(opening.currency) {
        return Err(Rule::OtherCurrency);
    }
    let card = named_card(wallet, opening, context)?;
    card.allows(opening)?;
    is_card_permitted(wallet, card, opening, barred, context)?;
    is_open(wallet, opening, context)
}

/// The card that the host is shown for the purchase, or why there is none. The order of the rules
/// is the order of what a payer can do about them.
fn may_purchase<'a>(
    wallet: &'a Wallet,
    opening: &Opening,
    barred: Option<Rule>,
    context: &Context,
) -> Result<(&'a Card, Option<Amount>), Rule> {
    if wallet.remembered.iter().any(|unseen| unseen.means(opening)) {
        return Err(Rule::ReversedBefore);
    }
    if wallet.currency != Some(opening.currency) {
        return Err(Rule::OtherCurrency);
    }
    let card = match &opening.payer {
        Payer::Card(..) => {
            let card = named_card(wallet, opening, context)?;
            card.allows(opening)?;
            card
        }
        Payer::Order(_) => {
            may_pay_order(wallet, opening, context)?;
            wallet.cards.representative().ok_or(Rule::NoCard)?
        }
        Payer::Wallet => return Err(Rule::NoPayer),
    };
    is_card_permitted(wallet, card, opening, barred, context)?;
    may_pay(wallet, opening, context)?;
    let spendable = match context.rules.sandbox {
        true => in_sandbox(wallet, opening),
        false => wallet.available,
    };
    let granted = match spendable.covers(opening.amount) {
        true => None,
        false if opening.merchant.takes_part && !spendable.is_zero() => Some(spendable.as_amount()),
        false => return Err(Rule::NotEnoughMoney),
    };
    let amount = granted.unwrap_or(opening.amount);
    if !context.host_up && !stand_in::may_approve(wallet, amount, context) {
        return Err(Rule::HostDown);
    }
    Ok((card, granted))
}

/// What can be spent where the sandbox may play that it suffices for half of the amount.
#[cold]
fn in_sandbox(wallet: &Wallet, opening: &Opening) -> Balance {
    let played = sandbox::of_amount(opening.amount).or_else(|| sandbox::of_wallet(wallet.id.0));
    match played {
        Some(sandbox::Outcome::Partial) => {
            Balance(wallet.available.value().min(opening.amount.value() / 2))
        }
        _ => wallet.available,
    }
}

/// What operator and party's profile say about such a purchase with this card.
fn is_card_permitted(
    wallet: &Wallet,
    card: &Card,
    opening: &Opening,
    barred: Option<Rule>,
    context: &Context,
) -> Result<(), Rule> {
    if context.operator_policy.blocks.hold_card(&card.number) {
        return Err(Rule::CardsBlocked);
    }
    if let Some(rule) = barred {
        return Err(rule);
    }
    if let Some(decided) = &wallet.supervision
        && let Some(rule) = decided.refuse(card.serial, opening)
    {
        return Err(rule);
    }
    Ok(())
}

/// Whether the wallet may and can spend this.
pub(super) fn may_spend(wallet: &Wallet, opening: &Opening, context: &Context) -> Result<(), Rule> {
    may_pay(wallet, opening, context)?;
    match wallet.available.covers(opening.amount) {
        true => Ok(()),
        false => Err(Rule::NotEnoughMoney),
    }
}

fn may_pay(wallet: &Wallet, opening: &Opening, context: &Context) -> Result<(), Rule> {
    is_open(wallet, opening, context)?;
    let own = wallet.account.as_ref().map(|account| account.limits);
    let limits = own.map_or(context.rules.limits, |own| {
        context.rules.limits.stricter(own)
    });
    if limits != Limits::default() {
        within(limits, wallet, opening)?;
    }
    Ok(())
}

/// Whether the wallet pays at all, and this merchant.
fn is_open(wallet: &Wallet, opening: &Opening, context: &Context) -> Result<(), Rule> {
    if context
        .operator_policy
        .blocks
        .hold_merchant(&opening.acceptor)
    {
        return Err(Rule::MerchantBlocked);
    }
    if wallet.is_blocked() {
        return Err(Rule::WalletBlocked);
    }
    if let Some(account) = &wallet.account {
        if account.frozen {
            return Err(Rule::WalletFrozen);
        }
        if account.closed || account.closing.is_some() {
            return Err(Rule::WalletEnded);
        }
    }
    Ok(())
}

fn within(limits: Limits, wallet: &Wallet, opening: &Opening) -> Result<(), Rule> {
    let spent = wallet.spending.at(opening.reference.given_at());
    let amount = opening.amount.value();
    for (limit, would_be, rule) in [
        (limits.transaction, amount, Rule::PurchaseLimit),
        (limits.day, spent.day + amount, Rule::DayLimit),
        (limits.month, spent.month + amount, Rule::MonthLimit),
        (limits.day_count, spent.day_count + 1, Rule::DayCount),
        (limits.month_count, spent.month_count + 1, Rule::MonthCount),
    ] {
        if limit != 0 && would_be > limit {
            return Err(rule);
        }
    }
    Ok(())
}

fn may_inquire(wallet: &Wallet, opening: &Opening, context: &Context) -> Result<(), Rule> {
    if wallet.currency.is_none() {
        return Err(Rule::NoSuchWallet);
    }
    if let Payer::Card(..) = opening.payer {
        named_card(wallet, opening, context)?;
        if wallet.currency != Some(opening.currency) {
            return Err(Rule::OtherCurrency);
        }
    }
    Ok(())
}

/// The wallet's card that the request names, if it is good.
fn named_card<'a>(
    wallet: &'a Wallet,
    opening: &Opening,
    context: &Context,
) -> Result<&'a Card, Rule> {
    let Payer::Card(name, expiry) = opening.payer else {
        return Err(Rule::NoCardNamed);
    };
    let card = wallet
        .cards
        .find(name)
        .filter(|card| !card.dead)
        .ok_or(Rule::NotItsCard)?;
    if expiry != Some(card.expiry) {
        return Err(Rule::WrongExpiry);
    }
    if card.expiry < tessera_kit::clock::year_month(context.now) {
        return Err(Rule::CardExpired);
    }
    Ok(card)
}

fn may_pay_order(wallet: &Wallet, opening: &Opening, context: &Context) -> Result<(), Rule> {
    let Payer::Order(key) = &opening.payer else {
        return Ok(());
    };
    let order = wallet.order(key).ok_or(Rule::NoSuchOrder)?;
    match order.state {
        OrderState::Open => {}
        OrderState::Paid(_) => return Err(Rule::OrderPaid),
        OrderState::Paying(_) => {
            return Err(Rule::OrderPaying);
        }
        OrderState::Cancelled => return Err(Rule::OrderCancelled),
    }
    if order.expires_at < context.now {
        return Err(Rule::AgreementExpired);
    }
    if order.currency != opening.currency {
        return Err(Rule::AgreedCurrency);
    }
    if order.amount != opening.amount {
        return Err(Rule::AgreedAmount);
    }
    Ok(())
}
