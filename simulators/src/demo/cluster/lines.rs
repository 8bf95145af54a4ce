//! The cluster where there is no terminal.

use super::board::ClusterView;
use super::layout::NODES;

/// What goes behind the line of each second.
pub fn state(view: &ClusterView) -> String {
    let node = |(number, name): (usize, &&str)| format!("{name} {}", view.role(number));
    let nodes = NODES.iter().enumerate().map(node);
    nodes.collect::<Vec<_>>().join(", ")
}
