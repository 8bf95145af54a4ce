//! Full disks of nodes. Only root may mount small ones; without that the tests say that they were skipped.

use crate::kills::GAP_MAX;
use crate::rig::cluster::{Cluster, DISK};
use crate::rig::small_disk::SmallDisk;

/// Segments that are soon full: the next one finds no place.
const SHORT: [(&str, &str); 1] = [("segment_bytes = \"4MiB\"", "segment_bytes = \"128KiB\"")];
const MEBIBYTES: u32 = 40;

#[test]
fn an_active_node_whose_disk_is_full_gives_way() {
    full(0, 2);
}

#[test]
fn a_standby_whose_disk_is_full_ends_and_costs_nothing() {
    full(1, 1);
}

/// The disk of this node is full under load, and freed.
fn full(node: usize, epochs: u64) {
    let names = ["disk of the active node full", "disk of a standby full"];
    let mut cluster = Cluster::laid_out(names[node], &SHORT);
    let Some(disk) = SmallDisk::mount(&cluster.path(node, "data"), MEBIBYTES) else {
        return;
    };
    cluster.start();
    let loading = cluster.start_load();
    cluster.let_pass(200.0);
    cluster.nodes[node].may_end_with = vec![DISK];
    disk.fill();
    cluster.wait("it to end", |cluster| cluster.nodes[node].ended == [DISK]);
    assert_ne!(cluster.active(), node);
    cluster.let_pass(200.0);
    // As long as it is full, it only ends again.
    cluster.start_node(node);
    cluster.wait("it to end again", |cluster| {
        cluster.nodes[node].ended == [DISK, DISK]
    });
    cluster.let_pass(200.0);
    disk.free();
    cluster.start_node(node);
    cluster.all_follow();
    let gap = cluster.settle(loading, epochs..=epochs);
    assert!(gap < GAP_MAX, "{gap}");
    // Before its file system goes.
    cluster.kill(node);
}
