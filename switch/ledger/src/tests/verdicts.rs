//! Every answer code of the host to every kind of request: and the resulting accounts of each side.

use tessera_protocol::{CardNumber, ResponseCode};

use super::bench::{
    Bench, EXPIRY, amount, approved, by_card, forwarded, name, original, refund, settled,
};
use super::payer::Payers;
use crate::{
    AccountAction, Action, AdviceSubject, Command, Effect, Event, LoadFrom, Reference, Secret,
};

/// What ISO 8583:1987 gives as a decision against a request: a host that answers so has booked nothing.
const DECLINES: &str = "01 02 03 04 05 07 12 13 14 15 17 19 23 25 30 31 33 34 35 36 37 38 39 40 41 42 43 44 51 52 53 54 55 56 57 58 \
    59 60 61 62 63 64 65 66 67 75 90 92 93 94";
/// What a mall may be answered: section 6 of the wire protocol.
const KNOWN: &str = "00 03 05 12 13 14 25 30 51 54 57 58 61 62 63 65 68 91 94 96";

const ASKED: [Asked; 6] = [
    Asked::Purchase,
    Asked::Authorization,
    Asked::Refund,
    Asked::Load,
    Asked::Payout,
    Asked::Card,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Purchase,
    Authorization,
    Refund,
    Load,
    Payout,
    Card,
}

/// All of two digits and capital letters, and some that no table has.
fn codes() -> Vec<ResponseCode> {
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let pairs = alphabet
        .iter()
        .flat_map(|one| alphabet.map(|two| [*one, two]));
    let mut codes: Vec<[u8; 2]> = pairs.collect();
    assert_eq!(codes.len(), 1_296);
    codes.extend([
        *b"  ",
        *b"0 ",
        *b" 0",
        *b"a0",
        [0, 0],
        [0xff, 0xff],
        b"00".map(|byte| byte | 0x80),
    ]);
    codes.into_iter().map(ResponseCode::new).collect()
}

fn is_among(list: &str, code: ResponseCode) -> bool {
    list.split_whitespace()
        .any(|one| one.as_bytes() == code.as_bytes())
}

/// A wallet that has asked the host for one thing.
fn asked(kind: Asked) -> (Bench, Reference) {
    let purchase = Action::Purchase { barred: None };
    let mut bench = Bench::with(1_000);
    let effects = match kind {
        Asked::Purchase => bench.ask(by_card(2, 1, 300), purchase),
        Asked::Authorization => bench.ask(by_card(1, 1, 300), purchase),
        Asked::Refund => {
            approved(&mut bench, 1, 300);
            let original = Some(original(1));
            bench.ask(refund(2, 300), Action::Refund { original })
        }
        Asked::Load => {
            let from = LoadFrom::Number(Secret::new(b"ACCOUNT-1"));
            bench.ask(by_card(6, 1, 300), Action::Load(from))
        }
        Asked::Payout => {
            let mut payers = Payers::with(300);
            let source = Some(payers.source_number());
            let effects = payers.proven(AccountAction::Close(source), true);
            bench = payers.bench;
            effects
        }
        Asked::Card => {
            bench = Bench::empty();
            bench.ask(by_card(6, 1, 0), Action::Open);
            bench.ask(by_card(6, 2, 0), Action::IssueCard)
        }
    };
    (bench, forwarded(&effects))
}

/// What a request that was approved moves from or to the wallet, minor units.
fn moves(kind: Asked) -> i64 {
    match kind {
        Asked::Purchase | Asked::Payout => -300,
        Asked::Refund | Asked::Load => 300,
        Asked::Authorization | Asked::Card => 0,
    }
}

#[test]
fn both_sides_have_the_same_after_any_code() {
    for (kind, code) in ASKED
        .iter()
        .flat_map(|kind| codes().into_iter().map(|code| (*kind, code)))
    {
        let may_be_booked = !is_among(DECLINES, code);
        let must_be_booked = code.is_approved();
        for booked in [true, false] {
            if (booked && !may_be_booked) || (!booked && must_be_booked) {
                continue;
            }
            after(kind, code, booked);
        }
    }
}

/// The host has booked it, or not, and answers with this code.
fn after(kind: Asked, code: ResponseCode, mut booked: bool) {
    let about = format!("{kind:?} {code} booked {booked}");
    let (mut bench, reference) = asked(kind);
    let before = bench.wallet.ledger().value() as i64;
    let effects = bench.send(Command::HostAnswered(reference, code));
    let subject = settled(&effects).code;
    assert!(
        is_among(KNOWN, subject),
        "{about}: the requester is answered {subject}"
    );
    assert_eq!(
        subject.is_approved(),
        code.is_approved() && kind != Asked::Card,
        "{about}: {subject}"
    );
    if is_among(DECLINES, code) && is_among(KNOWN, code) {
        assert_eq!(subject, code, "{about}");
    }
    let again = effects.contains(&Effect::AskForCardAgain(reference));
    if kind == Asked::Card {
        assert_eq!(again, may_have_a_card(code), "{about}");
        if again {
            let number = CardNumber::development(9);
            bench.send(Command::HostIssuedCard(reference, number.clone(), EXPIRY));
            let known = bench.wallet.cards.iter().any(|card| card.number == number);
            assert!(known, "{about}");
        }
    } else {
        assert!(!again, "{about}");
    }
    if effects.contains(&Effect::Advise(reference)) {
        assert!(
            bench.is_advising(reference, AdviceSubject::Undo(amount(0))),
            "{about}"
        );
        booked = false;
        bench.acknowledge(reference);
    }
    let ours = bench.wallet.ledger().value() as i64 - before;
    let theirs = if booked { moves(kind) } else { 0 };
    assert_eq!(ours, theirs, "{about}: what each side has moved");
    let held = match kind {
        Asked::Authorization if booked => 300,
        _ => 0,
    };
    assert_eq!(bench.wallet.held.value(), held, "{about}: what is held");
    assert_eq!(bench.replayed(), bench.wallet, "{about}");
}

/// All but a decision against it.
fn may_have_a_card(code: ResponseCode) -> bool {
    !is_among(DECLINES, code)
}

#[test]
fn an_approval_in_part_that_nobody_asked_for_comes_to_nothing_on_both_sides() {
    let mut bench = Bench::with(1_000);
    let mut takes_part = by_card(2, 1, 2_000);
    takes_part.merchant.takes_part = true;
    for (opening, subject) in [(by_card(2, 2, 300), 300), (takes_part, 1_000)] {
        let reference = forwarded(&bench.ask(opening.clone(), Action::Purchase { barred: None }));
        assert_eq!(bench.wallet.held.value(), subject);
        let in_part = Command::HostAnswered(reference, ResponseCode::PARTLY_APPROVED);
        let effects = bench.send(in_part);
        assert_eq!(settled(&effects).code, ResponseCode::DECLINED);
        assert!(effects.contains(&Effect::Advise(reference)));
        assert!(matches!(
            bench.last_event(),
            Event::Released { advise: true, .. }
        ));
        assert_eq!(bench.wallet.available.value(), 1_000);
        // Its repeat is answered alike.
        let again = bench.answer(opening, Action::Purchase { barred: None });
        assert_eq!(
            again.map(|outcome| outcome.code),
            Some(ResponseCode::DECLINED)
        );
        bench.acknowledge(reference);
    }
    assert!(!bench.wallet.is_open());
    assert!(bench.wallet.cards.find(name(1)).is_some());
}
