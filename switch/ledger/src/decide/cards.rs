//! Card numbers: issue, replacement, further ones, and showing them.

use smallvec::smallvec;
use tessera_common::text::latin_1;
use tessera_protocol::leased::{NumberRow, NumberState, NumberUse, Operation, tag};
use tessera_protocol::{Amount, Currency};

use super::super::account::NUMBERS_MAX;
use super::super::{
    Card, CardName, Context, Details, Effect, Event, Opening, Outcome, Wallet, Wanted,
};
use super::replies::{done, forward, may_reach_host, refuse};
use super::{Decision, answer_with};
use crate::Rule;

/// Asks the host for the first card, or for one in the place of the present one.
pub(super) fn issue(
    wallet: &Wallet,
    opening: &Opening,
    replaces: bool,
    context: &Context,
) -> Decision {
    if let Err(rule) = may_reach_host(wallet, opening, context) {
        return refuse(rule);
    }
    let wanted = match (replaces, wallet.cards.representative()) {
        (false, None) => Wanted::First,
        (true, Some(card)) => Wanted::Replacement(card.name()),
        (false, Some(_)) => return refuse(Rule::CardExists),
        (true, None) => return refuse(Rule::NoCard),
    };
    if wallet.cards.representative_requested() {
        return refuse(Rule::CardRequested);
    }
    request(opening, wanted, context)
}

/// Asks for a card in the place of the one that expires soon.
pub(super) fn renew(wallet: &Wallet, context: &Context) -> Decision {
    let due = wallet.expiring(context.now, context.rules.renew_before);
    let due = due.filter(|_| !wallet.cards.representative_requested());
    Decision {
        effects: due
            .map(|card| Effect::RenewCard(card.serial))
            .into_iter()
            .collect(),
        ..Decision::default()
    }
}

/// Asks the host for a further number.
pub(super) fn issue_number(
    wallet: &Wallet,
    opening: &Opening,
    usage: NumberUse,
    limit: Amount,
    context: &Context,
) -> Decision {
    if let Err(rule) = may_reach_host(wallet, opening, context) {
        return refuse(rule);
    }
    if wallet.cards.representative().is_none() {
        return refuse(Rule::NoCard);
    }
    if wallet.cards.live_further() >= NUMBERS_MAX {
        return refuse(Rule::TooManyNumbers);
    }
    request(opening, Wanted::Further { usage, limit }, context)
}

fn request(opening: &Opening, wanted: Wanted, context: &Context) -> Decision {
    Decision {
        events: smallvec![Event::CardRequested {
            opening: opening.clone(),
            host_trace: context.host_stan(),
            wanted,
        }],
        effects: forward(opening),
    }
}

/// Ends a further number.
pub(super) fn retire_number(wallet: &Wallet, opening: &Opening, serial: u32) -> Decision {
    let Some(card) = wallet.cards.further(serial).filter(|card| !card.dead) else {
        return refuse(Rule::NoSuchNumber);
    };
    let mut decision = done(Event::CardRetired {
        opening: opening.clone(),
        card: card.name(),
    });
    decision.effects.push(Effect::Advise(opening.reference));
    decision
}

/// Ends all numbers of a wallet that has ended, or ends with what the decision says before.
pub(super) fn retire_all(wallet: &Wallet, context: &Context, decision: &mut Decision) {
    for card in wallet.cards.known_to_host() {
        retire(wallet, card.name(), context, decision);
    }
}

/// Ends one of them.
pub(super) fn retire(wallet: &Wallet, card: CardName, context: &Context, decision: &mut Decision) {
    let own = |event: &&Event| matches!(event, Event::CardRetired { .. });
    let before = decision.events.iter().filter(own).count();
    let reference = (0..before).fold(context.next_reference, |given, _| given.next());
    let currency = wallet.currency.unwrap_or(Currency::USD);
    let opening = Opening::by_itself(
        reference,
        reference,
        b"RETIRED ",
        Operation::RetireNumber,
        currency,
        context.now,
    );
    decision.effects.push(Effect::Advise(opening.reference));
    decision.events.push(Event::CardRetired { opening, card });
}

/// Shows the representative number, or a further one.
pub(super) fn reveal(wallet: &Wallet, serial: Option<u32>) -> Decision {
    let card = match serial {
        None => wallet.cards.representative(),
        Some(serial) => wallet.cards.further(serial).filter(|card| !card.dead),
    };
    match card {
        Some(card) => answer_with(card.details(true)),
        None => refuse(Rule::NoSuchCard),
    }
}

/// The further numbers, newest first; those that can be used before the others, as the list is cut where the answer is
/// full.
pub(super) fn list(wallet: &Wallet) -> Decision {
    let further = || {
        wallet
            .cards
            .iter()
            .rev()
            .filter(|card| card.terms.is_some())
    };
    let live = |card: &&Card| card.state() == NumberState::Live;
    let ended = |card: &&Card| card.state() != NumberState::Live;
    let cards = further().filter(live).chain(further().filter(ended));
    let rows = cards.filter_map(|card| Some((tag::NUMBER_ROW, row(card)?.to_string())));
    answer_with(Details::Rows(rows.collect()))
}

fn row(card: &Card) -> Option<NumberRow> {
    let terms = card.terms.as_ref()?;
    let acceptor = terms.mall.map(|(_, acceptor)| acceptor).unwrap_or_default();
    Some(NumberRow {
        number: card.serial,
        usage: terms.usage,
        state: card.state(),
        last_four: card.name().last_four.to_string(),
        expiry: format!("{:04}", card.expiry),
        limit: terms.limit.value(),
        acceptor: latin_1(&acceptor).trim_matches(['\0', ' ']).to_owned(),
    })
}

impl Card {
    /// The answer about it.
    pub(super) fn details(&self, in_full: bool) -> Details {
        Details::Card {
            number: self.number.clone(),
            expiry: self.expiry,
            serial: self.serial,
            in_full,
        }
    }
}

/// What an approved request for a card is answered with: the payer sees the representative number when they ask for it
/// with their password, and a wallet without an account has nobody to hide it from.
pub(super) fn issued(wallet: &Wallet, card: &Card) -> Outcome {
    Outcome {
        details: card.details(wallet.account.is_none() || card.terms.is_some()),
        ..Outcome::approved()
    }
}
