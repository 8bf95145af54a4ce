//! An active node that hangs, and whose lease lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tessera_cluster::{Claim, Endpoint, Etcd, EtcdSettings, NodeId, ReplicatedLog as _};

use crate::rig::cluster::Cluster;

const LEASE: Duration = Duration::from_secs(3);

/// Of the third node only the part runs that renews its lease.
#[test]
fn standbys_hang_back_until_one_takes_over_by_force() {
    let mut cluster = Cluster::laid_out("active node hangs", &[]);
    cluster.start_host();
    let endpoint = format!("http://{}", cluster.etcd().endpoint(0));
    let etcd = Etcd::new(EtcdSettings {
        endpoints: vec![Endpoint::parse(&endpoint).expect("an endpoint")],
        tls: None,
        cluster: NodeId::parse("tessera").expect("a name"),
    })
    .expect("an engine");
    let mut lease = etcd.lease(LEASE).expect("a lease");
    let third = NodeId::parse("n3").expect("a name");
    assert_eq!(lease.claim(&third).expect("an answer"), Claim::Ours);
    let ends = Arc::new(AtomicBool::new(false));
    let renews = {
        let ends = Arc::clone(&ends);
        thread::spawn(move || {
            let mut lives = true;
            while lives && !ends.load(Ordering::Relaxed) {
                lives = lease.renew().expect("an answer");
                thread::sleep(LEASE / 6);
            }
            (lives, lease.has_claim().expect("an answer"))
        })
    };
    let [one, other] = [0, 1];
    for node in [one, other] {
        cluster.start_node(node);
    }
    cluster.wait("both to follow", |cluster| {
        let follows = |node| cluster.readiness(node).contains("standby of no node");
        follows(one) && follows(other)
    });
    thread::sleep(2 * LEASE);
    assert_eq!(cluster.status().expect("a status").epoch, 0);
    let arguments = [
        "cluster",
        "take-over",
        "--force",
        "--config",
        "n2/switch.toml",
    ];
    let forced = cluster.rig.try_run(&arguments);
    let said = String::from_utf8_lossy(&forced.stderr).into_owned();
    assert!(forced.status.success(), "{said}");
    assert!(said.contains("seized the claim of n3"), "{said}");
    assert_eq!(cluster.active(), other);
    ends.store(true, Ordering::Relaxed);
    let lives_and_has_claim = renews.join().expect("its thread");
    assert_eq!(lives_and_has_claim, (true, false));
    cluster.start_node(2);
    cluster.all_follow();
    let loading = cluster.start_load();
    cluster.let_pass(50.0);
    cluster.settle(loading, 1..=1);
}
