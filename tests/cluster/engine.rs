//! Members of etcd that are killed.

use std::thread;
use std::time::Duration;

use crate::kills::GAP_MAX;
use crate::rig::cluster::Cluster;

const MEMBERS: usize = 3;
/// After this the fence of an active node that can't renew its lease is shut: the shipped lease, and a little.
const SHUT_AFTER: Duration = Duration::from_secs(4);
/// The exit code of a switch that can't end in order.
const UNFINISHED: i32 = 69;
/// Nothing is answered for so long.
const NOTHING_FOR: Duration = Duration::from_secs(3);

#[test]
fn a_leader_of_etcd_that_is_killed_costs_a_wait_and_no_take_over() {
    let mut cluster = Cluster::started("leader of etcd killed");
    let loading = cluster.start_load();
    for _ in 0..2 {
        cluster.let_pass(100.0);
        let leader = cluster.etcd().leader();
        one_away(&mut cluster, leader);
    }
    let gap = cluster.settle(loading, 1..=1);
    assert!(gap < GAP_MAX, "{gap}");
}

#[test]
fn a_follower_of_etcd_that_is_killed_costs_no_take_over() {
    let mut cluster = Cluster::started("follower of etcd killed");
    let loading = cluster.start_load();
    for ahead in 1..MEMBERS {
        cluster.let_pass(100.0);
        let follower = (cluster.etcd().leader() + ahead) % MEMBERS;
        one_away(&mut cluster, follower);
    }
    let gap = cluster.settle(loading, 1..=1);
    assert!(gap < GAP_MAX, "{gap}");
}

#[test]
fn without_a_majority_of_etcd_nothing_is_answered_until_it_is_back() {
    let mut cluster = Cluster::started("two members of etcd killed");
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    let leader = cluster.etcd().leader();
    let others = [leader, (leader + 1) % MEMBERS];
    outage(&mut cluster, &others);
    // Its lease is as old as the outage for any node that leads now: it may have ended.
    cluster.settle(loading, 1..=2);
}

#[test]
fn without_any_member_of_etcd_nothing_is_answered_until_they_are_back() {
    let mut cluster = Cluster::started("all members of etcd killed");
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    outage(&mut cluster, &[0, 1, 2]);
    cluster.settle(loading, 1..=2);
}

/// It can't answer what is under way, and its supervisor must not have to kill it.
#[test]
fn an_active_node_that_is_stopped_without_etcd_ends_all_the_same() {
    let mut cluster = Cluster::started("stopped without etcd");
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    let active = cluster.active();
    (0..MEMBERS).for_each(|member| cluster.etcd().kill(member));
    thread::sleep(NOTHING_FOR);
    let ended = cluster.stop(active);
    assert_eq!(ended, Some(UNFINISHED), "{}", cluster.last_words(active));
    (0..MEMBERS).for_each(|member| cluster.etcd().start_again(member));
    all_up(&mut cluster);
    cluster.active();
    cluster.start_node(active);
    cluster.settle(loading, 2..=2);
}

/// What a database of this size holds is little: a quarter of it may be on no second node.
const QUOTA_BYTES: u64 = 8 << 20;

#[test]
fn an_active_node_stops_before_etcd_is_full() {
    let mut cluster = Cluster::with_quota("etcd at its quota", QUOTA_BYTES);
    cluster.start();
    let loading = cluster.start_load();
    cluster.let_pass(100.0);
    let active = cluster.active();
    let standbys: Vec<_> = (0..MEMBERS).filter(|node| *node != active).collect();
    standbys.iter().for_each(|standby| cluster.kill(*standby));
    let name = cluster.nodes[active].name.clone();
    cluster.wait("the active node to stop", |cluster| {
        cluster.rig.log(&name).contains("nothing is approved until")
    });
    // Whatever was under way is there.
    thread::sleep(NOTHING_FOR);
    let entry = cluster.status().expect("a status").entry;
    thread::sleep(NOTHING_FOR);
    assert_eq!(cluster.status().expect("a status").entry, entry);
    let status = cluster.printed_status();
    assert!(!status.contains("ALARMS"), "{status}");
    standbys
        .iter()
        .for_each(|standby| cluster.start_node(*standby));
    cluster.all_follow();
    cluster.let_pass(100.0);
    cluster.settle(loading, 1..=1);
}

fn one_away(cluster: &mut Cluster, member: usize) {
    cluster.etcd().kill(member);
    let active = cluster.active();
    // More than what was under way.
    cluster.let_pass(300.0);
    assert_eq!(cluster.active(), active);
    cluster.etcd().start_again(member);
    all_up(cluster);
}

fn outage(cluster: &mut Cluster, members: &[usize]) {
    members
        .iter()
        .for_each(|member| cluster.etcd().kill(*member));
    let active = cluster.active();
    thread::sleep(SHUT_AFTER);
    let why = cluster.readiness(active);
    assert!(why.contains("etcd does not renew the lease"), "{why}");
    let said = cluster.answers(active);
    thread::sleep(NOTHING_FOR);
    assert_eq!(cluster.answers(active), said, "answers without a majority");
    assert!(said > 0.0);
    members
        .iter()
        .for_each(|member| cluster.etcd().start_again(*member));
    all_up(cluster);
    cluster.let_pass(100.0);
}

fn all_up(cluster: &mut Cluster) {
    cluster.wait("all members of etcd", |cluster| {
        let status = cluster.status();
        status.is_some_and(|status| status.members_up == MEMBERS as u64)
    });
}
