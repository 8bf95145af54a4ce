//! Reversals (wire protocol, section 5).

use smallvec::{SmallVec, smallvec};
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, OriginalData};

use super::super::event::NotedOriginal;
use super::super::original::{NamedOriginal, UnseenOriginal};
use super::super::transaction::{Kind, Status, Transaction};
use super::super::{Context, Effect, Event, Opening, Outcome, Wallet};
use super::Decision;
use super::find::{Unmatched, find};
use crate::Rule;

/// 0400 or 0420 that was never seen before.
pub(super) fn reverse(
    wallet: &Wallet,
    opening: &Opening,
    named: &OriginalData,
    terms: Terms,
    context: &Context,
) -> Decision {
    if let Some(decided) = known_from_elsewhere(wallet, opening, terms.advice) {
        return decided;
    }
    let original = NamedOriginal::new(opening, named);
    // Of which kinds its message class says.
    let original = match find(wallet, opening, &original, |_| true) {
        Ok(original) => original,
        Err(why) => return unmatched(opening, named, why, terms, context),
    };
    let asked = terms.replacement.unwrap_or(Amount::ZERO);
    if asked > original.granted() {
        return note(opening, Outcome::declined(Rule::ReplacementTooHigh));
    }
    // What has expired may be completed yet, up to what was granted.
    let most = match original.kind {
        Kind::Authorization => original.granted(),
        Kind::Purchase
        | Kind::Completion
        | Kind::Reversal
        | Kind::Load
        | Kind::CardIssue
        | Kind::Refund
        | Kind::Payout
        | Kind::Retirement
        | Kind::Administration => original.standing,
    };
    // Nothing to undo, or undone before: a second reversal credits nothing.
    if original.more().asked.is_some() || original.status == Status::Declined || asked >= most {
        return note(opening, Outcome::approved());
    }
    // What was refunded is not given back a second time.
    let standing = original.stands_after(asked);
    let mut effects: SmallVec<[Effect; 2]> = smallvec![Effect::Answer(Outcome::approved())];
    let whole = standing.is_zero() && asked.is_zero();
    match original.status {
        Status::Pending if whole => {
            let declined = Outcome::declined(Rule::ReversedMeanwhile);
            effects.push(Effect::Settle(original.reference, declined));
            effects.push(Effect::Advise(original.reference));
        }
        // The host gets an advice when it has answered.
        Status::Pending => {}
        Status::Approved | Status::Declined => effects.push(Effect::Advise(original.reference)),
    }
    if whole {
        effects.extend(super::order_turned(
            wallet,
            original.reference,
            super::OrderState::Open,
        ));
    }
    let mut decision = undo(wallet, opening, original, asked);
    effects.append(&mut decision.effects);
    decision.effects = effects;
    decision
}

/// Leaves so much of `original`, and gives back what that no longer keeps.
pub(super) fn undo(
    wallet: &Wallet,
    opening: &Opening,
    original: &Transaction,
    asked: Amount,
) -> Decision {
    let standing = original.stands_after(asked);
    let reversed = Event::Reversed {
        opening: opening.clone(),
        original: original.reference,
        asked,
        standing,
    };
    let undone = original.standing.saturating_sub(standing);
    let at = match original.status {
        Status::Approved => opening.reference.given_at(),
        Status::Pending | Status::Declined => original.undone_at(),
    };
    let mut decision = Decision {
        events: smallvec![reversed],
        effects: SmallVec::new(),
    };
    reverse_further(wallet, original, undone, at, &mut decision);
    decision
}

/// So much of a refund came to nothing, at the host with the date of `at`: where its purchase has been reversed, no refund keeps
/// that back any more. What both come to does not depend on which of them was first.
pub(super) fn reverse_further(
    wallet: &Wallet,
    refund: &Transaction,
    undone: Amount,
    at: Timestamp,
    decision: &mut Decision,
) {
    let transactions = &wallet.transactions;
    let purchase = match refund.kind {
        Kind::Refund => {
            let original = refund.more().original;
            original.and_then(|original| transactions.by_reference(original))
        }
        Kind::Purchase
        | Kind::Authorization
        | Kind::Completion
        | Kind::Reversal
        | Kind::Load
        | Kind::CardIssue
        | Kind::Payout
        | Kind::Retirement
        | Kind::Administration => None,
    };
    if let Some(purchase) = purchase {
        let refunded = purchase.more().used.saturating_sub(undone);
        lower(wallet, purchase, refunded, at, decision);
    }
}

/// Gives back what no refund keeps from the reversal of this purchase.
pub(super) fn lower(
    wallet: &Wallet,
    purchase: &Transaction,
    refunded: Amount,
    at: Timestamp,
    decision: &mut Decision,
) {
    let standing = purchase.stands_at(refunded);
    if standing >= purchase.standing {
        return;
    }
    decision.events.push(Event::ReversedFurther {
        original: purchase.reference,
        stood: purchase.standing,
        standing,
        at: purchase
            .more()
            .taken_back_at
            .map_or(at, |taken_back_at| at.max(taken_back_at)),
    });
    if standing.is_zero() {
        let open = super::OrderState::Open;
        decision
            .effects
            .extend(super::order_turned(wallet, purchase.reference, open));
    }
}

/// What a reversal says besides its original.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Field 95.
    pub(super) replacement: Option<Amount>,
    /// 0420: never declined for a business reason.
    pub(super) advice: bool,
    /// The original was waiting for its order, and is declined.
    pub(super) was_waiting: bool,
}

/// What was reversed of the order before its payer's agreement stands in another wallet, and the answer that was given there is
/// given again.
fn known_from_elsewhere(wallet: &Wallet, opening: &Opening, advice: bool) -> Option<Decision> {
    let mut remembered = wallet.remembered.iter();
    let known = remembered.find(|unseen| unseen.key == opening.key)?;
    Some(Decision::answer(match known.named.traits.amount {
        other if other != opening.amount => super::contradiction(),
        _ if known.was_waiting => Outcome::approved(),
        _ => Outcome::unmatched(advice),
    }))
}

/// The original was never seen: it is declined should it come later. Where several fit they have come, and nothing is
/// declined.
fn unmatched(
    opening: &Opening,
    named: &OriginalData,
    why: Unmatched,
    terms: Terms,
    context: &Context,
) -> Decision {
    let outcome = match terms.was_waiting {
        true => Outcome::approved(),
        false => Outcome::unmatched(terms.advice),
    };
    let unseen = UnseenOriginal {
        was_waiting: terms.was_waiting,
        ..UnseenOriginal::named(named, opening, context.now)
    };
    let original = match why {
        Unmatched::Unseen => NotedOriginal::Unseen(Box::new(unseen)),
        Unmatched::Several => NotedOriginal::Several,
    };
    noted(opening, outcome, original)
}

fn note(opening: &Opening, outcome: Outcome) -> Decision {
    noted(opening, outcome, NotedOriginal::Found)
}

fn noted(opening: &Opening, outcome: Outcome, original: NotedOriginal) -> Decision {
    Decision {
        events: smallvec![Event::ReversalNoted {
            opening: opening.clone(),
            code: outcome.code,
            original,
        }],
        effects: smallvec![Effect::Answer(outcome)],
    }
}
