//! A cluster whose etcd is lost for good.

use std::fs;

use crate::rig::audit::is_settled;
use crate::rig::cluster::Cluster;
use crate::rig::{free_port, http_get};

#[test]
fn the_active_nodes_folder_goes_on_alone_when_etcd_is_lost() {
    let mut cluster = Cluster::started("etcd lost");
    let loading = cluster.start_load();
    cluster.let_pass(300.0);
    let active = cluster.active();
    let standby = cluster.standby();
    // Too early: it runs, and stays in its cluster.
    without_cluster(&cluster, active, "early.toml");
    let early = try_to_start(&cluster, active, "early.toml");
    let membership = cluster.path(active, "data/cluster.json");
    assert!(membership.exists(), "{early}");

    cluster.etcd = None;
    fs::remove_dir_all(cluster.rig.path("etcd")).expect("etcd's data");
    for node in 0..cluster.nodes.len() {
        cluster.kill(node);
    }
    // A standby may lack what was answered last.
    without_cluster(&cluster, standby, "switch.toml");
    let refused = try_to_start(&cluster, standby, "switch.toml");
    assert!(refused.contains("a standby's copy"), "{refused}");

    without_cluster(&cluster, active, "switch.toml");
    cluster.start_node(active);
    assert_eq!(cluster.active(), active);
    cluster.let_pass(200.0);
    let report = cluster.rig.finish_load(loading);
    let tally = http_get(cluster.rig.addresses.tally, "/tally");
    assert!(tally.contains("\"contradictions\":0"), "{tally}\n{report}");
    cluster.wait("nothing to be open", |cluster| {
        is_settled(&cluster.audit(active))
    });
    assert_eq!(
        cluster.stop(active),
        Some(0),
        "{}",
        cluster.last_words(active)
    );
    assert!(is_settled(&cluster.audit(active)));
}

/// The node's configuration without its table, in this file beside it. Early ones listen elsewhere.
fn without_cluster(cluster: &Cluster, node: usize, file: &str) {
    let text = fs::read_to_string(cluster.path(node, "switch.toml")).expect("a configuration");
    let (alone, _) = text.split_once("\n[cluster]").expect("a cluster");
    let addresses = cluster.nodes[node].addresses;
    let listens = [
        addresses.malls,
        addresses.wallet_server,
        addresses.operations,
    ];
    let alone = match file {
        "switch.toml" => alone.to_owned(),
        _ => listens.iter().fold(alone.to_owned(), |text, address| {
            text.replace(&address.to_string(), &free_port().to_string())
        }),
    };
    fs::write(cluster.path(node, file), alone).expect("a file");
}

/// The start fails; what it says.
fn try_to_start(cluster: &Cluster, node: usize, file: &str) -> String {
    let config = format!("{}/{file}", cluster.nodes[node].name);
    let started = cluster.rig.try_run(&["switch", "--config", &config]);
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert!(!started.status.success(), "{said}");
    said
}
