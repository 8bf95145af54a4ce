//! Lines between machines that fail: each node and its member of etcd in a network namespace, the financial system, the load and
//! the test in a fourth one. Only root may make them; without that the test says that it was skipped.
//!
//! ```text
//! namespace 1        2          3            the test's
//! n1, m0             n2, m1     n3, m2       host, load, bridge
//!    │ eth0             │          │            │
//!    └──────────────────┴──────────┴────────────┘
//! ```
//!
//! A cut is a wrong address of the link layer: what is sent in one direction arrives nowhere, without an error. All traffic is
//! on veth pairs between the namespaces, which the test removes.

use std::process::{Command, Output};

use crate::kills::GAP_MAX;
use crate::rig::cluster::{Cluster, Machine, SUPERSEDED, alone};

/// How the namespaces are called, for the process that runs in the fourth one.
const NAMESPACES: &str = "TESSERA_TEST_NAMESPACES";
const TEST: &str = "networks::lines_between_machines_are_cut";
const MACHINES: usize = 3;
const ELSEWHERE: &str = "02:00:00:00:de:ad";

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
fn lines_between_machines_are_cut() {
    if let Ok(name) = std::env::var(NAMESPACES) {
        return cut_lines(&Network { name });
    }
    let _alone = alone();
    let network = Network {
        name: format!("tessera-{}", std::process::id()),
    };
    if let Err(why) = network.make() {
        eprintln!("SKIPPED: no network namespaces here: {why}");
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let ran = Command::new("ip")
        .args(["netns", "exec", &network.namespace(MACHINES)])
        .arg(program)
        .args(["--exact", TEST, "--nocapture"])
        .env(NAMESPACES, &network.name)
        .output()
        .expect("ip runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    eprintln!("{said}");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stdout)
    );
    assert!(!said.contains("SKIPPED"));
}

/// One after the other, in one cluster.
fn cut_lines(network: &Network) {
    let machines: Vec<_> = (0..MACHINES)
        .map(|machine| Machine {
            address: address(machine),
            enter: ["ip", "netns", "exec", &network.namespace(machine)]
                .map(str::to_owned)
                .to_vec(),
        })
        .collect();
    let mut cluster = Cluster::on_machines("lines cut", &[], &machines, &address(MACHINES));
    cluster.start();
    let loading = cluster.start_load();

    let everybody = [0, 1, 2, 3];
    // The active node from all.
    superseded(&mut cluster, network, &everybody, Direction::Both);
    // From the other machines, but not from its clients.
    superseded(&mut cluster, network, &[0, 1, 2], Direction::Both);
    // Nothing of it arrives any more.
    superseded(&mut cluster, network, &[0, 1, 2], Direction::From);
    // It receives nothing.
    superseded(&mut cluster, network, &[0, 1, 2], Direction::To);

    // A standby, with its member.
    let active = cluster.active();
    let standby = cluster.standby();
    network.cut(standby, &everybody, Direction::Both);
    cluster.let_pass(1_500.0);
    assert_eq!(cluster.active(), active);
    network.heal();
    cluster.let_pass(100.0);
    cluster.all_follow();
    assert_eq!(cluster.active(), active);

    let gap = cluster.settle(loading, 5..=5);
    assert!(gap < GAP_MAX, "{gap}");
}

/// The active node is cut off from these machines: another one is active, and it ends once it learns of that.
fn superseded(cluster: &mut Cluster, network: &Network, from: &[usize], direction: Direction) {
    cluster.let_pass(100.0);
    let active = cluster.active();
    cluster.all_follow();
    let ended = cluster.nodes[active].ended.len();
    network.cut(active, from, direction);
    cluster.taken_over_from(active);
    cluster.wait("the node that is cut off to say so", |cluster| {
        !cluster.is_active(active)
    });
    cluster.let_pass(100.0);
    network.heal();
    cluster.wait("it to end", |cluster| {
        cluster.nodes[active].ended.len() > ended
    });
    assert_eq!(cluster.nodes[active].ended[ended..], [SUPERSEDED]);
    assert_ne!(cluster.active(), active);
    cluster.all_follow();
}

/// What is lost, seen from the machine that is cut off.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Both,
    From,
    To,
}

/// Four namespaces on one bridge.
struct Network {
    name: String,
}

impl Network {
    fn namespace(&self, machine: usize) -> String {
        format!("{}-{}", self.name, machine + 1)
    }

    fn make(&self) -> Result<(), String> {
        for machine in 0..=MACHINES {
            let name = self.namespace(machine);
            ip(&["netns", "add", &name])?;
            ip(&["-n", &name, "link", "set", "lo", "up"])?;
        }
        let home = self.namespace(MACHINES);
        ip(&["-n", &home, "link", "add", "bridge", "type", "bridge"])?;
        let here = format!("{}/24", address(MACHINES));
        ip(&["-n", &home, "addr", "add", &here, "dev", "bridge"])?;
        ip(&["-n", &home, "link", "set", "bridge", "up"])?;
        for machine in 0..MACHINES {
            let (name, port) = (self.namespace(machine), format!("port{machine}"));
            let pair = ["type", "veth", "peer", "name", "eth0", "netns", &name];
            ip(&[&["-n", &home, "link", "add", &port], &pair[..]].concat())?;
            ip(&["-n", &home, "link", "set", &port, "master", "bridge", "up"])?;
            let there = format!("{}/24", address(machine));
            ip(&["-n", &name, "addr", "add", &there, "dev", "eth0"])?;
            ip(&["-n", &name, "link", "set", "eth0", "up"])?;
        }
        Ok(())
    }

    /// What goes from a machine to these, or from these to it, is lost.
    fn cut(&self, machine: usize, others: &[usize], direction: Direction) {
        for other in others.iter().filter(|other| **other != machine) {
            if direction != Direction::To {
                self.lose(machine, *other);
            }
            if direction != Direction::From {
                self.lose(*other, machine);
            }
        }
    }

    fn lose(&self, from: usize, to: usize) {
        let neighbour = ["neigh", "replace", &address(to), "lladdr", ELSEWHERE];
        let of = ["dev", device(from), "nud", "permanent"];
        let lost = ip(&[&["-n", &self.namespace(from)], &neighbour[..], &of[..]].concat());
        lost.expect("a cut");
    }

    /// All lines are whole.
    fn heal(&self) {
        for from in 0..=MACHINES {
            for to in 0..=MACHINES {
                let of = ["neigh", "del", &address(to), "dev", device(from)];
                // Most of them were not cut.
                let _ = ip(&[&["-n", &self.namespace(from)], &of[..]].concat());
            }
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Who runs inside does not remove it.
        if std::env::var_os(NAMESPACES).is_none() {
            for machine in 0..=MACHINES {
                let _ = ip(&["netns", "del", &self.namespace(machine)]);
            }
        }
    }
}

fn address(machine: usize) -> String {
    format!("10.99.0.{}", machine + 1)
}

fn device(machine: usize) -> &'static str {
    match machine {
        MACHINES => "bridge",
        _ => "eth0",
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new("ip").args(arguments).output();
    let Output { status, stderr, .. } = ran.map_err(|error| error.to_string())?;
    match status.success() {
        true => Ok(()),
        false => Err(format!(
            "ip {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&stderr).trim()
        )),
    }
}
