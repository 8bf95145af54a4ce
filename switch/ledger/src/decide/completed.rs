//! The event of a completion, and what it shows the host.

use smallvec::smallvec;
use tessera_protocol::{Amount, CardNumber};

use super::super::{Effect, Event, Opening, Outcome, Payer, Reference, Wallet};
use super::Decision;

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
