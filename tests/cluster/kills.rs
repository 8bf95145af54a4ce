//! Nodes that are killed.

use crate::rig::cluster::Cluster;
use crate::rig::dice::Dice;

/// How many milliseconds pass at most without an answer, on a machine that does nothing else. The goal is 6,000.
pub const GAP_MAX: f64 = 20_000.0;

#[test]
fn an_active_node_that_is_killed_loses_nothing() {
    let mut cluster = Cluster::started("active node killed");
    let mut dice = dice("active node killed");
    let loading = cluster.start_load();
    let kills = if is_long() { 20 } else { 3 };
    for _ in 0..kills {
        cluster.let_pass(dice.from(50..500) as f64);
        let active = cluster.active();
        cluster.kill(active);
        cluster.taken_over_from(active);
        cluster.let_pass(50.0);
        cluster.start_node(active);
        cluster.all_follow();
    }
    let gap = cluster.settle(loading, 1 + kills..=1 + kills);
    assert!(gap < GAP_MAX, "{gap}");
}

/// The lease is as short as it may be, for the sake of the time that this takes.
#[test]
fn of_two_that_may_take_over_one_does() {
    let mut cluster = Cluster::laid_out("two candidates", &[]);
    for node in 0..cluster.nodes.len() {
        cluster.configure(node, |text| text + "lease = \"2s\"\n");
    }
    cluster.start();
    let loading = cluster.start_load();
    let kills = if is_long() { 20 } else { 4 };
    for _ in 0..kills {
        cluster.let_pass(50.0);
        let active = cluster.active();
        cluster.all_follow();
        cluster.kill(active);
        cluster.taken_over_from(active);
        cluster.start_node(active);
    }
    cluster.all_follow();
    cluster.settle(loading, 1 + kills..=1 + kills);
}

/// Whether everything happens more often and takes longer: `make cluster`.
pub fn is_long() -> bool {
    std::env::var_os("TESSERA_CLUSTER_LONG").is_some()
}

/// From a seed, which is printed.
#[allow(clippy::print_stderr, reason = "the seed repeats the run")]
pub fn dice(name: &str) -> Dice {
    let seed = std::env::var("TESSERA_CLUSTER_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_130);
    eprintln!("{name}: TESSERA_CLUSTER_SEED={seed}");
    Dice(seed)
}
