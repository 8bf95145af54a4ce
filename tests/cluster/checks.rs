//! What `switch --check` and `cluster join` find out about a cluster.

use std::fs;

use crate::rig::cluster::{Cluster, get};

#[test]
fn nodes_that_differ_are_found_and_a_new_node_is_checked() {
    let mut cluster = Cluster::started("checks");
    let active = cluster.active();
    let standby = cluster.standby();
    let name = cluster.nodes[standby].name.clone();
    let said = check(&cluster, active);
    assert!(said.contains("in the cluster are n1, n2, n3"), "{said}");
    assert!(!said.contains("warning"), "{said}");
    // Somebody has changed a party on one machine only.
    let party = cluster.path(standby, "parties/development-acquirer-1.toml");
    let text = fs::read_to_string(&party).expect("a party");
    fs::write(&party, format!("{text}# changed\n")).expect("a file");
    cluster.signal(standby, "-HUP");
    let differing = |cluster: &Cluster| {
        let metrics = get(cluster.nodes[active].addresses.operations, "/metrics");
        metrics.contains("\ntessera_cluster_nodes_differing 1\n")
    };
    cluster.wait("the active node to see it", |cluster| differing(cluster));
    let said = check(&cluster, active);
    let warning = format!("warning: {name} has other parties than this node");
    assert!(said.contains(&warning), "{said}");

    // A new node is not there yet.
    let join = |cluster: &Cluster| {
        let config = format!("{name}/switch.toml");
        let output = cluster
            .rig
            .try_run(&["cluster", "join", "--config", &config]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = join(&cluster);
    assert_eq!(code, Some(1));
    assert!(
        said.contains(&format!("a switch runs as {name} already")),
        "{said}"
    );
    fs::write(&party, text).expect("a file");
    cluster.kill(standby);
    cluster.empty(standby);
    cluster.wait("its lease to end", |cluster| {
        let status = cluster.status();
        status.is_some_and(|status| !status.nodes.contains_key(&name))
    });
    let (code, said) = join(&cluster);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("is empty: the node copies keys"), "{said}");
    assert!(
        said.contains("its data keys open with this node's master key"),
        "{said}"
    );
    assert!(
        !said.contains("warning") && said.ends_with("ready: start the switch of this node\n"),
        "{said}"
    );
    cluster.start_node(standby);
    cluster.all_follow();
    assert!(!check(&cluster, active).contains("warning"));
    assert!(!differing(&cluster));
}

/// What the node's `--check` prints.
fn check(cluster: &Cluster, node: usize) -> String {
    let config = format!("{}/switch.toml", cluster.nodes[node].name);
    let output = cluster.rig.run(&["switch", "--check", "--config", &config]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
