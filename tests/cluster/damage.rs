//! Damaged files of standbys.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rig::cluster::Cluster;

#[test]
fn a_damaged_standby_is_found_by_its_audit_and_copied_anew() {
    let mut cluster = Cluster::started("standby damaged");
    let loading = cluster.start_load();
    cluster.let_pass(500.0);
    let standby = cluster.standby();
    cluster.kill(standby);
    let segment = damage(&cluster, standby);
    found(&cluster, standby, &segment);
    cluster.empty(standby);
    cluster.start_node(standby);
    cluster.all_follow();
    cluster.settle(loading, 1..=1);
}

#[test]
fn a_new_node_takes_nothing_damaged_from_another_one() {
    let mut cluster = Cluster::laid_out("source damaged", &[]);
    // Who copies asks the first node first.
    cluster.start_from(1);
    let loading = cluster.start_load();
    cluster.let_pass(500.0);
    let [damaged, new] = [0, 2];
    cluster.kill(damaged);
    let segment = damage(&cluster, damaged);
    cluster.start_node(damaged);
    cluster.all_follow();
    cluster.kill(new);
    cluster.empty(new);
    cluster.start_node(new);
    cluster.all_follow();
    // Where somebody looks at the files, and where the copy was wanted.
    for node in [damaged, new] {
        let log = cluster.rig.log(&cluster.nodes[node].name);
        assert!(log.contains(&name(&segment)), "{log}");
    }
    cluster.kill(damaged);
    cluster.empty(damaged);
    cluster.start_node(damaged);
    cluster.all_follow();
    cluster.settle(loading, 1..=1);
}

/// Flips a bit in the middle of what is written in the first segment.
fn damage(cluster: &Cluster, node: usize) -> PathBuf {
    let files = fs::read_dir(cluster.path(node, "data/journal")).expect("a journal");
    let files = files.map(|file| file.expect("a file").path());
    let segment = files
        .filter(|file| file.extension().is_some_and(|name| name == "journal"))
        .min()
        .expect("a segment");
    let mut bytes = fs::read(&segment).expect("a segment");
    let written = bytes.iter().rposition(|byte| *byte != 0).expect("a record");
    bytes[written / 2] ^= 0x10;
    fs::write(&segment, &bytes).expect("a segment");
    segment
}

/// The audit fails and names the segment.
fn found(cluster: &Cluster, node: usize, segment: &Path) {
    let config = format!("{}/switch.toml", cluster.nodes[node].name);
    let audit = cluster.rig.try_run(&["audit", "--config", &config]);
    assert_eq!(audit.status.code(), Some(1));
    let said = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert!(said.contains(&name(segment)), "{said}");
}

fn name(segment: &Path) -> String {
    let name = segment.file_name().and_then(|name| name.to_str());
    name.expect("a name").to_owned()
}
