//! The main thread as in `owner.rs`, with the order of the journal's writer: take, commit, write, sync, release.

use super::disk::Batch;
use super::entries;
use super::net::{Answer, Ask, Thread, reply};
use super::process::Effect;
use super::world::World;
use crate::entry::{EntryHeader, EntryKind, Tag};
use crate::memory::Append;
use crate::protocol::{Appending, Rule, Tip, Verdict};

const TRY_AGAIN_AFTER: u64 = 50;
/// How long a resignation may take.
const RESIGN_WITHIN: u64 = 2_000;

pub struct Owner {
    tip: Tip,
    phase: Phase,
    sending: Option<Sending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Send,
    Ask,
    /// Waits until then, and sends again.
    Again(u64),
    Write,
    Sync,
    Synced,
}

struct Sending {
    appending: Appending,
    header: EntryHeader,
    tag: Tag,
    what: u64,
    entry: Vec<u8>,
    trim_below: u64,
    /// Of a resignation: after that, it ends in any case.
    until: Option<u64>,
}

impl Owner {
    pub fn new(tip: Tip) -> Self {
        Self {
            tip,
            phase: Phase::Idle,
            sending: None,
        }
    }
}

impl World {
    fn owner(&mut self, node: usize) -> &mut Owner {
        let owner = self.process(node).owner();
        owner.expect("only an owner's thread asks")
    }

    /// Whether there was something to do.
    pub fn own(&mut self, node: usize) -> bool {
        let now = self.now;
        match self.owner(node).phase {
            Phase::Idle => return self.decides(node),
            Phase::Send => self.sends(node),
            Phase::Ask => self.ask(node, Thread::Main, Ask::Head),
            Phase::Again(at) if now < at => return false,
            Phase::Again(_) => {
                let until = self.owner(node).sending.as_ref().and_then(|it| it.until);
                if until.is_some_and(|until| now > until) {
                    // It could not resign.
                    self.end_lease(node);
                    self.exit(node);
                } else {
                    self.sends(node);
                }
            }
            Phase::Write => {
                if Rule::WriteAfterAcknowledgement.holds() {
                    self.writes_what_it_sent(node);
                }
                self.owner(node).phase = Phase::Sync;
                if !Rule::SyncBeforeRelease.holds() {
                    self.lets_go(node);
                }
            }
            Phase::Sync => {
                self.nodes[node].disk.sync();
                self.owner(node).phase = Phase::Synced;
            }
            Phase::Synced => {
                if Rule::SyncBeforeRelease.holds() {
                    self.lets_go(node);
                }
                let number = self.owner(node).tip.head.number;
                self.process(node).synced = number;
                (self.owner(node).phase, self.owner(node).sending) = (Phase::Idle, None);
            }
        }
        true
    }

    fn decides(&mut self, node: usize) -> bool {
        let process = self.process(node);
        let (few, trim_below) = (process.others, process.trim_below);
        let resigns = self.faults && self.random.chance(5);
        if !resigns && (few < self.standbys_min || self.is_quiet) {
            return false;
        }
        let (now, what) = (self.now, self.random.next());
        let before = self.nodes[node].disk.place();
        let after = Batch::after(before, what).after;
        let changes_beside = self.random.chance(100);
        let owner = Some(self.nodes[node].id.clone()).filter(|_| !resigns);
        let tip = &self.owner(node).tip;
        let mut header = match resigns {
            true => tip.header(EntryKind::Resignation, tip.head.place, tip.head.place),
            false => tip.header(EntryKind::Batch, before, after),
        };
        if !resigns {
            (header.records, header.changes_beside) = (1, changes_beside);
        }
        let (entry, tag) = entries::seal(&header, what);
        let wanted = Tip::wanted(&header, &tag, owner);
        let appending = Appending::new(tip.revision, wanted);
        self.owner(node).sending = Some(Sending {
            appending,
            header,
            tag,
            what,
            entry,
            trim_below,
            until: resigns.then_some(now + RESIGN_WITHIN),
        });
        self.owner(node).phase = Phase::Send;
        if !resigns && !Rule::WriteAfterAcknowledgement.holds() {
            self.writes_what_it_sent(node);
        }
        true
    }

    fn sends(&mut self, node: usize) {
        let owner = self.owner(node);
        owner.phase = Phase::Send;
        if let Some(sending) = &owner.sending {
            let append = Append {
                expected: sending.appending.expected,
                head: sending.appending.wanted.clone(),
                entry: sending.entry.clone(),
                trim_below: sending.trim_below,
            };
            self.ask(node, Thread::Main, Ask::Append(append));
        }
    }

    pub fn owner_answered(&mut self, node: usize, answer: Option<Answer>) {
        let now = self.now;
        let owner = self.owner(node);
        let Some(sending) = &mut owner.sending else {
            return;
        };
        let appending = &mut sending.appending;
        let verdict = match owner.phase {
            Phase::Ask => appending.head_is(reply(answer, Answer::head)),
            _ => appending.answered(reply(answer, Answer::appended)),
        };
        match verdict {
            Verdict::Ask => owner.phase = Phase::Ask,
            Verdict::SendAgain => owner.phase = Phase::Again(now + TRY_AGAIN_AFTER),
            Verdict::Done(revision) => {
                let wanted = sending.appending.wanted.clone();
                let (beside, kind) = (wanted.beside, sending.header.kind);
                owner.tip.advance(wanted, revision, sending.tag);
                owner.phase = Phase::Write;
                if kind == EntryKind::Resignation {
                    self.seen.resigned += 1;
                    self.end_lease(node);
                    return self.exit(node);
                }
                self.nodes[node].disk.beside = beside;
            }
            Verdict::Superseded(head, revision) if !Rule::SupersededEnds.holds() => {
                let tag = Tip::tag_of(&head).expect("heads have tags");
                owner.tip.advance(head, revision, tag);
                owner.phase = Phase::Idle;
            }
            Verdict::Superseded(..) => {
                self.seen.superseded += 1;
                self.exit(node);
            }
            Verdict::Failed(why) => self.violated(format!("an owner ends: {why}")),
        }
    }

    fn writes_what_it_sent(&mut self, node: usize) {
        if let Some(sending) = &self.owner(node).sending {
            let batch = Batch {
                before: sending.header.before,
                after: sending.header.after,
                what: sending.what,
            };
            self.writes(node, batch);
        }
    }

    /// What the batch decided may leave from now on.
    fn lets_go(&mut self, node: usize) {
        let (number, tag) = match &self.owner(node).sending {
            Some(sending) => (sending.header.number, sending.tag),
            None => return,
        };
        let effects = &mut self.process(node).effects;
        effects.push_back(Effect::Batch { number, tag });
    }
}
