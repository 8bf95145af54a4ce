//! Backups of a real switch under load, with the real programs, which are killed while they work: what was restored has every
//! answer that was given before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::rig::wire::{ACQUIRER, Wire, card_purchase};
use crate::rig::{Loading, Rig, Running, free_port, wait_for};

/// The last card is the test's own.
const CARDS: u64 = 101;
const BALANCE: u64 = 10_000_000;
const LOAD: [&str; 6] = ["--cards", "100", "--rate", "300", "--connections", "2"];
/// Segments come to an end within seconds, and so do full snapshots.
const IN_A_HURRY: [(&str, &str); 3] = [
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"200ms\""),
    ("snapshot_every = \"24h\"", "snapshot_every = \"2s\""),
    ("segment_bytes = \"4MiB\"", "segment_bytes = \"256KiB\""),
];
const BACKUP: [&str; 5] = ["backup", "--config", "switch.toml", "--to", "copy"];

#[test]
fn a_switch_that_is_lost_is_restored_with_every_answer_given_before_its_backup() {
    let mut bed = Bed::new();
    let payer = Payer::start(&bed.rig);
    bed.let_pass(200.0);
    let first = reached(&bed.back_up());
    bed.let_pass(800.0);
    let answered = payer.answered();
    let second = reached(&bed.back_up());
    assert!(second > first, "{second} {first}");
    payer.wait_for(answered.len() + 3);
    bed.kill_switch();
    let answered_in_all = payer.end();

    let text = bed.restored("new", &[]);
    assert_eq!(reached(&text), second, "{text}");
    bed.audit("new");
    let (lost, new) = (bed.events("data"), bed.events("new"));
    assert_eq!(new.last_key_value().map(|(last, _)| *last), Some(second));
    for (sequence, event) in &new {
        assert_eq!(lost.get(sequence), Some(event));
    }
    let approved = |events: &Events, answers: &[String]| {
        let approved = approved(events);
        let is_there = |answer: &&String| approved.contains(&answer.as_str());
        answers.iter().filter(is_there).count()
    };
    assert!(!answered.is_empty());
    assert_eq!(approved(&new, &answered), answered.len());
    assert_eq!(approved(&lost, &answered_in_all), answered_in_all.len());

    let between = lost[&((first + second) / 2)]["journaled_at"].as_str();
    let between = between.expect("a time").to_owned();
    let text = bed.restored("between", &["--at", &between]);
    assert!(reached(&text) < second, "{text}");
    bed.audit("between");
    let events = bed.events("between");
    let at = |event: &Value| event["journaled_at"].as_str().expect("a time").to_owned();
    assert!(events.values().all(|event| at(event) <= between));
    // The batch that comes next has one that is later; this load never makes longer ones.
    let mut next = lost.values().skip(events.len()).take(4_096);
    assert!(next.any(|event| at(event) > between));
    let early = bed.restore("early", &["--at", "2020-01-01"]);
    let errors = String::from_utf8(early.stderr).expect("text");
    assert!(
        !early.status.success() && errors.contains("begins at"),
        "{errors}"
    );
    assert!(!bed.rig.path("early").exists());

    bed.plans_what_is_missing("data", "new");

    // It serves.
    fs::rename(bed.rig.path("data"), bed.rig.path("lost")).expect("a folder");
    fs::rename(bed.rig.path("new"), bed.rig.path("data")).expect("a folder");
    bed.rig.start_switch();
    bed.rig.wait_until_ready();
    assert_eq!(bed.rig.stop_switch(), Some(0));
    bed.audit("data");
    // It goes on where the backup ends, and so does the backup. What was restored from an earlier time does not.
    assert!(reached(&bed.back_up()) >= second);
    let earlier = [&BACKUP[..], &["--data", "between"]].concat();
    let refused = bed.rig.try_run(&earlier);
    let errors = String::from_utf8(refused.stderr).expect("text");
    assert!(
        !refused.status.success() && errors.contains("another folder"),
        "{errors}"
    );
    // So does what was restored from an earlier time, whose open transactions are resolved.
    fs::rename(bed.rig.path("data"), bed.rig.path("ended")).expect("a folder");
    fs::rename(bed.rig.path("between"), bed.rig.path("data")).expect("a folder");
    bed.rig.start_switch();
    bed.rig.wait_until_ready();
    crate::rig::totals::acknowledged_by_the_host(&bed.rig);
    assert_eq!(bed.rig.stop_switch(), Some(0));
    bed.audit("data");
}

#[test]
fn a_backup_that_is_killed_leaves_the_one_before_and_the_next_goes_on() {
    let mut bed = Bed::new();
    bed.let_pass(100.0);
    let mut last = reached(&bed.back_up());
    for round in 0..8_u64 {
        bed.let_pass(60.0);
        let mut killed = bed.rig.command(&BACKUP);
        let mut killed = killed.stdout(Stdio::null()).spawn().expect("tessera runs");
        // At any moment: while it starts, copies, or is done.
        std::thread::sleep(Duration::from_millis(round * round * 4));
        killed.kill().expect("a process");
        killed.wait().expect("a process");
        let name = format!("new-{round}");
        let restored = reached(&bed.restored(&name, &[]));
        assert!(restored >= last, "{restored} {last}");
        bed.audit(&name);
        last = restored;
    }
    let last = reached(&bed.back_up());
    // A switch that was killed is copied to its end.
    bed.kill_switch();
    let text = bed.back_up();
    assert!(reached(&text) >= last, "{text}");
    let verified = bed.rig.try_run(&[&BACKUP[..], &["--verify"]].concat());
    assert!(verified.status.success());
    assert_eq!(reached(&bed.restored("new", &[])), reached(&text));
    assert_eq!(bed.events("new"), bed.events("data"));
}

#[test]
fn a_copy_that_follows_has_what_was_answered_a_moment_before_the_switch_was_lost() {
    let mut bed = Bed::new();
    let follow = [&BACKUP[..], &["--follow"]].concat();
    let mut follower = bed.rig.spawn(&follow);
    let payer = Payer::start(&bed.rig);
    for round in 0..4 {
        payer.wait_for(20 * (round + 1));
        let answered = payer.answered();
        bed.wait_for_copy();
        // Killed itself, it goes on.
        drop(follower);
        let name = format!("new-{round}");
        bed.restored(&name, &[]);
        bed.audit(&name);
        let events = bed.events(&name);
        let approved = approved(&events);
        assert!(
            answered
                .iter()
                .all(|answer| approved.contains(&answer.as_str()))
        );
        follower = bed.rig.spawn(&follow);
    }
    bed.wait_for_copy();
    bed.kill_switch();
    let answered = payer.end();
    // Of a switch that was killed it copies the rest.
    wait_for("the rest", || bed.in_copy() == bed.in_data());
    assert_eq!(follower.stop(), Some(0), "{}", bed.rig.log("backup"));
    bed.restored("new", &[]);
    let events = bed.events("new");
    let approved = approved(&events);
    assert!(
        answered
            .iter()
            .all(|answer| approved.contains(&answer.as_str()))
    );
}

#[test]
fn a_copy_follows_over_ssh_and_over_lost_lines() {
    let mut bed = Bed::new();
    let server = SshServer::start(&bed.rig);
    let ssh = server.command();
    let to = format!(
        "ssh://{}@127.0.0.1:{}{}",
        user(),
        server.port,
        bed.rig.path("copy").display()
    );
    let follow = ["backup", "--config", "switch.toml", "--follow", "--to", &to];
    let programs = [
        "--ssh-command",
        &ssh,
        "--remote-program",
        env!("CARGO_BIN_EXE_tessera"),
    ];
    let once = [&follow[..3], &follow[4..], &programs].concat();
    let first = bed.rig.run(&once);
    let first = reached(&String::from_utf8(first.stdout).expect("text"));
    let follower = bed.rig.spawn(&[&follow[..], &programs].concat());
    let payer = Payer::start(&bed.rig);
    for round in 1..=3 {
        payer.wait_for(20 * round);
        let answered = payer.answered();
        bed.wait_for_copy();
        let name = format!("new-{round}");
        assert!(reached(&bed.restored(&name, &[])) > first);
        let events = bed.events(&name);
        let approved = approved(&events);
        assert!(
            answered
                .iter()
                .all(|answer| approved.contains(&answer.as_str()))
        );
        server.cut_lines();
        wait_for("another line", || {
            bed.rig
                .log("backup")
                .matches("the copy is interrupted")
                .count()
                >= round
        });
    }
    bed.wait_for_copy();
    bed.kill_switch();
    payer.end();
    assert_eq!(follower.stop(), Some(0), "{}", bed.rig.log("backup"));
    bed.restored("new", &[]);
    bed.audit("new");
}

/// The user that runs the tests.
fn user() -> String {
    let id = Command::new("id").arg("-un").output().expect("id runs");
    String::from_utf8(id.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

/// Debian's `sshd`, with keys and a configuration of its own, for the user that runs the tests.
struct SshServer {
    folder: PathBuf,
    port: u16,
    server: Running,
}

impl SshServer {
    fn start(rig: &Rig) -> Self {
        let folder = rig.path("ssh");
        fs::create_dir(&folder).expect("a folder");
        for key in ["server", "client"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.join(key))
                .status();
            assert!(made.expect("ssh-keygen runs").success());
        }
        let of_server = fs::read_to_string(folder.join("server.pub")).expect("a key");
        let port = free_port().port();
        let known = format!("[127.0.0.1]:{port} {of_server}");
        fs::write(folder.join("known"), known).expect("a file");
        let at = folder.display();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/server\nPidFile {at}/pid\n\
             AuthorizedKeysFile {at}/client.pub\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
             PermitRootLogin prohibit-password\nLogLevel ERROR\n"
        );
        fs::write(folder.join("config"), settings).expect("a file");
        // Root's server wants an empty folder of the system: it gets one that nobody else sees.
        let script = "[ \"$(id -u)\" = 0 ] && mount -t tmpfs none /run && mkdir /run/sshd; exec /usr/sbin/sshd -D -e -f \"$0\"";
        let alone: &[&str] = match user().as_str() {
            "root" => &["unshare", "--mount", "sh", "-c", script],
            _ => &["sh", "-c", script],
        };
        let server = Command::new(alone[0])
            .args(&alone[1..])
            .arg(folder.join("config"))
            .stderr(fs::File::create(folder.join("log")).expect("a file"))
            .spawn();
        let server = Running(server.expect("sshd starts: tests/needs.sh operations"));
        wait_for("sshd", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            folder,
            port,
            server,
        }
    }

    /// The client, which knows this server alone.
    fn command(&self) -> String {
        let at = self.folder.display();
        format!(
            "ssh -F none -i {at}/client -o UserKnownHostsFile={at}/known -o StrictHostKeyChecking=yes"
        )
    }

    /// Ends the processes that serve connections, and not the one that listens.
    fn cut_lines(&self) {
        let server = self.server.0.id().to_string();
        let children = Command::new("pgrep").args(["-P", &server]).output();
        let children = children.expect("pgrep runs").stdout;
        let children = String::from_utf8(children).expect("numbers");
        assert!(!children.is_empty(), "no line");
        for child in children.lines() {
            let killed = Command::new("kill").args(["-9", child]).status();
            killed.expect("kill runs");
        }
    }
}

struct Bed {
    rig: Rig,
    load: Option<Loading>,
}

impl Bed {
    fn new() -> Self {
        let mut rig = Rig::with(CARDS, BALANCE, &IN_A_HURRY);
        rig.start_host(&[]);
        rig.start_switch();
        rig.wait_until_ready();
        let load = Some(rig.start_load(&LOAD));
        Self { rig, load }
    }

    fn kill_switch(&mut self) {
        self.rig.kill_switch();
        self.load = None;
    }

    fn let_pass(&self, answers: f64) {
        let count = || self.rig.sum("tessera_answers_total");
        let wanted = count() + answers;
        wait_for("answers", || count() >= wanted);
    }

    /// Waits until the copy has all that is durable now.
    fn wait_for_copy(&self) {
        let durable = self.in_data();
        wait_for("the copy", || self.in_copy() >= durable);
    }

    /// The last record of the copy.
    fn in_copy(&self) -> Option<u64> {
        let manifest = fs::read_to_string(self.rig.path("copy/manifest.jsonl")).ok()?;
        let lines = manifest
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let ends = lines.filter_map(|line: Value| line["segment"]["end"]["sequence"].as_u64());
        ends.max().map(|next| next - 1)
    }

    /// The last record of the journal.
    fn in_data(&self) -> Option<u64> {
        let reader = tessera_journal::reader(&self.rig.journal());
        let scanned = reader.scan(None, &mut |_| Ok(())).expect("a journal");
        scanned.last.map(|last| last.sequence.to_stored())
    }

    fn back_up(&self) -> String {
        let output = self.rig.run(&BACKUP);
        String::from_utf8(output.stdout).expect("text")
    }

    fn restore(&self, to: &str, more: &[&str]) -> Output {
        let restore = ["restore", "--config", "switch.toml", "--from", "copy"];
        self.rig
            .try_run(&[&restore[..], &["--to", to], more].concat())
    }

    fn restored(&self, to: &str, more: &[&str]) -> String {
        let output = self.restore(to, more);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn audit(&self, data: &str) {
        let audit = ["audit", "--config", "switch.toml", "--data", data];
        self.rig.run(&audit);
    }

    /// The plan for what was restored has every item of the lost data that it lacks, and no other.
    fn plans_what_is_missing(&self, lost: &str, restored: &str) {
        let days: BTreeSet<String> = self
            .events(lost)
            .values()
            .map(|event| event["journaled_at"].as_str().expect("a time")[..10].to_owned())
            .collect();
        let items = |data: &str| {
            let mut all = String::new();
            for day in &days {
                let recon = [
                    "recon",
                    "--config",
                    "switch.toml",
                    "--date",
                    day,
                    "--data",
                    data,
                ];
                let listed = String::from_utf8(self.rig.run(&recon).stdout).expect("text");
                let (titles, rows) = listed.split_once('\n').unwrap_or_default();
                if all.is_empty() && !titles.is_empty() {
                    all = format!("{titles}\n");
                }
                all += rows;
            }
            all
        };
        let (all, less) = (items(lost), items(restored));
        let list = self.rig.path("list.csv");
        let plan = |list_of: &str| {
            fs::write(&list, list_of).expect("a file");
            let recover = ["recover", "--plan", "--config", "switch.toml", "--data"];
            let output = self
                .rig
                .try_run(&[&recover[..], &[restored, "--host-list", "list.csv"]].concat());
            let rows = String::from_utf8(output.stdout)
                .expect("text")
                .lines()
                .count();
            (output.status.code(), rows.saturating_sub(1))
        };
        let missing = all.lines().count() - less.lines().count();
        assert!(missing > 0);
        assert_eq!(plan(&all), (Some(1), missing));
        assert_eq!(plan(&less), (Some(0), 0));
    }

    fn events(&self, data: &str) -> Events {
        let export = ["export", "--config", "switch.toml", "--format", "jsonl"];
        let span = ["--from", "2020-01-01", "--to", "2200-01-01", "--data", data];
        let output = self.rig.run(&[&export[..], &span].concat());
        let text = String::from_utf8(output.stdout).expect("text");
        let rows = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        rows.map(|row: Value| (row["sequence"].as_u64().expect("a number"), row))
            .collect()
    }
}

/// Every event of data by its sequence, as `tessera export` writes it.
type Events = BTreeMap<u64, Value>;

/// The references (field 37) of the purchases that were approved.
fn approved(events: &Events) -> Vec<&str> {
    let of = |event: &'static str| events.values().filter(move |row| row["event"] == event);
    let approved: Vec<_> = of("approved").map(|row| &row["reference"]).collect();
    let held = of("held").filter(|row| approved.contains(&&row["reference"]));
    held.filter_map(|row| row["retrieval_reference"].as_str())
        .collect()
}

/// The record up to which a backup, or what was restored, has the journal.
fn reached(text: &str) -> u64 {
    let (_, rest) = text.split_once("record ").expect("a record");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Buys all the time, and keeps what was answered.
struct Payer {
    answered: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Payer {
    fn start(rig: &Rig) -> Self {
        let mut wire = Wire::signed_on(rig, &ACQUIRER);
        let (answered, ends) = (Arc::default(), Arc::default());
        let (answers, stops): (Arc<Mutex<Vec<String>>>, Arc<AtomicBool>) =
            (Arc::clone(&answered), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            while !stops.load(Ordering::Relaxed) {
                let purchase = card_purchase(&ACQUIRER, CARDS, 100);
                if std::io::Write::write_all(&mut wire.socket, &purchase.frame()).is_err() {
                    break;
                }
                let Some(answer) = wire.try_answer() else {
                    break;
                };
                if answer.code() == "00" {
                    answers.lock().expect("a list").push(answer.text(37));
                }
            }
        });
        Self {
            answered,
            ends,
            thread,
        }
    }

    /// The references of the answers so far that approved.
    fn answered(&self) -> Vec<String> {
        self.answered.lock().expect("a list").clone()
    }

    fn wait_for(&self, answers: usize) {
        wait_for("the payer's answers", || self.answered().len() >= answers);
    }

    fn end(self) -> Vec<String> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().expect("a thread");
        Arc::try_unwrap(self.answered)
            .expect("nobody else has it")
            .into_inner()
            .expect("a list")
    }
}
