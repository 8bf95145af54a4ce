//! The main thread as in `standby.rs` and `take_over.rs`.

use super::disk::{Batch, Disk};
use super::entries::{self, Entry};
use super::net::{Answer, Ask, Thread, reply};
use super::owner::Owner;
use super::process::{Effect, Main};
use super::world::World;
use crate::Followed;
use crate::entry::EntryKind;
use crate::memory::Append;
use crate::protocol::{
    Appending, Candidacy, Canvass, Course, Following, Look, Met, Reached, Rule, Tip,
};

const PAUSE: u64 = 100;
const SYNC_EVERY: u64 = 100;

pub struct Standby {
    following: Following,
    course: Course,
    /// It follows from this entry on.
    next: u64,
    unsynced_since: Option<u64>,
    /// It pauses until then.
    wakes: u64,
    candidacy: Option<Box<Candidate>>,
    /// The epoch that it has begun.
    begun: Option<Tip>,
}

struct Candidate {
    candidacy: Candidacy,
    canvass: Canvass,
    /// What it waits for an answer to.
    asked: Asked,
    /// The entry that it sends.
    entry: Vec<u8>,
    tip: Option<Tip>,
    /// So many entries the log had when it first read the head.
    read_at: Option<usize>,
}

#[derive(Clone, Copy)]
enum Asked {
    Head,
    First,
    Append,
}

impl Standby {
    pub fn new(disk: &Disk) -> Self {
        Self {
            following: Following::new(Reached::at_start(disk.place(), disk.beside)),
            course: Course::ReadHead,
            next: 0,
            unsynced_since: None,
            wakes: 0,
            candidacy: None,
            begun: None,
        }
    }

    /// It waits for the keeper to claim the log.
    pub fn claims(&self) -> bool {
        self.course == Course::Claim
    }

    /// How many entries the log had when this candidate first read its head.
    pub fn read_at(&self) -> Option<usize> {
        self.candidacy.as_ref()?.read_at
    }

    fn sync_is_due(&self, now: u64) -> bool {
        self.unsynced_since
            .is_none_or(|since| now >= since + SYNC_EVERY)
    }
}

impl World {
    fn standby(&mut self, node: usize) -> &mut Standby {
        let standby = self.process(node).standby();
        standby.expect("only a standby's thread asks")
    }

    fn met(&mut self, node: usize, met: Met<'_>) {
        let (now, vacant) = (self.now, self.process(node).vacant);
        let standby = self.standby(node);
        let sync_due = standby.sync_is_due(now);
        standby.course = standby.following.on(met, Look { vacant, sync_due });
        if standby.course == Course::Pause {
            standby.wakes = now + PAUSE;
        }
    }

    /// Whether there was something to do.
    pub fn stand_by(&mut self, node: usize) -> bool {
        let now = self.now;
        let is_idle = self.process(node).keeper.is_idle();
        let standby = self.standby(node);
        if standby.candidacy.is_some() {
            return self.canvass(node);
        }
        match standby.course {
            Course::ReadHead => self.ask(node, Thread::Main, Ask::Head),
            Course::ReadFirst => self.ask(node, Thread::Main, Ask::First),
            Course::Next => {
                let next = standby.next;
                self.ask(node, Thread::Main, Ask::Next(next));
            }
            Course::Follow(from) => {
                standby.next = from;
                self.process(node).is_starting = false;
                self.met(node, Met::Follows);
            }
            Course::Sync => {
                self.sync(node);
                self.met(node, Met::Synced);
            }
            Course::Claim => return false,
            Course::BeginEpoch => {
                standby.candidacy = Some(Box::new(Candidate {
                    candidacy: Candidacy::default(),
                    canvass: Canvass::ReadHead,
                    asked: Asked::Head,
                    entry: Vec::new(),
                    tip: None,
                    read_at: None,
                }));
            }
            Course::Promote if is_idle => {
                let epoch = standby.begun.as_ref().map_or(0, |tip| tip.head.epoch);
                let promoted = self.process(node).keeper.tenure.promote(epoch);
                self.seen.not_promoted += u64::from(!promoted);
                self.met(node, Met::Promoted(promoted));
            }
            Course::GiveUp if is_idle => {
                standby.begun = None;
                (standby.course, standby.wakes) = (Course::Pause, now + PAUSE);
                self.give_up(node);
            }
            Course::Pause if now >= standby.wakes => {
                if standby.following.is_unsynced() && standby.sync_is_due(now) {
                    self.sync(node);
                    self.met(node, Met::Synced);
                } else {
                    self.met(node, Met::GoOn);
                }
            }
            Course::Promote | Course::GiveUp | Course::Pause => return false,
            Course::Own => self.becomes_owner(node),
            Course::Behind(_) => {
                self.checks_that_it_lacks(node);
                self.nodes[node].needs_copy = true;
                self.exit(node);
            }
            Course::Take { .. } | Course::Foreign(..) | Course::Unusable(_) => {
                let why = format!("a standby ends: {:?}", standby.course);
                self.violated(why);
            }
        }
        true
    }

    fn sync(&mut self, node: usize) {
        self.nodes[node].disk.sync();
        let standby = self.standby(node);
        standby.unsynced_since = None;
        if let Some(number) = standby.following.number() {
            let synced = &mut self.process(node).synced;
            *synced = number.max(*synced);
        }
    }

    fn becomes_owner(&mut self, node: usize) {
        let Some(tip) = self.standby(node).begun.take() else {
            return self.violated("an owner that has begun no epoch".to_owned());
        };
        self.checks_that_it_has_all(node, tip.head.number);
        let process = self.process(node);
        process.main = Main::Owner(Box::new(Owner::new(tip)));
        process.is_active = true;
        process.effects.push_back(Effect::TakeOver);
    }

    pub fn standby_answered(&mut self, node: usize, answer: Option<Answer>) {
        if self.standby(node).candidacy.is_some() {
            return self.canvassed(node, answer);
        }
        match answer {
            Some(Answer::Head(head)) => {
                self.met(node, Met::Head(head.map(|(head, _)| head)));
            }
            Some(Answer::First(first)) => self.met(node, Met::First(first)),
            Some(Answer::Next(Followed::Nothing)) => self.met(node, Met::NoEntry),
            Some(Answer::Next(Followed::Behind(first))) => self.met(node, Met::Behind(first)),
            Some(Answer::Next(Followed::Entry { number, bytes })) => {
                self.takes(node, &entries::open(&bytes, number));
            }
            _ => self.met(node, Met::Silent),
        }
    }

    fn takes(&mut self, node: usize, entry: &Entry) {
        let now = self.now;
        self.standby(node).next = entry.header.number + 1;
        self.met(node, Met::Entry(&entry.header));
        let Course::Take { batch, beside } = self.standby(node).course else {
            return;
        };
        if beside {
            self.nodes[node].disk.beside = entry.header.beside_after();
        }
        if batch && let Some(batch) = entry.batch() {
            self.writes(node, batch);
        }
        self.standby(node).unsynced_since.get_or_insert(now);
        self.met(node, Met::Taken(&entry.header, entry.tag));
        if !Rule::SyncBeforeReport.holds() {
            self.process(node).synced = entry.header.number;
        }
    }

    pub fn writes(&mut self, node: usize, batch: Batch) {
        self.nodes[node].disk.batches.push(batch);
        self.checks_the_last_batch(node);
    }

    /// The keeper has done what it could about the claim.
    pub fn claimed(&mut self, node: usize, ours: bool) {
        self.met(node, Met::Claimed(ours));
    }

    fn canvass(&mut self, node: usize) -> bool {
        let now = self.now;
        let standby = self.standby(node);
        let Some(candidate) = &mut standby.candidacy else {
            return false;
        };
        match std::mem::replace(&mut candidate.canvass, Canvass::ReadHead) {
            Canvass::ReadHead => {
                candidate.asked = Asked::Head;
                self.ask(node, Thread::Main, Ask::Head);
            }
            Canvass::ReadFirst => {
                candidate.asked = Asked::First;
                self.ask(node, Thread::Main, Ask::First);
            }
            Canvass::SendAgain if now < standby.wakes => {
                candidate.canvass = Canvass::SendAgain;
                return false;
            }
            Canvass::SendAgain => self.sends_epoch(node),
            Canvass::Begin(head, revision, epoch) => {
                let salt: [u8; 32] = std::array::from_fn(|_| self.random.next() as u8);
                let mut tip = Tip {
                    log: [7; 16],
                    key: tessera_encryption::DataKeyId(1),
                    salt,
                    tag: Tip::tag_of(&head).expect("heads have tags"),
                    head,
                    revision,
                };
                let place = tip.head.place;
                let mut header = tip.header(EntryKind::Epoch, place, place);
                header.epoch = epoch;
                let (entry, tag) = entries::seal(&header, node as u64);
                let id = self.nodes[node].id.clone();
                let wanted = Tip::wanted(&header, &tag, Some(id));
                tip.tag = tag;
                if let Some(candidate) = &mut self.standby(node).candidacy {
                    candidate.candidacy.made(Appending::new(revision, wanted));
                    (candidate.entry, candidate.tip) = (entry, Some(tip));
                }
                self.sends_epoch(node);
            }
            Canvass::Began(head, revision) => {
                let mut tip = candidate.tip.take().expect("what was sent was made");
                let tag = tip.tag;
                tip.advance(head, revision, tag);
                let (number, epoch) = (tip.head.number, tip.head.epoch);
                (standby.begun, standby.candidacy) = (Some(tip), None);
                self.has_begun(node, epoch);
                self.met(node, Met::Began(Some((number, tag))));
            }
            Canvass::GaveUp(_) => {
                standby.candidacy = None;
                self.met(node, Met::Began(None));
            }
            Canvass::Failed(why) => self.violated(format!("a candidate ends: {why}")),
        }
        true
    }

    fn sends_epoch(&mut self, node: usize) {
        let lives = self.now < self.process(node).fence_until;
        let Some(candidate) = &mut self.standby(node).candidacy else {
            return;
        };
        let appending = match candidate.candidacy.sends(lives) {
            Ok(appending) => appending,
            Err(next) => {
                candidate.canvass = next;
                return;
            }
        };
        candidate.asked = Asked::Append;
        let append = Append {
            expected: appending.expected,
            head: appending.wanted.clone(),
            entry: candidate.entry.clone(),
            trim_below: 0,
        };
        self.checks_that_its_lease_lives(node);
        self.ask(node, Thread::Main, Ask::Append(append));
    }

    fn canvassed(&mut self, node: usize, answer: Option<Answer>) {
        let (now, entries) = (self.now, self.oracle.entries());
        let lives = now < self.process(node).fence_until;
        let standby = self.standby(node);
        let Some(candidate) = &mut standby.candidacy else {
            return;
        };
        let candidacy = &mut candidate.candidacy;
        candidate.canvass = match candidate.asked {
            Asked::Head => candidacy.head_is(reply(answer, Answer::head), lives),
            Asked::First => {
                let reached = standby.following.reached();
                candidacy.first_is(reply(answer, Answer::first), reached, lives)
            }
            Asked::Append => candidacy.answered(reply(answer, Answer::appended)),
        };
        if candidate.read_at.is_none() && candidate.canvass == Canvass::ReadFirst {
            candidate.read_at = Some(entries);
        }
        if candidate.canvass == Canvass::SendAgain {
            standby.wakes = now + PAUSE / 2;
        }
    }
}
