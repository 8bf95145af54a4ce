//! An hour of busy traffic, played faster: what the switch takes of memory and disk stays below the formula that
//! docs/operations.md states, while it runs and after a restart.

use std::fs;
use std::path::Path;

use crate::rig::{Rig, wait_for};

/// 200 requests per second for an hour, a third of them by order, for a thousand wallets.
const BY_CARD: f64 = 480_000.0;
const BY_ORDER: f64 = 240_000.0;
const WALLETS: u64 = 1_000;
const BALANCE: u64 = 100_000_000;

/// A checkpoint comes after as many purchases as in a real hour.
const CHANGES: [(&str, &str); 2] = [
    ("cache_bytes = \"64MiB\"", "cache_bytes = \"8MiB\""),
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"200ms\""),
];
const CACHE: f64 = 8.0 * MIB;
const MIB: f64 = 1_048_576.0;

/// The formula of docs/operations.md: what a switch takes at first, a wallet in use, and a purchase.
const AT_FIRST: f64 = 90.0 * MIB;
const WALLET: f64 = 3_000.0;
const PER_CARD_PURCHASE: f64 = 48.0;
const PER_ORDER_PURCHASE: f64 = 176.0;
/// Bytes on the disk: journal with its index, and the store.
const DISK_PER_CARD_PURCHASE: f64 = 500.0;
const DISK_PER_ORDER_PURCHASE: f64 = 1_600.0;

/// What it may take after so many purchases.
fn allowed(by_card: f64, by_order: f64) -> f64 {
    let purchases = by_card * PER_CARD_PURCHASE + by_order * PER_ORDER_PURCHASE;
    let used = AT_FIRST + 4.0 * CACHE + WALLETS as f64 * WALLET + purchases;
    // What the allocator keeps free.
    1.5 * used
}

/// Memory of the switch that is no file's, in bytes.
fn memory(rig: &Rig) -> f64 {
    let switch = rig.switch.as_ref().expect("a switch");
    let status = format!("/proc/{}/status", switch.0.id());
    let status = fs::read_to_string(status).expect("a process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: f64 = kilobytes.expect("a figure").parse().expect("a number");
    kilobytes * 1_024.0
}

/// Bytes of all files in a folder that hold something; what is allocated ahead is zeros.
fn disk(folder: &Path) -> f64 {
    let entries = fs::read_dir(folder).expect("a folder");
    let sizes = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => disk(&path),
            // One may be moved meanwhile.
            false => fs::metadata(&path).map_or(0.0, |metadata| metadata.len() as f64),
        }
    });
    sizes.sum()
}

/// Buys until so many more purchases are approved, and never takes more memory than `most`. The highest share of that.
fn buy(rig: &Rig, count: f64, by: &[&str], most: impl Fn(f64) -> f64) -> f64 {
    let approved = || {
        rig.figure("tessera_answers_total{code=\"00\",kind=\"purchase\"}")
            .unwrap_or(0.0)
    };
    let before = approved();
    let loading = rig.start_load(&[&["--mix", "purchases=100", "--connections", "4"], by].concat());
    let mut done = 0.0;
    let mut highest = 0.0_f64;
    while done < count {
        let next = done + count / 20.0;
        wait_for("the next purchases", || {
            done = approved() - before;
            done >= next.min(count)
        });
        let (memory, most) = (memory(rig), most(done));
        highest = highest.max(memory / most);
        assert!(
            memory <= most,
            "{:.0} MiB where {:.0} are allowed, after {done} purchases {by:?}",
            memory / MIB,
            most / MIB
        );
    }
    rig.finish_load(loading);
    highest
}

#[test]
fn an_hour_of_busy_traffic_takes_what_the_guide_says() {
    let mut rig = Rig::with(WALLETS, BALANCE, &CHANGES);
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    let half = (WALLETS / 2).to_string();
    let first = (WALLETS / 2 + 1).to_string();
    let cards = ["--cards", &half];
    let orders = [
        &cards[..],
        &["--first-card", &first, "--party", "10000000001"],
    ]
    .concat();
    let begun = disk(&rig.path("data"));
    let share = buy(&rig, BY_CARD, &cards, |done| allowed(done, 0.0));
    let by_card = disk(&rig.path("data"));
    println!(
        "{BY_CARD} by card: {:.0} MiB, at most {share:.2} of what is allowed, {:.0} bytes of disk each",
        memory(&rig) / MIB,
        (by_card - begun) / BY_CARD
    );
    let share = buy(&rig, BY_ORDER, &orders, |done| allowed(BY_CARD, done));
    let by_order = disk(&rig.path("data"));
    println!(
        "{BY_ORDER} by order: {:.0} MiB, at most {share:.2} of what is allowed, {:.0} bytes of disk each",
        memory(&rig) / MIB,
        (by_order - by_card) / BY_ORDER
    );
    let most = BY_CARD * DISK_PER_CARD_PURCHASE + BY_ORDER * DISK_PER_ORDER_PURCHASE;
    assert!(by_order - begun <= most, "{begun} {by_card} {by_order}");

    // Again from the disk: every wallet is in use again, with all that it remembers.
    assert_eq!(rig.stop_switch(), Some(0));
    rig.start_switch();
    rig.wait_until_ready();
    let again = WALLETS as f64 * 20.0;
    buy(&rig, again, &cards, |done| {
        allowed(BY_CARD + done, BY_ORDER)
    });
    buy(&rig, again, &orders, |done| {
        allowed(BY_CARD + again, BY_ORDER + done)
    });
    println!("after a restart: {:.0} MiB", memory(&rig) / MIB);
}
