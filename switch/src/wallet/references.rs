//! Journals of builds that gave references by a clock that was set back: references fall within a wallet, and come twice.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tessera_protocol::ResponseCode;

use super::bench::{
    Bench, NOW, PURCHASE, approved, balances, by_card, forwarded, original, refund, reversal,
};
use crate::repair::{Repaired, repair};
use tessera_config::Settings;
use tessera_encryption::KeySource;
use tessera_journal::{Location, Options};
use tessera_ledger::{Action, Command, Entry, Irregular, Reference};
use tessera_reports::audit::{Totals, Violation, audit};

const SEGMENT_BYTES: u64 = 1 << 20;
/// A second, by which the clock is set.
const STEP: u64 = 1_000;

/// What the faulty build's journal has after this: the clock was ahead, then right, then ahead again, with a restart each
/// time. The third time a purchase gets the reference of the first, and the financial system declines it.
fn damaged() -> Bench {
    let mut bench = Bench::with(100_000);
    bench.restart_at(NOW.plus(STEP));
    approved(&mut bench, 1, 1_000);
    approved(&mut bench, 2, 2_000);
    bench.restart_at(NOW);
    approved(&mut bench, 3, 4_000);
    let pending = forwarded(&bench.ask(by_card(2, 4, 8_000), PURCHASE));
    refunded(&mut bench, 5, 1, 300);
    bench.send(Command::HostAnswered(pending, ResponseCode::APPROVED));
    bench.ask(by_card(4, 6, 2_000), reversal(2, None, true));
    bench.restart_at(NOW.plus(STEP));
    let twice = forwarded(&bench.ask(by_card(2, 7, 16_000), PURCHASE));
    bench.send(Command::HostAnswered(twice, ResponseCode::DUPLICATE));
    // The first of the two that have this reference.
    bench.ask(by_card(4, 8, 1_000), reversal(1, None, true));
    bench
}

fn refunded(bench: &mut Bench, trace: u32, of: u32, minor: u64) {
    let action = Action::Refund {
        original: Some(original(of)),
    };
    let reference = forwarded(&bench.ask(refund(trace, minor), action));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
}

/// A switch's data with the journal of this wallet.
struct Data {
    folder: tempfile::TempDir,
    settings: Settings,
}

impl Data {
    fn of(entries: &[Entry]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.toml");
        let mut settings = Settings::read(&shipped).unwrap();
        settings.data = folder.path().to_owned();
        settings.journal.segment_bytes = SEGMENT_BYTES;
        settings.encryption.master_key = KeySource::File(folder.path().join("master.key"));
        let data = Self { folder, settings };
        let keys = data.settings.data_keys().unwrap();
        let location =
            Location::in_data(data.folder.path(), &keys).with_segment_bytes(SEGMENT_BYTES);
        let (options, stop) = (Options::default(), Box::new(|_: &_| {}));
        let opened = tessera_journal::open(&location, options, None, &mut |_| Ok(()), stop);
        let journal = opened.unwrap().journal;
        let mut positions = Vec::new();
        for entry in entries {
            // On the bench it is the number of the entry.
            let previous = entry.previous.map(|number| number.to_stored() as usize - 1);
            let entry = Entry {
                previous: previous.map(|index| positions[index]),
                ..entry.clone()
            };
            let mut payload = Vec::new();
            entry.write(&mut payload);
            let partition = entry.wallet.partition(data.settings.partitions);
            positions.push(journal.append(partition, &payload).position);
        }
        journal.close().unwrap();
        data
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn audit(&self) -> Result<Totals, Violation> {
        let keys = self.settings.data_keys().expect("keys");
        audit(&Location::in_data(self.folder.path(), &keys))
    }

    fn repair(&self) -> anyhow::Result<Repaired> {
        repair(&self.settings, "Ada", "the clock was set back")
    }
}

#[test]
fn a_journal_in_which_references_fall_is_proven_and_that_is_recorded() {
    let bench = damaged();
    // What is left of 1 (refunded in part, then reversed), 3 and 4.
    assert_eq!(balances(&bench), (100_000 - 300 + 300 - 4_000 - 8_000, 0));
    assert_eq!(bench.replayed(), bench.wallet);
    let data = Data::of(&bench.entries);
    let found = data.audit().unwrap();
    assert_eq!(found.available, 88_000);
    let Irregular {
        wallets,
        fallen,
        repeated,
        last_sequence,
    } = found.irregular;
    assert_eq!((wallets, repeated), (1, 2));
    assert!(fallen >= 4, "{fallen}");
    assert!(!found.accepted && last_sequence == found.last.map(|last| last.sequence));

    assert_eq!(data.repair().unwrap(), Repaired::Recorded(found.clone()));
    let proven = data.audit().unwrap();
    assert!(proven.accepted);
    assert!(proven.last.map(|last| last.position) > found.last.map(|last| last.position));
    let recorded = Totals {
        events: found.events + 1,
        last: proven.last,
        wallets: 2,
        accepted: true,
        ..found
    };
    assert_eq!(proven, recorded);
    // Once; and with the store rebuilt from the journal it is the same.
    std::fs::remove_dir_all(data.path("store")).unwrap();
    assert_eq!(data.repair().unwrap(), Repaired::Before(recorded));
    assert_eq!(data.audit().unwrap(), proven);
}

#[test]
fn nothing_is_recorded_if_references_rise_or_the_audit_fails() {
    let mut bench = Bench::with(1_000);
    approved(&mut bench, 1, 100);
    assert_eq!(
        Data::of(&bench.entries).repair().unwrap(),
        Repaired::Nothing
    );

    let mut entries = damaged().entries;
    let last = entries.last_mut().unwrap();
    last.available = tessera_ledger::Balance(last.available.value() + 1);
    let data = Data::of(&entries);
    let refused = data.repair().unwrap_err().to_string();
    assert!(refused.contains("available"), "{refused}");
    assert!(!data.path("store").exists());
    assert!(data.audit().is_err());
}

#[derive(Debug, Clone)]
enum Step {
    Buy(u64),
    Reverse(usize),
    Refund(usize, u64),
    Restart(u64),
    Sync,
    Checkpoint,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..500u64).prop_map(Step::Buy),
        2 => (0..20usize).prop_map(Step::Reverse),
        1 => (0..20usize, 1..200u64).prop_map(|(of, minor)| Step::Refund(of, minor)),
        2 => (0..3u64).prop_map(Step::Restart),
        1 => Just(Step::Sync),
        1 => Just(Step::Checkpoint),
    ]
}

proptest! {
    /// Against plain arithmetic: whatever the clock was set to, each restart brings the wallet back, and the audit proves it.
    #[test]
    fn a_wallet_does_not_depend_on_references_that_rise(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut bench = Bench::with(100_000);
        let mut given: Vec<Reference> = Vec::new();
        // Trace, amount, refunded, reversed.
        let mut bought: Vec<(u32, u64, u64, bool)> = Vec::new();
        for (step, trace) in steps.into_iter().zip(1u32..) {
            match step {
                Step::Buy(minor) => {
                    let reference = forwarded(&bench.ask(by_card(2, trace, minor), PURCHASE));
                    // The financial system has seen it.
                    let known = given.contains(&reference);
                    let code = if known { ResponseCode::DUPLICATE } else { ResponseCode::APPROVED };
                    bench.send(Command::HostAnswered(reference, code));
                    if !known {
                        bought.push((trace, minor, 0, false));
                    }
                    given.push(reference);
                }
                Step::Reverse(which) => {
                    if let Some((of, minor, _, reversed)) = bought.get_mut(which) {
                        bench.ask(by_card(4, trace, *minor), reversal(*of, None, true));
                        *reversed = true;
                    }
                }
                Step::Refund(which, minor) => {
                    let Some((of, amount, back, false)) = bought.get_mut(which) else { continue };
                    if *back + minor <= *amount {
                        // A refund with the reference of its own purchase could not be distinguished from it.
                        bench.wallet = bench.replayed();
                        bench.restart_at(NOW.plus((10 + u64::from(trace)) * STEP));
                        let action = Action::Refund { original: Some(original(*of)) };
                        let reference = forwarded(&bench.ask(refund(trace, minor), action));
                        let known = given.contains(&reference);
                        let code = if known { ResponseCode::DUPLICATE } else { ResponseCode::APPROVED };
                        bench.send(Command::HostAnswered(reference, code));
                        if !known {
                            *back += minor;
                        }
                        given.push(reference);
                    }
                }
                Step::Restart(clock) => {
                    bench.wallet = bench.replayed();
                    bench.restart_at(NOW.plus(clock * STEP));
                }
                Step::Sync => bench.sync(),
                Step::Checkpoint => bench.checkpoint(),
            }
            // A refund stands, whatever is reversed.
            let spent: u64 = bought
                .iter()
                .map(|(_, amount, back, reversed)| if *reversed { 0 } else { amount - back })
                .sum();
            prop_assert_eq!(balances(&bench), (100_000 - spent, 0));
        }
        prop_assert_eq!(bench.replayed(), bench.wallet.clone());
        let proven = Data::of(&bench.entries).audit().unwrap();
        prop_assert_eq!(proven.available, i128::from(bench.wallet.available.value()));
    }
}
