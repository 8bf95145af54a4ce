//! Purchases and authorizations, and what becomes of them.

use proptest::prelude::*;
use tessera_protocol::{Mti, OriginalData, ResponseCode};

use super::super::bench::{Bench, amount, by_card, original};
use super::naming::Naming;
use super::paper::{Fate, Hold, Paper, Spent, State};
use super::{Checked, HOLD_VALID_FOR, answered, forwarded};
use crate::{Action, Command, Effect, Outcome, Reference};

pub(super) fn pay(
    bench: &mut Bench,
    paper: &mut Paper,
    (class, trace): (u8, u32),
    minor: u64,
    takes_part: bool,
) -> Checked {
    let verdict = match paper.beforehand.contains(&trace) {
        true => Err(ResponseCode::DECLINED),
        false => paper.verdict(minor, takes_part, bench.host_up),
    };
    let mut opening = by_card(class, trace, minor);
    opening.merchant.takes_part = takes_part;
    let effects = bench.ask(opening, Action::Purchase { barred: None });
    let granted = verdict.unwrap_or(minor);
    let approved = match granted < minor {
        true => ResponseCode::PARTLY_APPROVED,
        false => ResponseCode::APPROVED,
    };
    let expected = match verdict {
        Err(code) => Some(code),
        Ok(_) if bench.host_up => None,
        // In the host's stead.
        Ok(_) => Some(approved),
    };
    prop_assert_eq!(answered(&effects), expected);
    let reference = forwarded(&effects);
    prop_assert_eq!(reference.is_some(), verdict.is_ok());
    let fate = match (verdict, bench.host_up) {
        (Err(code), _) => Fate::Refused(code),
        (Ok(_), true) => Fate::Pending,
        (Ok(_), false) => Fate::Approved,
    };
    let hold = (class == 1).then(|| Hold {
        state: State::Open,
        held: verdict.unwrap_or(0),
        most: granted,
        expires_at: bench.now.plus(HOLD_VALID_FOR),
    });
    paper.spent.push(Spent {
        trace,
        minor,
        granted,
        asked: None,
        reference,
        fate,
        unsent: fate == Fate::Approved,
        hold,
    });
    Ok(())
}

/// Decided elsewhere: posted, whatever is there.
pub(super) fn advise(bench: &mut Bench, paper: &mut Paper, minor: u64, holds: bool) -> Checked {
    let trace = paper.next_trace();
    let class = if holds { 1 } else { 2 };
    let twin = by_card(class, trace, minor).key;
    let mut opening = by_card(class, trace, minor);
    opening.key.0[0] ^= 1;
    let effects = bench.ask(opening, Action::Post { twin });
    prop_assert_eq!(answered(&effects), Some(ResponseCode::APPROVED));
    paper.spent.push(Spent {
        trace,
        minor,
        granted: minor,
        asked: None,
        reference: forwarded(&effects),
        fate: Fate::Approved,
        unsent: false,
        hold: holds.then(|| Hold {
            state: State::Open,
            held: minor,
            most: minor,
            expires_at: bench.now.plus(HOLD_VALID_FOR),
        }),
    });
    Ok(())
}

/// One that was asked for here.
fn pick(paper: &Paper, which: usize) -> Option<Spent> {
    let place = which.checked_rem(paper.spent.len())?;
    Some(paper.spent[place].clone())
}

fn class_of(spent: &Spent) -> u8 {
    if spent.hold.is_some() { 1 } else { 2 }
}

/// Field 90 naming it.
pub(super) fn named(spent: &Spent) -> OriginalData {
    OriginalData {
        mti: match spent.hold {
            Some(_) => Mti::AUTHORIZATION,
            None => Mti::PURCHASE,
        },
        ..original(spent.trace)
    }
}

pub(super) fn repeat(bench: &mut Bench, paper: &mut Paper, which: usize) -> Checked {
    let Some(spent) = pick(paper, which).filter(|spent| !advised(bench, spent)) else {
        return Ok(());
    };
    let opening = by_card(class_of(&spent), spent.trace, spent.minor);
    let effects = bench.ask(opening, Action::Purchase { barred: None });
    let approved = match spent.granted < spent.minor {
        true => ResponseCode::PARTLY_APPROVED,
        false => ResponseCode::APPROVED,
    };
    match (spent.fate, &effects[..]) {
        (Fate::Pending, [Effect::Await(reference)]) => {
            prop_assert_eq!(Some(*reference), spent.reference);
        }
        (Fate::Approved, [Effect::Answer(outcome)]) => {
            prop_assert_eq!(outcome.code, approved);
            prop_assert!(outcome.approval.is_some());
        }
        (Fate::Refused(code), [Effect::Answer(outcome)]) => {
            prop_assert_eq!(outcome.code, code);
        }
        (fate, effects) => prop_assert!(false, "{fate:?} was answered with {effects:?}"),
    }
    Ok(())
}

/// Whether it was decided elsewhere, so that nobody has asked for it here.
fn advised(bench: &Bench, spent: &Spent) -> bool {
    let opened = |reference: Reference| {
        let mut openings = bench.entries.iter().filter_map(|entry| {
            let opening = entry.event.opening()?;
            (opening.reference == reference).then_some(&entry.event)
        });
        openings
            .next_back()
            .is_some_and(|event| matches!(event, crate::Event::Advised { .. }))
    };
    spent.reference.is_some_and(opened)
}

pub(super) fn contradict(bench: &mut Bench, paper: &mut Paper, which: usize) -> Checked {
    let Some(spent) = pick(paper, which).filter(|spent| !advised(bench, spent)) else {
        return Ok(());
    };
    let opening = by_card(class_of(&spent), spent.trace, spent.minor + 1);
    let outcome = bench.answer(opening, Action::Purchase { barred: None });
    prop_assert_eq!(
        outcome.map(|outcome| outcome.code),
        Some(ResponseCode::DUPLICATE)
    );
    Ok(())
}

pub(super) fn reverse(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    keep: Option<u64>,
    advice: bool,
    naming: Naming,
) -> Checked {
    let trace = paper.next_trace();
    let Some(spent) = pick(paper, which) else {
        return Ok(());
    };
    let mut opening = by_card(4, trace, spent.minor);
    let mut original = named(&spent);
    naming.apply(&mut original, &mut opening);
    let action = Action::Reverse {
        original,
        replacement: keep.map(amount),
        advice,
        was_waiting: false,
    };
    let outcome = bench.answer(opening, action);
    let code = outcome.map(|outcome| outcome.code);
    let keep = keep.unwrap_or(0);
    if keep > spent.granted {
        prop_assert_eq!(code, Some(ResponseCode::INVALID_AMOUNT));
        return Ok(());
    }
    prop_assert_eq!(code, Some(ResponseCode::APPROVED));
    let stands = !matches!(spent.fate, Fate::Refused(_));
    if stands && spent.asked.is_none() && keep < spent.granted {
        paper.reverse(which % paper.spent.len(), keep);
    }
    Ok(())
}

pub(super) fn reverse_beforehand(
    bench: &mut Bench,
    paper: &mut Paper,
    minor: u64,
    naming: Naming,
) -> Checked {
    let (reversal, trace) = (paper.next_trace(), paper.next_trace());
    let mut opening = by_card(4, reversal, minor);
    let mut original = original(trace);
    naming.apply(&mut original, &mut opening);
    let action = Action::Reverse {
        original,
        replacement: None,
        advice: true,
        was_waiting: false,
    };
    let outcome = bench.answer(opening, action);
    prop_assert_eq!(outcome, Some(Outcome::unmatched(true)));
    paper.beforehand.push(trace);
    pay(bench, paper, (2, trace), minor, false)
}

/// Of what is not there, and never will be.
pub(super) fn reverse_nothing(
    bench: &mut Bench,
    paper: &mut Paper,
    minor: u64,
    advice: bool,
) -> Checked {
    let trace = paper.next_trace();
    let action = Action::Reverse {
        original: original(900_000 + trace),
        replacement: None,
        advice,
        was_waiting: false,
    };
    for _ in 0..2 {
        let outcome = bench.answer(by_card(4, trace, minor), action.clone());
        prop_assert_eq!(outcome, Some(Outcome::unmatched(advice)));
    }
    Ok(())
}

/// The host's word, or its silence; one that comes late changes nothing.
pub(super) fn finish(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    command: impl Fn(Reference) -> Command,
    fate: Fate,
) -> Checked {
    let Some(spent) = pick(paper, which) else {
        return Ok(());
    };
    let Some(reference) = spent.reference else {
        return Ok(());
    };
    let place = which % paper.spent.len();
    let stands_in = paper.may_stand_in(paper.stands(place));
    bench.send(command(reference));
    if spent.fate != Fate::Pending {
        return Ok(());
    }
    match fate {
        Fate::Refused(ResponseCode::HOST_UNREACHABLE) if stands_in => {
            let spent = &mut paper.spent[place];
            (spent.fate, spent.unsent) = (Fate::Approved, true);
        }
        Fate::Refused(code) => paper.refuse(place, code),
        fate => paper.spent[place].fate = fate,
    }
    Ok(())
}
