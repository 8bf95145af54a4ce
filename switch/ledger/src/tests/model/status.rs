//! What a party is answered that asks what has become of its request, against the sums on paper.

use proptest::prelude::*;
use tessera_protocol::{Institution, OriginalData, ResponseCode, State, StatusReport};

use super::super::bench::{Bench, INSTITUTION, by_card, name, original};
use super::Checked;
use super::naming::Naming;
use super::paper::{self, Fate, Paper};
use super::spending::named;
use crate::{Command, Details, Effect, NamedOriginal, Payer, StatusQuery};

/// Asks about a purchase, an authorization or a refund; nothing changes by it.
pub(super) fn ask(bench: &mut Bench, paper: &Paper, which: usize, naming: Naming) -> Checked {
    let Some(which) = which.checked_rem(paper.spent.len() + paper.refunds.len()) else {
        return Ok(());
    };
    let naming = match which < paper.spent.len() {
        true => naming,
        false => Naming::Time,
    };
    let (about, minor, expected) = match paper.spent.get(which) {
        Some(spent) => (named(spent), spent.minor, of_spent(paper, which)),
        None => {
            let refund = &paper.refunds[which - paper.spent.len()];
            (original(refund.trace), refund.minor, of_refund(refund))
        }
    };
    let before = (bench.wallet.clone(), bench.events());
    let (code, report) = status(bench, about, minor, naming);
    prop_assert_eq!(code, ResponseCode::APPROVED, "{:?}", naming);
    let report = report.expect("a report");
    let amounts = report.amounts.map(|amounts| {
        let of = [
            amounts.approved,
            amounts.reversed,
            amounts.refunded,
            amounts.completed,
        ];
        of.map(|amount| amount.value())
    });
    prop_assert_eq!((report.state, report.code, amounts), expected);
    prop_assert_eq!(report.amount.value(), minor);
    prop_assert_eq!(
        report.original.map(|original| original.trace),
        Some(about.trace)
    );
    prop_assert_eq!(
        (&bench.wallet, bench.events()),
        (&before.0, before.1),
        "it changes nothing"
    );

    // Nobody else's, and none that never came.
    let other = OriginalData {
        trace: tessera_protocol::Stan::new(999_999),
        ..about
    };
    prop_assert_eq!(
        status(bench, other, minor + 1, Naming::Time).0,
        ResponseCode::NOT_FOUND
    );
    let query = StatusQuery {
        institution: Institution::new(INSTITUTION + 1),
        ..query(about, minor, naming)
    };
    prop_assert_eq!(answer(bench, query).0, ResponseCode::NOT_FOUND);
    Ok(())
}

type Expected = (State, Option<ResponseCode>, Option<[u64; 4]>);

fn of_spent(paper: &Paper, place: usize) -> Expected {
    let spent = &paper.spent[place];
    let stands = paper.stands(place);
    let state = match (spent.fate, spent.hold) {
        (Fate::Pending, _) => return (State::Deciding, None, None),
        (Fate::Refused(code), _) => return (State::Declined, Some(code), None),
        (Fate::Approved, Some(hold)) if stands == 0 => match (hold.state, spent.asked) {
            (paper::State::Expired, None) => State::Expired,
            _ => State::Reversed,
        },
        (Fate::Approved, _) if stands == 0 => State::Reversed,
        (Fate::Approved, _) => State::Approved,
    };
    let code = match spent.granted < spent.minor {
        true => ResponseCode::PARTLY_APPROVED,
        false => ResponseCode::APPROVED,
    };
    let used = paper.used(place);
    let amounts = match spent.hold {
        Some(_) => {
            let left = spent.asked.map_or(spent.granted, |asked| asked.max(used));
            [spent.granted, spent.granted - left, 0, used]
        }
        None => {
            let approved = paper.refunds.iter().filter(|refund| refund.of == place);
            let approved = approved.filter(|refund| refund.fate == Fate::Approved);
            let refunded = approved.map(|refund| refund.keeps).sum();
            [spent.granted, spent.granted - stands, refunded, 0]
        }
    };
    (state, Some(code), Some(amounts))
}

fn of_refund(refund: &paper::About) -> Expected {
    match refund.fate {
        Fate::Pending => (State::Deciding, None, None),
        Fate::Refused(code) => (State::Declined, Some(code), None),
        Fate::Approved => {
            let state = match refund.keeps {
                0 => State::Reversed,
                _ => State::Approved,
            };
            let amounts = [refund.minor, refund.minor - refund.keeps, 0, 0];
            (state, Some(ResponseCode::APPROVED), Some(amounts))
        }
    }
}

fn status(
    bench: &mut Bench,
    about: OriginalData,
    minor: u64,
    naming: Naming,
) -> (ResponseCode, Option<StatusReport>) {
    answer(bench, query(about, minor, naming))
}

fn query(mut about: OriginalData, minor: u64, naming: Naming) -> StatusQuery {
    // It repeats what its original said, like a reversal.
    let mut opening = by_card(4, 1, minor);
    naming.apply(&mut about, &mut opening);
    StatusQuery {
        institution: Institution::new(INSTITUTION),
        payer: Payer::Card(name(1), None),
        named: Some(NamedOriginal::new(&opening, &about)),
    }
}

fn answer(bench: &mut Bench, query: StatusQuery) -> (ResponseCode, Option<StatusReport>) {
    let effects = bench.send(Command::AskStatus(Box::new(query)));
    let [Effect::Answer(outcome)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let report = match &outcome.details {
        Details::Status(report) => Some(StatusReport::clone(report)),
        _ => None,
    };
    (outcome.code, report)
}
