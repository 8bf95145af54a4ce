//! Data of the release before, made by its own program under real load, and upgraded by this build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::golden::{figures, left_by, releases};
use crate::rig::mix::{self, BALANCE, CARDS, HOST};
use crate::rig::totals::sums_agree;
use crate::rig::wire::{ACQUIRER, Wire, card_purchase, started};
use crate::rig::{Build, Rig};

/// The commit of the release before.
const RELEASE: &str = "46ed89dd055340967dc3b1ec3699379611c68882";

/// Builds the release before from its commit, once; `None` where this checkout has no history.
fn release_before() -> Option<Build> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/releases").join(RELEASE);
    let source = folder.join("source");
    let config = source.join("config");
    let program: PathBuf = folder.join("target/debug/tessera");
    if !program.exists() {
        let known = format!("{RELEASE}^{{commit}}");
        let mut git = Command::new("git");
        git.args(["cat-file", "-e", &known]).current_dir(root);
        if !git
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
        {
            return None;
        }
        fs::create_dir_all(&source).expect("a folder");
        let unpack = format!("git archive {RELEASE} | tar --extract --directory \"$0\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &unpack]).arg(&source).current_dir(root);
        assert!(shell.status().expect("a shell").success());
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--locked",
            "--bin",
            "tessera",
            "--target-dir",
        ]);
        cargo.arg(folder.join("target")).current_dir(&source);
        // It has to be built soon more than to run fast.
        cargo
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        assert!(cargo.status().expect("cargo runs").success());
    }
    Some(Build { program, config })
}

#[test]
#[allow(clippy::print_stderr, reason = "what is not tested is said")]
fn what_the_release_before_left_is_upgraded_and_goes_on() {
    let Some(before) = release_before() else {
        eprintln!("not tested: this checkout does not have the commit of the release before");
        return;
    };
    let mut rig = Rig::of(before, CARDS, BALANCE, &[]);
    rig = started(mix::without_mail_server(rig), &mix::host());
    mix::run(&rig);
    let provisioned = (CARDS * BALANCE) as i64;
    sums_agree(&rig, provisioned);
    // A switch of that release locks its journal alone.
    let this = std::mem::replace(&mut rig.build.program, Build::this().program);
    let provision = ["provision", "--config", "switch.toml"];
    let more = ["--cards", "1", "--balance", "1"];
    let refused = rig.try_run(&[&provision[..], &more].concat());
    rig.build.program = this;
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("is open in another switch"), "{why}");
    assert!(!rig.path("data/upgrade").exists());
    // As a loss of power leaves it, and as an operator does.
    rig.kill_switch();
    let expected = figures(&rig);
    rig.kill_host();
    rig.build.program = Build::this().program;
    rig.start_host(&HOST);
    rig.start_switch();
    rig.wait_until_ready();
    let log = rig.log("switch");
    assert!(log.contains("upgraded the data"), "{log}");
    let mut acquirer = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(acquirer.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    sums_agree(&rig, provisioned);
    assert_eq!(rig.stop_switch(), Some(0));
    let lasting = |figures: &str| -> Vec<String> {
        let names = ["wallets", "loaded"];
        let lines = figures
            .lines()
            .filter(|line| names.iter().any(|name| line.starts_with(name)));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(lasting(&figures(&rig)), lasting(&expected));
    rig.start_switch();
    assert_eq!(rig.log("switch").matches("upgraded the data").count(), 1);
    assert_eq!(rig.stop_switch(), Some(0));
}

#[test]
fn an_upgrade_that_is_killed_at_any_time_is_begun_again_or_goes_on() {
    let release = releases()
        .find(|release| release.ends_with("0.2.0"))
        .expect("0.2.0");
    for life in (0..16).map(|step| Duration::from_millis(25 * step)) {
        let mut rig = left_by(&release);
        rig.start_switch_and_kill_it_after(life);
        rig.start_switch_and_kill_it_after(life * 2);
        rig.start_switch();
        assert_eq!(rig.stop_switch(), Some(0), "{life:?}");
        let loaded = |figures: &str| {
            figures
                .lines()
                .find(|line| line.starts_with("loaded"))
                .map(str::to_owned)
        };
        let expected = fs::read_to_string(release.join("figures.txt")).expect("a file");
        assert_eq!(loaded(&figures(&rig)), loaded(&expected), "{life:?}");
        assert!(!rig.path("data/upgrade").exists(), "{life:?}");
    }
}
