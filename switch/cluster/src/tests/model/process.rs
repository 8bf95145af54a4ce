//! A node, and the process that runs on it.

use std::collections::VecDeque;

use super::disk::Disk;
use super::keeper::Keeper;
use super::net::Thread;
use super::owner::Owner;
use super::standby::Standby;
use crate::NodeId;
use crate::entry::Tag;

pub struct Node {
    pub id: NodeId,
    pub disk: Disk,
    pub process: Option<Process>,
    /// The next process starts then.
    pub starts_at: u64,
    /// None of its threads runs until then.
    pub paused_until: u64,
    /// No message gets there or leaves it until then.
    pub cut_until: u64,
    /// It lacks entries that the log no longer has: before it starts, it gets a copy of another node's disk.
    pub needs_copy: bool,
}

pub struct Process {
    pub main: Main,
    pub keeper: Keeper,
    /// Per thread: the question that it waits for.
    pub waits: [Option<Wait>; 4],
    /// As `Standing` has it.
    pub synced: u64,
    pub is_starting: bool,
    pub is_active: bool,
    pub others: u64,
    pub trim_below: u64,
    pub vacant: bool,
    pub looks_at_nodes: u64,
    pub looks_at_claim: u64,
    /// The fence is open before this moment.
    pub fence_until: u64,
    pub effects: VecDeque<Effect>,
    /// The epoch that it has begun, if it has.
    pub epoch: u64,
    /// Once another epoch was begun after its own: the lease that it had then.
    pub superseded: Option<Option<u64>>,
    /// The last entry whose effects it released.
    pub released: u64,
}

pub enum Main {
    Standby(Box<Standby>),
    Owner(Box<Owner>),
}

#[derive(Clone, Copy, Debug)]
pub struct Wait {
    pub ticket: u64,
    pub sent: u64,
}

/// What leaves a node, and rests on its being the owner.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// What a batch decided.
    Batch { number: u64, tag: Tag },
    /// What a new owner does about requests that were open.
    TakeOver,
}

impl Process {
    pub fn new(disk: &Disk, now: u64) -> Self {
        Self {
            main: Main::Standby(Box::new(Standby::new(disk))),
            keeper: Keeper::new(now),
            waits: [None; 4],
            synced: 0,
            is_starting: true,
            is_active: false,
            others: 0,
            trim_below: 0,
            vacant: false,
            looks_at_nodes: now,
            looks_at_claim: now,
            fence_until: 0,
            effects: VecDeque::new(),
            epoch: 0,
            superseded: None,
            released: 0,
        }
    }

    pub fn wait(&mut self, thread: Thread) -> &mut Option<Wait> {
        &mut self.waits[thread as usize]
    }

    pub fn standby(&mut self) -> Option<&mut Standby> {
        match &mut self.main {
            Main::Standby(standby) => Some(standby),
            Main::Owner(_) => None,
        }
    }

    pub fn owner(&mut self) -> Option<&mut Owner> {
        match &mut self.main {
            Main::Owner(owner) => Some(owner),
            Main::Standby(_) => None,
        }
    }
}
