//! Real binaries, really killed: under load the switch, the financial system and the line between them go
//! away at random moments and come back, and at the end every answer, every balance and the tally of the
//! financial system must fit together to the cent, with nothing held and nothing open.
//!
//! The moments come from a seed, which is printed; `TESSERA_CRASH_SEED` sets another one.

use std::fs;
use std::time::Duration;

use crate::rig::audit::{is_settled, says};
use crate::rig::dice::Dice;
use crate::rig::totals::{agrees_with_the_host, begin_day};
use crate::rig::{Loading, Rig, wait_for};

const CARDS: u64 = 100;
/// Little enough for some cards to run dry.
const BALANCE: u64 = 8_000;
const LOAD: [&str; 9] = [
    "--cards",
    "100",
    "--rate",
    "1500",
    "--connections",
    "6",
    "--several-completions",
    "--mix",
    "purchases=35,repeats=8,reversals=15,inquiries=8,authorizations=12,completions=10,refunds=6,advices=2,partials=4",
];

/// What the acquirer's profile has to grant for that.
const PERMISSIONS: &str =
    "several_completions = true\nstand_in_advices = true\npartial_approval = true\n";

/// Everything that the switch does now and then happens several times within a test.
const IN_A_HURRY: [(&str, &str); 7] = [
    ("answer_within = \"7s\"", "answer_within = \"1s\""),
    ("order_wait = \"3s\"", "order_wait = \"1s\""),
    ("repeat_min = \"1s\"", "repeat_min = \"100ms\""),
    ("repeat_max = \"60s\"", "repeat_max = \"1s\""),
    ("reconnect_max = \"10s\"", "reconnect_max = \"300ms\""),
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"1s\""),
    ("idle_after = \"60s\"", "idle_after = \"1s\""),
];

const HOST_DATA: &str = "data=\"host-data\"";
const FAULTS: [&str; 6] = [
    "faults.drop_share=0.01",
    "faults.late_share=0.01",
    "faults.late_by=\"1300ms\"",
    "faults.double_share=0.02",
    "faults.cut_share=0.002",
    "rules.decline_share=0.03",
];

#[test]
fn a_switch_that_is_killed_loses_nothing() {
    let mut storm = Storm::new("switch by card", 1, &[]);
    let loading = storm.rig.start_load(&LOAD);
    for _ in 0..12 {
        storm.let_pass(30..400);
        storm.kill_and_restart_switch();
    }
    storm.calm_down(loading);
}

#[test]
fn a_switch_that_is_killed_pays_no_order_twice() {
    let mut storm = Storm::new("switch by order", 2, &[]);
    // A mall is not offered parts, and its authorizations are completed once.
    let mut load = LOAD.to_vec();
    load.retain(|option| *option != "--several-completions");
    load.extend(["--party", "10000000001"]);
    let loading = storm.rig.start_load(&load);
    for _ in 0..12 {
        storm.let_pass(30..400);
        storm.kill_and_restart_switch();
    }
    storm.calm_down(loading);
}

#[test]
fn a_node_that_takes_over_at_another_address_loses_nothing() {
    for (stream, party) in [(8, "20000000001"), (9, "10000000001")] {
        let mut storm = Storm::new("take-over", stream, &[]);
        storm.rig.add_node();
        let mut load = LOAD.to_vec();
        if party == "10000000001" {
            load.retain(|option| *option != "--several-completions");
        }
        load.extend(["--party", party, "--json", "load.json"]);
        let loading = storm.rig.start_load(&load);
        for _ in 0..2 {
            storm.let_pass(100..400);
            storm.rig.kill_switch();
            // It writes a line each second.
            let lines = || storm.rig.log("load").matches(" 0 connections").count();
            let before = lines();
            wait_for("seconds without a switch", || lines() >= before + 2);
            storm.rig.take_over();
        }
        storm.let_pass(100..400);
        storm.calm_down(loading);
        let report = fs::read(storm.rig.path("load.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        let figure = |name: &str| report[name].as_f64().expect("a figure");
        // Six connections, twice; not all of them need to be there again when the second kill comes.
        assert!(figure("lost_connections") >= 7.0, "{report}");
        assert!(figure("longest_gap_ms") >= 1_000.0, "{report}");
    }
}

#[test]
fn a_financial_system_that_is_killed_agrees_in_the_end() {
    let mut storm = Storm::new("host", 3, &[]);
    let loading = storm.rig.start_load(&LOAD);
    for _ in 0..8 {
        storm.let_pass(100..600);
        storm.kill_and_restart_host();
    }
    storm.calm_down(loading);
}

#[test]
fn a_bad_line_costs_nobody_anything() {
    let mut settings = FAULTS.to_vec();
    settings.push("faults.cut_every=\"900ms\"");
    let mut storm = Storm::new("line", 4, &settings);
    let loading = storm.rig.start_load(&LOAD);
    for _ in 0..6 {
        storm.let_pass(500..1_500);
    }
    wait_for("the line to be lost some more times", || {
        storm.rig.sum("tessera_host_reconnects_total") >= 4.0
    });
    storm.calm_down(loading);
}

#[test]
fn switch_and_financial_system_both_killed_over_a_bad_line_agree_in_the_end() {
    let mut storm = Storm::new("everything", 5, &FAULTS);
    let loading = storm.rig.start_load(&LOAD);
    for _ in 0..12 {
        storm.let_pass(30..400);
        match storm.dice.below(3) {
            0 => storm.kill_and_restart_switch(),
            1 => storm.kill_and_restart_host(),
            _ => {
                storm.rig.kill_host();
                storm.pause(0..200);
                storm.kill_and_restart_switch();
                storm.pause(0..200);
                storm.start_host();
            }
        }
    }
    storm.calm_down(loading);
}

#[test]
fn a_switch_that_stops_answers_requests_in_flight() {
    let mut storm = Storm::new("stop", 6, &["faults.delay={ fixed = \"20ms\" }"]);
    let loading = storm.rig.start_load(&LOAD);
    for _ in 0..3 {
        storm.let_pass(100..500);
        assert_eq!(
            storm.rig.stop_switch(),
            Some(0),
            "{}",
            storm.rig.log("switch")
        );
        let audit = storm.audit();
        // An advice may be open, and authorizations hold: the journal keeps both.
        assert!(
            says(&audit, "open at host", "0"),
            "after a stop was requested:\n{audit}"
        );
        storm.rig.start_switch();
    }
    storm.calm_down(loading);
}

#[test]
fn a_damaged_journal_is_refused_and_named() {
    let mut storm = Storm::new("damage", 7, &[]);
    let loading = storm.rig.start_load(&LOAD);
    storm.let_pass(2_000..2_500);
    storm.calm_down(loading);

    let folder = storm.rig.path("data/journal");
    let files = fs::read_dir(&folder)
        .expect("a journal")
        .map(|file| file.expect("a file").path());
    let segment = files
        .filter(|file| file.extension().is_some_and(|name| name == "journal"))
        .min()
        .expect("a segment");
    let mut bytes = fs::read(&segment).expect("a segment");
    let written = bytes.iter().rposition(|byte| *byte != 0).expect("a record");
    bytes[written / 2] ^= 0x10;
    fs::write(&segment, &bytes).expect("a segment");

    let audit = storm.rig.try_run(&["audit", "--config", "switch.toml"]);
    assert_eq!(audit.status.code(), Some(1));
    let said = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert_names(&said, &segment);
    // What the store reflects is not read again at start.
    fs::remove_dir_all(storm.rig.path("data/store")).expect("a store");
    let start = storm.rig.try_run(&["switch", "--config", "switch.toml"]);
    assert!(!start.status.success());
    assert_names(&String::from_utf8_lossy(&start.stderr), &segment);
}

fn assert_names(said: &str, segment: &std::path::Path) {
    let name = segment
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    for word in [name, "byte", "sequence"] {
        assert!(said.contains(word), "{word} is not named: {said}");
    }
}

/// A rig at work, and the dice that say when something happens to it.
struct Storm {
    rig: Rig,
    dice: Dice,
    settings: Vec<&'static str>,
}

impl Storm {
    #[allow(clippy::print_stderr, reason = "the seed repeats the run")]
    fn new(name: &str, stream: u64, settings: &[&'static str]) -> Self {
        let seed = std::env::var("TESSERA_CRASH_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(20_261_122);
        eprintln!("{name}: TESSERA_CRASH_SEED={seed}");
        let rig = Rig::with(CARDS, BALANCE, &IN_A_HURRY);
        rig.add_to_party("development-acquirer-1.toml", PERMISSIONS);
        let mut storm = Self {
            rig,
            dice: Dice(seed * 1_000 + stream),
            settings: [&[HOST_DATA], settings].concat(),
        };
        storm.start_host();
        storm.rig.start_switch();
        storm.rig.wait_until_ready();
        storm
    }

    fn start_host(&mut self) {
        self.rig.start_host(&self.settings);
    }

    /// Waits until so many answers have gone out, and a moment longer. Now and then a settlement date ends meanwhile.
    fn let_pass(&mut self, answers: std::ops::Range<u64>) {
        let answered = self.rig.sum("tessera_answers_total") + self.dice.from(answers) as f64;
        wait_for("answers", || {
            self.rig.sum("tessera_answers_total") >= answered
        });
        if self.dice.below(3) == 0 {
            begin_day(&self.rig);
        }
        self.pause(0..150);
    }

    fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        std::thread::sleep(Duration::from_millis(self.dice.from(milliseconds)));
    }

    /// Now and then it is killed again while it starts.
    fn kill_and_restart_switch(&mut self) {
        self.rig.kill_switch();
        self.pause(0..100);
        if self.dice.below(3) == 0 {
            let life = Duration::from_millis(self.dice.below(120));
            self.rig.start_switch_and_kill_it_after(life);
        }
        self.rig.start_switch();
    }

    fn kill_and_restart_host(&mut self) {
        let tally = crate::rig::http_get(self.rig.addresses.tally, "/tally");
        assert!(tally.contains("\"contradictions\":0"), "{tally}");
        self.rig.kill_host();
        self.pause(0..300);
        self.start_host();
    }

    /// The end: the load's accounts match to the cent, nothing is held, nothing is open, and both sides have the same
    /// totals of every settlement date.
    #[allow(clippy::print_stderr, reason = "for the analysis of a failure")]
    fn calm_down(&mut self, loading: Loading) {
        let report = self.rig.finish_load(loading);
        eprintln!("{report}");
        let tally = crate::rig::http_get(self.rig.addresses.tally, "/tally");
        assert!(tally.contains("\"contradictions\":0"), "{tally}");
        wait_for("every advice to be acknowledged", || {
            self.rig.sum("tessera_store_and_forward_depth") == 0.0 && is_settled(&self.audit())
        });
        agrees_with_the_host(&self.rig);
        let running = self.audit();
        assert_eq!(
            self.rig.stop_switch(),
            Some(0),
            "{}",
            self.rig.log("switch")
        );
        assert_eq!(self.audit(), running, "the audit of the stopped switch");
    }

    fn audit(&self) -> String {
        let audit = self.rig.run(&["audit", "--config", "switch.toml"]);
        String::from_utf8_lossy(&audit.stdout).into_owned()
    }
}
