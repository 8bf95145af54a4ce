//! Refunds (wire protocol, section 5): a mall gives money of a purchase back, once the host has agreed.

use smallvec::smallvec;
use tessera_protocol::{OriginalData, ResponseCode};

use super::super::original::NamedOriginal;
use super::super::transaction::{Advice, Kind, Status, Transaction};
use super::super::{Context, Effect, Event, Opening, Outcome, Payer, Wallet};
use super::Decision;
use super::find::{Unmatched, find};
use crate::{CardName, Rule};

/// 0200/20 that was never seen before.
pub(super) fn refund(
    wallet: &Wallet,
    opening: &Opening,
    named: Option<&OriginalData>,
    context: &Context,
) -> Decision {
    match may_refund(wallet, opening, named, context) {
        Err(rule) => Decision {
            events: smallvec![Event::Declined {
                opening: opening.clone(),
                code: rule.code(),
                reason: rule.into(),
            }],
            effects: smallvec![Effect::Answer(Outcome::declined(rule))],
        },
        Ok((original, (card, expiry))) => Decision {
            events: smallvec![Event::RefundRequested {
                opening: opening.clone(),
                original: original.map(|original| original.reference),
                early: original.is_some_and(|original| is_early(wallet, original)),
                host_trace: context.host_stan(),
                card,
                expiry,
            }],
            effects: smallvec![
                Effect::Await(opening.reference),
                Effect::Forward(opening.reference),
            ],
        },
    }
}

fn may_refund<'a>(
    wallet: &'a Wallet,
    opening: &Opening,
    named: Option<&OriginalData>,
    context: &Context,
) -> Result<(Option<&'a Transaction>, (CardName, u16)), Rule> {
    if wallet.remembered.iter().any(|unseen| unseen.means(opening)) {
        return Err(Rule::ReversedBefore);
    }
    let original = match named {
        Some(named) => Some(may_be_refunded(wallet, opening, named)?),
        None if wallet.currency != Some(opening.currency) => {
            return Err(Rule::OtherCurrency);
        }
        None => None,
    };
    if !wallet.may_take(opening.amount) {
        return Err(Rule::MoreThanWalletHolds);
    }
    if let Some(account) = &wallet.account
        && (account.closed || account.closing.is_some())
    {
        return Err(Rule::WalletEnded);
    }
    let card = wallet.cards.representative().ok_or(Rule::NoCard)?;
    if !context.host_up {
        return Err(Rule::HostDown);
    }
    // To the host it goes under the number that paid, where the mall named one: it may be dead by now.
    let paid_with = match opening.payer {
        Payer::Card(name, _) => wallet.cards.find(name).unwrap_or(card),
        Payer::Order(_) | Payer::Wallet => card,
    };
    Ok((original, (paid_with.name(), paid_with.expiry)))
}

/// The purchase, if so much of it may be given back.
fn may_be_refunded<'a>(
    wallet: &'a Wallet,
    opening: &Opening,
    named: &OriginalData,
) -> Result<&'a Transaction, Rule> {
    // What an authorization came to is debited by its completion.
    let named = NamedOriginal::new(opening, named);
    let of_kind = |kind| find(wallet, opening, &named, move |one| one == kind);
    let original = match of_kind(Kind::Purchase) {
        Err(Unmatched::Unseen) => of_kind(Kind::Completion),
        found => found,
    };
    let original = original.map_err(|_| Rule::OriginalNotFound)?;
    if original.currency != opening.currency {
        return Err(Rule::PurchaseCurrency);
    }
    match original.status {
        Status::Approved => {}
        Status::Pending => {
            return Err(Rule::PurchasePending);
        }
        Status::Declined => {
            return Err(Rule::NothingLeft);
        }
    }
    let left = original.standing.saturating_sub(original.more().used);
    if opening.amount > left {
        return Err(Rule::MoreThanLeft);
    }
    Ok(original)
}

/// Whether the host may not know the purchase yet, or the reversal of an earlier refund of it, when it gets a refund
/// now.
fn is_early(wallet: &Wallet, purchase: &Transaction) -> bool {
    let unheard = |other: &Transaction| {
        other.kind == Kind::Refund
            && other.more().original == Some(purchase.reference)
            && (other.advice == Advice::Open || other.status == Status::Pending)
            && other.standing < other.amount
    };
    purchase.more().posting == Advice::Open || wallet.transactions.iter().any(unheard)
}

/// Whether the host has declined a refund that it may approve after it has got the earlier advices: the refund may be
/// sent again. What it has acknowledged since then it need not have known when it declined.
pub(super) fn came_too_early(refund: &Transaction, code: ResponseCode) -> bool {
    let missed = matches!(code, ResponseCode::NOT_FOUND | ResponseCode::INVALID_AMOUNT);
    missed && refund.kind == Kind::Refund && refund.more().early
}
