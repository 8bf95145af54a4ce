//! The actor by itself, its neighbours on a bench: messages go in by hand, and the test says what becomes durable.

use std::time::{Duration, Instant};

use tessera_host::HostMessage;
use tessera_journal::{Journal, Mark};
use tessera_ledger::{Command, Entry, Event, Opening, Reference, Rules, StandIn, Wallet, WalletId};
use tessera_protocol::{Currency, ResponseCode};
use tessera_store::StoredCard;

use super::super::bench::{EXPIRY, NOW, PURCHASE, amount, by_card, card, reversal};
use super::WalletActor;
use crate::message::WalletMessage;
use crate::testing::{Bench, card_of};
use crate::wallet::Housekeeping;

const WALLET: WalletId = WalletId(1);

fn rules() -> Rules {
    Rules {
        hold_valid_for: 604_800_000,
        ..Rules::default()
    }
}

/// An actor whose wallet has 100.00, which are durable.
fn actor(bench: &Bench) -> WalletActor {
    let services = std::rc::Rc::clone(&bench.services);
    let mut actor = WalletActor::new(Wallet::new(WALLET), services);
    let provisioned = Event::Provisioned {
        currency: Currency::USD,
        card: card(),
        expiry: EXPIRY,
        balance: amount(10_000),
    };
    let entry = actor.entry(provisioned, NOW);
    actor.journal(&entry);
    bench.sync();
    actor
}

fn purchase(trace: u32, minor: u64) -> Opening {
    by_card(2, trace, minor)
}

/// The only request that was sent to the host since the last time.
fn sent(bench: &Bench) -> Reference {
    let requests = bench.lines.requests.take();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests[0].reference
}

fn approved(reference: Reference) -> WalletMessage {
    WalletMessage::unasked(Command::HostAnswered(reference, ResponseCode::APPROVED))
}

/// All events, as a restart would read them, each with its place.
fn journaled(bench: &Bench) -> Vec<(Entry, Mark)> {
    let mut entries = Vec::new();
    let mut tail = bench.journal.tail(None);
    tail.show(u64::MAX, &mut |record| {
        entries.push((Entry::read(record.payload)?, record.mark()));
        Ok(())
    })
    .expect("memory");
    entries
}

#[test]
fn nothing_leaves_for_host_or_mall_before_it_is_durable() {
    let bench = Bench::new(rules(), 0);
    let mut actor = actor(&bench);
    actor.receive(bench.ask("buy", purchase(1, 3_000), PURCHASE));
    bench.services.gate.open();
    assert_eq!(actor.wallet.held.value(), 3_000, "applied at once");
    assert!(bench.lines.requests.borrow().is_empty());

    bench.sync();
    let reference = sent(&bench);
    assert_eq!(bench.answers(), "", "the host has not answered");
    actor.receive(approved(reference));
    bench.services.gate.open();
    assert_eq!(actor.wallet.held.value(), 0);
    assert_eq!(bench.answers(), "", "its event is not durable");
    assert_eq!(bench.in_flight.taken(), 1);

    bench.sync();
    assert_eq!(bench.answers(), "buy 00;");
    assert_eq!(bench.in_flight.taken(), 0, "its place is free again");
}

#[test]
fn what_is_journaled_leads_to_the_same_wallet() {
    let bench = Bench::new(rules(), 0);
    let mut actor = actor(&bench);
    for trace in 1..=5 {
        actor.receive(bench.ask("buy", purchase(trace, 1_000), PURCHASE));
        bench.sync();
        let reference = sent(&bench);
        let code = match trace % 2 {
            0 => ResponseCode::DECLINED,
            _ => ResponseCode::APPROVED,
        };
        actor.receive(WalletMessage::unasked(Command::HostAnswered(
            reference, code,
        )));
        bench.sync();
    }
    let mut replayed = Wallet::new(WALLET);
    for (entry, mark) in journaled(&bench) {
        assert_eq!(
            entry.previous, replayed.last_position,
            "each follows the one before"
        );
        replayed
            .apply(&entry, mark.position, mark.sequence)
            .expect("it fits");
    }
    assert_eq!(replayed.ledger(), actor.wallet.ledger());
    assert_eq!(replayed.available, actor.wallet.available);
    assert_eq!(replayed.last_position, actor.wallet.last_position);
}

#[test]
fn a_repeat_takes_the_place_of_the_request_before() {
    let bench = Bench::new(rules(), 0);
    let mut actor = actor(&bench);
    actor.receive(bench.ask("first", purchase(1, 3_000), PURCHASE));
    bench.sync();
    let reference = sent(&bench);
    actor.receive(bench.ask("again", purchase(1, 3_000), PURCHASE));
    bench.sync();
    assert!(bench.lines.requests.borrow().is_empty(), "asked once");
    assert_eq!(
        bench.in_flight.taken(),
        1,
        "the first has given up its place"
    );

    actor.receive(approved(reference));
    bench.sync();
    assert_eq!(bench.answers(), "again 00;");
    assert_eq!(actor.wallet.ledger().value(), 7_000, "paid once");
}

#[test]
fn where_the_journal_cannot_be_read_back_nothing_is_applied() {
    let bench = Bench::new(rules(), 0);
    let mut actor = actor(&bench);
    actor.receive(bench.ask("buy", purchase(1, 3_000), PURCHASE));
    bench.sync();
    let reference = sent(&bench);
    actor.receive(approved(reference));
    bench.sync();
    assert_eq!(bench.answers(), "buy 00;");
    // Handled next, any command settles what is durable: from then on the journal alone has it.
    actor.receive(WalletMessage::unasked(Command::Wake));

    let before = journaled(&bench).len();
    bench.journal.fail_read_after(0);
    actor.receive(bench.ask("undo", by_card(4, 2, 3_000), reversal(1, None, false)));
    bench.sync();
    assert_eq!(bench.answers(), "undo 96;");
    assert_eq!(journaled(&bench).len(), before);
    assert_eq!(actor.wallet.ledger().value(), 7_000);
}

#[test]
fn what_is_not_used_of_the_stand_in_budget_is_given_back() {
    let stand_in = StandIn {
        per_transaction: 5_000,
        per_wallet: 5_000,
        ..StandIn::default()
    };
    let rules = Rules {
        stand_in,
        ..rules()
    };
    let bench = Bench::new(rules, 8_000);
    bench.lines.down.set(true);
    let mut actor = actor(&bench);
    actor.receive(bench.ask("buy", purchase(1, 2_000), PURCHASE));
    bench.sync();
    assert_eq!(bench.answers(), "buy 00;");
    let left = bench.services.stand_in.take(u64::MAX);
    assert_eq!(left, 6_000);
    bench.services.stand_in.give_back(left);

    // The host has acknowledged the advice: all may be used again.
    let advices = bench.lines.advices.take();
    let (_, reference, HostMessage::Posting(_)) = &advices[0] else {
        panic!("{advices:?}");
    };
    let subject = tessera_ledger::AdviceSubject::Posting;
    let answered = Command::AdviceAnswered(*reference, subject);
    actor.receive(WalletMessage::unasked(answered));
    assert_eq!(bench.services.stand_in.take(u64::MAX), 8_000);
}

#[test]
fn an_idle_wallet_leaves_when_the_store_has_it_and_nobody_waits() {
    let bench = Bench::new(rules(), 0);
    let mut actor = actor(&bench);
    actor.receive(bench.ask("buy", purchase(1, 3_000), PURCHASE));
    bench.sync();
    let reference = sent(&bench);
    let rests = |actor: &mut WalletActor| actor.perform_housekeeping(Housekeeping::Rest);
    assert!(!rests(&mut actor), "the mall waits for its answer");
    actor.receive(approved(reference));
    bench.sync();
    assert!(!actor.perform_housekeeping(Housekeeping::Checkpoint));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !bench.services.snapshots.are_stored(WALLET) {
        assert!(Instant::now() < deadline, "the store takes no snapshot");
        std::thread::sleep(Duration::from_millis(1));
    }
    // Wrong on purpose: what is found below is the store's.
    let directory = &bench.services.directory;
    directory.add(&card_of(&card()), WalletId(99));
    assert!(rests(&mut actor));

    let kept = 7 * 24 * 3_600_000;
    let loaded = bench
        .services
        .snapshots
        .load(WALLET, kept)
        .expect("a store");
    assert_eq!(loaded.ledger(), actor.wallet.ledger());
    let found = bench.services.directory.find(&card()).expect("a store");
    let own = StoredCard {
        wallet: WALLET,
        serial: 1,
    };
    assert_eq!(found, Some(own), "the store knows its card");
}

#[test]
fn a_request_that_never_left_is_declined_and_its_hold_released() {
    let bench = Bench::new(rules(), 0);
    let mut actor = actor(&bench);
    actor.receive(bench.ask("buy", purchase(1, 3_000), PURCHASE));
    bench.sync();
    let reference = sent(&bench);
    actor.receive(WalletMessage::unasked(Command::HostUnreached(reference)));
    bench.sync();
    assert_eq!(bench.answers(), "buy 91;");
    assert_eq!(actor.wallet.held.value(), 0, "the hold is released");
    assert_eq!(actor.wallet.ledger().value(), 10_000);
}
