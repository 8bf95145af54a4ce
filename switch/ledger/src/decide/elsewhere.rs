//! Advices of what was decided elsewhere: 0120 and 0220 of an acquirer that has stood in for us. They are posted, whatever
//! the wallet has: what is not there is owed.

use smallvec::smallvec;
use tessera_protocol::CardNumber;

use super::super::transaction::Status;
use super::super::{Context, DuplicateKey, Effect, Event, Opening, Outcome, Payer, Wallet};
use super::{Decision, completion, host};
use crate::{Class, Rule};

/// 0120, or 0220 that names no authorization, and was never seen before.
pub(super) fn advise(
    wallet: &Wallet,
    opening: &Opening,
    twin: &DuplicateKey,
    context: &Context,
) -> Decision {
    let Some(seen) = wallet.transactions.by_key(twin) else {
        return post(wallet, opening, context);
    };
    match seen.status {
        // The same purchase was asked for here, and its answer was lost.
        Status::Approved => completion::note(wallet, opening),
        Status::Declined => post(wallet, opening, context),
        // Nobody waits for us any more: what the host says of it is undone there.
        Status::Pending => {
            let mut decision = host::give_up(wallet, seen);
            let posted = post(wallet, opening, context);
            decision.events.extend(posted.events);
            decision.effects.extend(posted.effects);
            decision
        }
    }
}

/// Posts it.
pub(super) fn post(wallet: &Wallet, opening: &Opening, context: &Context) -> Decision {
    if wallet.remembered.iter().any(|unseen| unseen.means(opening)) {
        return completion::note(wallet, opening);
    }
    if wallet.currency != Some(opening.currency) {
        let rule = Rule::OtherCurrency;
        return Decision {
            events: smallvec![Event::Declined {
                opening: opening.clone(),
                code: rule.code(),
                reason: rule.into(),
            }],
            effects: smallvec![Effect::Answer(Outcome::declined(rule))],
        };
    }
    let (card, expiry) = shown_card(wallet, opening);
    let expires_at = match opening.class {
        Class::Authorization => context.now + context.rules.hold_valid_for,
        Class::Financial | Class::Reversal | Class::Administrative => 0,
    };
    let mut effects = smallvec![
        Effect::Answer(Outcome::approved()),
        Effect::Post(opening.reference),
    ];
    if expires_at != 0 {
        effects.push(Effect::WakeAt(expires_at));
    }
    Decision {
        events: smallvec![Event::Advised {
            opening: opening.clone(),
            card,
            expiry,
            expires_at,
        }],
        effects,
    }
}

/// The card that the host is shown: the one that was named, dead or alive, or the wallet's own.
pub(super) fn shown_card(wallet: &Wallet, opening: &Opening) -> (CardNumber, u16) {
    let own = || wallet.cards.representative().or(wallet.cards.iter().last());
    let card = match &opening.payer {
        Payer::Card(number, _) => wallet.cards.find(number).or_else(own),
        Payer::Order(_) | Payer::Wallet => own(),
    };
    match (card, &opening.payer) {
        (Some(card), _) => (card.number.clone(), card.expiry),
        // A wallet without a card has nothing to complete either.
        (None, Payer::Card(number, expiry)) => (number.clone(), expiry.unwrap_or(0)),
        (None, _) => (CardNumber::development(0), 0),
    }
}
