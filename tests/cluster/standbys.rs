//! Standbys that are killed, that lack entries, and that are new.

use crate::kills::dice;
use crate::rig::cluster::Cluster;

/// What a node logs once it has copied.
const COPIED: &str = "copied from another node what the log no longer has";
const NOT_YET: &str = "could not copy them yet";

#[test]
fn standbys_that_are_killed_come_back_and_cost_nothing() {
    let mut cluster = Cluster::started("standbys killed");
    let mut dice = dice("standbys killed");
    let loading = cluster.start_load();
    for _ in 0..2 {
        cluster.let_pass(dice.from(50..200) as f64);
        let standby = cluster.standby();
        cluster.kill(standby);
        cluster.let_pass(100.0);
        cluster.start_node(standby);
        cluster.all_follow();
    }
    // Both: what they lack stays in the log until they are back.
    let [first, second] = standbys(&mut cluster);
    cluster.kill(first);
    cluster.kill(second);
    let before = cluster.status().expect("a status").entry;
    let copies = |cluster: &Cluster| -> usize {
        let logs = cluster.nodes.iter().map(|node| cluster.rig.log(&node.name));
        logs.map(|log| log.matches(COPIED).count()).sum()
    };
    let copied = copies(&cluster);
    cluster.let_pass(500.0);
    let status = cluster.status().expect("a status");
    assert!(status.entries >= status.entry - before, "{status:?}");
    cluster.start_node(first);
    cluster.start_node(second);
    cluster.all_follow();
    // Of the two, one may have lacked a little that the other one had.
    assert!(copies(&cluster) <= copied + 1);
    cluster.settle(loading, 1..=1);
}

#[test]
fn a_standby_that_lacks_entries_copies_them_before_it_may_take_over() {
    let mut cluster = Cluster::started("standby lacks entries");
    let loading = cluster.start_load();
    let active = cluster.active();
    let [lacks, has] = standbys(&mut cluster);
    cluster.kill(lacks);
    no_longer_in_the_log(&mut cluster);

    // Nobody is there who has what it lacks.
    cluster.kill(has);
    cluster.kill(active);
    let epoch = cluster.status().expect("a status").epoch;
    cluster.start_node(lacks);
    let name = cluster.nodes[lacks].name.clone();
    cluster.wait("it to try in vain", |cluster| {
        cluster.rig.log(&name).matches(NOT_YET).count() >= 2
    });
    assert!(
        cluster.readiness(lacks).contains("joining the cluster"),
        "{}",
        cluster.last_words(lacks)
    );
    assert_eq!(cluster.status().expect("a status").epoch, epoch);

    // Of the two, only the other one may.
    cluster.start_node(has);
    assert_eq!(cluster.active(), has);
    cluster.all_follow();
    assert!(cluster.rig.log(&name).contains(COPIED));

    // Now it may.
    cluster.let_pass(50.0);
    cluster.all_follow();
    cluster.kill(has);
    assert_eq!(cluster.active(), lacks);
    cluster.start_node(has);
    cluster.start_node(active);
    cluster.all_follow();
    cluster.settle(loading, 3..=3);
}

#[test]
fn a_new_node_joins_under_load_and_can_take_over() {
    let mut cluster = Cluster::started("new node");
    let loading = cluster.start_load();
    let active = cluster.active();
    let [new, other] = standbys(&mut cluster);
    cluster.kill(new);
    cluster.let_pass(100.0);
    cluster.empty(new);
    cluster.start_node(new);
    cluster.all_follow();
    let name = cluster.nodes[new].name.clone();
    assert!(cluster.rig.log(&name).contains(COPIED));
    cluster.let_pass(100.0);
    cluster.kill(other);
    cluster.kill(active);
    assert_eq!(cluster.active(), new);
    cluster.let_pass(100.0);
    cluster.start_node(active);
    cluster.start_node(other);
    cluster.all_follow();
    cluster.settle(loading, 2..=2);
}

#[test]
fn nodes_that_are_all_new_but_one_get_everything_from_that_one() {
    let mut cluster = Cluster::laid_out("new nodes", &[]);
    cluster.empty(1);
    cluster.empty(2);
    cluster.start();
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    cluster.settle(loading, 1..=1);
}

/// Both nodes that are not active.
pub fn standbys(cluster: &mut Cluster) -> [usize; 2] {
    let active = cluster.active();
    [(active + 1) % 3, (active + 2) % 3]
}

/// Waits until everything up to now has been deleted from the log.
pub fn no_longer_in_the_log(cluster: &mut Cluster) {
    let now = cluster.status().expect("a status").entry;
    cluster.wait("entries to be deleted", |cluster| {
        let status = cluster.status();
        status.is_some_and(|status| status.entry - status.entries > now + 1)
    });
}
