//! What must be so after every step.

use std::collections::BTreeSet;

use super::disk::Batch;
use super::entries::{self, Entry};
use super::process::Effect;
use super::world::World;
use crate::entry::{EntryKind, Tag};
use crate::memory::Append;

/// All that ever was.
#[derive(Default)]
pub struct Oracle {
    history: Vec<Record>,
    /// The journal that all nodes should have.
    batches: Vec<Batch>,
    released: BTreeSet<u64>,
    /// Of the journal, so much was released.
    released_batches: usize,
    /// The log gave up what is below.
    trimmed_below: u64,
    epochs: u64,
    pub violation: Option<String>,
}

struct Record {
    entry: Entry,
    /// How many batches the journal has with it.
    batches: usize,
}

impl Oracle {
    pub fn entries(&self) -> usize {
        self.history.len()
    }

    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    pub fn released(&self) -> u64 {
        self.released.len() as u64
    }

    pub fn epochs(&self) -> u64 {
        self.epochs
    }

    pub fn trimmed(&self) -> u64 {
        self.trimmed_below.saturating_sub(1)
    }

    fn epoch(&self) -> u64 {
        self.history
            .last()
            .map_or(0, |last| last.entry.header.epoch)
    }

    fn tag(&self) -> Tag {
        self.history.last().map_or([0; 16], |last| last.entry.tag)
    }
}

impl World {
    /// The first one counts.
    pub fn violated(&mut self, why: String) {
        self.oracle.violation.get_or_insert(why);
    }

    fn must(&mut self, so: bool, why: impl FnOnce() -> String) {
        if !so {
            self.violated(why());
        }
    }

    /// The log has another entry.
    pub fn appended(&mut self, node: usize, append: &Append) {
        let entry = entries::open(&append.entry, append.head.number);
        let header = entry.header.clone();
        let (number, last, epoch) = (header.number, self.oracle.entries(), self.oracle.epoch());
        self.must(number == last as u64 + 1, || {
            format!("entry {number} comes after entry {last}")
        });
        let follows = header.predecessor == self.oracle.tag();
        self.must(follows, || format!("entry {number} follows another entry"));
        match header.kind {
            EntryKind::Epoch => self.epoch_begins(node, header.epoch),
            EntryKind::Batch | EntryKind::Resignation => self.must(header.epoch == epoch, || {
                format!("entry {number} is of epoch {}, not {epoch}", header.epoch)
            }),
        }
        let batch = entry.batch();
        self.oracle.batches.extend(batch);
        let batches = self.oracle.batches.len();
        self.oracle.history.push(Record { entry, batches });
        if let Some(batch) = batch {
            for node in &self.nodes {
                if node
                    .disk
                    .batches
                    .get(batches - 1)
                    .is_some_and(|there| *there != batch)
                {
                    let why = format!("{} has another batch than entry {number}", node.id);
                    self.oracle.violation.get_or_insert(why);
                }
            }
        }
        self.checks_the_trim(append.trim_below);
    }

    fn epoch_begins(&mut self, node: usize, epoch: u64) {
        let last = self.oracle.epoch();
        self.must(epoch > last, || format!("epoch {epoch} after epoch {last}"));
        self.oracle.epochs += 1;
        let process = self.nodes[node].process.as_mut();
        let read_at = process.and_then(|process| process.standby()?.read_at());
        let since = self
            .oracle
            .history
            .iter()
            .skip(read_at.unwrap_or(usize::MAX));
        let other = since.filter(|record| record.entry.header.kind == EntryKind::Epoch);
        let others = other.count();
        self.must(others == 0, || {
            format!("epoch {epoch} ends one that began while its candidate was on its way")
        });
        let processes = self
            .nodes
            .iter_mut()
            .filter_map(|node| node.process.as_mut());
        for process in processes.filter(|process| process.epoch != 0) {
            if process.epoch < epoch {
                let claims = &self.claims;
                let lease = process.keeper.lease.filter(|lease| claims.contains(lease));
                process.superseded.get_or_insert(lease);
            }
        }
    }

    /// What leaves the log is synced on two nodes.
    fn checks_the_trim(&mut self, below: u64) {
        let from = self.oracle.trimmed_below.max(1);
        for number in from..below {
            let needed = match self.oracle.history.get(number as usize - 1) {
                Some(record) => record.batches,
                None => {
                    return self.violated(format!("entry {number} is trimmed before it is there"));
                }
            };
            let holders = self.nodes.iter().filter(|node| node.disk.synced >= needed);
            let holders = holders.count();
            self.must(holders >= 2, || {
                format!("entry {number} is trimmed, and synced on {holders} node")
            });
        }
        self.oracle.trimmed_below = from.max(below);
    }

    /// All files are beginnings of one journal. What the log does not have yet is compared when it has it.
    pub fn checks_the_last_batch(&mut self, node: usize) {
        let node = &self.nodes[node];
        let at = node.disk.batches.len() - 1;
        let expected = self.oracle.batches.get(at);
        if expected.is_some_and(|expected| *expected != node.disk.batches[at]) {
            let why = format!("batch {at} of {} is not that of the log", node.id);
            self.violated(why);
        }
    }

    /// A node that ends because it is behind must be: otherwise it needs no copy.
    pub fn checks_that_it_lacks(&mut self, node: usize) {
        let has = self.nodes[node].disk.batches.len();
        // The log has everything from its first entry on.
        let first = self.log.first().unwrap_or(self.oracle.entries() as u64 + 1);
        let before_first = (first as usize).checked_sub(2);
        let needed = before_first.map_or(0, |at| self.oracle.history[at].batches);
        self.must(has < needed, || {
            format!("a node with {has} batches ends, though the log goes on after {needed}")
        });
        let is_candidate = self.process(node).epoch != 0 && self.process(node).superseded.is_none();
        self.must(!is_candidate, || {
            "a node has taken over that lacks entries which the log no longer has".to_owned()
        });
    }

    /// What was released before its epoch began, that is: another node may own the log by now, and this one not know it.
    pub fn checks_that_it_has_all(&mut self, node: usize, epoch_entry: u64) {
        let before = &self.oracle.history[epoch_entry as usize - 1];
        let needed = self.oracle.released_batches.min(before.batches);
        let has = self.nodes[node].disk.synced;
        self.must(has >= needed, || {
            format!("a new owner has {has} batches, and {needed} were released")
        });
    }

    pub fn checks_that_its_lease_lives(&mut self, node: usize) {
        let lease = self.process(node).keeper.lease;
        let lives = self.is_promised(lease);
        self.must(lives, || {
            "a candidate sends its transaction after its lease".to_owned()
        });
    }

    /// Open no longer than its lease lives, by what the log has promised.
    pub fn checks_the_fence(&mut self, node: usize) {
        let process = self.process(node);
        let (lease, fence_until) = (process.keeper.lease, process.fence_until);
        let until = self.promised(lease);
        self.must(until.is_some_and(|until| fence_until < until), || {
            format!("the fence is open until {fence_until}, the lease ends at {until:?}")
        });
    }

    /// A candidate has learned that its epoch began.
    pub fn has_begun(&mut self, node: usize, epoch: u64) {
        let is_last = self.oracle.epoch() == epoch;
        let process = self.process(node);
        let lease = process.keeper.lease;
        process.epoch = epoch;
        process.superseded = (!is_last).then_some(lease);
    }

    fn is_promised(&self, lease: Option<u64>) -> bool {
        self.promised(lease).is_some_and(|until| self.now < until)
    }

    pub fn checks_what_leaves(&mut self, node: usize, effect: Effect) {
        if let Some(lease) = self.process(node).superseded {
            let lives = self.is_promised(lease);
            self.must(lives, || {
                "an effect leaves after the lease of its epoch, and after another epoch began"
                    .to_owned()
            });
        }
        let Effect::Batch { number, tag } = effect else {
            return;
        };
        let in_order = self.process(node).released < number;
        self.process(node).released = number;
        self.must(in_order, || format!("entry {number} is released too late"));
        let Some(record) = self.oracle.history.get(number as usize - 1) else {
            return self.violated(format!("entry {number} is released, and not in the log"));
        };
        let (is_it, needed) = (record.entry.tag == tag, record.batches);
        self.must(is_it, || {
            format!("entry {number} is released, and the log has another")
        });
        let synced = self.nodes[node].disk.synced;
        self.must(synced >= needed, || {
            format!("entry {number} is released, and not synced here")
        });
        let is_new = self.oracle.released.insert(number);
        self.must(is_new, || format!("entry {number} is released twice"));
        let released = &mut self.oracle.released_batches;
        *released = needed.max(*released);
    }
}
