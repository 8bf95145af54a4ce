//! Which thread does what next, and the threads that only look: `watch.rs`, the look at the claim, and what sends effects.

use super::net::{Answer, Ask, Thread};
use super::process::Main;
use super::world::World;
use crate::protocol::{Rule, trim_below};

const LOOK_AT_NODES_EVERY: u64 = 250;
const LOOK_AT_CLAIM_EVERY: u64 = 100;

/// The threads of a process, the one that sends effects included.
pub const THREADS: u64 = 5;

impl World {
    /// Has a thread go on. Whether it did.
    pub fn go_on(&mut self, node: usize, thread: u64) -> bool {
        let Some(process) = &mut self.nodes[node].process else {
            return false;
        };
        let is_waiting = |at: usize| process.waits[at].is_some();
        match thread {
            0 if is_waiting(0) => false,
            0 => match process.main {
                Main::Standby(_) => self.stand_by(node),
                Main::Owner(_) => self.own(node),
            },
            1 if is_waiting(1) => false,
            1 => self.keep(node),
            2 if is_waiting(2) => false,
            2 => self.looks_at_nodes(node),
            3 if is_waiting(3) => false,
            3 => self.looks_at_claim(node),
            _ => self.releases(node),
        }
    }

    fn looks_at_nodes(&mut self, node: usize) -> bool {
        let now = self.now;
        let process = self.process(node);
        if now < process.looks_at_nodes {
            return false;
        }
        process.looks_at_nodes = now + LOOK_AT_NODES_EVERY;
        self.ask(node, Thread::Watch, Ask::Nodes);
        true
    }

    fn looks_at_claim(&mut self, node: usize) -> bool {
        let now = self.now;
        let process = self.process(node);
        if process.is_active || now < process.looks_at_claim {
            return false;
        }
        process.looks_at_claim = now + LOOK_AT_CLAIM_EVERY;
        self.ask(node, Thread::Claim, Ask::Claimed);
        true
    }

    fn releases(&mut self, node: usize) -> bool {
        let now = self.now;
        let process = self.process(node);
        let is_open = now < process.fence_until || !Rule::FenceBeforeRelease.holds();
        if !is_open {
            let waits = !process.effects.is_empty();
            self.seen.held_back += u64::from(waits);
            return false;
        }
        let Some(effect) = process.effects.pop_front() else {
            return false;
        };
        self.checks_what_leaves(node, effect);
        true
    }

    /// A thread gets the answer that it waits for, or learns that there is none.
    pub fn answered(&mut self, node: usize, thread: Thread, answer: Option<Answer>) {
        let me = self.nodes[node].id.clone();
        let process = self.process(node);
        *process.wait(thread) = None;
        match (thread, answer) {
            (Thread::Main, answer) => match process.main {
                Main::Standby(_) => self.standby_answered(node, answer),
                Main::Owner(_) => self.owner_answered(node, answer),
            },
            (Thread::Keeper, answer) => self.keeper_answered(node, answer),
            (Thread::Watch, Some(Answer::Nodes(nodes))) => {
                let others = nodes.iter().filter(|report| report.node != me);
                let synced: Vec<u64> = others.map(|report| report.synced).collect();
                process.others = synced.len() as u64;
                if process.is_active {
                    let below = trim_below(process.synced, synced.into_iter());
                    process.trim_below = process.trim_below.max(below);
                }
            }
            (Thread::Claim, Some(Answer::Claimed(claimed))) => process.vacant = claimed.is_none(),
            (Thread::Claim, _) => process.vacant = false,
            (Thread::Watch, _) => {}
        }
    }
}
