//! Looks at the operations ports of the nodes and at the members of etcd, several times a second.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use super::board::{Board, Node, Role};
use super::ports::ClusterPorts;
use crate::demo::ports::{Ports, address};
use crate::demo::supervision::process::Process;
use crate::load::http;

/// Between two looks at the nodes.
const PAUSE: Duration = Duration::from_millis(250);

/// Looks at the nodes for each one at etcd, whose pages are long.
const ETCD_EVERY: u32 = 4;

/// The fewest seconds over which a rate is computed.
const RATE_SECONDS: f64 = 1.0;

/// Looks for as long as it is polled.
pub async fn observe(board: &Board, ports: &Ports, cluster: &ClusterPorts) -> Infallible {
    let operations = ports.switches().map(|switch| address(switch.operations));
    let operations: Vec<_> = operations.collect();
    let metrics = cluster.members.map(|member| address(member.metrics));
    let mut rates = [Rate::default(); 3];
    let mut round = 0_u32;
    loop {
        if round.is_multiple_of(ETCD_EVERY) {
            let look = |member: usize| member_at(&board.members[member], &metrics[member]);
            let (first, second, third) = tokio::join!(look(0), look(1), look(2));
            note_members(board, [first, second, third]);
        }
        round = round.wrapping_add(1);
        let look = |node: usize| node_at(&board.nodes[node], &operations[node]);
        let (first, second, third) = tokio::join!(look(0), look(1), look(2));
        for (number, found) in [first, second, third].into_iter().enumerate() {
            let (mut node, answers) = found.unwrap_or_default();
            node.answers_per_second = rates[number].after(answers);
            note_node(board, number, node);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The answers of a switch over the last second or so.
#[derive(Debug, Clone, Copy, Default)]
struct Rate {
    last: Option<(Instant, f64)>,
    per_second: f64,
}

impl Rate {
    /// The rate, once so many answers have been given since the switch was started.
    fn after(&mut self, answers: f64) -> f64 {
        let now = Instant::now();
        match self.last {
            Some((at, before)) if answers >= before => {
                let seconds = now.duration_since(at).as_secs_f64();
                if seconds >= RATE_SECONDS {
                    self.per_second = (answers - before) / seconds;
                    self.last = Some((now, answers));
                }
            }
            // The first look, or another process.
            _ => {
                self.per_second = 0.0;
                self.last = Some((now, answers));
            }
        }
        self.per_second
    }
}

/// What a node's pages show, and how many answers it has given.
async fn node_at(process: &Process, operations: &str) -> Option<(Node, f64)> {
    if !process.runs() {
        return None;
    }
    let (_, readiness) = http::ask(operations, "/readyz").await.ok()?;
    let metrics = http::fetch(operations, "/metrics").await.ok()?;
    Some(read(&readiness, &metrics))
}

fn read(readiness: &str, metrics: &str) -> (Node, f64) {
    let mut node = Node {
        reason: readiness.lines().next().unwrap_or_default().to_owned(),
        ..Node::default()
    };
    let (mut owns, mut answers) = (None, 0.0);
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let value: f64 = value.parse().unwrap_or(0.0);
        match series.split('{').next().unwrap_or(series) {
            "tessera_cluster_active" => owns = Some(value > 0.0),
            "tessera_cluster_epoch" => node.epoch = value as u64,
            "tessera_cluster_entries_behind" => node.behind = value as u64,
            "tessera_answers_total" => answers += value,
            _ => {}
        }
    }
    node.role = match (&*node.reason, owns) {
        (_, None) => Role::Starting,
        // Without the financial system it is not ready, and answers all the same.
        ("ready", _) | ("host link down", Some(true)) => Role::Active,
        ("taking over", _) | (_, Some(true)) => Role::TakingOver,
        (reason, _) if reason.starts_with("standby of") => Role::Standby,
        _ => Role::Joining,
    };
    (node, answers)
}

fn note_node(board: &Board, number: usize, node: Node) {
    let mut seen = board.seen.borrow_mut();
    let before = std::mem::replace(&mut seen.nodes[number], node);
    let Node { role, epoch, .. } = seen.nodes[number];
    let name = board.nodes[number].name;
    if role == before.role {
        return;
    }
    match role {
        Role::Active => {
            let first = seen.epochs.map_or(epoch, |(first, _)| first);
            seen.epochs = Some((first, epoch.max(first)));
            let does = match seen.active_last.replace(number) {
                Some(last) if last != number => "takes over",
                _ => "is active",
            };
            board.events.add(format!("{name} {does}, epoch {epoch}"));
        }
        Role::Standby => board.events.add(format!("{name} follows as a standby")),
        Role::Starting | Role::Joining | Role::TakingOver => {}
    }
}

/// Whether a member is healthy, and whether it leads.
async fn member_at(process: &Process, metrics: &str) -> (bool, bool) {
    if !process.runs() {
        return (false, false);
    }
    let healthy = http::fetch(metrics, "/health").await.is_ok();
    let page = http::fetch(metrics, "/metrics").await.unwrap_or_default();
    let leads = page.lines().any(|line| line == "etcd_server_is_leader 1");
    (healthy, leads)
}

fn note_members(board: &Board, members: [(bool, bool); 3]) {
    let mut seen = board.seen.borrow_mut();
    seen.healthy = members.map(|(healthy, _)| healthy);
    // Meanwhile the last one counts.
    let Some(leader) = members.iter().position(|(_, leads)| *leads) else {
        return;
    };
    if seen.leader.is_some_and(|before| before != leader) {
        board
            .events
            .add(format!("{} leads etcd", board.members[leader].name));
    }
    seen.leader = Some(leader);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_node_says_of_itself() {
        let metrics = "tessera_cluster_active 0\ntessera_cluster_epoch 3\ntessera_cluster_entries_behind 2\n\
            tessera_answers_total{code=\"00\"} 7\ntessera_answers_total{code=\"05\"} 1\n";
        let (node, answers) = read("standby of n1, 2 entries behind\n", metrics);
        assert_eq!((node.role, node.epoch, node.behind), (Role::Standby, 3, 2));
        assert_eq!(answers, 8.0);
        let role = |readiness, metrics| read(readiness, metrics).0.role;
        assert_eq!(role("joining the cluster\n", metrics), Role::Joining);
        assert_eq!(role("taking over\n", metrics), Role::TakingOver);
        assert_eq!(
            role("journal recovering\nhost link down\n", ""),
            Role::Starting
        );
        let owns = "tessera_cluster_active 1\n";
        assert_eq!(role("journal recovering\n", owns), Role::TakingOver);
        assert_eq!(role("ready\n", owns), Role::Active);
        assert_eq!(role("host link down\n", owns), Role::Active);
    }

    #[test]
    fn a_take_over_is_noted_once() {
        let board = Board::new(&std::rc::Rc::default());
        let active = |epoch| Node {
            role: Role::Active,
            epoch,
            ..Node::default()
        };
        note_node(&board, 0, active(1));
        note_node(&board, 0, Node::default());
        note_node(&board, 1, active(2));
        note_node(&board, 1, active(2));
        let events = board.events.all();
        let texts: Vec<_> = events.iter().map(|event| &*event.text).collect();
        assert_eq!(texts, ["n1 is active, epoch 1", "n2 takes over, epoch 2"]);
        assert_eq!((board.take_overs(), board.active()), (1, None));
        note_members(&board, [(true, true), (true, false), (true, false)]);
        note_members(&board, [(false, false), (true, false), (true, false)]);
        note_members(&board, [(false, false), (true, true), (true, false)]);
        let events = board.events.all();
        assert_eq!(events[2].text, "etcd2 leads etcd");
        assert!(!board.etcd_is_healthy());
    }
}
