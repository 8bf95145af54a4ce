//! Completions (0220) of authorizations, and the end of what these hold (wire protocol, section 5).
//!
//! ```text
//!              completed: debited from the hold, the rest is free   (several: it stays until all is used)
//! hold open ──▶ expired:   free; a completion that comes yet takes what is available
//!              reversed:  free, wholly or down to field 95
//! ```
//! What a completion debited and its reversal gave back is held no more. While the hold is open, further completions debit
//! what is still held; once it is completed, what reversals of completions have given back since, and only if it is there.

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, OriginalData};

use super::super::original::NamedOriginal;
use super::super::transaction::{HoldState, Kind, Status, Transaction};
use super::super::{Context, Effect, Event, Opening, Wallet};
use super::find::{Unmatched, find};
use super::{Decision, completed, elsewhere};

/// What a party may do with completions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Complete an authorization in several parts.
    pub(super) several: bool,
    /// Decide purchases elsewhere: one whose authorization is not known is such.
    pub(super) elsewhere: bool,
}

/// 0220 that names an authorization, and was never seen before. It is an advice: answered 00 whatever it comes to.
pub(super) fn complete(
    wallet: &Wallet,
    opening: &Opening,
    named: &OriginalData,
    terms: Terms,
    context: &Context,
) -> Decision {
    let named = NamedOriginal::new(opening, named);
    match find(wallet, opening, &named, |kind| kind == Kind::Authorization) {
        Ok(found) if found.status != Status::Declined => debit(wallet, opening, found, terms),
        Ok(_) => completed::note(wallet, opening),
        Err(Unmatched::Unseen) if terms.elsewhere => elsewhere::post(wallet, opening, context),
        Err(_) => completed::unmatched(wallet, opening),
    }
}

fn debit(
    wallet: &Wallet,
    opening: &Opening,
    authorization: &Transaction,
    terms: Terms,
) -> Decision {
    let Some(hold) = authorization.hold() else {
        return completed::note(wallet, opening);
    };
    let used = authorization.more().used;
    let (debit, from_hold, closes) = match hold.state {
        HoldState::Open => {
            let debit = opening.amount.min(hold.held);
            (debit, debit, !terms.several || debit == hold.held)
        }
        // Nothing is set aside any more: it is debited if it is there.
        HoldState::Expired => {
            let most = authorization
                .more()
                .asked
                .map_or(hold.most, |asked| hold.most.min(asked));
            let debit = opening.amount.min(most.saturating_sub(used));
            match wallet.available.covers(debit) {
                true => (debit, Amount::ZERO, !terms.several),
                false => (Amount::ZERO, Amount::ZERO, false),
            }
        }
        HoldState::Completed => (Amount::ZERO, Amount::ZERO, false),
    };
    let mut decision = completed::completed(
        wallet,
        opening,
        Some(authorization.reference),
        debit,
        from_hold,
        closes,
    );
    // The host frees what is left there: also what a completion left that was taken back.
    let stands = authorization.standing.value() + debit.saturating_sub(from_hold).value();
    let less_is_used = used.value() + debit.value() < stands;
    let frees = closes && less_is_used && authorization.status == Status::Approved;
    if frees {
        decision
            .effects
            .push(Effect::Advise(authorization.reference));
    }
    decision
}

/// Ends what has expired, and says when to look again.
pub(super) fn expire(wallet: &Wallet, context: &Context) -> Decision {
    let mut decision = Decision::default();
    let mut next: Option<Timestamp> = None;
    for authorization in wallet.transactions.iter().filter(|found| found.holds()) {
        let Some(hold) = authorization.hold() else {
            continue;
        };
        // While the host decides, it decides.
        if hold.expires_at > context.now || authorization.status == Status::Pending {
            let ends = hold.expires_at.max(context.now.plus(1));
            next = Some(next.map_or(ends, |next| next.min(ends)));
            continue;
        }
        let reference = authorization.reference;
        decision.events.push(Event::Expired { reference });
        decision.effects.push(Effect::Advise(reference));
        if authorization.more().used.is_zero() {
            let open = super::OrderState::Open;
            let turned = super::order_turned(wallet, reference, open);
            decision.effects.extend(turned);
        }
    }
    decision.effects.extend(next.map(Effect::WakeAt));
    decision
}
