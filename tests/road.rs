//! The road of a purchase, end to end, with the real binaries.

mod rig;

use rig::Rig;

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
