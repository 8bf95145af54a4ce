//! Reversals (wire protocol, section 5).

use smallvec::{SmallVec, smallvec};
use tessera_protocol::{Amount, OriginalData, ResponseCode};

use super::super::event::{UnseenOriginal, may_repeat};
use super::super::transaction::{Kind, Status, Transaction};
use super::super::{Context, Effect, Event, Opening, Outcome, Wallet};
use super::Decision;

/// 0400 or 0420 that was never seen before.
pub(super) fn reverse(
    wallet: &Wallet,
    opening: &Opening,
    named: &OriginalData,
    replacement: Option<Amount>,
    advice: bool,
    context: &Context,
) -> Decision {
    let Some(original) = find(wallet, opening, named) else {
        return remember(opening, named, advice, context);
    };
    let asked = replacement.unwrap_or(Amount::ZERO);
    if asked > original.granted() {
        return note(
            opening,
            ResponseCode::INVALID_AMOUNT,
            "95 is above the original amount",
        );
    }
    // What has expired may be completed yet, up to what was granted.
    let most = match original.kind {
        Kind::Authorization => original.granted(),
        _ => original.standing,
    };
    // Nothing to undo, or undone before: a second reversal credits nothing.
    if original.more().asked.is_some() || original.status == Status::Declined || asked >= most {
        return note(opening, ResponseCode::APPROVED, "");
    }
    // What was refunded is not given back a second time.
    let standing = original.stands_after(asked);
    let mut effects: SmallVec<[Effect; 2]> = smallvec![Effect::Answer(Outcome::approved())];
    let whole = standing.is_zero() && asked.is_zero();
    match original.status {
        Status::Pending if whole => {
            let declined =
                Outcome::declined(ResponseCode::DECLINED, "reversed while it was decided");
            effects.push(Effect::Settle(original.reference, declined));
            effects.push(Effect::Advise(original.reference));
        }
        // The host is told when it has answered.
        Status::Pending => {}
        _ => effects.push(Effect::Advise(original.reference)),
    }
    if whole {
        effects.extend(super::order_turned(
            wallet,
            original.reference,
            super::OrderState::Open,
        ));
    }
    let mut decision = Decision {
        events: smallvec![Event::Reversed {
            opening: opening.clone(),
            original: original.reference,
            asked,
            standing,
        }],
        effects,
    };
    let undone = original.standing.saturating_sub(standing);
    let at = match original.status {
        Status::Approved => opening.reference.milliseconds(),
        _ => original.undone_at(),
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
    at: u64,
    decision: &mut Decision,
) {
    let transactions = &wallet.transactions;
    let purchase = match refund.kind {
        Kind::Refund => transactions.by_reference(refund.more().original),
        _ => None,
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
    at: u64,
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
        at: at.max(purchase.more().taken_back_at),
    });
    if standing.is_zero() {
        let open = super::OrderState::Open;
        decision
            .effects
            .extend(super::order_turned(wallet, purchase.reference, open));
    }
}

/// The purchase or refund that field 90 names: of the same payer, as the request names them, and of the same terminal, whose
/// trace number it is; newest first, as trace numbers come round.
///
/// The time that it says may be one that was never seen here: a crash or a cut line took that one away,
/// and what came through was a repeat with a time of its own.
fn find<'a>(
    wallet: &'a Wallet,
    opening: &Opening,
    named: &OriginalData,
) -> Option<&'a Transaction> {
    let of_party = named.institution == 0 || named.institution == opening.institution;
    let (class, origin) = (named.mti.class(), opening.origin_tag());
    let payer = opening.payer.tag();
    let of_class = |kind: Kind| match kind {
        Kind::Purchase | Kind::Refund | Kind::Completion => class == 2,
        Kind::Authorization => class == 1,
        _ => false,
    };
    let newest = |at: fn(&Transaction, u32) -> bool| {
        wallet.transactions.iter().rev().find(|found| {
            of_party
                && of_class(found.kind)
                && found.institution == opening.institution
                && found.trace == named.trace
                && found.origin == origin
                && found.payer == payer
                && at(found, named.transmission)
        })
    };
    newest(Transaction::was_sent_at)
        .or_else(|| newest(|found, time| found.only_repeat && may_repeat(found.transmission, time)))
}

/// The original was never seen: it is declined should it come later.
fn remember(opening: &Opening, named: &OriginalData, advice: bool, context: &Context) -> Decision {
    let (code, reason) = match advice {
        true => (ResponseCode::APPROVED, ""),
        false => (ResponseCode::NOT_FOUND, "the original was never seen"),
    };
    let unseen = UnseenOriginal::named(named, opening, context.now);
    Decision {
        events: smallvec![Event::ReversalNoted {
            opening: opening.clone(),
            code,
            unseen: Some(unseen),
        }],
        effects: smallvec![answer(code, reason)],
    }
}

fn note(opening: &Opening, code: ResponseCode, reason: &'static str) -> Decision {
    Decision {
        events: smallvec![Event::ReversalNoted {
            opening: opening.clone(),
            code,
            unseen: None
        }],
        effects: smallvec![answer(code, reason)],
    }
}

fn answer(code: ResponseCode, reason: &'static str) -> Effect {
    Effect::Answer(match code.is_approved() {
        true => Outcome::approved(),
        false => Outcome::declined(code, reason),
    })
}
