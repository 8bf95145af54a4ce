//! Decisions of an operator, and advices that the host refuses.

use smallvec::smallvec;
use tessera_protocol::ResponseCode;

use super::super::transaction::{Advice, GivenUp, Kind, Status, Transaction};
use super::super::{
    AdviceSubject, Context, Day, Details, Directed, Directive, Effect, Event, Outcome, Owed,
    Reconciled, Reference, Subject, Wallet, WalletId,
};
use super::Decision;
use super::host;
use crate::{Rule, Verdict};

/// What is blocked at the same time, at most.
const BLOCKS_MAX: usize = 4_096;

/// An operator decides.
pub(super) fn direct(wallet: &Wallet, directed: &Directed) -> Decision {
    if let Err(why) = may_direct(wallet, &directed.directive) {
        return Decision::answer(Outcome::declined(why));
    }
    let mut decision = Decision {
        events: smallvec![Event::Directed(Box::new(directed.clone()))],
        effects: smallvec![Effect::Answer(Outcome::approved())],
    };
    match directed.directive {
        Directive::Retry(reference, owed) => decision.effects.push(match owed {
            Owed::Undo => Effect::Advise(reference),
            Owed::Posting => Effect::Post(reference),
            Owed::Card if is_retirement(wallet, reference) => Effect::Advise(reference),
            Owed::Card => Effect::AskForCardAgain(reference),
        }),
        Directive::Drop(reference, Owed::Card) if !is_retirement(wallet, reference) => {
            decision.events.push(Event::Released {
                reference,
                code: ResponseCode::DECLINED,
                advise: false,
            });
        }
        // The decision is already in effect when it is answered.
        _ if wallet.id == WalletId::OPERATOR => decision.effects.insert(0, Effect::Proclaim),
        Directive::Block(_)
        | Directive::Unblock(_)
        | Directive::Control(..)
        | Directive::BeginDay(..)
        | Directive::ChangeKey(_)
        | Directive::Drop(..)
        | Directive::AcceptReferences(_)
        | Directive::Import(_)
        | Directive::Undelivered(_)
        | Directive::ConsoleAccount(_) => {}
    }
    decision
}

/// A party changes its key. To the key that it has already it may as often as it likes, and nothing changes.
pub(super) fn change_key(wallet: &Wallet, directed: &Directed) -> Decision {
    let Directive::ChangeKey(change) = &directed.directive else {
        return Decision::default();
    };
    let decided = wallet.supervision.as_deref();
    let known = decided.and_then(|decided| decided.key_of(change.institution, change.profile));
    match known.is_some_and(|known| known.newest == *change) {
        true => Decision::answer(Outcome::approved()),
        false => direct(wallet, directed),
    }
}

fn may_direct(wallet: &Wallet, directive: &Directive) -> Result<(), Verdict> {
    let none_such = |rule| Verdict::with_code(rule, ResponseCode::NOT_FOUND);
    let of_operator = wallet.id == WalletId::OPERATOR;
    let supervision = wallet.supervision.as_deref();
    let blocks = supervision.map_or(0, |decided| decided.blocks.iter().len());
    let blocked = |subject| supervision.is_some_and(|decided| decided.blocks.hold(subject));
    let given_up = |reference, owed| {
        let found = wallet.transactions.by_reference(reference);
        found.is_some_and(|found| found.given_up(owed).is_some())
    };
    match directive {
        Directive::Block(Subject::Cards(_) | Subject::Merchant(_))
        | Directive::Unblock(Subject::Cards(_) | Subject::Merchant(_))
            if !of_operator =>
        {
            Err(Rule::OnlyOperatorsBlocks.into())
        }
        Directive::BeginDay(..) | Directive::ChangeKey(_) if !of_operator => {
            Err(Rule::OnlyOperatorsDates.into())
        }
        Directive::AcceptReferences(_) => Err(Rule::OnlyRepair.into()),
        Directive::Import(_) => Err(Rule::OnlyRecover.into()),
        Directive::Block(Subject::Wallet) | Directive::Control(..)
            if of_operator || wallet.last_position.is_none() =>
        {
            Err(none_such(Rule::NoSuchWallet))
        }
        Directive::Block(subject) if blocks >= BLOCKS_MAX && !blocked(*subject) => {
            Err(Rule::TooMuchBlocked.into())
        }
        Directive::Unblock(subject) if !blocked(*subject) => Err(Rule::NotBlocked.into()),
        Directive::Control(Some(serial), _)
            if !wallet.cards.iter().any(|card| card.serial == *serial) =>
        {
            Err(none_such(Rule::NoSuchCard))
        }
        Directive::Retry(reference, owed) | Directive::Drop(reference, owed)
            if !given_up(*reference, *owed) =>
        {
            Err(Rule::NoSuchAdvice.into())
        }
        Directive::Block(_)
        | Directive::Unblock(_)
        | Directive::Control(..)
        | Directive::BeginDay(..)
        | Directive::ChangeKey(_)
        | Directive::Retry(..)
        | Directive::Drop(..)
        | Directive::Undelivered(_)
        | Directive::ConsoleAccount(_) => Ok(()),
    }
}

fn is_retirement(wallet: &Wallet, reference: Reference) -> bool {
    let found = wallet.transactions.by_reference(reference);
    found.is_some_and(|found| found.kind == Kind::Retirement)
}

/// The host has refused this advice too often. The host still gets an advice about later changes.
pub(super) fn refused(
    wallet: &Wallet,
    reference: Reference,
    subject: AdviceSubject,
    code: ResponseCode,
    context: &Context,
) -> Decision {
    let Some(transaction) = wallet.transactions.by_reference(reference) else {
        return Decision::default();
    };
    let still = match subject {
        AdviceSubject::Undo(left) => left == transaction.left_at_host(),
        AdviceSubject::Posting | AdviceSubject::Card => true,
    };
    if !still {
        return host::sent_again(transaction);
    }
    let owed = subject.owed();
    if !is_owed(transaction, owed) {
        return Decision::default();
    }
    let given_up = GivenUp {
        owed,
        code,
        at: context.now,
    };
    Decision {
        events: smallvec![Event::GivenUp {
            reference,
            owed,
            code,
        }],
        effects: smallvec![Effect::LayAside(reference, given_up)],
    }
}

fn is_owed(transaction: &Transaction, owed: Owed) -> bool {
    match owed {
        Owed::Posting => transaction.more().posting == Advice::Open,
        Owed::Undo => transaction.advice == Advice::Open,
        Owed::Card if transaction.kind == Kind::CardIssue => transaction.status == Status::Pending,
        Owed::Card => transaction.advice == Advice::Open,
    }
}

/// The host gets our totals of a past date.
pub(super) fn ask_for_totals(wallet: &Wallet, day: Day) -> Decision {
    match wallet.id == WalletId::OPERATOR {
        true => Decision {
            effects: smallvec![Effect::SendTotals(day)],
            ..Decision::default()
        },
        false => Decision::answer(Outcome::declined(Rule::OnlyOperatorsDates)),
    }
}

/// The host has sent its totals. Every time is kept; once both have the same, all know it.
pub(super) fn compare_totals(compared: &Reconciled) -> Decision {
    let mut decision = reconcile(compared);
    if compared.agrees() {
        decision.effects.insert(0, Effect::Proclaim);
    }
    decision
}

/// A party sends its totals, and gets ours. Every time is kept.
pub(super) fn reconcile(reconciled: &Reconciled) -> Decision {
    let outcome = Outcome {
        details: Details::Totals {
            agreed: reconciled.agrees(),
            ours: Box::new(reconciled.ours),
        },
        ..Outcome::approved()
    };
    Decision {
        events: smallvec![Event::Reconciled(Box::new(reconciled.clone()))],
        effects: smallvec![Effect::Answer(outcome)],
    }
}
