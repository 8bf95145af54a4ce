//! The system's clock is set back and ahead, before, during and after restarts of the real switch, stopped or killed, with
//! its store or without: references rise, no good purchase is declined, and the totals agree.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::rig::clock::FakeClock;
use crate::rig::totals::{far_off, settles};
use crate::rig::wire::{
    ACQUIRER, Hand, Wire, card_purchase, inquiry, network, reversal, rig_with, time_of,
};
use crate::rig::{Rig, http_get, wait_for};
use tessera_journal::reader;
use tessera_ledger::{Entry, Reference, WalletId};

const CARDS: u64 = 4;
const BALANCE: u64 = 1_000_000;
const SECOND: i64 = 1;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A switch whose clock the test sets.
struct World {
    rig: Rig,
    ahead: i64,
}

impl World {
    fn new(settings: &[(&str, &str)]) -> Self {
        let mut settings = settings.to_vec();
        // Not while the test runs, whatever the hour.
        let cutover = far_off();
        settings.push(("settlement_cutover", &cutover));
        let mut rig = rig_with(CARDS, BALANCE, &settings);
        rig.clock = Some(FakeClock::right(rig.folder.path()));
        rig.start_host(&[]);
        rig.start_switch();
        rig.wait_until_ready();
        Self { rig, ahead: 0 }
    }

    fn set_clock(&mut self, ahead: i64) {
        self.ahead = ahead;
        self.rig.clock.as_ref().expect("a clock").set(ahead);
    }

    fn sign_on(&self) -> Wire {
        let mut wire = Wire::connect(self.rig.addresses.malls);
        let answer = wire.ask(&self.now(network(&ACQUIRER, "001")));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        wire
    }

    /// Its sender's clock is set like the switch's.
    fn now(&self, message: Hand) -> Hand {
        message.with(7, &time_of(self.ahead))
    }

    /// A purchase on each card, and one of them undone.
    fn buy(&self) {
        let mut wire = self.sign_on();
        for serial in 1..=CARDS {
            let purchase = self.now(card_purchase(&ACQUIRER, serial, 100));
            let answer = wire.ask(&purchase);
            assert_eq!(
                answer.code(),
                "00",
                "{} ahead: {}",
                self.ahead,
                answer.reason()
            );
            if serial == CARDS {
                let undo = self.now(reversal("0400", &purchase));
                assert_eq!(wire.ask(&undo).code(), "00");
            }
        }
    }

    fn restart(&mut self, kill: bool, delete_store: bool, ahead: i64) {
        match kill {
            true => self.rig.kill_switch(),
            false => assert_eq!(self.rig.stop_switch(), Some(0)),
        }
        if delete_store {
            fs::remove_dir_all(self.rig.path("data/store")).expect("a store");
        }
        self.set_clock(ahead);
        self.rig.start_switch();
        self.rig.wait_until_ready();
    }

    fn has_logged(&self, what: &str) -> bool {
        self.rig.log("switch").contains(what)
    }

    /// All references that were ever given, as they stand in the journal: none twice, and those of a wallet rise.
    fn references(&self) -> usize {
        let mut given = HashMap::new();
        let mut last: HashMap<WalletId, Reference> = HashMap::new();
        let journal = reader(&self.rig.journal());
        let read = journal.scan(None, &mut |record| {
            let entry = Entry::read(record.payload).expect("an event");
            if let Some(opening) = entry.event.opening() {
                let reference = opening.reference;
                let before = given.insert(reference, record.sequence);
                assert_eq!(before, None, "{reference:?} at {}", record.sequence);
                let before = last.insert(entry.wallet, reference);
                assert!(before < Some(reference), "{before:?}, then {reference:?}");
            }
            Ok(())
        });
        read.expect("a journal");
        given.len()
    }

    /// Nothing came to the financial system twice under one reference.
    fn host_saw_no_contradiction(&self) {
        let tally = http_get(self.rig.addresses.tally, "/tally");
        assert!(tally.contains("\"contradictions\":0"), "{tally}");
    }
}

/// Written by a build that gave references by the system's clock: a second ahead, right, three seconds ahead, right, each
/// time after a clean stop. That build refused to start with it, also without its store.
#[test]
fn a_journal_in_which_references_fall_is_recovered() {
    let mut rig = Rig::new(0, 0);
    fs::create_dir_all(rig.path("data/journal")).expect("a folder");
    let journal = rig.path("data/journal/00000000000000000000.journal");
    fs::write(&journal, include_bytes!("clock/fallen.journal")).expect("a file");
    for private in [rig.path("data"), rig.path("data/journal"), journal] {
        fs::set_permissions(private, Permissions::from_mode(0o700)).expect("a file");
    }
    let said = |rig: &Rig, arguments: &[&str]| {
        let output = rig.run(&[arguments, &["--config", "switch.toml"]].concat());
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let audit = |rig: &Rig| said(rig, &["audit"]);
    // It is one of 0.2, which the first start upgrades.
    rig.start_switch();
    assert_eq!(rig.stop_switch(), Some(0));
    let found = audit(&rig);
    for figures in [
        "loaded                         3000.00",
        "available                      2970.90",
        "references fallen                    1",
        "see `tessera journal repair`",
        "the totals agree",
    ] {
        assert!(found.contains(figures), "{figures}: {found}");
    }
    let repair = [
        "journal",
        "repair",
        "--by",
        "Ada",
        "--reason",
        "the clock was set back",
    ];
    let repaired = said(&rig, &repair);
    assert!(
        repaired.contains(" for Ada: the clock was set back"),
        "{repaired}"
    );
    assert!(said(&rig, &repair).contains("recorded before"));
    assert!(audit(&rig).contains("recorded by the operator"));

    // It goes on, with references above all of those.
    rig.start_host(&[]);
    for delete_store in [false, true] {
        if delete_store {
            fs::remove_dir_all(rig.path("data/store")).expect("a store");
        }
        rig.start_switch();
        rig.wait_until_ready();
        let mut wire = Wire::signed_on(&rig, &ACQUIRER);
        assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
        rig.kill_switch();
    }
    let after = audit(&rig);
    assert!(
        after.contains("available                      2968.90"),
        "{after}"
    );
    assert!(
        after.contains("references fallen                    1"),
        "{after}"
    );
}

#[test]
#[ignore = "needs libfaketime: make test AREA=clock"]
fn references_rise_over_every_restart_with_every_clock() {
    let mut world = World::new(&[("clock_window", "\"24h\"")]);
    world.buy();
    // With its store or without, stopped or killed.
    let ways = [(false, false), (true, false), (false, true), (true, true)];
    for (step, ways) in [(SECOND, &ways[..]), (HOUR, &ways[1..3]), (DAY, &ways[1..3])] {
        for &(kill, delete_store) in ways {
            // Ahead while it runs; right again after the restart.
            world.set_clock(step);
            world.buy();
            world.restart(kill, delete_store, 0);
            world.buy();
            // Set back while it runs; further back after the restart, and ahead.
            world.set_clock(-step);
            world.buy();
            world.restart(kill, delete_store, -step - SECOND.min(DAY - step));
            world.buy();
        }
        world.set_clock(0);
        world.buy();
    }
    assert!(world.has_logged("the system's clock was set back"));
    assert!(world.has_logged("behind_ms"));
    assert!(world.references() > 150);
    world.host_saw_no_contradiction();
    settles(world.rig, (CARDS * BALANCE) as i64);
}

#[test]
#[ignore = "needs libfaketime: make test AREA=clock"]
fn a_clock_that_is_set_back_under_load_costs_no_purchase() {
    let mut world = World::new(&[("checkpoint_every", "\"1s\"")]);
    let loading = world
        .rig
        .start_load(&["--cards", "4", "--rate", "200", "--connections", "3"]);
    for round in 0..6 {
        let sum = |world: &World| world.rig.sum("tessera_answers_total");
        let before = sum(&world);
        wait_for("answers", || sum(&world) > before + 100.0);
        world.set_clock(1);
        let before = sum(&world);
        wait_for("answers", || sum(&world) > before + 100.0);
        match round % 3 {
            0 => world.set_clock(0),
            kind => world.restart(kind == 1, false, 0),
        }
    }
    let report = world.rig.finish_load(loading);
    let duplicates = report.lines().any(|line| line.starts_with("94 "));
    assert!(!duplicates, "{report}");
    assert!(world.references() > 500);
    world.host_saw_no_contradiction();
    settles(world.rig, (CARDS * BALANCE) as i64);
}

#[test]
#[ignore = "needs libfaketime: make test AREA=clock"]
fn what_is_held_expires_also_where_the_clock_is_set_back() {
    let mut world = World::new(&[("hold_valid_for", "\"2s\""), ("clock_window", "\"24h\"")]);
    for back in [SECOND, HOUR, DAY] {
        let mut wire = world.sign_on();
        let hold = world.now(card_purchase(&ACQUIRER, 1, 3_000).mti("0100"));
        assert_eq!(wire.ask(&hold).code(), "00");
        world.set_clock(-back);
        let available = |world: &World, wire: &mut Wire| {
            wire.ask(&world.now(inquiry(&ACQUIRER, 1))).balances().1
        };
        assert_eq!(available(&world, &mut wire), BALANCE - 3_000);
        wait_for("the hold to expire", || {
            available(&world, &mut wire) == BALANCE
        });
        // The same, over a restart.
        let hold = world.now(card_purchase(&ACQUIRER, 2, 3_000).mti("0100"));
        assert_eq!(wire.ask(&hold).code(), "00");
        world.restart(true, false, -back - SECOND);
        let mut wire = world.sign_on();
        wait_for("the hold to expire", || {
            wire.ask(&world.now(inquiry(&ACQUIRER, 2))).balances().1 == BALANCE
        });
        world.references();
    }
}
