//! Planned take-overs.

use crate::kills::{GAP_MAX, dice};
use crate::rig::cluster::Cluster;

#[test]
fn an_active_node_that_is_stopped_hands_over() {
    let mut cluster = Cluster::started("hand-over");
    let mut dice = dice("hand-over");
    let loading = cluster.start_load();
    for _ in 0..3 {
        cluster.let_pass(dice.from(50..200) as f64);
        let active = cluster.active();
        assert_eq!(
            cluster.stop(active),
            Some(0),
            "{}",
            cluster.last_words(active)
        );
        cluster.taken_over_from(active);
        cluster.let_pass(50.0);
        cluster.start_node(active);
        cluster.all_follow();
    }
    let gap = cluster.settle(loading, 4..=4);
    assert!(gap < GAP_MAX, "{gap}");
}

#[test]
fn standbys_that_are_stopped_end_well() {
    let mut cluster = Cluster::started("standby stopped");
    let loading = cluster.start_load();
    cluster.let_pass(50.0);
    let standby = cluster.standby();
    assert_eq!(
        cluster.stop(standby),
        Some(0),
        "{}",
        cluster.last_words(standby)
    );
    cluster.let_pass(50.0);
    cluster.start_node(standby);
    cluster.all_follow();
    cluster.settle(loading, 1..=1);
}
