//! A model of a cluster: three nodes and a log, whose threads a scheduler with a seed runs step by step, with faults between any two
//! steps.
//!
//! ```text
//! World ── nodes ── Disk       survives crashes: batches, how many of them are synced, changes beside the journal
//!    │       └───── Process    main thread (standby, then owner), keeper, watch, look at the claim, effects
//!    ├──── flights             requests to the log, and its answers: late, lost, doubled, or after their sender has given up
//!    ├──── the log             the engine in memory, with leases that end by the world's clock
//!    └──── Oracle              all that the log ever had, all that was released, and what must never be
//! ```
//!
//! **The same code.** What a thread does next is decided by the production code of `protocol/` and `entry/header.rs`: `Following`,
//! `Candidacy`, `Appending`, `Tenure`, `Reached`, `Tip`, `trim_below`. The log is the state of the engine in memory. The model has
//! its own loops around them, because the loops of production block.
//!
//! **Modelled.** Any order of threads and messages. Requests that are late, lost or done twice. Answers that are lost, or come after
//! a time-out. Power cuts, which lose what is not synced; ends of a process, which do not. Pauses of a whole node, after which it goes
//! on with what it believed. Nodes that are cut off. Leases that the log ends before their time. Claims that a person
//! has taken from a lease that lives. A log that is full. Resignations.
//! Nodes that lack entries, and get a copy of another node's files. The fence, by a clock that counts pauses.
//!
//! **Not modelled.** Encryption: a tag is a hash, and nobody forges one. Damaged disks and logs: what compares predecessors, epochs
//! and checksums against an engine that breaks its word has no counterpart here. Segments. A pause between the look at the fence
//! and the system call behind it, for which the margin is there. Clocks that run at different rates. That `take_over.rs`,
//! `standby.rs`, `owner.rs`, `keeper.rs` and the journal's writer do what the decisions say, and nothing else: their own tests show that.
//!
//! A seed that fails is printed. `TESSERA_CLUSTER_SEED` repeats it, and `TESSERA_CLUSTER_STEPS` asks for more steps than usual.

mod disk;
mod entries;
mod keeper;
mod mutations;
mod net;
mod oracle;
mod owner;
mod process;
mod random;
mod run;
mod standby;
mod threads;
mod world;

use std::time::Instant;

use run::{Report, run};

/// So many in all, at least.
const STEPS: u64 = 4_000_000;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Nothing that must never be is found, whatever happens; and when nothing more happens, all goes on.
#[test]
fn holds_its_promises() {
    let began = Instant::now();
    let mut all = Report::default();
    if let Some(seed) = from_environment("TESSERA_CLUSTER_SEED") {
        all.add(&run(seed).unwrap_or_else(|why| panic!("seed {seed}: {why}")));
        println!("seed {seed}: {all:?}");
        return;
    }
    let steps = from_environment("TESSERA_CLUSTER_STEPS").unwrap_or(STEPS);
    for seed in 0.. {
        let report = run(seed).unwrap_or_else(|why| {
            panic!("seed {seed}: {why}; TESSERA_CLUSTER_SEED={seed} repeats it")
        });
        all.add(&report);
        if all.steps >= steps {
            break;
        }
    }
    println!("{all:?} in {:?}", began.elapsed());
    // Otherwise the model shows nothing.
    let per = all.steps / 10_000;
    assert!(all.released > 50 * per && all.epochs > 5 * per && all.trimmed > 20 * per);
    assert!(all.seen.is_complete());
}

/// The same seed does the same.
#[test]
fn repeats_itself() {
    let [one, other] = [(); 2].map(|()| run(7).unwrap());
    assert_eq!(one, other);
}
