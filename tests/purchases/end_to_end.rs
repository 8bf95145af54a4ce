//! The path of a purchase, end to end, with the real binaries.

use crate::rig::Rig;

const LOAD: [&str; 3] = ["load", "--settle", "30s"];

fn load(rig: &Rig, more: &[&str]) -> String {
    let malls = rig.addresses.malls.to_string();
    let wallet_line = rig.addresses.wallet_server.to_string();
    let tally = rig.addresses.tally.to_string();
    let mut arguments = LOAD.to_vec();
    arguments.extend([
        "--target",
        &malls,
        "--wallet-line",
        &wallet_line,
        "--certs",
        "certs",
    ]);
    arguments.extend(["--host-tally", &tally]);
    arguments.extend(more);
    String::from_utf8_lossy(&rig.run(&arguments).stdout).into_owned()
}

fn audit(rig: &Rig) -> String {
    let audit = rig.run(&["audit", "--config", "switch.toml"]);
    String::from_utf8_lossy(&audit.stdout).into_owned()
}

#[test]
fn malls_and_acquirers_buy_and_every_cent_is_where_it_should_be() {
    let mut rig = Rig::started(100, 1_000_000);
    let mix = "purchases=70,repeats=10,reversals=15,inquiries=5";
    load(
        &rig,
        &[
            "--cards",
            "100",
            "--rate",
            "1000",
            "--duration",
            "2s",
            "--mix",
            mix,
        ],
    );
    load(
        &rig,
        &[
            "--cards",
            "100",
            "--rate",
            "300",
            "--duration",
            "2s",
            "--party",
            "10000000001",
        ],
    );
    load(
        &rig,
        &[
            "--cards",
            "10",
            "--window",
            "16",
            "--connections",
            "2",
            "--duration",
            "2s",
            "--party",
            "20000000002",
        ],
    );
    let running = audit(&rig);
    assert_eq!(rig.stop_switch(), Some(0), "{}", rig.log("switch"));
    assert_eq!(audit(&rig), running, "the audit of the stopped switch");
    assert!(
        running.contains("held                              0.00"),
        "{running}"
    );
}

#[test]
fn a_journal_whose_newest_files_are_missing_is_not_taken_for_whole() {
    let mut rig = Rig::with(20_000, 100, &[("\"4MiB\"", "\"1MiB\"")]);
    assert!(audit(&rig).contains("the totals agree"));
    let mut segments: Vec<_> = std::fs::read_dir(rig.path("data/journal"))
        .expect("a journal")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|name| name == "journal"))
        .collect();
    segments.sort();
    assert!(segments.len() > 1, "{segments:?}");
    let (newest, kept) = (segments.pop().expect("a file"), rig.path("kept"));
    std::fs::rename(&newest, &kept).expect("a file");
    for arguments in [
        &["audit"][..],
        &["recon", "--date", "2026-11-28"],
        &["explain", "--reference", "632609000001"],
        &["switch"],
    ] {
        let output = rig.try_run(&[arguments, &["--config", "switch.toml"]].concat());
        assert!(!output.status.success(), "{arguments:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.contains("the store is ahead of the journal"),
            "{arguments:?}: {said}"
        );
        assert!(
            said.contains("restore the journal's newest files"),
            "{said}"
        );
    }
    // Also while a switch runs, whose store nobody else can open.
    std::fs::rename(&kept, &newest).expect("a file");
    rig.start_switch();
    std::fs::rename(&newest, &kept).expect("a file");
    let output = rig.try_run(&["audit", "--config", "switch.toml"]);
    let said = String::from_utf8_lossy(&output.stdout);
    // The start has begun a segment after the one that is missing.
    assert!(said.contains("VIOLATION: the journal has a gap"), "{said}");
    std::fs::rename(&kept, &newest).expect("a file");
    assert!(audit(&rig).contains("the totals agree"));
}

#[test]
fn a_store_that_was_deleted_is_rebuilt_from_the_journal() {
    let mut rig = Rig::started(50, 1_000_000);
    load(
        &rig,
        &["--cards", "50", "--rate", "500", "--duration", "1s"],
    );
    let before = audit(&rig);
    rig.kill_switch();
    std::fs::remove_dir_all(rig.path("data/store")).expect("a store");
    rig.start_switch();
    rig.wait_until_ready();
    load(
        &rig,
        &[
            "--cards",
            "50",
            "--rate",
            "500",
            "--duration",
            "1s",
            "--mix",
            "purchases=0,inquiries=100",
            "--seed",
            "2",
        ],
    );
    assert_eq!(audit(&rig), before);
}
