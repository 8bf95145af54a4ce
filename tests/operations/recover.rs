//! A switch that was lost is restored from a backup, and what the financial system has booked since comes into its wallets: nothing
//! differs any more, for the financial system and for the parties that go on.

use std::fs;
use std::process::Output;

use crate::rig::leased::Line;
use crate::rig::payer::{GOOD_CARD, Payer};
use crate::rig::totals;
use crate::rig::{Loading, Rig, http_get, wait_for};

const CARDS: u64 = 20;
const BALANCE: u64 = 10_000_000_000;
const PROVISIONED: i64 = (CARDS * BALANCE) as i64;
const BY: [&str; 4] = ["--by", "Ada", "--reason", "the disk was lost"];

#[test]
fn parties_repeat_as_if_nothing_had_been_lost() {
    parties_go_on("purchases=70,repeats=20,inquiries=10");
}

/// Without repeats: a repeat of what was reversed as a whole is declined, as it may have been given up.
#[test]
fn parties_reverse_as_if_nothing_had_been_lost() {
    parties_go_on("purchases=70,reversals=20,inquiries=10");
}

/// `mix` has nothing that sets money aside: a list does not have that.
fn parties_go_on(mix: &str) {
    // A list has no trace numbers: within a second, the amount identifies a purchase of a wallet at a terminal.
    let mut bed = Bed::new(&[
        "--mix",
        mix,
        "--amount",
        "1..50000000",
        "--connections",
        "4",
        "--rate",
        "400",
    ]);
    bed.let_pass(300.0);
    bed.back_up();
    bed.let_pass(600.0);
    bed.lose_and_restore();

    let missing = bed.recover(&["--plan"]);
    assert_eq!(missing.status.code(), Some(1));
    let applied = bed.recover(&[&["--apply"][..], &BY].concat());
    assert_eq!(applied.status.code(), Some(0), "{}", errors(&applied));
    bed.is_settled();

    bed.rig.start_switch();
    bed.rig.wait_until_ready();
    bed.let_pass(600.0);
    // The load compares each balance with the answers that it got, and all with the financial system's.
    let load = bed.load.take().expect("a load");
    bed.rig.finish_load(load);
    totals::settles(bed.rig, PROVISIONED);
}

#[test]
fn nothing_differs_from_the_financial_system_whatever_was_booked() {
    let mut bed = Bed::new(&[
        "--mix",
        "purchases=40,repeats=5,reversals=15,inquiries=5,authorizations=15,completions=10,refunds=10",
        "--several-completions",
        "--connections",
        "4",
        "--rate",
        "400",
    ]);
    let mut payer = Payer::with(&bed.rig, 5_000);
    let source = payer.source(GOOD_CARD, "card");
    bed.let_pass(300.0);
    bed.back_up();
    totals::begin_day(&bed.rig);
    payer.proven("120", &[(2, "700"), (22, &source)], &[]);
    let late = Payer::with(&bed.rig, 3_300);
    let before = totals::today(&bed.rig);
    wait_for("the next date", || totals::today(&bed.rig) != before);
    bed.let_pass(600.0);
    payer.proven("120", &[(2, "900"), (22, &source)], &[]);
    drop(late);
    bed.load = None;
    bed.lose_and_restore();

    let by_nobody = bed.recover(&["--apply", "--by", "Ada"]);
    assert_eq!(by_nobody.status.code(), Some(2), "{}", errors(&by_nobody));
    let whole = fs::read_to_string(bed.rig.path("list.csv")).expect("a file");
    for (column, other) in [(",switch_trace,", ",x,"), (",terminal,", ",x,")] {
        fs::write(bed.rig.path("list.csv"), whole.replacen(column, other, 1)).expect("a file");
        let lacking = bed.recover(&[&["--apply"][..], &BY].concat());
        assert_eq!(lacking.status.code(), Some(3), "{}", errors(&lacking));
        assert!(
            errors(&lacking).contains("nothing was imported"),
            "{}",
            errors(&lacking)
        );
    }
    fs::write(bed.rig.path("list.csv"), whole).expect("a file");
    let applied = bed.recover(&[&["--apply"][..], &BY].concat());
    // What was loaded into the wallet that was made afterwards is left.
    let left = String::from_utf8(applied.stdout.clone()).expect("text");
    assert_eq!(applied.status.code(), Some(1), "{left}{}", errors(&applied));
    assert_eq!(left.lines().count(), 2, "{left}");
    assert!(
        left.contains(",3300,") && left.contains("no wallet has the card"),
        "{left}"
    );
    assert!(
        errors(&applied).contains("settlement dates begun: 20"),
        "{}",
        errors(&applied)
    );
    let again = bed.recover(&[&["--apply"][..], &BY].concat());
    assert!(
        errors(&again).contains(" 0 rows imported"),
        "{}",
        errors(&again)
    );
    bed.audit();

    bed.rig.start_switch();
    bed.rig.wait_until_ready();
    let shown = bed.rig.run(&["control", "--config", "switch.toml", "show"]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(
        shown.contains("list with SHA-256") && shown.contains("the disk was lost"),
        "{shown}"
    );
    totals::sums_agree(&bed.rig, PROVISIONED - 3_300);
    payer.line = Line::signed_on(&bed.rig);
    assert_eq!(payer.balance(), (6_600, 6_600));
}

struct Bed {
    rig: Rig,
    load: Option<Loading>,
}

impl Bed {
    fn new(load: &[&str]) -> Self {
        let mut rig = Rig::new(CARDS, BALANCE);
        rig.add_to_party(
            "development-acquirer-1.toml",
            "several_completions = true\n",
        );
        rig.start_host(&["keep_items=true"]);
        rig.start_switch();
        rig.wait_until_ready();
        let load = Some(rig.start_load(&[&["--cards", "20"], load].concat()));
        Self { rig, load }
    }

    fn let_pass(&self, answers: f64) {
        let count = || self.rig.sum("tessera_answers_total");
        let wanted = count() + answers;
        wait_for("answers", || count() >= wanted);
    }

    fn back_up(&self) {
        self.rig
            .run(&["backup", "--config", "switch.toml", "--to", "copy"]);
    }

    /// The list of the financial system, once nothing more arrives there.
    fn lose_and_restore(&mut self) {
        self.rig.kill_switch();
        let mut list = String::new();
        wait_for("the list to end", || {
            let listed = http_get(self.rig.addresses.tally, "/items");
            let (_, listed) = listed.split_once("\r\n\r\n").expect("a body");
            let is_same = list == listed;
            list = listed.to_owned();
            is_same
        });
        fs::write(self.rig.path("list.csv"), &list).expect("a file");
        fs::rename(self.rig.path("data"), self.rig.path("lost")).expect("a folder");
        let restore = ["restore", "--config", "switch.toml", "--from", "copy"];
        self.rig.run(&[&restore[..], &["--to", "data"]].concat());
    }

    fn recover(&self, what: &[&str]) -> Output {
        let recover = ["recover", "--config", "switch.toml"];
        let list = ["--host-list", "list.csv"];
        self.rig.try_run(&[&recover[..], &list, what].concat())
    }

    /// The list has nothing that the journal lacks.
    fn is_settled(&self) {
        let plan = self.recover(&["--plan"]);
        let left = String::from_utf8_lossy(&plan.stdout).into_owned();
        assert_eq!(plan.status.code(), Some(0), "{left}{}", errors(&plan));
        self.audit();
    }

    fn audit(&self) {
        self.rig.run(&["audit", "--config", "switch.toml"]);
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
