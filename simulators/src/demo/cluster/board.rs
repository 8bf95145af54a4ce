//! What is known of the cluster, for the view, and what a visitor asks for: who observes and who keeps the processes write
//! it, the view reads it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::etcd::MEMBERS;
use super::layout::NODES;
use crate::demo::supervision::events::Events;
use crate::demo::supervision::process::{Process, back_in};

/// See the head of this file.
pub struct Board {
    /// The processes of the nodes, and those of etcd.
    pub nodes: [Rc<Process>; 3],
    /// See `nodes`.
    pub members: [Rc<Process>; 3],
    /// What was observed last.
    pub seen: RefCell<Seen>,
    /// What has happened.
    pub events: Rc<Events>,
}

/// What was observed.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Of each node, in their order.
    pub nodes: [Node; 3],
    /// Which member of etcd leads.
    pub leader: Option<usize>,
    /// Which members answer that they are healthy.
    pub healthy: [bool; 3],
    /// The node that was active last.
    pub active_last: Option<usize>,
    /// The epochs of the first active node that was observed, and of the last one.
    pub epochs: Option<(u64, u64)>,
}

/// A node, as its operations port shows it.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// What it does.
    pub role: Role,
    /// The epoch that it knows.
    pub epoch: u64,
    /// Entries of the log that are not on its disk.
    pub behind: u64,
    /// Answers of the switch over the last second.
    pub answers_per_second: f64,
    /// The first reason why it is not ready, in its words.
    pub reason: String,
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Its process runs, and does not know the cluster yet.
    #[default]
    Starting,
    /// It does not follow yet.
    Joining,
    /// It follows.
    Standby,
    /// It owns the log, and does not answer yet.
    TakingOver,
    /// It answers.
    Active,
}

impl Board {
    /// Nothing runs, and nothing is known.
    pub fn new(events: &Rc<Events>) -> Self {
        Self {
            nodes: NODES.map(Process::new),
            members: MEMBERS.map(Process::new),
            seen: RefCell::default(),
            events: Rc::clone(events),
        }
    }

    /// The active node.
    pub fn active(&self) -> Option<usize> {
        let seen = self.seen.borrow();
        (0..3).find(|node| self.nodes[*node].runs() && seen.nodes[*node].role == Role::Active)
    }

    /// Whether one node is active and the others follow with nothing left to take.
    pub fn is_complete(&self) -> bool {
        let seen = self.seen.borrow();
        let follows = |node: &Node| node.role == Role::Standby && node.behind == 0;
        let standbys = seen.nodes.iter().filter(|node| follows(node)).count();
        let all_run = self.nodes.iter().all(|process| process.runs());
        drop(seen);
        all_run && standbys == 2 && self.active().is_some()
    }

    /// Whether all members of etcd are there.
    pub fn etcd_is_healthy(&self) -> bool {
        self.seen.borrow().healthy.iter().all(|healthy| *healthy)
    }

    /// SIGKILL for the active node.
    pub fn kill_active(&self) {
        match self.active() {
            Some(node) => self.kill(
                &self.nodes[node],
                "a standby takes over when its lease ends",
            ),
            None => self.events.add("no node is active to be killed".to_owned()),
        }
    }

    /// The member of etcd that leads.
    pub fn leader(&self) -> Option<usize> {
        let leader = self.seen.borrow().leader;
        leader.filter(|leader| self.members[*leader].runs())
    }

    /// SIGKILL for the member of etcd that leads.
    pub fn kill_leader(&self) {
        match self.leader() {
            Some(leader) => self.kill(&self.members[leader], "the others elect another leader"),
            None => self
                .events
                .add("no member of etcd leads to be killed".to_owned()),
        }
    }

    fn kill(&self, process: &Process, then: &str) {
        process.kill.notify_one();
        let text = format!("{} is killed (SIGKILL): {then}", process.name);
        self.events.add(text);
    }

    /// Changes of the active node since the first one.
    pub fn take_overs(&self) -> u64 {
        let epochs = self.seen.borrow().epochs;
        epochs.map_or(0, |(first, last)| last - first)
    }

    /// Everything for one picture.
    pub fn view(&self) -> ClusterView {
        let down = |process: &Rc<Process>| process.down();
        ClusterView {
            nodes_down: self.nodes.each_ref().map(down),
            members_down: self.members.each_ref().map(down),
            seen: self.seen.borrow().clone(),
        }
    }
}

/// A moment of the board.
#[derive(Debug, Clone, Default)]
pub struct ClusterView {
    /// How long each node is still down; `None` where it runs.
    pub nodes_down: [Option<Duration>; 3],
    /// The same of the members of etcd.
    pub members_down: [Option<Duration>; 3],
    /// What was observed.
    pub seen: Seen,
}

impl ClusterView {
    /// The nodes, with their numbers.
    pub fn names(&self) -> impl Iterator<Item = (usize, &'static str)> + use<> {
        NODES.into_iter().enumerate()
    }

    /// What a node is, in a few words.
    pub fn role(&self, node: usize) -> String {
        if let Some(down) = self.nodes_down[node] {
            return format!("dead, {}", back_in(down));
        }
        match self.seen.nodes[node].role {
            Role::Starting => "starting",
            Role::Joining => "joining",
            Role::Standby => "standby",
            Role::TakingOver => "taking over",
            Role::Active => "ACTIVE",
        }
        .to_owned()
    }

    /// The same of a member of etcd.
    pub fn member(&self, member: usize) -> String {
        if let Some(down) = self.members_down[member] {
            return format!("dead, {}", back_in(down));
        }
        match (self.seen.leader == Some(member), self.seen.healthy[member]) {
            (true, _) => "leads",
            (false, true) => "follows",
            (false, false) => "starting",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::demo::supervision::process::State;

    #[test]
    fn is_complete_when_one_is_active_and_the_others_have_everything() {
        let board = Board::new(&Rc::default());
        for process in &board.nodes {
            process.state.set(State::Running);
        }
        for (node, role) in [Role::Standby, Role::Active, Role::Standby]
            .into_iter()
            .enumerate()
        {
            board.seen.borrow_mut().nodes[node].role = role;
        }
        assert!(board.is_complete() && board.active() == Some(1));
        board.seen.borrow_mut().nodes[2].behind = 1;
        assert!(!board.is_complete());
        board.seen.borrow_mut().nodes[2].behind = 0;
        board.nodes[1].state.set(State::Down(Instant::now()));
        assert!(!board.is_complete() && board.active().is_none());
        assert!(board.view().role(1).starts_with("dead, back in"));
    }
}
