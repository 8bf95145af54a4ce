//! Stand-in: approvals within limits while the financial system is unreachable, with an advice to it afterwards.

use smallvec::smallvec;
use tessera_protocol::Amount;

use super::super::transaction::{Kind, Status, Transaction};
use super::super::{Context, Effect, Event, Opening, Outcome, Wallet};
use super::{Decision, approved};

/// Whether the amount is within the limits.
pub(super) fn may_approve(wallet: &Wallet, amount: Amount, context: &Context) -> bool {
    let limits = context.rules.stand_in;
    let amount = amount.value();
    amount <= limits.per_transaction
        && amount.saturating_add(unsent(wallet)) <= limits.per_wallet
        && amount <= context.stand_in_left
}

/// The sum of stand-in approvals that the host has not acknowledged yet.
fn unsent(wallet: &Wallet) -> u64 {
    let stood_in = |found: &&Transaction| found.stood_in();
    let amounts = wallet.transactions.iter().filter(stood_in);
    amounts.map(|found| found.granted().value()).sum()
}

/// A request for which no line is up.
pub(super) fn approve_at_once(opening: &Opening, granted: Option<Amount>, held: Event) -> Decision {
    let reference = opening.reference;
    let outcome = Outcome {
        approval: Some(reference.approval()),
        ..approved(opening.amount, granted)
    };
    Decision {
        events: smallvec![held, Event::StoodIn { reference }],
        effects: smallvec![Effect::Answer(outcome), Effect::Post(reference)],
    }
}

/// The host has not answered in time, or the request never left. `None` if the limits are exceeded.
pub(super) fn approve_late(
    wallet: &Wallet,
    transaction: &Transaction,
    context: &Context,
) -> Option<Decision> {
    let pays = matches!(transaction.kind, Kind::Purchase | Kind::Authorization)
        && transaction.status == Status::Pending;
    if !pays || !may_approve(wallet, transaction.standing, context) {
        return None;
    }
    let reference = transaction.reference;
    let outcome = Outcome {
        approval: Some(reference.approval()),
        ..approved(transaction.amount, transaction.more().granted)
    };
    let mut decision = Decision {
        events: smallvec![Event::StoodIn { reference }],
        effects: smallvec![Effect::Settle(reference, outcome), Effect::Post(reference)],
    };
    // What was undone meanwhile the host has to undo too.
    if transaction.left_at_host() < transaction.granted() {
        decision.effects.push(Effect::Advise(reference));
    }
    let paid = super::OrderState::Paid(reference);
    decision
        .effects
        .extend(super::order_turned(wallet, reference, paid));
    Some(decision)
}
