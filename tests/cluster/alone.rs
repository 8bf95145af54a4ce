//! A cluster whose etcd is lost for good.

use std::fs;

use crate::rig::audit::is_settled;
use crate::rig::cluster::Cluster;
use crate::rig::http_get;

#[test]
fn the_active_nodes_folder_goes_on_alone_when_etcd_is_lost() {
    let mut cluster = Cluster::started("etcd lost");
    let loading = cluster.start_load();
    cluster.let_pass(300.0);
    let active = cluster.active();
    cluster.etcd = None;
    fs::remove_dir_all(cluster.rig.path("etcd")).expect("etcd's data");
    for node in 0..cluster.nodes.len() {
        cluster.kill(node);
    }
    cluster.configure(active, |text| {
        let (alone, _) = text.split_once("\n[cluster]").expect("a cluster");
        alone.to_owned()
    });
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
