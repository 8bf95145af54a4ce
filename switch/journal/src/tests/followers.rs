//! Two nodes and the log between them: what the active one commits, the other one writes, byte for byte, whichever crashes and
//! takes over.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::disk::{Access, Disk};
use super::super::reader::SegmentsReader;
use super::super::replicated::{BatchHead, Commit, Replication};
use super::super::{ChangesBeside, Cut, Follower, Reader};
use super::crash::{collected, found};
use super::*;

/// Small, so that what gathers meanwhile is more than one batch.
const BATCH_BYTES_MAX: usize = 300;

#[derive(Clone, Debug)]
struct Entry {
    head: BatchHead,
    plaintext: Vec<u8>,
    beside: Vec<u8>,
}

/// The replicated log, whole.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    entries: Vec<Entry>,
    /// Entries that it takes; others are refused.
    takes: Option<usize>,
    /// Batches that were synced by their owners.
    synced: usize,
}

struct Committer {
    log: Log,
    taken: (Vec<u8>, Vec<u8>),
}

impl Commit for Committer {
    fn take(&mut self, plaintext: &[u8], beside: &[u8]) {
        self.taken = (plaintext.to_vec(), beside.to_vec());
    }

    fn commit(&mut self, head: &BatchHead) -> Result<(), JournalError> {
        let mut log = self.log.0.lock().unwrap();
        if log.takes == Some(log.entries.len()) {
            let why = "by this test".to_owned();
            return Err(JournalError::Superseded { why });
        }
        let (plaintext, beside) = std::mem::take(&mut self.taken);
        log.entries.push(Entry {
            head: *head,
            plaintext,
            beside,
        });
        Ok(())
    }

    fn synced(&mut self) {
        self.log.0.lock().unwrap().synced += 1;
    }

    fn close(&mut self) {}
}

impl Log {
    fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap().entries.clone()
    }

    /// Opens the journal on a disk as the active node.
    fn owner(&self, disk: &MemoryDisk) -> (Segments, Vec<Record>, Arc<Mutex<Vec<String>>>) {
        let (faults, reported) = collected();
        let commit = Committer {
            log: self.clone(),
            taken: (Vec::new(), Vec::new()),
        };
        let options = Options {
            replication: Some(Replication {
                commit: Box::new(commit),
                batch_bytes_max: BATCH_BYTES_MAX,
            }),
            ..Options::default()
        };
        let (journal, _, replayed) = start_in_memory(disk, None, options, faults).unwrap();
        (journal, replayed, reported)
    }

    /// Opens the journal on a disk as a standby, and writes what it lacks. Returns what it has shown.
    fn follow(&self, disk: &MemoryDisk) -> (Follower, Vec<Record>) {
        let mut shown = Vec::new();
        let mut follower = follower(disk, &mut shown);
        for entry in self.entries() {
            if entry.head.records > 0 && entry.head.before == follower.place() {
                take(&mut follower, &entry, &mut shown).unwrap();
            }
        }
        (follower, shown)
    }
}

fn follower(disk: &MemoryDisk, shown: &mut Vec<Record>) -> Follower {
    let (follower, _) = Follower::open_on(on(disk), None, &mut |record| {
        shown.push(record.to_owned());
        Ok(())
    })
    .unwrap();
    follower
}

fn take(
    follower: &mut Follower,
    entry: &Entry,
    shown: &mut Vec<Record>,
) -> Result<(), JournalError> {
    follower.append(&entry.head, &entry.plaintext, &mut |record| {
        shown.push(record.to_owned());
        Ok(())
    })
}

/// The segment files of a disk, with what they hold up to the end of the log.
fn content(disk: &MemoryDisk, end: Cut) -> Vec<(String, Vec<u8>)> {
    let names = disk.list(HERE.as_ref()).unwrap();
    let mut names: Vec<_> = names
        .into_iter()
        .filter(|name| name.ends_with(".journal"))
        .collect();
    names.sort();
    let (end, ..) = end.to_stored();
    let starts = names.iter().map(|name| start_of(name));
    // A segment that nothing is in yet is the business of the node that made it.
    let last = starts.filter(|&start| start < end).max();
    let read = names.into_iter().filter_map(|name| {
        let file = disk
            .open(&Path::new(HERE).join(&name), Access::Read)
            .unwrap();
        let mut bytes = vec![0; file.length().unwrap() as usize];
        file.read_at(&mut bytes, 0).unwrap();
        if Some(start_of(&name)) == last {
            bytes.truncate((end - start_of(&name)) as usize + 128);
        }
        (Some(start_of(&name)) <= last).then_some((name, bytes))
    });
    read.collect()
}

fn start_of(name: &str) -> u64 {
    name.trim_end_matches(".journal").parse().unwrap()
}

#[track_caller]
fn assert_equal(one: &MemoryDisk, other: &MemoryDisk, end: Cut) {
    let (one, other) = (content(one, end), content(other, end));
    let names = |files: &[(String, Vec<u8>)]| {
        let named = files
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.len()));
        named.collect::<Vec<_>>()
    };
    assert_eq!(names(&one), names(&other));
    assert!(
        one == other,
        "the files have the same names, not the same bytes"
    );
}

#[test]
fn a_standby_has_the_files_of_the_active_node() {
    let (log, active, standby) = (Log::default(), MemoryDisk::default(), MemoryDisk::default());
    let mut appended = Vec::new();
    for _ in 0..3 {
        let (journal, replayed, _) = log.owner(&active);
        assert_eq!(replayed, appended);
        appended.extend(append_batches(&journal, 60));
        journal.close().unwrap();
        let (mut follower, _) = log.follow(&standby);
        follower.sync().unwrap();
        assert_eq!(follower.synced(), follower.place());
        assert_equal(&active, &standby, follower.place());
        drop(follower);
        assert_eq!(found(&standby), appended);
    }
    let begun = log
        .entries()
        .iter()
        .filter(|entry| entry.head.segment.is_some())
        .count();
    assert!(begun > 6, "{begun} segments are few");
    let synced = log.0.lock().unwrap().synced;
    assert_eq!(synced, log.entries().len());
}

#[test]
fn shows_what_it_takes() {
    let (log, active, standby) = (Log::default(), MemoryDisk::default(), MemoryDisk::default());
    let (journal, ..) = log.owner(&active);
    let appended = append_batches(&journal, 40);
    journal.close().unwrap();
    let (_, shown) = log.follow(&standby);
    assert_eq!(shown, appended);
}

/// Replaying needs what was written before, whichever segment that is in by now.
#[test]
fn what_it_has_taken_can_be_read_by_position() {
    let (log, active, standby) = (Log::default(), MemoryDisk::default(), MemoryDisk::default());
    let (journal, ..) = log.owner(&active);
    let appended = append_batches(&journal, 100);
    journal.close().unwrap();
    let reader = SegmentsReader::new(on(&standby));
    let mut follower = follower(&standby, &mut Vec::new());
    let mut taken = Vec::new();
    for entry in log.entries() {
        take(&mut follower, &entry, &mut taken).unwrap();
        for record in [taken.first(), taken.last()].into_iter().flatten() {
            assert_eq!(reader.read(record.position).unwrap(), *record);
        }
    }
    assert_eq!(taken, appended);
}

#[test]
fn nothing_of_a_batch_that_was_refused_is_in_a_file_or_durable() {
    let (log, disk) = (Log::default(), MemoryDisk::default());
    let (journal, _, reported) = log.owner(&disk);
    let kept = append_batches(&journal, 10);
    {
        let mut log = log.0.lock().unwrap();
        log.takes = Some(log.entries.len());
    }
    let before = content(&disk, log.entries().last().unwrap().head.after);
    let refused = append(&journal, 4711);
    assert!(matches!(journal.close(), Err(JournalError::Stopped)));
    assert!(!journal.is_durable(refused.position));
    assert_eq!(journal.progress().durable, kept.len() as u64);
    assert_eq!(
        *reported.lock().unwrap(),
        ["another node is active now: by this test"]
    );
    assert_eq!(
        content(&disk, log.entries().last().unwrap().head.after),
        before
    );
    assert_eq!(found(&disk), kept);
}

#[test]
fn changes_beside_the_journal_go_before_the_records_that_need_them() {
    let (log, active, standby) = (Log::default(), MemoryDisk::default(), MemoryDisk::default());
    let (journal, ..) = log.owner(&active);
    let waiter = Waiter::new(&journal);
    journal.append_beside(b"first");
    let record = append(&journal, 1);
    waiter.durable(&journal, &record);
    let both = |changes| ChangesBeside {
        appended: changes,
        committed: changes,
    };
    assert_eq!(journal.changes_beside(), both(1));
    journal.append_beside(b"second");
    journal.close().unwrap();
    assert_eq!(journal.changes_beside(), both(2));
    let beside: Vec<u8> = log
        .entries()
        .into_iter()
        .flat_map(|entry| entry.beside)
        .collect();
    assert_eq!(beside, b"firstsecond");
    let with_it = log
        .entries()
        .into_iter()
        .find(|entry| entry.beside.starts_with(b"first"));
    let (with_it, carrying) = (with_it.unwrap(), log.entries());
    let carrying = carrying
        .iter()
        .find(|entry| entry.head.records > 0)
        .unwrap();
    assert!(with_it.head.before.to_stored() <= carrying.head.before.to_stored());
    let last = log.entries().last().unwrap().clone();
    assert_eq!((last.head.records, last.head.before), (0, last.head.after));
    let (_, shown) = log.follow(&standby);
    assert_eq!(shown, [record]);
}

#[test]
fn takes_only_what_goes_on_and_has_the_same_bytes() {
    let (log, active, standby) = (Log::default(), MemoryDisk::default(), MemoryDisk::default());
    let (journal, ..) = log.owner(&active);
    append_batches(&journal, 20);
    journal.close().unwrap();
    let entries = log.entries();
    let (good, rest) = entries.split_first().unwrap();
    let refuses = |entry: &Entry, before: &[Entry], why: &str| {
        let disk = standby.after_kill();
        let mut shown = Vec::new();
        let mut follower = follower(&disk, &mut shown);
        for entry in before {
            take(&mut follower, entry, &mut shown).unwrap();
        }
        let error = take(&mut follower, entry, &mut shown)
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
    };
    refuses(&rest[0], &[], "does not go on where this journal ends");
    refuses(
        good,
        std::slice::from_ref(good),
        "does not go on where this journal ends",
    );
    let unbegun = Entry {
        head: BatchHead {
            segment: None,
            ..good.head
        },
        ..good.clone()
    };
    refuses(&unbegun, &[], "its segment has not begun");
    for bytes in 0..good.plaintext.len() {
        let cut_off = Entry {
            plaintext: good.plaintext[..bytes].to_vec(),
            ..good.clone()
        };
        refuses(&cut_off, &[], "not as long as it says");
    }
    for records in [good.head.records - 1, good.head.records + 1] {
        let miscounted = Entry {
            head: BatchHead {
                records,
                ..good.head
            },
            ..good.clone()
        };
        refuses(&miscounted, &[], "not laid out as records");
    }
    for at in 32..good.plaintext.len() {
        let mut changed = good.clone();
        changed.plaintext[at] ^= 1;
        // Tag and predecessor are filled in when the record is encrypted.
        let (disk, mut shown) = (standby.after_kill(), Vec::new());
        let mut follower = follower(&disk, &mut shown);
        let taken = take(&mut follower, &changed, &mut shown);
        let is_filled_in = (32..32 + 24).contains(&at);
        assert!(taken.is_err() || is_filled_in, "byte {at}");
    }
    for at in 0..128 {
        let mut header = good.head.segment.unwrap();
        header[at] ^= 1;
        let changed = Entry {
            head: BatchHead {
                segment: Some(header),
                ..good.head
            },
            ..good.clone()
        };
        let (disk, mut shown) = (standby.after_kill(), Vec::new());
        assert!(
            take(&mut follower(&disk, &mut shown), &changed, &mut shown).is_err(),
            "byte {at}"
        );
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// The active node appends so many batches.
    Append(u64),
    /// The other node takes what there is.
    Follow,
    /// A node is killed and starts again in the same role.
    Kill { active: bool },
    /// Its machine loses power.
    PowerCut { active: bool, choices: Vec<usize> },
    /// The other node takes over; the first one follows then.
    TakeOver,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..12_u64).prop_map(Step::Append),
        3 => Just(Step::Follow),
        1 => any::<bool>().prop_map(|active| Step::Kill { active }),
        1 => (any::<bool>(), proptest::collection::vec(0..1000_usize, 8))
            .prop_map(|(active, choices)| Step::PowerCut { active, choices }),
        2 => Just(Step::TakeOver),
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #[test]
    fn nodes_end_with_the_same_files_whichever_crashes_and_takes_over(steps in steps()) {
        let log = Log::default();
        let (mut active, mut standby) = (MemoryDisk::default(), MemoryDisk::default());
        let mut appended: Vec<Record> = Vec::new();
        let mut journal = log.owner(&active).0;
        let mut follower = Some(log.follow(&standby).0);
        for step in steps {
            match step {
                Step::Append(batches) => appended.extend(append_batches(&journal, batches)),
                Step::Follow => {
                    drop(follower.take());
                    let (mut follows, _) = log.follow(&standby);
                    follows.sync().unwrap();
                    follower = Some(follows);
                }
                Step::Kill { active: true } => {
                    active = active.after_kill();
                    // The process before is gone, and what it holds.
                    let _ = std::mem::replace(&mut journal, restarted(&log, &active));
                }
                Step::Kill { active: false } => {
                    standby = standby.after_kill();
                    follower = None;
                }
                Step::PowerCut { active: of_active, choices } => {
                    let mut choices = choices.into_iter().cycle();
                    let choose = move |of: usize| choices.next().unwrap() % of;
                    if of_active {
                        active = active.after_power_cut(choose);
                        journal = restarted(&log, &active);
                    } else {
                        standby = standby.after_power_cut(choose);
                        follower = None;
                    }
                }
                Step::TakeOver => {
                    drop(follower.take());
                    let (mut follows, _) = log.follow(&standby);
                    follows.sync().unwrap();
                    drop(follows);
                    std::mem::swap(&mut active, &mut standby);
                    journal = log.owner(&active).0;
                    standby = standby.after_kill();
                }
            }
        }
        journal.close().unwrap();
        drop(follower);
        let (mut follows, _) = log.follow(&standby);
        follows.sync().unwrap();
        let end = follows.place();
        drop(follows);
        assert_equal(&active, &standby, end);
        prop_assert_eq!(&found(&active), &appended);
        prop_assert_eq!(&found(&standby), &appended);
    }
}

/// The active node's journal after a start: first it takes what the log has and its own files lack.
fn restarted(log: &Log, disk: &MemoryDisk) -> Segments {
    let (mut follower, _) = log.follow(disk);
    follower.sync().unwrap();
    drop(follower);
    log.owner(disk).0
}
