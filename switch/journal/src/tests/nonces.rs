//! Nothing is encrypted twice under one nonce: no byte of a segment is written a second time with another value.

use std::collections::HashMap;

use proptest::prelude::*;
use rustix::io::Errno;

use super::super::format::{
    BATCH_HEADER_BYTES, BATCH_MAGIC, Kind, SALT_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader,
};
use super::crash::collected;
use super::memory_disk::Failure;
use super::*;

/// Sees every write to the encrypted segments of a disk, through all its crashes, and knows what was ever meant to be there.
#[derive(Default)]
pub struct Witness {
    segments: HashMap<[u8; SALT_BYTES], Vec<u8>>,
    /// What was wrong.
    pub seen: Vec<String>,
}

impl Witness {
    /// `bytes` were written at `offset` of a file, which holds `whole` now.
    pub fn see(&mut self, whole: &[u8], bytes: &[u8], offset: usize) {
        let kind = SegmentHeader::decode(whole).map(|header| header.kind);
        let Ok(Kind::Encrypted { salt, .. }) = kind else {
            return;
        };
        let known = self.segments.entry(salt).or_default();
        if known.len() < offset + bytes.len() {
            known.resize(offset + bytes.len(), 0);
        }
        for (&new, at) in bytes.iter().zip(offset..) {
            let old = known[at];
            let changed = old != 0 && old != new;
            if at >= SEGMENT_HEADER_BYTES && changed && !is_of_a_header(known, at) {
                self.seen
                    .push(format!("byte {at} was {old:#04x}, then {new:#04x}"));
            }
        }
        known[offset..][..bytes.len()].copy_from_slice(bytes);
    }
}

/// A header is no ciphertext: a seal takes the place of one that was torn, and the header of the next batch that of a seal.
fn is_of_a_header(known: &[u8], at: usize) -> bool {
    let mut starts = (at + 1).saturating_sub(BATCH_HEADER_BYTES)..=at;
    starts.any(|start| known[start..].starts_with(&BATCH_MAGIC))
}

#[test]
fn the_witness_sees_a_record_that_is_written_twice() {
    let disk = MemoryDisk::default();
    let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
    append_batches(&journal, 3);
    journal.close().unwrap();
    assert!(disk.witness().lock().unwrap().seen.is_empty());
    let file = disk.segments().pop().unwrap();
    let opened = on(&disk)
        .disk
        .open(&file, super::super::disk::Access::Write)
        .unwrap();
    let at = SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES + 60;
    let other: Vec<u8> = disk.contents(&file)[at..][..8]
        .iter()
        .map(|byte| byte ^ 1)
        .collect();
    opened.write_all_at(&other, at as u64).unwrap();
    assert!(!disk.witness().lock().unwrap().seen.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lives that end at any operation, by a kill or by a power cut with any choice of what survives, each with records of its
    /// own: what one has written at a place of a segment, no later one writes there otherwise.
    #[test]
    fn no_life_writes_over_what_another_has_written(
        lives in proptest::collection::vec((0_u64..60, 1_u64..60, any::<u64>(), any::<bool>()), 2..6),
    ) {
        let mut disk = MemoryDisk::default();
        let witness = disk.witness();
        for (life, (operation, records, seed, power_cut)) in lives.into_iter().enumerate() {
            let mut random = seed;
            let choose = |count: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % count
            };
            disk.fail(Failure { operation, forever: true, errno: Errno::IO });
            if let Ok((journal, _)) = open_in_memory(&disk, None, collected().0) {
                for number in 0..records {
                    append(&journal, life as u64 * 1000 + number);
                    if number % 5 == 0 {
                        std::thread::yield_now();
                    }
                }
                let _ = journal.close();
            }
            disk = if power_cut { disk.after_power_cut(choose) } else { disk.after_kill() };
        }
        prop_assert_eq!(&witness.lock().unwrap().seen, &Vec::<String>::new());
    }
}
