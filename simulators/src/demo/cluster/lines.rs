//! The cluster where there is no terminal.

use std::time::Instant;

use super::board::{ClusterView, Event};
use super::layout::NODES;

/// What goes behind the line of each second.
pub fn state(view: &ClusterView) -> String {
    let node = |(number, name): (usize, &&str)| format!("{name} {}", view.role(number));
    let nodes = NODES.iter().enumerate().map(node);
    nodes.collect::<Vec<_>>().join(", ")
}

/// When it happened; 0 for what was before.
pub fn seconds(event: &Event, started: Instant) -> u64 {
    event.at.saturating_duration_since(started).as_secs()
}
