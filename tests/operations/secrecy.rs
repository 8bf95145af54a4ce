//! What other users of the machine can read, and what a file without an end does.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::rig::wire::{ACQUIRER, Wire, card_purchase};
use crate::rig::{Rig, Running, free_port};

/// Everything in a folder, the folder itself first.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_path_buf()];
    if folder.is_dir() {
        for entry in fs::read_dir(folder).expect("a folder") {
            all.extend(everything(&entry.expect("an entry").path()));
        }
    }
    all
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::symlink_metadata(path).expect("a file");
    metadata.permissions().mode() & 0o777
}

#[test]
fn nothing_that_the_programs_keep_can_be_read_by_others() {
    let mut rig = Rig::new(3, 10_000);
    rig.start_host(&["data=ledger"]);
    rig.start_switch();
    rig.wait_until_ready();
    let shops = rig.start_shop(free_port(), "http://localhost:8080");
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    let socket = fs::metadata(rig.path("data/operations.sock")).expect("a socket");
    assert!(socket.file_type().is_socket());
    // So that the store has everything, too.
    assert_eq!(rig.stop_switch(), Some(0));
    drop(shops);
    for folder in ["data", "ledger", "certs", "keys"] {
        let all = everything(&rig.path(folder));
        assert!(all.len() > 1, "{folder}");
        for path in all {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), expected, "{}", path.display());
        }
    }
    let shops = rig.path("data/shop");
    assert!(everything(&shops).len() > 1, "the shops keep orders");
}

#[test]
fn a_start_is_refused_while_others_can_read_what_is_kept() {
    let mut rig = Rig::new(1, 10_000);
    rig.start_host(&["data=ledger"]);
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(rig.stop_switch(), Some(0));
    rig.kill_host();
    let store = everything(&rig.path("data/store"));
    let deep = store.iter().find(|path| path.is_file()).expect("a file");
    let files = everything(&rig.path("ledger"));
    let file = files.iter().find(|path| path.is_file()).expect("a file");
    let switch = ["switch", "--config", "switch.toml"];
    let host = ["host", "--config", "host.toml", "--set", "data=ledger"];
    for (path, arguments, folder) in [(deep, &switch[..], "data"), (file, &host[..], "ledger")] {
        fs::set_permissions(path, Permissions::from_mode(0o644)).expect("a file");
        let refused = rig.try_run(arguments);
        assert_eq!(refused.status.code(), Some(1));
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        let name = path.file_name().expect("a name").to_string_lossy();
        assert!(why.contains(&*name), "{why}");
        let (_, advice) = why.split_once("run `").expect("advice");
        let (advice, _) = advice.split_once('`').expect("advice");
        assert!(
            advice.starts_with("chmod -R go-rwx ") && advice.ends_with(folder),
            "{advice}"
        );
        let followed = rig.command(&[]).get_current_dir().map(|folder| {
            let mut shell = Command::new("sh");
            shell.args(["-c", advice]).current_dir(folder).status()
        });
        assert!(followed.expect("a folder").expect("sh runs").success());
    }
    rig.start_host(&["data=ledger"]);
    rig.start_switch();
}

/// How a process ended that was aborted while it served, where the machine allows core dumps.
fn aborted(rig: &Rig, arguments: &[&str], core_dumps: &str) -> ExitStatus {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_tessera"))
        .args(arguments)
        .current_dir(rig.folder.path())
        .env("TESSERA_CORE_DUMPS", core_dumps)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut process = Running(shell.spawn().expect("sh runs"));
    let mut ready = String::new();
    let stdout = process.0.stdout.take().expect("a pipe");
    BufReader::new(stdout)
        .read_line(&mut ready)
        .expect("a line");
    assert!(ready.starts_with("ready"), "{arguments:?}: {ready}");
    let number = process.0.id().to_string();
    let killed = Command::new("kill").args(["-ABRT", &number]).status();
    assert!(killed.expect("kill runs").success());
    let ended = process.0.wait().expect("an end");
    assert_eq!(ended.signal(), Some(6), "{arguments:?}");
    ended
}

#[test]
fn a_process_that_is_aborted_leaves_no_core_dump() {
    let rig = Rig::new(1, 10_000);
    let host = ["host", "--config", "host.toml"];
    for arguments in [&host, &["switch", "--config", "switch.toml"]] {
        assert!(
            !aborted(&rig, arguments, "0").core_dumped(),
            "{arguments:?}"
        );
    }
    // Where the machine writes any, the processes would leave one if they were allowed to.
    let mut control = Command::new("sh");
    control
        .args(["-c", "ulimit -c unlimited; kill -ABRT $$"])
        .current_dir(rig.folder.path());
    if control.status().expect("sh runs").core_dumped() {
        assert!(aborted(&rig, &host, "1").core_dumped());
    }
    for unit in [
        "tessera-switch.service",
        "tessera-wallet.service",
        "tessera-console.service",
    ] {
        let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd");
        let unit = fs::read_to_string(units.join(unit)).expect("a unit");
        assert!(unit.lines().any(|line| line == "LimitCORE=0"));
    }
}

/// On a build that reads to the end, this takes all memory of the machine.
#[test]
fn a_file_without_end_is_an_error() {
    let rig = Rig::new(0, 0);
    let fails = |arguments: &[&str]| {
        let done = rig.try_run(arguments);
        assert!(!done.status.success(), "{arguments:?}");
        let why = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            why.contains("more than 4 MiB") || why.contains("a line of more than"),
            "{why}"
        );
    };
    for program in ["switch", "wallet", "host", "shop"] {
        fails(&[program, "--config", "/dev/zero"]);
    }
    let sparse = rig.path("parties/sparse.toml");
    let file = fs::File::create(&sparse).expect("a file");
    file.set_len(10 << 30).expect("a long file");
    fails(&["switch", "--config", "switch.toml", "--check"]);
    fs::remove_file(&sparse).expect("a file");
    let endless = fs::File::open("/dev/zero").expect("a device");
    let decoded = rig.command(&["decode", "-"]).stdin(endless).output();
    let decoded = decoded.expect("tessera runs");
    let why = String::from_utf8_lossy(&decoded.stderr).into_owned();
    assert!(
        !decoded.status.success() && why.contains("more than 64 MiB"),
        "{why}"
    );
    let certificate = rig.path("certs/ca.pem");
    fs::remove_file(&certificate).expect("a file");
    std::os::unix::fs::symlink("/dev/zero", &certificate).expect("a link");
    fails(&["switch", "--config", "switch.toml", "--check"]);
}
