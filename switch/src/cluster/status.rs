//! What `tessera cluster status` shows: as a table, and as JSON.

use serde_json::{Value, json};
use tessera_cluster::{Lag, NodeReport};

use super::ClusterView;

/// A node, as it is shown.
struct Shown<'a> {
    report: &'a NodeReport,
    role: &'static str,
    entries_behind: u64,
    /// Measured by the active node; `None` where it has not yet, or there is none.
    lag: Option<Lag>,
}

/// The last line is etcd's.
pub fn text(view: &ClusterView) -> String {
    let ClusterView { head, engine, .. } = view;
    let mut lines = vec![format!(
        "epoch {}, entry {}, sequence {}",
        head.epoch,
        head.number,
        head.place.sequence.saturating_sub(1)
    )];
    lines.push(format!(
        "{:<12} {:<8} {:>10} {:>8} {:>8} {:>10} {:>6}  {:<10} could take over",
        "node", "role", "synced", "behind", "lag ms", "lag bytes", "epoch", "build"
    ));
    for Shown {
        report,
        role,
        entries_behind,
        lag,
    } in nodes(view)
    {
        let (milliseconds, bytes) = match lag {
            Some(lag) => (lag.milliseconds.to_string(), lag.bytes.to_string()),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let could = match (role, &report.state.why_not) {
            ("active", _) => "-".to_owned(),
            (_, Some(why)) => format!("no: {why}"),
            (_, None) => "yes".to_owned(),
        };
        lines.push(format!(
            "{:<12} {role:<8} {:>10} {entries_behind:>8} {milliseconds:>8} {bytes:>10} {:>6}  {:<10} {could}",
            report.node.as_str(), report.synced, report.state.epoch, report.build
        ));
    }
    lines.push(format!(
        "etcd {}: {} of {} members answer, {} entries of {} bytes in the log, database {} KiB{}",
        engine.version,
        engine.members_up,
        engine.members,
        held_entries(view),
        held_bytes(view),
        engine.database_bytes / 1024,
        match engine.alarms.as_slice() {
            [] => String::new(),
            alarms => format!(", ALARMS: {}", alarms.join(", ")),
        }
    ));
    lines.join("\n") + "\n"
}

/// Figures have their unit in their name. What is not known is null.
pub fn json(view: &ClusterView) -> Value {
    let ClusterView { head, engine, .. } = view;
    let nodes = nodes(view).map(|shown| {
        let report = shown.report;
        json!({
            "node": report.node,
            "role": shown.role,
            "serves": report.state.serves,
            "synced": report.synced,
            "entries_behind": shown.entries_behind,
            "lag_milliseconds": shown.lag.map(|lag| lag.milliseconds),
            "lag_bytes": shown.lag.map(|lag| lag.bytes),
            "epoch": report.state.epoch,
            "build": report.build,
            "could_take_over": shown.role != "active" && report.state.why_not.is_none(),
            "why_not": report.state.why_not,
        })
    });
    json!({
        "epoch": head.epoch,
        "entry": head.number,
        "sequence": head.place.sequence.saturating_sub(1),
        "owner": head.owner,
        "nodes": nodes.collect::<Vec<_>>(),
        "etcd": {
            "version": engine.version,
            "members_up": engine.members_up,
            "members": engine.members,
            "entries": held_entries(view),
            "entries_bytes": held_bytes(view),
            "database_bytes": engine.database_bytes,
            "alarms": engine.alarms,
        },
    })
}

fn nodes(view: &ClusterView) -> impl Iterator<Item = Shown<'_>> {
    view.nodes.iter().map(|report| {
        let is_owner = view.head.owner.as_ref() == Some(&report.node);
        let of_owner = owner(view).and_then(|owner| owner.state.lags.get(&report.node));
        Shown {
            report,
            role: if is_owner { "active" } else { "standby" },
            entries_behind: view.head.number.saturating_sub(report.synced),
            lag: of_owner.copied(),
        }
    })
}

fn owner(view: &ClusterView) -> Option<&NodeReport> {
    let owner = view.head.owner.as_ref()?;
    view.nodes.iter().find(|report| report.node == *owner)
}

fn held_entries(view: &ClusterView) -> u64 {
    let first = view.first;
    first.map_or(0, |first| (view.head.number + 1).saturating_sub(first))
}

/// As the active node counts them.
fn held_bytes(view: &ClusterView) -> u64 {
    owner(view).map_or(0, |owner| owner.state.held_bytes)
}

#[cfg(test)]
mod tests {
    use tessera_cluster::{Head, LogStatus, NodeId, NodeState, Place};

    use super::*;

    fn view() -> ClusterView {
        let node = |name| NodeId::parse(name).unwrap();
        let report = |name, synced, state| NodeReport {
            node: node(name),
            synced,
            build: "0.3.0".to_owned(),
            peer: None,
            needs: None,
            state,
        };
        let lag = |milliseconds, bytes| Lag {
            milliseconds,
            bytes,
        };
        let active = NodeState {
            epoch: 3,
            serves: true,
            lags: [(node("n2"), lag(0, 0)), (node("n3"), lag(5_250, 4096))].into(),
            held_bytes: 9000,
            ..NodeState::default()
        };
        let lacking = NodeState {
            epoch: 2,
            why_not: Some("it lacks entries".to_owned()),
            ..NodeState::default()
        };
        let following = NodeState {
            epoch: 3,
            ..NodeState::default()
        };
        ClusterView {
            head: Head {
                epoch: 3,
                number: 100,
                owner: Some(node("n1")),
                tag: "0".repeat(32),
                place: Place {
                    position: 0,
                    sequence: 501,
                    chain: 0,
                },
                beside: 0,
            },
            first: Some(91),
            nodes: vec![
                report("n1", 100, active),
                report("n2", 100, following),
                report("n3", 60, lacking),
            ],
            engine: LogStatus {
                version: "3.7.2".to_owned(),
                members_up: 3,
                members: 3,
                ..LogStatus::default()
            },
        }
    }

    #[test]
    fn the_table_shows_lags_and_why_a_node_could_not_take_over() {
        let text = text(&view());
        let words: Vec<Vec<_>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            text.lines().next().unwrap(),
            "epoch 3, entry 100, sequence 500"
        );
        let n2 = ["n2", "standby", "100", "0", "0", "0", "3", "0.3.0", "yes"];
        assert_eq!(words[3], n2);
        assert_eq!(words[2][..5], ["n1", "active", "100", "0", "-"]);
        let n3 = "n3 standby 60 40 5250 4096 2 0.3.0 no: it lacks entries";
        assert_eq!(words[4].join(" "), n3);
        assert!(
            text.contains("10 entries of 9000 bytes in the log"),
            "{text}"
        );
    }

    #[test]
    fn json_has_the_same_with_units() {
        let json = json(&view());
        assert_eq!(json["nodes"][2]["lag_milliseconds"], 5_250);
        assert_eq!(json["nodes"][2]["could_take_over"], false);
        assert_eq!(json["nodes"][2]["why_not"], "it lacks entries");
        assert_eq!(json["nodes"][0]["lag_bytes"], Value::Null);
        assert_eq!(json["nodes"][1]["could_take_over"], true);
        assert_eq!(json["etcd"]["entries_bytes"], 9000);
    }
}
