//! Data of every release since 0.2.0, opened by this build: replayed with the store of its time and without, audited, and
//! compared with the totals of the financial system. Data of a newer build is refused, and nothing of it is changed.
//!
//! `tests/golden/VERSION/left.tar.gz` is what a run of that release has left, and `figures.txt` what its audit said.
//! `make golden` writes both, for the version in `Cargo.toml`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tessera_journal::Options;

use crate::rig::Rig;
use crate::rig::leased::Line;
use crate::rig::mix::{self, BALANCE, CARDS, HOST};
use crate::rig::totals::sums_agree;
use crate::rig::wire::started;

const PROVISIONED: i64 = (CARDS * BALANCE) as i64;
/// What the switch and the financial system leave, in the rig's folder; and the keys, without which nothing of a payer can be read.
const LEFT: [&str; 3] = ["data", "host-data", "keys"];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

pub fn releases() -> impl Iterator<Item = PathBuf> {
    let folders = fs::read_dir(golden()).expect("a folder");
    folders.map(|folder| folder.expect("a folder").path())
}

/// Runs `tar`, which keeps files for their owner alone, and folders that are empty.
fn tar(arguments: &[&str], archive: &Path) {
    let mut tar = Command::new("tar");
    tar.args(arguments).arg("--file").arg(archive).args(LEFT);
    let done = tar.output().expect("tar runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
}

fn archive(release: &Path) -> PathBuf {
    release.join("left.tar.gz")
}

/// A rig with what a release has left; nothing runs.
pub fn left_by(release: &Path) -> Rig {
    let rig = mix::without_mail_server(Rig::new(0, 0));
    let folder = rig.folder.path().display().to_string();
    let unpacks = [
        "--extract",
        "--gzip",
        "--preserve-permissions",
        "--no-same-owner",
    ];
    tar(
        &[&unpacks[..], &["--directory", &folder]].concat(),
        &archive(release),
    );
    rig
}

/// The lines of the audit that begin with one of these.
fn audited(rig: &Rig, words: &[&str]) -> String {
    let output = rig.run(&["audit", "--config", "switch.toml"]);
    beginning_with(&String::from_utf8(output.stdout).expect("UTF-8"), words)
}

fn beginning_with(text: &str, words: &[&str]) -> String {
    let does = |line: &&str| words.iter().any(|word| line.starts_with(word));
    text.lines()
        .filter(does)
        .map(|line| line.to_owned() + "\n")
        .collect()
}

pub fn figures(rig: &Rig) -> String {
    audited(
        rig,
        &[
            "events",
            "wallets",
            "loaded",
            "available",
            "held",
            "owed",
            "party",
        ],
    )
}

fn expected(release: &Path) -> String {
    fs::read_to_string(release.join("figures.txt")).expect("a file")
}

#[test]
fn this_release_has_left_its_data() {
    let release = golden().join(env!("CARGO_PKG_VERSION"));
    if std::env::var_os("TESSERA_WRITE_GOLDEN").is_some() {
        write(&release);
    }
    let missing = "`make golden` writes the data of a release, before the release";
    assert!(
        archive(&release).is_file() && release.join("figures.txt").is_file(),
        "{missing}"
    );
}

#[test]
fn data_of_every_release_is_opened_replayed_and_audited() {
    for release in releases() {
        let mut rig = left_by(&release);
        if release.ends_with(env!("CARGO_PKG_VERSION")) {
            assert_eq!(figures(&rig), expected(&release), "{release:?}");
        }
        // What had been set aside when it was left has expired since.
        let lasting = ["wallets", "loaded", "party"];
        let before = beginning_with(&expected(&release), &lasting);
        let lasting = |rig: &Rig| audited(rig, &lasting);
        for store in ["as it was left", "deleted"] {
            if store == "deleted" {
                for name in ["data/store", "data/outbox"] {
                    fs::remove_dir_all(rig.path(name)).expect("a folder");
                }
            }
            rig.start_switch();
            assert_eq!(rig.stop_switch(), Some(0), "{release:?}, {store}");
            assert_eq!(lasting(&rig), before, "{release:?}, {store}");
        }
        let log = rig.log("switch");
        let from_0_2 = release.ends_with("0.2.0");
        let reseals = log.contains("re-encrypting funding sources and contacts");
        assert_eq!(reseals, from_0_2, "{release:?}");
        assert!(!log.contains("could not be re-encrypted"), "{log}");
        let mut rig = started(rig, &HOST);
        let mut line = Line::signed_on(&rig);
        let wallet = line.wallet_with(10_000);
        assert_eq!(line.balance(&wallet), (10_000, 10_000), "{release:?}");
        sums_agree(&rig, PROVISIONED);
        assert_eq!(rig.stop_switch(), Some(0));
    }
}

/// By a kind of event, by the format of a segment, of the store, of the outbox, and of the financial system's log.
#[test]
fn data_of_a_newer_build_is_refused_and_left_as_it_is() {
    let release = golden().join(env!("CARGO_PKG_VERSION"));
    let rig = left_by(&release);
    let journal = rig.path("data/journal");
    append_of_kind(&rig, 40);
    let build = env!("CARGO_PKG_VERSION");
    let expected = format!("kind of event 40; this build ({build}) knows them up to 39");
    is_refused(&rig, &journal, &expected);

    let rig = left_by(&release);
    let journal = rig.path("data/journal");
    let mut segments = fs::read_dir(&journal)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path());
    let segment = segments.find(|path| path.extension().is_some_and(|name| name == "journal"));
    let segment = segment.expect("a segment");
    let mut bytes = fs::read(&segment).expect("a file");
    bytes[12] = 4;
    let checksum = crc32c::crc32c(&bytes[12..64]);
    bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&segment, bytes).expect("a file");
    is_refused(
        &rig,
        &journal,
        &format!("has format 4, this build ({build}) reads formats 2 to 3: a newer build wrote it"),
    );

    let log = rig.path("host-data/host.log");
    let mut bytes = fs::read(&log).expect("a file");
    bytes[13] = b'4';
    fs::write(&log, &bytes).expect("a file");
    let refused = rig.try_run(&["host", "--config", "host.toml", "--set", HOST[0]]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains(&format!(
            "has format 4, this build ({build}) reads format 3"
        )),
        "{said}"
    );
    assert_eq!(fs::read(&log).expect("a file"), bytes);
}

/// Neither the switch nor the audit takes it, and the journal stays as it is.
fn is_refused(rig: &Rig, journal: &Path, expected: &str) {
    let contents = || {
        let mut files: Vec<_> = fs::read_dir(journal)
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|name| name == "journal"))
            .map(|path| (fs::read(&path).expect("a file"), path))
            .collect();
        files.sort();
        files
    };
    let before = contents();
    for command in ["switch", "audit"] {
        let refused = rig.try_run(&[command, "--config", "switch.toml"]);
        assert!(!refused.status.success());
        let said = [refused.stdout, refused.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains(expected), "{command}: {said}");
        assert!(contents() == before, "{command} has changed the journal");
    }
}

/// Appends an event of the first wallet as a newer build would.
fn append_of_kind(rig: &Rig, kind: u8) {
    let mut payload = None;
    let location = rig.journal().with_segment_bytes(4 << 20);
    let (options, faults) = (Options::default(), Box::new(|_: &_| {}));
    let replay = &mut |record: tessera_journal::RecordRef<'_>| {
        payload = Some((record.partition, record.payload.to_vec()));
        Ok(())
    };
    let opened = tessera_journal::open(&location, options, None, replay, faults);
    let opened = opened.expect("a journal").journal;
    let (partition, mut payload) = payload.expect("an event");
    payload[40] = kind;
    opened.append(partition, &payload);
    opened.close().expect("a disk");
    drop(opened);
    // This process makes files that others can read, which the switch refuses.
    for file in fs::read_dir(rig.path("data/journal")).expect("a folder") {
        let file = file.expect("a file").path();
        fs::set_permissions(file, Permissions::from_mode(0o600)).expect("a file");
    }
}

/// Of a file that was made 64 MiB long ahead; its library reads it without them.
fn cut_zeros(file: &Path) {
    let bytes = fs::read(file).expect("a file");
    let end = bytes.iter().rposition(|&byte| byte != 0);
    let end = end.map_or(0, |last| last + 1);
    fs::write(file, &bytes[..end]).expect("a file");
}

/// Leaves what a run of this build leaves.
fn write(release: &Path) {
    let mut rig = started(
        mix::without_mail_server(Rig::new(CARDS, BALANCE)),
        &mix::host(),
    );
    mix::run(&rig);
    assert_eq!(rig.stop_switch(), Some(0));
    rig.kill_host();
    fs::create_dir_all(release).expect("a folder");
    let folder = rig.folder.path().display().to_string();
    cut_zeros(&rig.path("data/outbox/0.jnl"));
    // The next segment is made anew.
    let packs = [
        "--create",
        "--use-compress-program=gzip -9n",
        "--exclude=*.ready",
    ];
    tar(
        &[&packs[..], &["--directory", &folder]].concat(),
        &archive(release),
    );
    fs::write(release.join("figures.txt"), figures(&rig)).expect("a file");
}
