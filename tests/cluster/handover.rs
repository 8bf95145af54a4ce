//! Planned take-overs.

use std::process::Output;

use crate::kills::{GAP_MAX, dice};
use crate::rig::cluster::{Cluster, SUPERSEDED};

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
fn an_active_node_hands_over_to_the_node_that_is_named() {
    let mut cluster = Cluster::started("hand-over to a node");
    let loading = cluster.start_load();
    for ahead in [1, 2, 2] {
        cluster.let_pass(100.0);
        let active = cluster.active();
        let to = (active + ahead) % cluster.nodes.len();
        let name = cluster.nodes[to].name.clone();
        cluster.wait("it to be able to take over", |cluster| {
            cluster.printed_status().lines().any(|line| {
                line.starts_with(&name) && line.split_whitespace().last() == Some("yes")
            })
        });
        let ends = cluster.nodes[active].ended.len();
        let output = ask(&cluster, &["hand-over", "--to", &name]);
        let said = words(&output);
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains(&format!("{name} is active in epoch")),
            "{said}"
        );
        assert_eq!(cluster.active(), to);
        cluster.wait("the former one to come back", |cluster| {
            cluster.nodes[active].ended.len() == ends + 1
        });
        assert_eq!(cluster.nodes[active].ended.last(), Some(&SUPERSEDED));
        cluster.let_pass(50.0);
        cluster.all_follow();
    }
    let gap = cluster.settle(loading, 4..=4);
    assert!(gap < GAP_MAX, "{gap}");
}

#[test]
fn an_active_node_does_not_hand_over_to_one_that_can_not() {
    let mut cluster = Cluster::started("hand-over refused");
    let loading = cluster.start_load();
    cluster.let_pass(50.0);
    let (active, gone) = (cluster.active(), cluster.standby());
    cluster.kill(gone);
    let names = [active, gone].map(|node| cluster.nodes[node].name.clone());
    let gone_name = &names[1];
    cluster.wait("its lease to end", |cluster| {
        let status = cluster.status();
        status.is_some_and(|status| !status.nodes.contains_key(gone_name))
    });
    for (to, why) in [
        (&*names[0], "is active already. Nothing was changed"),
        (gone_name, "does not follow: its lease does not live"),
        ("n9", "is none of the cluster's nodes: n1, n2, n3"),
    ] {
        let output = ask(&cluster, &["hand-over", "--to", to]);
        assert_eq!(output.status.code(), Some(1));
        let said = words(&output);
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(cluster.active(), active);
    cluster.start_node(gone);
    cluster.all_follow();
    cluster.settle(loading, 1..=1);
}

/// Its lease lives, and its process finds out that another one has its claim.
#[test]
fn a_node_takes_over_by_force_from_one_whose_lease_lives() {
    let mut cluster = Cluster::started("taken over by force");
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    let (active, to) = (cluster.active(), cluster.standby());
    let name = cluster.nodes[to].name.clone();
    let refused = ask(&cluster, &["take-over", "--node", &name]);
    assert!(!refused.status.success(), "without --force");
    let output = ask(&cluster, &["take-over", "--force", "--node", &name]);
    let said = words(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(&format!("{name} is active in epoch 2")),
        "{said}"
    );
    assert_eq!(cluster.active(), to);
    cluster.wait("the former one to end", |cluster| {
        cluster.nodes[active].ended == [SUPERSEDED]
    });
    cluster.let_pass(100.0);
    cluster.all_follow();
    let gap = cluster.settle(loading, 2..=2);
    assert!(gap < GAP_MAX, "{gap}");
}

/// Runs `tessera cluster`.
fn ask(cluster: &Cluster, arguments: &[&str]) -> Output {
    let mut all = vec!["cluster"];
    all.extend(arguments);
    all.extend(["--config", "n1/switch.toml"]);
    cluster.rig.try_run(&all)
}

fn words(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
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
