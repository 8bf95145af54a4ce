//! Refunds of purchases and completions of authorizations, and what is undone of them.

use proptest::prelude::*;
use tessera_protocol::{Mti, OriginalData, ResponseCode};

use super::super::bench::{self, Bench, amount, by_card, original};
use super::naming::Naming;
use super::paper::{About, Fate, Paper};
use super::spending::named;
use super::{Checked, answered, forwarded};
use crate::Class;
use crate::{Action, Command};

pub(super) fn complete(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    minor: u64,
    several: bool,
) -> Checked {
    let trace = paper.next_trace();
    let Some(of) = which.checked_rem(paper.spent.len()) else {
        return Ok(());
    };
    let spent = paper.spent[of].clone();
    let action = Action::Complete {
        original: OriginalData {
            mti: Mti::AUTHORIZATION,
            ..named(&spent)
        },
        several,
        elsewhere: false,
    };
    let effects = bench.ask(by_card(2, trace, minor), action);
    // An advice, whatever it comes to.
    prop_assert_eq!(answered(&effects), Some(ResponseCode::APPROVED));
    let stands = spent.hold.is_some() && !matches!(spent.fate, Fate::Refused(_));
    let debit = match stands {
        true => paper.complete(of, minor, several),
        false => 0,
    };
    let posted = forwarded(&effects);
    prop_assert_eq!(posted.is_some(), debit > 0);
    paper.completions.extend(posted.map(|reference| About {
        trace,
        of,
        minor,
        keeps: debit,
        reference,
        fate: Fate::Approved,
        reversed: false,
    }));
    Ok(())
}

pub(super) fn reverse_completion(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    keep: Option<u64>,
    naming: Naming,
) -> Checked {
    let trace = paper.next_trace();
    let Some(place) = which.checked_rem(paper.completions.len()) else {
        return Ok(());
    };
    let done = paper.completions[place].clone();
    let mut opening = by_card(4, trace, done.minor);
    let mut original = OriginalData {
        mti: Mti::COMPLETION,
        ..original(done.trace)
    };
    naming.apply(&mut original, &mut opening);
    let action = Action::Reverse {
        original,
        replacement: keep.map(amount),
        advice: true,
        was_waiting: false,
    };
    let effects = bench.ask(opening, action);
    let keep = keep.unwrap_or(0);
    if keep > done.minor {
        prop_assert_eq!(answered(&effects), Some(ResponseCode::INVALID_AMOUNT));
        return Ok(());
    }
    prop_assert_eq!(answered(&effects), Some(ResponseCode::APPROVED));
    if !done.reversed && keep < done.keeps {
        paper.reverse_completion(place, keep);
    }
    Ok(())
}

pub(super) fn refund(bench: &mut Bench, paper: &mut Paper, which: usize, minor: u64) -> Checked {
    let trace = paper.next_trace();
    let Some(of) = which.checked_rem(paper.spent.len()) else {
        return Ok(());
    };
    let spent = paper.spent[of].clone();
    let expected = match spent.fate {
        // What an authorization came to is refunded by naming its completion.
        _ if spent.hold.is_some() => Some(ResponseCode::NOT_FOUND),
        Fate::Refused(_) => Some(ResponseCode::NOT_FOUND),
        Fate::Pending => Some(ResponseCode::INVALID_TRANSACTION),
        Fate::Approved if minor + paper.used(of) > paper.stands(of) => {
            Some(ResponseCode::INVALID_AMOUNT)
        }
        Fate::Approved if !bench.host_up => Some(ResponseCode::HOST_UNREACHABLE),
        Fate::Approved => None,
    };
    let action = Action::Refund {
        original: Some(original(spent.trace)),
    };
    let effects = bench.ask(bench::refund(trace, minor), action);
    prop_assert_eq!(answered(&effects), expected);
    let reference = forwarded(&effects);
    prop_assert_eq!(reference.is_some(), expected.is_none());
    paper.refunds.extend(reference.map(|reference| About {
        trace,
        of,
        minor,
        keeps: minor,
        reference,
        fate: Fate::Pending,
        reversed: false,
    }));
    Ok(())
}

pub(super) fn reverse_refund(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    keep: Option<u64>,
    naming: Naming,
) -> Checked {
    let trace = paper.next_trace();
    let Some(place) = which.checked_rem(paper.refunds.len()) else {
        return Ok(());
    };
    let refund = &mut paper.refunds[place];
    let mut opening = bench::refund(trace, refund.minor);
    opening.class = Class::Reversal;
    let mut original = original(refund.trace);
    naming.apply(&mut original, &mut opening);
    let action = Action::Reverse {
        original,
        replacement: keep.map(amount),
        advice: true,
        was_waiting: false,
    };
    let effects = bench.ask(opening, action);
    let keep = keep.unwrap_or(0);
    if keep > refund.minor {
        prop_assert_eq!(answered(&effects), Some(ResponseCode::INVALID_AMOUNT));
        return Ok(());
    }
    prop_assert_eq!(answered(&effects), Some(ResponseCode::APPROVED));
    let stands = !matches!(refund.fate, Fate::Refused(_));
    if stands && !refund.reversed && keep < refund.keeps {
        refund.keeps = keep;
        refund.reversed = true;
        if refund.fate == Fate::Pending && keep == 0 {
            refund.fate = Fate::Refused(ResponseCode::DECLINED);
        }
    }
    Ok(())
}

pub(super) fn host_decides(
    bench: &mut Bench,
    paper: &mut Paper,
    which: usize,
    approves: bool,
) -> Checked {
    let Some(place) = which.checked_rem(paper.refunds.len()) else {
        return Ok(());
    };
    let refund = &mut paper.refunds[place];
    let code = match approves {
        true => ResponseCode::APPROVED,
        false => ResponseCode::DECLINED,
    };
    bench.send(Command::HostAnswered(refund.reference, code));
    if refund.fate == Fate::Pending {
        refund.fate = match approves {
            true => Fate::Approved,
            false => Fate::Refused(code),
        };
    }
    Ok(())
}
