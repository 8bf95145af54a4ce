//! An active node whose process stands still for a while, as under a hypervisor that moves it.

use std::thread;
use std::time::{Duration, Instant};

use crate::kills::is_long;
use crate::rig::cluster::{Cluster, SUPERSEDED};
use crate::rig::proxy::Proxy;

/// Between each node and the financial system, and between the load and each node.
struct Lines {
    to_host: Vec<Proxy>,
    to_malls: Vec<Proxy>,
}

#[test]
fn a_short_pause_costs_no_role() {
    let (mut cluster, _lines) = watched("pause of 1 s");
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    let active = cluster.active();
    cluster.signal(active, "-STOP");
    thread::sleep(Duration::from_secs(1));
    cluster.signal(active, "-CONT");
    assert_eq!(cluster.active(), active);
    cluster.let_pass(100.0);
    cluster.settle(loading, 1..=1);
}

#[test]
fn an_active_node_that_wakes_after_its_lease_says_not_a_byte() {
    let pauses: &[u64] = if is_long() { &[5, 10, 60] } else { &[5] };
    for seconds in pauses {
        pause(Duration::from_secs(*seconds));
    }
}

fn pause(pause: Duration) {
    let (mut cluster, lines) = watched("pause above the lease");
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    let active = cluster.active();
    cluster.signal(active, "-STOP");
    let stopped = Instant::now();
    cluster.taken_over_from(active);
    thread::sleep(pause.saturating_sub(stopped.elapsed()));
    let said = || {
        (
            lines.to_host[active].to_server(),
            lines.to_malls[active].to_client(),
        )
    };
    // What the kernel had is on its way.
    let mut before = said();
    cluster.wait("its lines to be quiet", |_| {
        thread::sleep(Duration::from_millis(200));
        let (then, now) = (before, said());
        before = now;
        then == now
    });
    cluster.signal(active, "-CONT");
    cluster.wait("it to end", |cluster| {
        cluster.nodes[active].ended == [SUPERSEDED]
    });
    cluster.wait("its lines to be closed", |_| {
        lines.to_host[active].open() == 0 && lines.to_malls[active].open() == 0
    });
    assert_eq!(
        said(),
        before,
        "bytes to the financial system, and to malls"
    );
    cluster.let_pass(100.0);
    cluster.settle(loading, 2..=2);
}

fn watched(name: &'static str) -> (Cluster, Lines) {
    let mut cluster = Cluster::laid_out(name, &[]);
    let mut lines = Lines {
        to_host: Vec::new(),
        to_malls: Vec::new(),
    };
    for node in 0..cluster.nodes.len() {
        let addresses = cluster.nodes[node].addresses;
        let (to_host, to_malls) = (Proxy::to(addresses.host), Proxy::to(addresses.malls));
        let (host, through) = (addresses.host.to_string(), to_host.address.to_string());
        cluster.configure(node, |text| text.replace(&host, &through));
        match node {
            0 => cluster.rig.addresses.malls = to_malls.address,
            other => cluster.rig.other_nodes[other - 1].malls = to_malls.address,
        }
        lines.to_host.push(to_host);
        lines.to_malls.push(to_malls);
    }
    cluster.start();
    (cluster, lines)
}
