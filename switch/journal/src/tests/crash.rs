//! Disks that fail, processes that are killed, power that is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use rustix::io::Errno;

use super::super::disk::{Access, Disk};
use super::super::format::{BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES};
use super::memory_disk::Failure;
use super::*;

/// Collects the calls of the fault handler.
pub(super) fn collected() -> (Faults, Arc<Mutex<Vec<String>>>) {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let faults = Arc::clone(&reported);
    (
        Box::new(move |error| faults.lock().unwrap().push(error.to_string())),
        reported,
    )
}

/// What is on a disk, by a start that leaves it alone otherwise.
#[track_caller]
pub(super) fn found(disk: &MemoryDisk) -> Vec<Record> {
    start(disk, None).unwrap()
}

/// All that was durable is there, and nothing that was never appended.
#[track_caller]
pub(super) fn assert_kept(found: &[Record], appended: &[Record], durable: u64) {
    assert!(
        found.len() as u64 >= durable,
        "{} found of {durable} durable",
        found.len()
    );
    assert!(appended.starts_with(found));
}

#[test]
fn reports_a_failed_write_or_sync_and_nothing_durable_after_it() {
    let (mut stopped, mut unharmed) = (0, 0);
    for (operation, errno) in (0..150).zip([Errno::NOSPC, Errno::IO].into_iter().cycle()) {
        let disk = MemoryDisk::default();
        let (faults, reported) = collected();
        let (journal, _) = open_in_memory(&disk, None, faults).unwrap();
        let mut appended: Vec<Record> = (0..20).map(|number| append(&journal, number)).collect();
        // Once only: a second try would succeed, and must not be made.
        disk.fail(Failure {
            operation,
            forever: false,
            errno,
        });
        appended.extend((20..200).map(|number| append(&journal, number)));
        let closed = journal.close();
        let durable = journal.progress().durable;
        match reported.lock().unwrap().as_slice() {
            // The failure met the making of a spare, which the writer did without, or never came.
            [] => {
                closed.unwrap();
                assert_eq!(durable, 200);
                unharmed += 1;
            }
            [fault] => {
                assert!(matches!(closed, Err(JournalError::Stopped)));
                let expected = std::io::Error::from(errno).to_string();
                assert!(fault.contains(&expected), "{fault}");
                stopped += 1;
            }
            more => panic!("{more:?}"),
        }
        assert_kept(&found(&disk.after_kill()), &appended, durable);
        assert_kept(&found(&disk.after_power_cut(|_| 0)), &appended, durable);
    }
    assert!(stopped > 0 && unharmed > 0);
}

#[test]
fn nothing_becomes_durable_after_a_failed_sync() {
    let disk = MemoryDisk::default();
    let (faults, reported) = collected();
    let (journal, _) = open_in_memory(&disk, None, faults).unwrap();
    let waiter = Waiter::new(&journal);
    let first = append(&journal, 1);
    waiter.durable(&journal, &first);
    disk.fail(Failure {
        operation: 0,
        forever: true,
        errno: Errno::IO,
    });
    append(&journal, 2);
    while reported.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    append(&journal, 3);
    assert!(matches!(journal.close(), Err(JournalError::Stopped)));
    assert_eq!(
        (journal.durable(0), journal.last(0)),
        (sequence(1), sequence(3))
    );
    assert_eq!(journal.read(first.position).unwrap(), first);
}

#[test]
fn finds_everything_durable_whenever_the_process_is_killed() {
    let disk = MemoryDisk::default();
    let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
    let appended = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..20_000 {
                let mut appended = appended.lock().unwrap();
                appended.push(append(&journal, number));
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let durable = journal.progress().durable;
            let left = disk.after_kill();
            let found = found(&left);
            assert_kept(&found, &appended.lock().unwrap(), durable);
        }
    });
}

#[test]
fn the_start_makes_durable_what_it_found() {
    let disk = MemoryDisk::default();
    let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
    let appended = append_batches(&journal, 2);
    journal.close().unwrap();
    let file = disk.segments()[0].clone();
    let whole = disk.contents(&file);
    // One record is in the first batch, all others are in the second.
    let position = appended[1].position.to_stored() - BATCH_HEADER_BYTES as u64;
    let from = SEGMENT_HEADER_BYTES + position as usize;
    // The second batch was written, but its sync failed, or never came.
    for failed in [false, true] {
        let mut synced = whole.clone();
        synced[from..].fill(0);
        disk.put(&file, synced);
        let opened = disk.open(&file, Access::Write).unwrap();
        opened
            .write_all_at(&whole[from..from + 1000], from as u64)
            .unwrap();
        if failed {
            disk.fail(Failure {
                operation: 0,
                forever: false,
                errno: Errno::IO,
            });
            opened.sync().unwrap_err();
        }
        assert_eq!(found(&disk.after_power_cut(|_| 0)).len(), 1);
        let started = disk.after_kill();
        assert_eq!(found(&started), appended);
        assert_eq!(found(&started.after_power_cut(|_| 0)), appended);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several lives, each ended at some operation: by a power cut, with whatever choice of
    /// unsynced sectors surviving, or by a failing disk that works again afterwards.
    #[test]
    fn keeps_what_is_durable_through_power_cuts(
        lives in proptest::collection::vec((0_u64..120, 1_u64..150, any::<u64>(), any::<bool>()), 1..5),
    ) {
        let mut disk = MemoryDisk::default();
        let mut kept: Vec<Record> = Vec::new();
        let mut durable = 0;
        for (operation, records, seed, power_cut) in lives {
            let mut random = seed;
            let choose = |count: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % count
            };
            disk.fail(Failure { operation, forever: true, errno: Errno::IO });
            let (faults, _reported) = collected();
            let mut appended = kept.clone();
            if let Ok((journal, replayed)) = open_in_memory(&disk, None, faults) {
                prop_assert_eq!(&replayed, &kept);
                for number in 0..records {
                    appended.push(append(&journal, seed % 1000 + number));
                    if number % 7 == 0 {
                        std::thread::yield_now();
                    }
                }
                let _ = journal.close();
                durable = journal.progress().durable;
            }
            disk = if power_cut { disk.after_power_cut(choose) } else { disk.after_kill() };
            // On a copy: the next life may end during its own recovery.
            let found = found(&disk.after_kill());
            assert_kept(&found, &appended, durable);
            kept = found;
        }
    }

    /// Records of any size, cut anywhere: what is left is a beginning of what was written.
    #[test]
    fn finds_a_beginning_of_the_log_after_any_cut(
        sizes in proptest::collection::vec(0_usize..3000, 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let disk = MemoryDisk::default();
        let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
        let appended: Vec<Record> = sizes.iter().map(|&size| {
            let payload = vec![size as u8 | 1; size];
            let Appended { sequence, position } = journal.append(1, &payload);
            Record { partition: 1, sequence, position, payload: payload.into() }
        }).collect();
        journal.close().unwrap();
        let last = disk.segments().pop().unwrap();
        let mut bytes = disk.contents(&last);
        let from = SEGMENT_HEADER_BYTES + cut.index(bytes.len() - SEGMENT_HEADER_BYTES);
        bytes[from..].fill(0);
        disk.put(&last, bytes);
        let found = found(&disk);
        prop_assert!(appended.starts_with(&found));
    }
}
