//! Full disks under the real switch: a small file system, mounted for the test. Only root may mount; without that the
//! tests say that they were skipped.

use std::fs;

use crate::rig::small_disk::SmallDisk;
use crate::rig::wire::{PLAIN, Wire, card_purchase, inquiry};
use crate::rig::{Rig, wait_for};

const BALANCE: u64 = 1_000_000;
const IN_A_HURRY: [(&str, &str); 2] = [
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"1s\""),
    ("idle_after = \"60s\"", "idle_after = \"1s\""),
];

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
    let Some(disk) = SmallDisk::mount(&rig.path("data"), 40) else {
        return;
    };
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    buy(&rig, 10);
    wait_for("a spare segment", || {
        disk.data.join("journal/spare.ready").exists()
    });
    let space = |figure| {
        let name = format!("tessera_disk_{figure}_bytes{{folder=\"data\"}}");
        rig.figure(&name).expect("a figure")
    };
    assert_eq!(space("size"), 40.0 * 1024.0 * 1024.0);
    let free = space("free");
    assert!(free > 1024.0 * 1024.0 && free < space("size"), "{free}");
    // Full while it runs.
    disk.fill();
    wait_for("checkpoints to pause", || {
        buy(&rig, 5);
        paused(&rig)
    });
    assert!(space("free") < 64.0 * 1024.0, "{}", space("free"));
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
    // In what the end of the segment before has left.
    wait_for("a short spare", || {
        disk.data.join("journal/spare.ready").exists()
    });

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
    let Some(disk) = SmallDisk::mount(&rig.path("data"), 40) else {
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
