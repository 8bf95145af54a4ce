//! What the financial system has booked and a restored wallet lacks comes into it: it has the same money and the same totals as
//! the wallet that was lost, and knows the requests again.

use proptest::prelude::*;
use tessera_kit::clock;
use tessera_protocol::{Mti, OriginalData, ResponseCode, Stan, Totals};

use super::bench::{Bench, NOW, PURCHASE, amount, by_card, forwarded, name, original, refund};
use crate::{
    Action, BookedRequest, Booking, Command, Kind, LoadFrom, NotImported, Opening, Outcome, Payer,
    Reference, Status, Transaction, import,
};

#[derive(Debug, Clone)]
enum Step {
    Buy(u64),
    Refund(usize, u64),
    Reverse(usize, u64),
    Authorize(u64),
    Complete(usize, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u64..400).prop_map(Step::Buy),
        2 => (0_usize..4, 1_u64..200).prop_map(|(which, minor)| Step::Refund(which, minor)),
        2 => (0_usize..6, 0_u64..200).prop_map(|(which, left)| Step::Reverse(which, left)),
        1 => (1_u64..400).prop_map(Step::Authorize),
        1 => (0_usize..2, 1_u64..400).prop_map(|(which, minor)| Step::Complete(which, minor)),
    ];
    proptest::collection::vec(step, 0..12)
}

/// Field 90: the request with this trace number, sent when it came.
fn named(trace: u32) -> OriginalData {
    OriginalData {
        transmission: clock::transmission(NOW),
        ..original(trace)
    }
}

fn reverses(trace: u32, left: u64) -> Action {
    Action::Reverse {
        original: named(trace),
        replacement: Some(amount(left)),
        advice: true,
        was_waiting: false,
    }
}

/// A wallet and its financial system, which approves everything at once.
struct Lost {
    bench: Bench,
    /// What was asked, by trace number less one: what it was, and the request.
    asked: Vec<(Kind, Opening)>,
}

impl Lost {
    fn new() -> Self {
        Self {
            bench: Bench::with(1_000),
            asked: Vec::new(),
        }
    }

    fn asks(&mut self, kind: Kind, mut opening: Opening, action: Action) {
        // One terminal does nothing twice in a second.
        opening.local_time = self.asked.len() as u32;
        opening.transmission = clock::transmission(NOW);
        self.asked.push((kind, opening.clone()));
        let effects = self.bench.ask(opening, action);
        let reference = effects.iter().find_map(|effect| match effect {
            crate::Effect::Forward(reference) => Some(*reference),
            _ => None,
        });
        if let Some(reference) = reference {
            self.bench
                .send(Command::HostAnswered(reference, ResponseCode::APPROVED));
        }
        for (reference, subject) in self.bench.under_way() {
            self.bench.send(Command::AdviceAnswered(reference, subject));
        }
    }

    /// Of those of a kind that were asked for, the trace number of one.
    fn trace_of(&self, which: usize, fits: impl Fn(Kind) -> bool) -> Option<u32> {
        let all = (1..).zip(&self.asked);
        let mut fitting = all.filter(|(_, (kind, _))| fits(*kind));
        fitting.nth(which).map(|(trace, _)| trace)
    }

    fn does(&mut self, step: &Step) {
        let trace = self.asked.len() as u32 + 1;
        match *step {
            Step::Buy(minor) => self.asks(Kind::Purchase, by_card(2, trace, minor), PURCHASE),
            Step::Authorize(minor) => {
                self.asks(Kind::Authorization, by_card(1, trace, minor), PURCHASE);
            }
            Step::Refund(which, minor) => {
                if let Some(of) = self.trace_of(which, |kind| kind == Kind::Purchase) {
                    let of = Some(named(of));
                    let action = Action::Refund { original: of };
                    self.asks(Kind::Refund, refund(trace, minor), action);
                }
            }
            Step::Complete(which, minor) => {
                if let Some(of) = self.trace_of(which, |kind| kind == Kind::Authorization) {
                    let original = OriginalData {
                        mti: Mti::AUTHORIZATION,
                        ..named(of)
                    };
                    let action = Action::Complete {
                        original,
                        several: true,
                        elsewhere: false,
                    };
                    self.asks(Kind::Completion, by_card(2, trace, minor), action);
                }
            }
            Step::Reverse(which, left) => {
                let undone = |kind| matches!(kind, Kind::Purchase | Kind::Refund);
                if let Some(of) = self.trace_of(which, undone) {
                    let (kind, said) = &self.asked[of as usize - 1];
                    let mut opening = by_card(4, trace, said.amount.value());
                    if *kind == Kind::Refund {
                        opening.processing_code = 200_000;
                    }
                    let left = left.min(said.amount.value());
                    self.asks(Kind::Reversal, opening, reverses(of, left));
                }
            }
        }
    }

    /// Open advices are sent at the start, and acknowledged.
    fn starts(&mut self) {
        self.bench.send(Command::Recover);
        for (reference, subject) in self.bench.under_way() {
            self.bench.send(Command::AdviceAnswered(reference, subject));
        }
    }

    /// What its financial system has booked.
    fn booked(&self) -> impl Iterator<Item = &Transaction> {
        let all = self.bench.wallet.transactions.iter();
        all.filter(|found| {
            let moves = matches!(found.kind, Kind::Purchase | Kind::Refund | Kind::Completion);
            let booked = self.bench.booked(found.reference);
            moves && found.status == Status::Approved && !booked.is_zero()
        })
    }
}

/// The request as the financial system knows it.
fn request(lost: &Lost, booked: &Transaction) -> BookedRequest {
    let mut asked = lost.asked.iter();
    let (_, said) = asked
        .find(|(_, said)| said.trace == booked.trace)
        .expect("asked for");
    BookedRequest {
        reference: booked.reference,
        institution: said.institution,
        local_time: said.local_time,
        local_date: said.local_date,
        terminal: said.terminal,
        acceptor: said.acceptor,
        amount: lost.bench.booked(booked.reference),
        currency: said.currency,
        card: name(1),
    }
}

fn imports(
    restored: &mut Bench,
    request: &BookedRequest,
    booking: Booking,
) -> Result<(), NotImported> {
    let mut all = usize::MAX;
    import_at_most(&mut all, restored, request, booking)
}

/// The same, killed when so many more events are journaled.
fn import_at_most(
    events_left: &mut usize,
    restored: &mut Bench,
    request: &BookedRequest,
    booking: Booking,
) -> Result<(), NotImported> {
    let opening = request.opening(booking);
    for event in import(&restored.wallet, &opening, booking)? {
        if *events_left > 0 {
            *events_left -= 1;
            restored.journal(event);
        }
    }
    Ok(())
}

/// All that `restored` lacks: what was booked, and then what was undone of it, or before where its money is needed; killed after so
/// many events.
fn settle(lost: &Lost, restored: &mut Bench, mut events_left: usize) {
    let left = &mut events_left;
    for booked in lost.booked() {
        restored.recall(booked.reference);
        let transactions = &restored.wallet.transactions;
        let known = transactions.by_reference(booked.reference);
        let original = booked.more().original;
        let booking = match (known.map(|found| found.status), booked.kind) {
            (Some(Status::Pending), _) => Booking::Awaited(booked.reference),
            (Some(_), _) => continue,
            (None, Kind::Refund) => Booking::Credit {
                purchase: original,
                host_trace: Stan::MIN,
            },
            (None, _) => Booking::Debit {
                authorization: original,
                host_trace: booked.host_trace,
            },
        };
        let request = request(lost, booked);
        let mut imported = import_at_most(left, restored, &request, booking);
        let needs = match imported {
            Err(NotImported::Money) => Some(false),
            Err(NotImported::Purchase) => Some(true),
            _ => None,
        };
        if let Some(of_refunds) = needs {
            // What can't be yet can be in the end.
            let _ = undo(lost, restored, left, of_refunds);
            imported = import_at_most(left, restored, &request, booking);
        }
        if *left > 0 {
            imported.expect("it fits");
        }
    }
    // Refunds keep a part of their purchases.
    for of_refunds in [true, false] {
        let undone = undo(lost, restored, left, of_refunds);
        if *left > 0 {
            undone.expect("it fits");
        }
    }
}

/// What was undone of what `restored` has.
fn undo(
    lost: &Lost,
    restored: &mut Bench,
    left: &mut usize,
    of_refunds: bool,
) -> Result<(), NotImported> {
    let mut undone_all = Ok(());
    let booked = lost.booked();
    for undone in booked.filter(|found| (found.kind == Kind::Refund) == of_refunds) {
        let transactions = &restored.wallet.transactions;
        // A refund that is still to come needs that much of it.
        let refunds: u64 = lost
            .booked()
            .filter(|found| {
                found.more().original == Some(undone.reference)
                    && transactions.by_reference(found.reference).is_none()
            })
            .map(|found| lost.bench.booked(found.reference).value())
            .sum();
        if undone.standing.value() < refunds {
            continue;
        }
        let reversal = BookedRequest {
            reference: Reference(Reference::first(restored.now(), 15).0 + restored.events() as u64),
            ..request(lost, undone)
        };
        let refunded = undone.more().used;
        let booking = Booking::Left {
            of: undone.reference,
            left: undone.standing,
            stays: match undone.standing > refunded {
                true => undone.standing,
                false => amount(0),
            },
        };
        let imported = import_at_most(left, restored, &reversal, booking);
        if imported != Err(NotImported::Unknown) {
            undone_all = undone_all.and(imported);
        }
    }
    undone_all
}

/// What the payer owns less what they owe. What an authorization sets aside is not booked: it does not come back.
fn money(bench: &Bench) -> i64 {
    let wallet = &bench.wallet;
    wallet.ledger().value() as i64 - wallet.owed.value() as i64
}

/// The parties' totals. What came to nothing in two steps may come back in one, which counts as another number of reversals.
fn amounts(bench: &Bench) -> Totals {
    Totals {
        debit_reversals: 0,
        credit_reversals: 0,
        ..bench.totals()
    }
}

fn repeats(bench: &mut Bench, said: &Opening) -> Option<Outcome> {
    let mut repeat = said.clone();
    repeat.repeat = true;
    bench.answer(repeat, PURCHASE)
}

proptest! {
    #[test]
    fn a_wallet_gets_back_what_it_lost(
        before in steps(),
        pending in any::<bool>(),
        after in steps(),
        cut in 0_usize..30,
    ) {
        let [mut lost, mut restored] = [Lost::new(), Lost::new()];
        for step in &before {
            lost.does(step);
            restored.does(step);
        }
        if pending {
            // The restored wallet ends where the financial system is being asked.
            lost.does(&Step::Buy(7));
            let mut opening = by_card(2, restored.asked.len() as u32 + 1, 7);
            opening.local_time = restored.asked.len() as u32;
            restored.bench.ask(opening, PURCHASE);
        }
        for step in &after {
            lost.does(step);
        }
        settle(&lost, &mut restored.bench, cut);
        restored.bench.checkpoint();
        restored.bench.wallet = restored.bench.read_stored();
        settle(&lost, &mut restored.bench, usize::MAX);
        restored.starts();
        prop_assert_eq!(money(&lost.bench), money(&restored.bench));
        prop_assert_eq!(amounts(&lost.bench), amounts(&restored.bench));
        prop_assert_eq!(&restored.bench.replayed(), &restored.bench.wallet);
        // A second time it finds nothing to do.
        let events = restored.bench.events();
        settle(&lost, &mut restored.bench, usize::MAX);
        prop_assert_eq!(restored.bench.events(), events);

        // The parties go on: they repeat what they have no answer to, and reverse.
        let asked = lost.asked.clone();
        let booked: Vec<_> = lost
            .booked()
            .map(|found| lost.bench.booked(found.reference))
            .collect();
        let is_one_of_its_amount = |said: &Opening| {
            let booked = booked.iter().filter(|amount| **amount == said.amount);
            booked.count() == 1
        };
        for (trace, (kind, said)) in (1..).zip(&asked) {
            let stands = lost.booked().find(|found| found.trace == said.trace);
            let Some(stands) = stands.cloned() else { continue };
            if *kind != Kind::Purchase {
                continue;
            }
            let answers = [&mut lost.bench, &mut restored.bench].map(|bench| repeats(bench, said));
            match stands.standing.is_zero() {
                // It may have been given up: the list does not say.
                true => {
                    let answer = answers[1].as_ref().map(|outcome| outcome.code);
                    let known = before.len() as u32 >= trace;
                    prop_assert!(known || answer == Some(ResponseCode::DECLINED));
                }
                false => prop_assert_eq!(&answers[0], &answers[1]),
            }
            if stands.more().asked.is_some() || !stands.more().used.is_zero() {
                continue;
            }
            let mut undo = by_card(4, 500 + trace, said.amount.value());
            undo.local_time = 235_959;
            if !is_one_of_its_amount(said) {
                continue;
            }
            for bench in [&mut lost.bench, &mut restored.bench] {
                let answer = bench.answer(undo.clone(), reverses(trace, 0));
                prop_assert_eq!(answer.map(|outcome| outcome.code), Some(ResponseCode::APPROVED));
            }
            prop_assert_eq!(money(&lost.bench), money(&restored.bench));
        }
    }
}

#[test]
fn a_load_comes_back() {
    let mut lost = Bench::with(100);
    let mut opening = by_card(6, 1, 250);
    opening.payer = Payer::Wallet;
    opening.institution = None;
    let source = LoadFrom::Number(crate::Secret::new(b"XT1"));
    let reference = forwarded(&lost.ask(opening.clone(), Action::Load(source)));
    lost.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    let mut restored = Bench::with(100);
    let request = BookedRequest {
        reference,
        institution: None,
        local_time: 1,
        local_date: 1122,
        terminal: *b"WALLET  ",
        acceptor: *b"LOAD           ",
        amount: amount(250),
        currency: opening.currency,
        card: name(1),
    };
    imports(&mut restored, &request, Booking::Load(Stan::MIN)).expect("it fits");
    assert_eq!(money(&restored), 350);
    assert_eq!(money(&restored), money(&lost));
    assert_eq!(restored.replayed(), restored.wallet);
}

#[test]
fn what_does_not_fit_is_refused() {
    let given = |count| Reference(Reference::first(NOW, 0).0 + count);
    let request = |minor| BookedRequest {
        reference: given(77),
        institution: by_card(2, 1, 1).institution,
        local_time: 1,
        local_date: 1122,
        terminal: *b"TERM0001",
        acceptor: *b"SHOP-77        ",
        amount: amount(minor),
        currency: by_card(2, 1, 1).currency,
        card: name(1),
    };
    let mut bench = Bench::with(999_999_999_999);
    let credit = Booking::Credit {
        purchase: None,
        host_trace: Stan::MIN,
    };
    let more = imports(&mut bench, &request(1), credit);
    assert_eq!(more, Err(NotImported::TooMuch));
    let unknown = Booking::Left {
        of: Reference(5),
        left: amount(0),
        stays: amount(0),
    };
    let unknown = imports(&mut bench, &request(1), unknown);
    assert_eq!(unknown, Err(NotImported::Unknown));
    let foreign = BookedRequest {
        currency: tessera_protocol::Currency::new(978).expect("euro"),
        ..request(1)
    };
    let debit = Booking::Debit {
        authorization: None,
        host_trace: None,
    };
    let foreign = imports(&mut bench, &foreign, debit);
    assert_eq!(foreign, Err(NotImported::Currency));
    // What is not there is owed, as the financial system has taken it.
    let mut poor = Bench::with(10);
    imports(&mut poor, &request(30), debit).expect("it fits");
    assert_eq!(money(&poor), -20);
    let left = Booking::Left {
        of: given(77),
        left: amount(30),
        stays: amount(30),
    };
    imports(&mut poor, &request(30), left).expect("nothing to do");
}

#[test]
fn a_repeat_of_what_was_approved_in_part_is_answered_so() {
    let mut bench = Bench::with(1_000);
    let mut said = by_card(2, 1, 100);
    said.merchant.takes_part = true;
    let request = BookedRequest {
        reference: Reference(Reference::first(NOW, 0).0 + 77),
        institution: said.institution,
        local_time: said.local_time,
        local_date: said.local_date,
        terminal: said.terminal,
        acceptor: said.acceptor,
        amount: amount(60),
        currency: said.currency,
        card: name(1),
    };
    let debit = Booking::Debit {
        authorization: None,
        host_trace: Stan::new(9),
    };
    imports(&mut bench, &request, debit).expect("it fits");
    let outcome = repeats(&mut bench, &said).expect("an answer");
    assert_eq!(outcome.code, ResponseCode::PARTLY_APPROVED);
    assert_eq!(money(&bench), 940);
    // Not marked as a repeat, or from another terminal, it is another request.
    let elsewhere = Opening {
        terminal: *b"TERM0002",
        ..said.clone()
    };
    assert_eq!(repeats(&mut bench, &elsewhere), None);
    let mut unmarked = by_card(2, 2, 100);
    unmarked.merchant.takes_part = true;
    assert_eq!(bench.answer(unmarked, PURCHASE), None);
}
