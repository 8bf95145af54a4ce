//! What an entry is to a node, against a plain model: a node has some of the batches and some of the changes beside them, and takes
//! each once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tessera_encryption::DataKeyId;

use super::*;
use crate::entry::{EntryHeader, EntryKind, Tag};
use crate::protocol::{Next, Reached};

/// An entry of a history.
#[derive(Clone, Copy, Debug)]
struct Made {
    begins_epoch: bool,
    batch: bool,
    beside: bool,
}

/// What a node has, of which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Plain {
    batches: BTreeSet<usize>,
    beside: BTreeSet<usize>,
}

const BEGINNING: Place = Place {
    position: 0,
    sequence: 1,
    chain: 0,
};

fn made() -> impl Strategy<Value = Made> {
    let kinds = (0..8_u8, any::<bool>(), any::<bool>());
    kinds.prop_map(|(epoch, batch, beside)| Made {
        begins_epoch: epoch == 0,
        batch: epoch != 0 && batch,
        beside: epoch != 0 && beside,
    })
}

fn tag(number: u64) -> Tag {
    u128::from(number).to_le_bytes()
}

/// The entries of a history; the first has number 1.
fn entries(history: &[Made]) -> Vec<EntryHeader> {
    let (mut place, mut beside, mut epoch) = (BEGINNING, 0, 1);
    let entry = |(at, made): (usize, &Made)| {
        let number = at as u64 + 1;
        epoch += u64::from(made.begins_epoch);
        let before = place;
        if made.batch {
            place = Place {
                position: before.position + 10 + number,
                sequence: before.sequence + 1,
                chain: number,
            };
        }
        let header = EntryHeader {
            kind: match made.begins_epoch {
                true => EntryKind::Epoch,
                false => EntryKind::Batch,
            },
            log: [7; 16],
            epoch,
            number,
            predecessor: tag(number - 1),
            key: DataKeyId(1),
            records: u32::from(made.batch),
            salt: [0; 32],
            before,
            after: place,
            beside,
            checksum: 0,
            segment_begins: false,
            changes_beside: made.beside,
            plaintext_bytes: 0,
            body_bytes: 0,
        };
        beside = header.beside_after();
        header
    };
    history.iter().enumerate().map(entry).collect()
}

/// The node's disk, as a restart finds it: batches up to an entry, and what is beside up to another one, which may be further.
fn at_start(headers: &[EntryHeader], batches: usize, beside: usize) -> (Plain, Reached) {
    let end = |of: usize| headers[..of].last();
    let place = end(batches).map_or(BEGINNING, |header| header.after);
    let count = end(beside).map_or(0, EntryHeader::beside_after);
    let has = |end: usize, so: fn(&EntryHeader) -> bool| {
        (0..end).filter(|at| so(&headers[*at])).collect()
    };
    let plain = Plain {
        batches: has(batches, |header| header.records > 0),
        beside: has(beside, |header| header.changes_beside),
    };
    (plain, Reached::at_start(place, count))
}

impl Plain {
    /// Whether all is there that entries before this one brought.
    fn goes_up_to(&self, headers: &[EntryHeader], at: usize) -> bool {
        headers[..at].iter().enumerate().all(|(at, header)| {
            (header.records == 0 || self.batches.contains(&at))
                && (!header.changes_beside || self.beside.contains(&at))
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// From wherever the log begins, through restarts that lose what was not synced, a node gets all of it once.
    #[test]
    fn a_node_takes_all_once(
        history in proptest::collection::vec(made(), 1..30),
        starts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..30_usize), 1..6),
    ) {
        let headers = entries(&history);
        let count = headers.len() + 1;
        for (batches, first, further) in starts {
            let batches = batches.index(count);
            let beside = (batches + further).min(headers.len());
            let (mut plain, mut reached) = at_start(&headers, batches, beside);
            for (at, header) in headers.iter().enumerate().skip(first.index(count)) {
                if !plain.goes_up_to(&headers, at) {
                    prop_assert_eq!(reached.next(header), Next::Missing);
                    break;
                }
                let expected = Next::GoesOn {
                    batch: header.records > 0 && !plain.batches.contains(&at),
                    beside: header.changes_beside && !plain.beside.contains(&at),
                };
                prop_assert_eq!(reached.next(header), expected, "entry {}", header.number);
                reached.take(header, tag(header.number));
                if header.records > 0 {
                    plain.batches.insert(at);
                }
                if header.changes_beside {
                    plain.beside.insert(at);
                }
            }
        }
    }

    /// What is out of order or of another history is never taken for the next entry.
    #[test]
    fn a_node_takes_nothing_else(
        history in proptest::collection::vec(made(), 3..20),
        reaches in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let headers = entries(&history);
        let reaches = 1 + reaches.index(headers.len() - 1);
        let (_, mut reached) = at_start(&headers, 0, 0);
        for header in &headers[..reaches] {
            reached.take(header, tag(header.number));
        }
        let next = &headers[reaches];
        let other = &headers[other.index(headers.len())];
        if other.number != next.number {
            prop_assert_eq!(reached.next(other), Next::Missing);
        }
        let is_foreign = |header: &EntryHeader| matches!(reached.next(header), Next::Foreign(_));
        let other_tag = EntryHeader { predecessor: tag(99), ..next.clone() };
        prop_assert!(is_foreign(&other_tag));
        let older = EntryHeader { epoch: headers[reaches - 1].epoch - 1, ..next.clone() };
        prop_assert!(is_foreign(&older));
        let lacks_beside = EntryHeader { beside: next.beside + 1, ..next.clone() };
        prop_assert!(is_foreign(&lacks_beside));
        let mut moved = next.clone();
        moved.before.position += 1;
        prop_assert!(is_foreign(&moved));
        if next.records > 0 {
            let mut other_chain = next.clone();
            other_chain.before.chain += 1;
            prop_assert!(is_foreign(&other_chain));
        }
    }
}
