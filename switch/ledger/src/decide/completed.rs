//! The event of a completion, and what it shows the host.

use smallvec::smallvec;
use tessera_protocol::Amount;

use super::super::{Effect, Event, Opening, Outcome, Payer, Reference, Wallet};
use super::Decision;
use crate::CardName;

/// There is nothing to complete.
pub(super) fn note(wallet: &Wallet, opening: &Opening) -> Decision {
    completed(wallet, opening, None, Amount::ZERO, Amount::ZERO, false)
}

/// No authorization fits what it names, or several do.
pub(super) fn unmatched(wallet: &Wallet, opening: &Opening) -> Decision {
    let mut decision = note(wallet, opening);
    for event in &mut decision.events {
        if let Event::Completed { unmatched, .. } = event {
            *unmatched = true;
        }
    }
    decision.effects = smallvec![Effect::Answer(Outcome::unmatched(true))];
    decision
}

pub(super) fn completed(
    wallet: &Wallet,
    opening: &Opening,
    original: Option<Reference>,
    debit: Amount,
    from_hold: Amount,
    closes: bool,
) -> Decision {
    let (card, expiry) = shown_card(wallet, opening);
    let mut effects = smallvec![Effect::Answer(Outcome::approved())];
    if !debit.is_zero() {
        effects.push(Effect::Post(opening.reference));
    }
    Decision {
        events: smallvec![Event::Completed {
            opening: opening.clone(),
            original,
            card,
            expiry,
            debit,
            from_hold,
            closes,
            unmatched: false,
        }],
        effects,
    }
}

/// The card that the host is shown: the one that was named, dead or alive, or the wallet's own.
pub(super) fn shown_card(wallet: &Wallet, opening: &Opening) -> (CardName, u16) {
    let own = || wallet.cards.representative().or(wallet.cards.iter().last());
    let (named, expiry) = match opening.payer {
        Payer::Card(name, expiry) => (Some(name), expiry.unwrap_or(0)),
        Payer::Order(_) | Payer::Wallet => (None, 0),
    };
    let found = named.and_then(|name| wallet.cards.find(name)).or_else(own);
    match found {
        Some(card) => (card.name(), card.expiry),
        // A wallet without a card has nothing to complete either.
        None => (named.unwrap_or(CardName::NONE), expiry),
    }
}
