//! Machines that die: a node and a member of etcd at once.

use crate::kills::GAP_MAX;
use crate::rig::cluster::Cluster;

#[test]
fn the_active_nodes_machine_dies() {
    assert!((0..TRIES).any(|_| dies("machine dies", 1)));
}

#[test]
fn the_active_nodes_machine_dies_with_the_leader_of_etcd() {
    assert!((0..TRIES).any(|_| dies("machine of etcd's leader dies", 0)));
}

/// A busy machine may have etcd elect another leader meanwhile.
const TRIES: usize = 3;

/// The machine whose member is so many behind the leader. Whether it still was when it died.
fn dies(name: &'static str, behind: usize) -> bool {
    let mut cluster = Cluster::laid_out(name, &[]);
    let machine = (cluster.etcd().leader() + behind) % cluster.nodes.len();
    cluster.start_from(machine);
    let loading = cluster.start_load();
    cluster.let_pass(200.0);
    assert_eq!(cluster.active(), machine);
    let leads = cluster.etcd().leader() == machine;
    cluster.kill(machine);
    cluster.etcd().kill(machine);
    cluster.taken_over_from(machine);
    cluster.let_pass(100.0);
    cluster.etcd().start_again(machine);
    cluster.start_node(machine);
    cluster.all_follow();
    let gap = cluster.settle(loading, 2..=2);
    assert!(gap < GAP_MAX, "{gap}");
    leads == (behind == 0)
}
