//! Full disks under the real switch: a small file system, mounted for the test. Only root may mount; without that the
//! tests say that they were skipped.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::rig::wire::{PLAIN, Wire, card_purchase, inquiry};
use crate::rig::{Rig, wait_for};

const BALANCE: u64 = 1_000_000;
const IN_A_HURRY: [(&str, &str); 2] = [
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"1s\""),
    ("idle_after = \"60s\"", "idle_after = \"1s\""),
];

/// A small file system at the rig's `data`.
struct SmallDisk {
    data: PathBuf,
}

impl SmallDisk {
    /// With the data that is there already; `None` where this process may not mount.
    #[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
    fn mount(rig: &Rig, mebibytes: u32) -> Option<Self> {
        let (data, aside) = (rig.path("data"), rig.path("aside"));
        fs::rename(&data, &aside).expect("data");
        fs::create_dir(&data).expect("a folder");
        let size = format!("size={mebibytes}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&data)
            .output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            eprintln!("SKIPPED: only root may mount a small disk");
            return None;
        }
        let disk = Self { data };
        let copied = Command::new("cp")
            .arg("-a")
            .arg(aside.join("."))
            .arg(&disk.data)
            .status();
        assert!(copied.is_ok_and(|copied| copied.success()), "a copy");
        Some(disk)
    }

    /// Fills the disk.
    fn fill(&self) {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(self.data.join("filler"))
            .expect("a file");
        for size in [1 << 16, 4096] {
            let piece = vec![1; size];
            while file.write_all(&piece).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.data.join("filler")).expect("the filler");
    }

    fn make_read_only(&self) {
        let done = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&self.data)
            .status();
        assert!(done.is_ok_and(|done| done.success()), "a remount");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the switch of a test that fails is killed after this.
        let _ = Command::new("umount").arg("-l").arg(&self.data).status();
    }
}

fn paused(rig: &Rig) -> bool {
    rig.figure("tessera_store_paused") == Some(1.0)
}

fn buy(rig: &Rig, times: u64) {
    let mut wire = Wire::signed_on(rig, &PLAIN);
    for serial in 1..=times {
        let answer = wire.ask(&card_purchase(&PLAIN, serial, 100));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
    }
}

fn balance(rig: &Rig, serial: u64) -> u64 {
    let answer = Wire::signed_on(rig, &PLAIN).ask(&inquiry(&PLAIN, serial));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    answer.balances().0
}

#[test]
fn a_full_disk_stops_neither_payments_nor_a_start_and_checkpoints_go_on_by_themselves() {
    let mut rig = Rig::with(20, BALANCE, &IN_A_HURRY);
    let Some(disk) = SmallDisk::mount(&rig, 40) else {
        return;
    };
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    buy(&rig, 10);
    wait_for("a spare segment", || {
        disk.data.join("journal/spare.ready").exists()
    });
    // Full while it runs.
    disk.fill();
    wait_for("checkpoints to pause", || {
        buy(&rig, 5);
        paused(&rig)
    });
    buy(&rig, 20);
    wait_for("the log to say so", || {
        rig.log("switch").contains("the store cannot be written")
    });
    disk.free();
    wait_for("checkpoints to go on", || !paused(&rig));
    let written = || {
        rig.figure("tessera_store_checkpoint_sequence")
            .unwrap_or(0.0)
    };
    let durable = || {
        rig.figure("tessera_journal_durable_sequence")
            .unwrap_or(0.0)
    };
    wait_for("a checkpoint", || written() == durable());

    // Full at a start after a kill, with something to be replayed.
    disk.fill();
    buy(&rig, 20);
    let before = [1, 11].map(|serial| balance(&rig, serial));
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!([1, 11].map(|serial| balance(&rig, serial)), before);
    buy(&rig, 20);

    // Full, and stopped.
    assert_eq!(rig.stop_switch(), Some(0), "{}", rig.log("switch"));

    // Full, and no store at all: the journal is enough.
    fs::remove_dir_all(disk.data.join("store")).expect("a store");
    disk.fill();
    let before = before.map(|before| before - 100);
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!([1, 11].map(|serial| balance(&rig, serial)), before);
    buy(&rig, 20);
    assert!(paused(&rig), "{}", rig.log("switch"));
    disk.free();
    wait_for("the store to be rebuilt", || !paused(&rig));
    buy(&rig, 20);
    let before = [1, 11].map(|serial| balance(&rig, serial));
    assert_eq!(rig.stop_switch(), Some(0), "{}", rig.log("switch"));
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!([1, 11].map(|serial| balance(&rig, serial)), before);
    assert_eq!(rig.stop_switch(), Some(0), "{}", rig.log("switch"));
    let audit = rig.run(&["audit", "--config", "switch.toml"]);
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert!(audit.contains("the totals agree"), "{audit}");
}

#[test]
fn a_disk_that_takes_nothing_at_all_ends_the_start_with_74() {
    let rig = Rig::new(1, BALANCE);
    let Some(disk) = SmallDisk::mount(&rig, 40) else {
        return;
    };
    disk.make_read_only();
    let ended = rig.try_run(&["switch", "--config", "switch.toml"]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(74), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
}

#[test]
fn a_damaged_journal_ends_the_start_with_74() {
    let rig = Rig::new(1, BALANCE);
    let journal = rig.path("data/journal/00000000000000000000.journal");
    let mut bytes = fs::read(&journal).expect("a journal");
    bytes[0] ^= 1;
    fs::write(&journal, bytes).expect("a file");
    fs::remove_dir_all(rig.path("data/store")).expect("a store");
    let ended = rig.try_run(&["switch", "--config", "switch.toml"]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(74), "{said}");
    assert!(said.contains("damaged"), "{said}");
}
