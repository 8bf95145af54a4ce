//! Every node keeps its own data small.

use std::fs;

use crate::rig::cluster::Cluster;

const NODES: usize = 3;
const CHANGES: [(&str, &str); 2] = [
    ("\"4MiB\"", "\"64KiB\""),
    ("snapshot_every = \"24h\"", "snapshot_every = \"1s\""),
];

#[test]
fn standbys_write_snapshots_and_archive_as_the_active_node_does() {
    let mut cluster = Cluster::laid_out("upkeep", &CHANGES);
    cluster.start();
    let loading = cluster.start_load();
    let all_archive = |cluster: &mut Cluster| {
        cluster.wait("every node to archive segments", |cluster| {
            (0..NODES).all(|node| !files(cluster, node, "archive", "archive").is_empty())
        });
    };
    all_archive(&mut cluster);
    // A third one is there for the moment in which it takes the place of the oldest.
    cluster.wait("every node to keep two snapshots", |cluster| {
        (0..NODES).all(|node| files(cluster, node, "snapshots", "snapshot").len() == 2)
    });
    // A node goes on from what it had archived, as a standby and as the active one, and copies from archives.
    let active = cluster.active();
    cluster.kill(active);
    cluster.taken_over_from(active);
    cluster.empty(active);
    cluster.start_node(active);
    cluster.all_follow();
    all_archive(&mut cluster);
    cluster.settle(loading, 2..=2);
}

fn files(cluster: &Cluster, node: usize, folder: &str, extension: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(cluster.path(node, "data").join(folder)) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.expect("a file").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| name.ends_with(&format!(".{extension}")))
        .collect()
}
