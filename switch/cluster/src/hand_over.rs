//! A planned change of the active node: what the active node says to a request, and how long a standby lets another one go first.
//! Pacing only: who may begin an epoch is decided by the log, whatever a request says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::{HandOver, Lag, NodeId, NodeReport};

/// A node that is further behind would have others wait for it.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// Why the active node does not hand over; `None` where it does.
pub(crate) fn refusal(
    request: &HandOver,
    me: &NodeId,
    nodes: &[NodeReport],
    lags: &BTreeMap<NodeId, Lag>,
) -> Option<String> {
    let is_behind = |report: &NodeReport| {
        let lag = lags.get(&report.node).copied().unwrap_or_default();
        let behind = u128::from(lag.milliseconds) > BEHIND_MAX.as_millis();
        behind.then(|| format!("{} is {} ms behind", report.node, lag.milliseconds))
    };
    let why_not = |report: &NodeReport| cannot_take_over(report).or_else(|| is_behind(report));
    let mut others = nodes.iter().filter(|report| report.node != *me);
    match &request.to {
        Some(to) if to == me => Some(format!("{me} is active already")),
        Some(to) => match others.find(|report| report.node == *to) {
            Some(report) => why_not(report),
            None => Some(format!("{to} does not follow: its lease does not live")),
        },
        None => {
            let reasons: Vec<_> = others.map(why_not).collect();
            let nobody = reasons.iter().all(Option::is_some);
            let reasons: Vec<_> = reasons.into_iter().flatten().collect();
            nobody.then(|| match reasons.is_empty() {
                true => "no other node follows".to_owned(),
                false => format!("no other node can take over: {}", reasons.join("; ")),
            })
        }
    }
}

/// Why this node could not take over, by its own report.
pub(crate) fn cannot_take_over(report: &NodeReport) -> Option<String> {
    let node = &report.node;
    let why = report.state.why_not.as_deref();
    let why = why.or(report.needs.map(|_| "it copies from another node"));
    why.map(|why| format!("{node} can't take over: {why}"))
}

/// Lets another node go first, for a while.
pub(crate) struct Courtesy {
    within: Duration,
    /// Since when, and which node.
    since: Option<(NodeId, Instant)>,
}

impl Courtesy {
    /// For so long.
    pub fn new(within: Duration) -> Self {
        Self {
            within,
            since: None,
        }
    }

    /// Whether this node goes first now, where a request names that one.
    pub fn goes_first(&mut self, named: Option<&NodeId>, me: &NodeId, now: Instant) -> bool {
        let Some(named) = named.filter(|named| *named != me) else {
            self.since = None;
            return true;
        };
        match &self.since {
            Some((node, since)) if node == named => now.duration_since(*since) >= self.within,
            _ => {
                self.since = Some((named.clone(), now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        NodeId::parse(name).unwrap()
    }

    fn report(name: &str) -> NodeReport {
        NodeReport {
            node: node(name),
            synced: 7,
            build: String::new(),
            peer: None,
            needs: None,
            state: Default::default(),
        }
    }

    fn to(name: Option<&str>) -> HandOver {
        HandOver {
            id: 1,
            epoch: 1,
            to: name.map(node),
            forced: false,
        }
    }

    #[test]
    fn hands_over_to_a_node_that_can_take_over() {
        let mut nodes = [report("n1"), report("n2"), report("n3")];
        nodes[2].state.why_not = Some("it lacks entries".to_owned());
        let (me, mut lags) = (node("n1"), BTreeMap::new());
        let refused = |to: HandOver, nodes: &[NodeReport], lags: &BTreeMap<_, _>| {
            refusal(&to, &me, nodes, lags)
        };
        assert_eq!(refused(to(None), &nodes, &lags), None);
        assert_eq!(refused(to(Some("n2")), &nodes, &lags), None);
        for (name, why) in [
            ("n1", "n1 is active already"),
            ("n3", "n3 can't take over: it lacks entries"),
            ("n4", "n4 does not follow: its lease does not live"),
        ] {
            let found = refused(to(Some(name)), &nodes, &lags);
            assert_eq!(found.as_deref(), Some(why));
        }
        let milliseconds = 1_001;
        let lag = Lag {
            milliseconds,
            bytes: 1,
        };
        lags.insert(node("n2"), lag);
        let why = refused(to(Some("n2")), &nodes, &lags).unwrap();
        assert_eq!(why, "n2 is 1001 ms behind");
        let why = refused(to(None), &nodes, &lags).unwrap();
        assert!(
            why.contains("n2 is 1001") && why.contains("n3 can't"),
            "{why}"
        );
        let why = refused(to(None), &nodes[..1], &lags).unwrap();
        assert_eq!(why, "no other node follows");
    }

    #[test]
    fn a_node_that_copies_can_not_take_over() {
        let mut copies = report("n2");
        copies.needs = Some(5);
        let why = cannot_take_over(&copies).unwrap();
        assert_eq!(why, "n2 can't take over: it copies from another node");
    }

    #[test]
    fn another_node_goes_first_for_a_while_only() {
        let (within, began) = (Duration::from_secs(3), Instant::now());
        let [n2, n3] = ["n2", "n3"].map(node);
        let mut courtesy = Courtesy::new(within);
        assert!(courtesy.goes_first(None, &n2, began));
        assert!(courtesy.goes_first(Some(&n2), &n2, began));
        assert!(!courtesy.goes_first(Some(&n3), &n2, began));
        let soon = began + within - Duration::from_millis(1);
        assert!(!courtesy.goes_first(Some(&n3), &n2, soon));
        assert!(courtesy.goes_first(Some(&n3), &n2, began + within));
        // The next request is another one.
        assert!(courtesy.goes_first(None, &n2, began + within));
        assert!(!courtesy.goes_first(Some(&n3), &n2, began + within));
    }
}
