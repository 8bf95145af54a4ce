//! Decisions of an operator, and advices that the host refuses.

use proptest::prelude::*;
use tessera_protocol::ResponseCode;

use super::super::bench::Bench;
use super::paper::Paper;
use super::{Checked, answered};
use crate::controls::Controls;
use crate::{
    Advice, AdviceSubject, Command, Directed, Directive, Effect, Owed, Reference, Subject,
};

pub(super) fn operator_blocks(bench: &mut Bench, paper: &mut Paper, blocks: bool) -> Checked {
    let (directive, expected) = match (blocks, paper.blocked) {
        (true, _) => (Directive::Block(Subject::Wallet), ResponseCode::APPROVED),
        (false, true) => (Directive::Unblock(Subject::Wallet), ResponseCode::APPROVED),
        (false, false) => (Directive::Unblock(Subject::Wallet), ResponseCode::NOT_FOUND),
    };
    let effects = direct(bench, directive);
    prop_assert_eq!(answered(&effects), Some(expected));
    paper.blocked = blocks;
    Ok(())
}

/// Nothing but e-commerce: none of what is bought here is.
pub(super) fn operator_controls(bench: &mut Bench, paper: &mut Paper, controls: bool) -> Checked {
    let only = Controls {
        ecommerce_only: controls,
        ..Controls::default()
    };
    let effects = direct(bench, Directive::Control(None, only));
    prop_assert_eq!(answered(&effects), Some(ResponseCode::APPROVED));
    paper.controlled = controls;
    Ok(())
}

/// The advice is not sent any more, and no money moves.
pub(super) fn host_refuses(bench: &mut Bench, paper: &Paper, which: usize) -> Checked {
    let Some(reference) = pick(paper, which) else {
        return Ok(());
    };
    let left = match bench.wallet.transactions.by_reference(reference) {
        Some(found) => found.left_at_host(),
        None => return Ok(()),
    };
    let code = ResponseCode::FAULT;
    for subject in [AdviceSubject::Posting, AdviceSubject::Undo(left)] {
        let owed = is_owed(bench, reference, subject.owed());
        let effects = bench.send(Command::AdviceRefused(reference, subject, code));
        let aside = matches!(effects[..], [Effect::LayAside(about, _)] if about == reference);
        prop_assert_eq!(aside, owed, "{:?} {:?}", subject, effects);
    }
    Ok(())
}

/// A dead letter is resent, or dropped.
pub(super) fn operator_decides(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    drops: bool,
) -> Checked {
    let Some(reference) = pick(paper, which) else {
        return Ok(());
    };
    for owed in [Owed::Posting, Owed::Undo] {
        let found = bench.wallet.transactions.by_reference(reference);
        let given_up = found.is_some_and(|found| found.given_up(owed).is_some());
        let directive = match drops {
            true => Directive::Drop(reference, owed),
            false => Directive::Retry(reference, owed),
        };
        let effects = direct(bench, directive);
        let expected = match given_up {
            true => ResponseCode::APPROVED,
            false => ResponseCode::NOT_FOUND,
        };
        prop_assert_eq!(answered(&effects), Some(expected));
        let subject = match owed {
            Owed::Posting => Effect::Post(reference),
            _ => Effect::Advise(reference),
        };
        prop_assert_eq!(effects.contains(&subject), given_up && !drops);
        if given_up {
            prop_assert_eq!(is_owed(bench, reference, owed), !drops);
        }
        if given_up && drops && owed == Owed::Posting {
            let place = which % paper.spent.len();
            paper.spent[place].unsent = false;
        }
    }
    Ok(())
}

fn direct(bench: &mut Bench, directive: Directive) -> Vec<Effect> {
    let directed = Directed {
        directive,
        by: "Ada".into(),
        reason: "as agreed".into(),
    };
    bench.send(Command::Direct(Box::new(directed)))
}

fn pick(paper: &Paper, which: usize) -> Option<Reference> {
    let place = which.checked_rem(paper.spent.len())?;
    paper.spent[place].reference
}

fn is_owed(bench: &Bench, reference: Reference, owed: Owed) -> bool {
    let Some(found) = bench.wallet.transactions.by_reference(reference) else {
        return false;
    };
    let advice = match owed {
        Owed::Posting => found.more().posting,
        _ => found.advice,
    };
    advice == Advice::Open
}
