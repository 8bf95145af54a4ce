//! Answers of etcd that never arrive.

use crate::kills::dice;
use crate::rig::cluster::Cluster;
use crate::rig::proxy::Proxy;

/// A batch with its entry and the new head is longer, whatever a node sends of itself is shorter.
const BATCH: u64 = 700;

#[test]
fn a_batch_whose_acknowledgement_is_lost_is_applied_once() {
    let mut cluster = Cluster::laid_out("acknowledgements lost", &[]);
    let mut dice = dice("acknowledgements lost");
    let lines = lines_to_etcd(&mut cluster);
    cluster.start();
    let loading = cluster.start_load();
    let active = cluster.active();
    let name = cluster.nodes[active].name.clone();
    let lines = &lines[active];
    let lost = || lines.iter().map(Proxy::lost).sum::<u64>();
    for _ in 0..5 {
        cluster.let_pass(dice.from(20..200) as f64);
        let before = lost();
        lines.iter().for_each(|line| line.lose_answer_from(BATCH));
        cluster.wait("an answer to be lost", |_| lost() > before);
        lines.iter().for_each(|line| line.lose_answer_from(0));
    }
    cluster.let_pass(100.0);
    let log = cluster.rig.log(&name);
    let in_doubt = log.matches("does not take a batch").count();
    assert!(in_doubt > 0, "{log}");
    cluster.settle(loading, 1..=1);
}

/// A proxy for each node and member, before anything runs.
pub fn lines_to_etcd(cluster: &mut Cluster) -> Vec<Vec<Proxy>> {
    let nodes = cluster.nodes.len();
    let lines = (0..nodes).map(|node| {
        let each = (0..nodes).map(|member| {
            let at = cluster.etcd().endpoint(member).to_string();
            let proxy = Proxy::to(at.parse().expect("an address"));
            let through = proxy.address.to_string();
            cluster.configure(node, |text| text.replace(&at, &through));
            proxy
        });
        each.collect()
    });
    lines.collect()
}
