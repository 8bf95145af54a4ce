//! Advices of what was decided elsewhere: 0120 and 0220 of an acquirer that has stood in for us. They are posted, whatever
//! the wallet has: what is not there is owed.

use smallvec::smallvec;

use super::super::transaction::Status;
use super::super::{Context, DuplicateKey, Effect, Event, Opening, Outcome, Wallet};
use super::{Decision, completed, host};
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
        Status::Approved => completed::note(wallet, opening),
        Status::Declined => post(wallet, opening, context),
        // The requester no longer waits; an approval by the host is reversed.
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
        return completed::note(wallet, opening);
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
    let (card, expiry) = completed::shown_card(wallet, opening);
    let expires_at = match opening.class {
        Class::Authorization => Some(context.now.plus(context.rules.hold_valid_for)),
        Class::Financial | Class::Reversal | Class::Administrative => None,
    };
    let mut effects = smallvec![
        Effect::Answer(Outcome::approved()),
        Effect::Post(opening.reference),
    ];
    effects.extend(expires_at.map(Effect::WakeAt));
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
