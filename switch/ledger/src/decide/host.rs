//! The second lap: what the host's word, or its silence, comes to.

use smallvec::{SmallVec, smallvec};
use tessera_kit::clock::Timestamp;
use tessera_protocol::{CardNumber, HostRequestKind, HostVerdict, ResponseCode};

use super::super::transaction::{Advice, Kind, Status, Transaction};
use super::super::{
    AdviceSubject, Context, Details, Effect, Event, OrderState, Outcome, Owed, Reference, Wallet,
    Wanted,
};
use super::{Decision, approved, cards, refund, reversal, stand_in};
use crate::{CardName, Rule, Verdict};

/// The host answered a request. An answer to what is closed already changes nothing.
pub(super) fn answered(
    wallet: &Wallet,
    reference: Reference,
    code: ResponseCode,
    context: &Context,
) -> Decision {
    let Some(transaction) = pending(wallet, reference) else {
        return Decision::default();
    };
    let declined = |why, advise| {
        let released = release(wallet, transaction, why, advise);
        with_its_purchase(wallet, transaction, released)
    };
    match asked(transaction.kind).verdict(code) {
        // An approval without a card is none.
        HostVerdict::Approved if transaction.kind != Kind::CardIssue => {
            approve(wallet, transaction, context)
        }
        HostVerdict::Approved | HostVerdict::Again => silent(wallet, reference, context),
        HostVerdict::Declined(code) if refund::came_too_early(transaction, code) => {
            declined(Rule::HostBehind.into(), false)
        }
        HostVerdict::Declined(code) => {
            declined(Verdict::with_code(Rule::HostDeclined, code), false)
        }
        HostVerdict::Undo(code) => declined(Verdict::with_code(Rule::HostUndecided, code), true),
    }
}

/// What the host was asked.
fn asked(kind: Kind) -> HostRequestKind {
    match kind {
        Kind::Purchase => HostRequestKind::Purchase,
        Kind::Authorization => HostRequestKind::Authorization,
        Kind::Refund => HostRequestKind::Refund,
        Kind::Load => HostRequestKind::Load,
        Kind::Payout => HostRequestKind::Payout,
        Kind::CardIssue => HostRequestKind::CardIssue,
        // Never pending: the host gets an advice.
        Kind::Retirement => HostRequestKind::CardCancellation,
        Kind::Completion | Kind::Reversal | Kind::Administration => HostRequestKind::Posting,
    }
}

fn approve(wallet: &Wallet, transaction: &Transaction, context: &Context) -> Decision {
    let reference = transaction.reference;
    let outcome = Outcome {
        approval: Some(transaction.approval()),
        ..approved(transaction.amount, transaction.more().granted)
    };
    let mut effects: SmallVec<[Effect; 2]> = smallvec![Effect::Settle(reference, outcome)];
    // What was undone meanwhile it has to undo too.
    if transaction.left_at_host() < transaction.granted() {
        effects.push(Effect::Advise(reference));
    }
    if transaction.kind == Kind::Purchase {
        effects.extend(super::funding::reload(wallet, reference, context.now));
    }
    effects.extend(super::order_turned(
        wallet,
        reference,
        OrderState::Paid(reference),
    ));
    let mut decision = Decision {
        events: smallvec![Event::Approved { reference }],
        effects,
    };
    let ends = transaction.kind == Kind::Payout
        && wallet.available.is_zero()
        && wallet.owed.is_zero()
        && wallet.held == transaction.standing.into();
    if ends {
        cards::retire_all(wallet, context, &mut decision);
    }
    decision
}

/// The host issued a card.
pub(super) fn issued_card(
    wallet: &Wallet,
    reference: Reference,
    card: &CardNumber,
    expiry: u16,
    context: &Context,
) -> Decision {
    match pending(wallet, reference) {
        Some(transaction) if transaction.kind == Kind::CardIssue => {}
        // It stated which card it has cancelled.
        _ => return advice_answered(wallet, reference, AdviceSubject::Card),
    }
    // The answer is read off the wallet as it will be.
    let serial = wallet.cards.next_serial();
    let wanted = wallet.cards.requested(reference);
    let outcome = Outcome {
        details: Details::Card {
            number: card.clone(),
            expiry,
            serial,
            in_full: wallet.account.is_none() || matches!(wanted, Some(Wanted::Further { .. })),
        },
        ..Outcome::approved()
    };
    let mut decision = Decision {
        events: smallvec![Event::CardIssued {
            reference,
            card: card.clone(),
            expiry
        }],
        effects: smallvec![Effect::CardAdded(CardName::new(serial, card))],
    };
    if wallet.has_ended() {
        // Asked for before the end, it came after it.
        cards::retire(wallet, CardName::new(serial, card), context, &mut decision);
    }
    decision.effects.push(Effect::Settle(reference, outcome));
    decision
}

/// The host said nothing in time: what it may have done has to be undone there.
pub(super) fn silent(wallet: &Wallet, reference: Reference, context: &Context) -> Decision {
    let Some(transaction) = pending(wallet, reference) else {
        return Decision::default();
    };
    if let Some(stands_in) = stand_in::approve_late(wallet, transaction, context) {
        return stands_in;
    }
    with_its_purchase(wallet, transaction, give_up(wallet, transaction))
}

/// Nobody knows whether the host has approved it: it comes to nothing, and is undone there.
pub(super) fn give_up(wallet: &Wallet, transaction: &Transaction) -> Decision {
    let reference = transaction.reference;
    match transaction.kind {
        // There is no undoing a card that nobody knows: the host is asked until it says its number.
        Kind::CardIssue => Decision {
            events: match is_late(transaction) {
                true => SmallVec::new(),
                false => smallvec![Event::CardLate { reference }],
            },
            effects: smallvec![
                Effect::Settle(reference, Outcome::declined(Rule::HostSilent)),
                Effect::AskForCardAgain(reference),
            ],
        },
        Kind::Purchase
        | Kind::Authorization
        | Kind::Completion
        | Kind::Reversal
        | Kind::Load
        | Kind::Refund
        | Kind::Payout
        | Kind::Retirement
        | Kind::Administration => release(wallet, transaction, Rule::HostSilent.into(), true),
    }
}

/// Whether the requester of this card was answered that the host is late.
pub(super) fn is_late(transaction: &Transaction) -> bool {
    transaction.kind == Kind::CardIssue
        && transaction.status == Status::Pending
        && transaction.code == ResponseCode::HOST_UNREACHABLE
}

/// The request never left: there is nothing to undo.
pub(super) fn unreached(wallet: &Wallet, reference: Reference, context: &Context) -> Decision {
    let Some(transaction) = pending(wallet, reference) else {
        return Decision::default();
    };
    if let Some(stands_in) = stand_in::approve_late(wallet, transaction, context) {
        return stands_in;
    }
    let released = release(wallet, transaction, Rule::HostLineLost.into(), false);
    with_its_purchase(wallet, transaction, released)
}

/// Where this was a refund, its purchase may now be reversed further.
fn with_its_purchase(
    wallet: &Wallet,
    transaction: &Transaction,
    mut decision: Decision,
) -> Decision {
    let (undone, at) = (transaction.standing, transaction.undone_at());
    reversal::reverse_further(wallet, transaction, undone, at, &mut decision);
    decision
}

/// The host acknowledged the advice about a transaction.
pub(super) fn advice_answered(
    wallet: &Wallet,
    reference: Reference,
    subject: AdviceSubject,
) -> Decision {
    match (wallet.transactions.by_reference(reference), subject) {
        (Some(transaction), AdviceSubject::Posting)
            if transaction.more().posting == Advice::Open =>
        {
            Decision {
                events: smallvec![Event::PostingAcknowledged { reference }],
                ..Decision::default()
            }
        }
        // It was sent a larger remaining amount than the current one: the next advice has the current one.
        (Some(transaction), AdviceSubject::Undo(left)) if left != transaction.left_at_host() => {
            sent_again(transaction)
        }
        (Some(transaction), AdviceSubject::Undo(_) | AdviceSubject::Card)
            if transaction.advice == Advice::Open =>
        {
            Decision {
                events: smallvec![Event::AdviceAcknowledged { reference }],
                ..Decision::default()
            }
        }
        // A card that was asked for again, and is not to be had.
        (Some(transaction), AdviceSubject::Card)
            if transaction.kind == Kind::CardIssue && transaction.status == Status::Pending =>
        {
            release(wallet, transaction, Rule::HostDeclined.into(), false)
        }
        _ => Decision::default(),
    }
}

/// The next advice to the host has the current remaining amount.
pub(super) fn sent_again(transaction: &Transaction) -> Decision {
    let owed = transaction.advice == Advice::Open && transaction.given_up(Owed::Undo).is_none();
    let advises = owed.then_some(Effect::Advise(transaction.reference));
    Decision {
        effects: advises.into_iter().collect(),
        ..Decision::default()
    }
}

/// After a crash nobody knows whether the host saw what is pending: it is undone. Before that, every advice that was not
/// acknowledged is sent again, in the order of the moments whose settlement dates they carry: the host dates by what came first
/// what the reversals of a purchase and of its refund give back.
///
/// What takes several events may have been cut off between them: it is brought to its end.
pub(super) fn recover(wallet: &Wallet, context: &Context) -> Decision {
    let mut decision = Decision::default();
    let mut owed: SmallVec<[(Timestamp, Effect); 4]> = SmallVec::new();
    let mut undone: SmallVec<[Effect; 4]> = SmallVec::new();
    for transaction in wallet
        .transactions
        .iter()
        .filter(|transaction| transaction.is_open())
    {
        let reference = transaction.reference;
        let given_up = &transaction.more().given_up;
        let lay_aside = given_up.iter().map(|one| Effect::LayAside(reference, *one));
        decision.effects.extend(lay_aside);
        let is_sent = |owed| transaction.given_up(owed).is_none();
        if transaction.status == Status::Pending {
            if !is_sent(Owed::Card) {
                continue;
            }
            let given_up = give_up(wallet, transaction);
            decision.events.extend(given_up.events);
            undone.extend(given_up.effects);
        } else {
            if transaction.more().posting == Advice::Open && is_sent(Owed::Posting) {
                owed.push((reference.given_at(), Effect::Post(reference)));
            }
            let undoing = match transaction.kind {
                Kind::Retirement => Owed::Card,
                Kind::Purchase
                | Kind::Authorization
                | Kind::Completion
                | Kind::Reversal
                | Kind::Load
                | Kind::CardIssue
                | Kind::Refund
                | Kind::Payout
                | Kind::Administration => Owed::Undo,
            };
            if transaction.advice == Advice::Open && is_sent(undoing) {
                owed.push((transaction.undone_at(), Effect::Advise(reference)));
            }
        }
    }
    owed.sort_by_key(|(since, _)| *since);
    let owed = owed.into_iter().map(|(_, effect)| effect);
    decision.effects.extend(owed.chain(undone));
    for purchase in wallet.transactions.iter() {
        if purchase.kind == Kind::Purchase && purchase.more().asked.is_some() {
            let refunds = wallet.transactions.iter().filter(|refund| {
                refund.is_open() && refund.more().original == Some(purchase.reference)
            });
            let (mut refunded, mut at) = (purchase.more().used, Timestamp::EPOCH);
            for refund in refunds {
                at = at.max(refund.undone_at());
                if refund.status == Status::Pending {
                    refunded = refunded.saturating_sub(refund.standing);
                }
            }
            reversal::lower(wallet, purchase, refunded, at, &mut decision);
        }
    }
    if wallet.has_ended() {
        cards::retire_all(wallet, context, &mut decision);
    }
    decision
}

fn release(wallet: &Wallet, transaction: &Transaction, why: Verdict, advise: bool) -> Decision {
    let reference = transaction.reference;
    let mut effects: SmallVec<[Effect; 2]> =
        smallvec![Effect::Settle(reference, Outcome::declined(why))];
    if advise {
        effects.push(Effect::Advise(reference));
    }
    effects.extend(super::order_turned(wallet, reference, OrderState::Open));
    Decision {
        events: smallvec![Event::Released {
            reference,
            code: why.code,
            advise
        }],
        effects,
    }
}

fn pending(wallet: &Wallet, reference: Reference) -> Option<&Transaction> {
    wallet
        .transactions
        .by_reference(reference)
        .filter(|transaction| transaction.status == Status::Pending)
}
