//! Watches the other nodes and the log's engine, on a thread of its own.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::hand_over::refusal;
use crate::protocol::{trim_below, without_needed};
use crate::standing::{Overview, Role, Standing};
use crate::{HandOverAnswer, NodeId, ReplicatedLog};

/// Entries stay in the log so much longer than they have to.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The engine's own figures.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Of entries that stay because a node needs them: a quarter of what the log may hold.
const NEEDED_BYTES_MAX: u64 = 256 << 20;
/// How often the active node says anew how far behind the others are.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
const COMPACT_EVERY: Duration = Duration::from_secs(1);

/// Runs until the node stops.
pub(crate) fn start(
    log: Arc<dyn ReplicatedLog>,
    node: NodeId,
    standing: Arc<Standing>,
) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("cluster-watch".to_owned())
        .spawn(move || run(log.as_ref(), &node, &standing))
}

fn run(log: &dyn ReplicatedLog, node: &NodeId, standing: &Standing) {
    let mut compacted = Instant::now();
    let mut measured = Instant::now();
    let mut asked: Option<Instant> = None;
    while !standing.is_stopping() {
        thread::sleep(LOOK_EVERY);
        if asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY) {
            asked = Some(Instant::now());
            standing.set_engine(log.status().ok());
        }
        let nodes = match log.nodes() {
            Ok(nodes) => nodes,
            Err(error) => {
                tracing::debug!(%error, "the nodes of the cluster can't be seen");
                standing.lose_sight();
                continue;
            }
        };
        let others = || nodes.iter().filter(|report| report.node != *node);
        let below = trim_below(standing.synced(), others().map(|report| report.synced));
        // One that copies for long copies again, from where it is then: it must not fill the log.
        let is_small = standing.window_bytes() < NEEDED_BYTES_MAX;
        let needs = others().filter_map(|report| report.needs.filter(|_| is_small));
        let below = without_needed(below, needs);
        standing.set_nodes(nodes, node);
        if standing.role() != Role::Active {
            continue;
        }
        standing.set_trim_below(below);
        if measured.elapsed() >= MEASURE_EVERY {
            measured = Instant::now();
            standing.measure_lags(node);
        }
        answer_hand_over(log, node, standing);
        if compacted.elapsed() >= COMPACT_EVERY {
            compacted = Instant::now();
            if let Err(error) = log.compact() {
                tracing::debug!(%error, "the replicated log could not be compacted");
            }
        }
    }
}

/// Sees a request to hand over once, and answers it. One of another epoch is too late, or too early.
fn answer_hand_over(log: &dyn ReplicatedLog, node: &NodeId, standing: &Standing) {
    let request = match log.hand_over() {
        Ok(Some(request)) => request,
        Ok(None) => return,
        Err(error) => {
            tracing::debug!(%error, "requests to hand over can't be seen");
            return;
        }
    };
    let Overview { epoch, nodes, .. } = standing.overview();
    let is_answered = standing
        .answer()
        .is_some_and(|answer| answer.id == request.id);
    if request.forced || request.epoch != epoch || is_answered {
        return;
    }
    let refused = match standing.serves() {
        true => refusal(&request, node, &nodes, &standing.measure_lags(node)),
        false => Some(format!("{node} does not serve yet")),
    };
    let to = request.to.as_ref().map_or("any standby", NodeId::as_str);
    match &refused {
        Some(why) => tracing::warn!(to, why, "this node does not hand over"),
        None => tracing::info!(to, "handing over to another node"),
    }
    standing.answer_hand_over(HandOverAnswer {
        id: request.id,
        refused,
    });
}
