//! The nodes, the log, and what is on its way between them.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::BEGINNING;
use super::keeper::TTL;
use super::net::{Answer, Ask, Carries, Flight, Thread};
use super::oracle::Oracle;
use super::process::{Node, Process, Wait};
use super::random::Random;
use crate::memory::State;
use crate::{Followed, Head, NodeId};

pub struct World {
    pub random: Random,
    /// Milliseconds.
    pub now: u64,
    pub log: State,
    pub log_is_full: bool,
    /// Until when each lease was promised to live, ended or not.
    pub leases: BTreeMap<u64, u64>,
    /// Those whose claim was seized: until when their nodes may act at most.
    pub seized: BTreeMap<u64, u64>,
    /// Those under which the log was ever claimed.
    pub claims: BTreeSet<u64>,
    pub nodes: Vec<Node>,
    pub flights: Vec<Flight>,
    tickets: u64,
    pub oracle: Oracle,
    pub standbys_min: u64,
    /// Faults happen.
    pub faults: bool,
    /// Nothing new is decided.
    pub is_quiet: bool,
    pub seen: Seen,
}

/// How often things were seen that the model is there for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// An append took effect whose sender waited no longer.
    pub late: u64,
    /// An owner whose lease had ended went on under another one.
    pub reclaimed: u64,
    /// An owner learned that it is none any more.
    pub superseded: u64,
    /// A node that began an epoch did not become the owner.
    pub not_promoted: u64,
    pub resigned: u64,
    /// An effect waited for the fence.
    pub held_back: u64,
    /// A node needed a copy of another one's files.
    pub copied: u64,
    pub started: u64,
    /// A person had the claim taken from a lease that lived.
    pub seized: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Self) {
        self.late += other.late;
        self.reclaimed += other.reclaimed;
        self.superseded += other.superseded;
        self.not_promoted += other.not_promoted;
        self.resigned += other.resigned;
        self.held_back += other.held_back;
        self.copied += other.copied;
        self.started += other.started;
        self.seized += other.seized;
    }

    /// All of it was seen.
    pub fn is_complete(&self) -> bool {
        let Self {
            late,
            reclaimed,
            superseded,
            not_promoted,
            resigned,
            held_back,
            copied,
            started,
            seized,
        } = self;
        [
            late,
            reclaimed,
            superseded,
            not_promoted,
            resigned,
            held_back,
            copied,
            started,
            seized,
        ]
        .iter()
        .all(|times| **times > 0)
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut log = State::default();
        let head = Head {
            epoch: 0,
            number: 0,
            owner: None,
            tag: "0".repeat(32),
            place: BEGINNING,
            beside: 0,
        };
        assert!(log.begin(&crate::tests::config(), &head));
        let standbys_min = random.below(3);
        let node = |number: u64| Node {
            id: NodeId::parse(&format!("n{number}")).expect("it is a name"),
            disk: Default::default(),
            process: None,
            starts_at: number,
            paused_until: 0,
            cut_until: 0,
            needs_copy: false,
        };
        Self {
            random,
            now: 0,
            log,
            log_is_full: false,
            leases: BTreeMap::new(),
            seized: BTreeMap::new(),
            claims: BTreeSet::new(),
            nodes: (0..3).map(node).collect(),
            flights: Vec::new(),
            tickets: 0,
            oracle: Oracle::default(),
            standbys_min,
            faults: true,
            is_quiet: false,
            seen: Seen::default(),
        }
    }

    /// What runs on a node.
    pub fn process(&mut self, node: usize) -> &mut Process {
        let process = &mut self.nodes[node].process;
        process.as_mut().expect("only a process has threads")
    }

    /// A thread asks the log, and waits.
    pub fn ask(&mut self, node: usize, thread: Thread, ask: Ask) {
        let ticket = self.send(node, ask);
        let sent = self.now;
        *self.process(node).wait(thread) = Some(Wait { ticket, sent });
    }

    /// Sends a question. The ticket of its answer.
    pub fn send(&mut self, node: usize, ask: Ask) -> u64 {
        self.tickets += 1;
        self.flights.push(Flight {
            node,
            ticket: self.tickets,
            carries: Carries::Ask(ask),
        });
        self.tickets
    }

    /// The process ends by itself, or is killed; what it wrote the system still has.
    pub fn exit(&mut self, node: usize) {
        let after = 200 + self.random.below(3_000);
        let node = &mut self.nodes[node];
        (node.process, node.starts_at) = (None, self.now + after);
    }

    pub fn starts(&mut self, node: usize) {
        self.seen.started += 1;
        if self.nodes[node].needs_copy {
            self.seen.copied += 1;
            let others = self.nodes.iter();
            let furthest = others.max_by_key(|other| other.disk.synced);
            if let Some(other) = furthest {
                self.nodes[node].disk = other.disk.copied();
            }
            self.nodes[node].needs_copy = false;
        }
        let node = &mut self.nodes[node];
        // To open the journal is to sync it.
        node.disk.sync();
        node.process = Some(Process::new(&node.disk, self.now));
    }

    /// The log does what it is asked.
    pub fn perform(&mut self, node: usize, ask: Ask) -> Answer {
        let refused = || Answer::Error("refused".to_owned());
        match ask {
            Ask::Head => Answer::Head(self.log.head()),
            Ask::First => Answer::First(self.log.first()),
            Ask::Next(next) => Answer::Next(self.log.after(next).unwrap_or(Followed::Nothing)),
            Ask::Append(_) if self.log_is_full => refused(),
            Ask::Append(append) => {
                let answer = self.log.append(append.clone());
                let answer = answer.expect("nobody deletes the log");
                if let crate::Appended::Done(_) = answer {
                    self.appended(node, &append);
                }
                Answer::Appended(answer)
            }
            Ask::Grant => {
                let lease = self.log.grant();
                self.leases.insert(lease, self.now + TTL);
                Answer::Granted(lease)
            }
            Ask::Renew(lease) => {
                let lives = self.log.lives(lease);
                if lives {
                    self.leases.insert(lease, self.now + TTL);
                }
                Answer::Renewed(lives)
            }
            Ask::Claim(lease) => {
                let claim = self.log.claim(&self.nodes[node].id, lease);
                if claim == Some(crate::Claim::Ours) {
                    self.claims.insert(lease);
                    self.seized.remove(&lease);
                }
                claim.map_or_else(refused, Answer::Claim)
            }
            Ask::HasClaim(lease) => Answer::HasClaim(self.log.has_claim(lease)),
            Ask::Revoke(lease) => {
                self.log.end(lease);
                Answer::Done
            }
            Ask::Report(lease, report) => match self.log.report(&report, lease) {
                true => Answer::Done,
                false => refused(),
            },
            Ask::Nodes => Answer::Nodes(self.log.reports()),
            Ask::Claimed => Answer::Claimed(self.log.claimed()),
        }
    }

    /// A person has the claim taken from its lease, under another one that lives as long as a node may act whose claim was seized.
    pub fn seize(&mut self, node: usize) {
        let barrier = self.log.grant();
        let Some(lease) = self.log.seize(&self.nodes[node].id, barrier) else {
            return self.log.end(barrier);
        };
        self.seen.seized += 1;
        self.leases.insert(barrier, self.now + TTL);
        self.seized.entry(lease).or_insert(self.now + TTL);
    }

    /// Until when a node may act under this lease.
    pub fn promised(&self, lease: Option<u64>) -> Option<u64> {
        let lease = lease?;
        let until = *self.leases.get(&lease)?;
        let seized = self.seized.get(&lease);
        Some(seized.map_or(until, |seized| until.min(*seized)))
    }

    /// Ends the leases whose time is over.
    pub fn expire(&mut self) {
        let now = self.now;
        for (lease, until) in &self.leases {
            if *until <= now {
                self.log.end(*lease);
            }
        }
    }
}
