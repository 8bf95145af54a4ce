use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tessera_ledger::{Event, Reference};

use tessera_journal::Location;

use super::names::HOUR;
use super::*;
use crate::testing::Traffic;

const SEGMENT_BYTES: u64 = 16 << 10;

fn journal() -> (TempDir, Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let mut traffic = Traffic::new(folder.path(), SEGMENT_BYTES);
    traffic.sync_every = 16;
    traffic.provision(60);
    for round in 0..5u64 {
        traffic.round(60);
        traffic.orders(7, 5, format!("ORDER-{round}").as_bytes());
        traffic.now = traffic.now.plus(HOUR);
        traffic.sync();
    }
    (folder, traffic)
}

/// All entries, as a scan shows them.
fn all(index: &Index) -> Vec<(Position, Entry)> {
    let mut all = Vec::new();
    let read = index.journal().scan(None, &mut |record| {
        all.push((record.position, Entry::read(record.payload)?));
        Ok(())
    });
    read.unwrap();
    all
}

fn files(folder: &TempDir) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder.path().join("journal")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|is| is == EXTENSION))
        .collect();
    paths.sort();
    paths
}

/// Every record is found by every name, every wallet's chain is complete, and every item by its hour.
fn assert_finds_all(index: &Index) {
    let all = all(index);
    // Each lookup decrypts blocks, which takes long in a build that is not optimized.
    for (position, entry) in all.iter().step_by(23) {
        let names = entry.event.opening().into_iter().flat_map(Name::of);
        for name in names {
            assert!(index.find(&name).unwrap().contains(position), "{name:?}");
        }
        if let Some(at) = names::item_time(entry) {
            assert!(index.items(at, at).unwrap().contains(position));
        }
    }
    for wallet in [0, 1, 7, 9_999].map(WalletId) {
        let of = all.iter().filter(|(_, entry)| entry.wallet == wallet);
        let of: Vec<_> = of.map(|(position, _)| *position).collect();
        assert_eq!(index.chain(wallet).unwrap(), of, "{wallet:?}");
    }
}

#[test]
fn everything_is_found_with_files_and_nothing_without_keys() {
    let (folder, mut traffic) = journal();
    let keys = Traffic::keys(folder.path());
    let location = Location::in_data(folder.path(), &keys);
    let parts = tessera_journal::reader(&location).parts().unwrap();
    let closed = parts.len() - 1;
    assert!(Index::open(&Location::in_data(folder.path(), None)).is_err());
    assert_eq!(files(&folder), Vec::<PathBuf>::new());
    assert!(closed > 4, "{closed}");

    assert_eq!(
        build_missing(&Location::in_data(folder.path(), &keys), &mut || false).unwrap(),
        0
    );
    let built = build_missing(&Location::in_data(folder.path(), &keys), &mut || true).unwrap();
    assert_eq!((built as usize, files(&folder).len()), (closed, closed));
    assert_eq!(
        build_missing(&Location::in_data(folder.path(), &keys), &mut || true).unwrap(),
        0
    );
    let made = std::fs::metadata(&files(&folder)[0]).unwrap().modified();
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    assert_finds_all(&index);

    // A command makes what is missing, and leaves the others.
    std::fs::remove_file(&files(&folder)[1]).unwrap();
    traffic.round(60);
    traffic.sync();
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    assert_eq!(files(&folder).len(), index.parts.len() - 1);
    let kept = std::fs::metadata(&files(&folder)[0]).unwrap().modified();
    assert_eq!(kept.unwrap(), made.unwrap());
    assert_finds_all(&index);
}

#[test]
fn an_hour_leads_to_its_own_parts_alone() {
    let (folder, traffic) = journal();
    let keys = Traffic::keys(folder.path());
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    let begin = crate::testing::BEGIN;
    let of_hour: Vec<_> = index
        .items(begin.plus(2 * HOUR), begin.plus(2 * HOUR))
        .unwrap();
    assert!(!of_hour.is_empty());
    for position in &of_hour {
        let at = names::item_time(&index.entry(*position).unwrap()).unwrap();
        assert_eq!(hour_of(at), hour_of(begin.plus(2 * HOUR)));
    }
    let (parts, all) = (
        index.parts(begin, begin.plus(HOUR / 2)).count(),
        index.parts.len(),
    );
    assert!(parts < all / 2, "{parts} of {all}");
    assert_eq!(
        index
            .parts(traffic.now.plus(1), traffic.now.plus(2))
            .count(),
        0
    );
}

#[test]
fn a_file_that_was_changed_is_made_again_and_nothing_wrong_is_found() {
    let (folder, _traffic) = journal();
    let keys = Traffic::keys(folder.path());
    build_missing(&Location::in_data(folder.path(), &keys), &mut || true).unwrap();
    let paths = files(&folder);
    let intact = std::fs::read(&paths[2]).unwrap();
    let sample: Vec<_> = (0..intact.len())
        .step_by(1_009)
        .chain((0..88).step_by(3))
        .collect();
    for at in sample {
        let mut changed = intact.clone();
        changed[at] ^= 1 << (at % 8);
        std::fs::write(&paths[2], &changed).unwrap();
        let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
        let (position, entry) = &all(&index)[200];
        let reference = entry
            .event
            .opening()
            .map_or(Reference(0), |it| it.reference);
        let found = index.find(&Name::Reference(reference)).unwrap();
        assert!(reference.0 == 0 || found.contains(position), "byte {at}");
    }
    // Another part's, and a shorter one.
    std::fs::copy(&paths[1], &paths[2]).unwrap();
    std::fs::write(&paths[3], &intact[..intact.len() - 1]).unwrap();
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    assert_finds_all(&index);
}

#[test]
fn a_file_holds_no_name_in_clear() {
    let (folder, _traffic) = journal();
    let keys = Traffic::keys(folder.path());
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    let (_, entry) = all(&index)
        .into_iter()
        .find(|(_, entry)| matches!(entry.event, Event::Held { .. }))
        .unwrap();
    let opening = entry.event.opening().unwrap();
    for path in files(&folder) {
        let bytes = std::fs::read(path).unwrap();
        for name in [&opening.retrieval[..], &opening.reference.0.to_le_bytes()] {
            assert!(!bytes.windows(name.len()).any(|window| window == name));
        }
    }
}

#[test]
fn a_walk_back_shows_each_part_from_its_oldest_and_says_how_far_it_came() {
    let (folder, _traffic) = journal();
    let keys = Traffic::keys(folder.path());
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    let all = all(&index);
    let (first, last) = (all[0].1.at, all.last().unwrap().1.at);
    let later = Instant::now() + Duration::from_secs(600);
    let walk = |span, until, parts: usize| {
        let (mut seen, mut left) = (Vec::new(), parts);
        let mut enough = || {
            left -= 1;
            left == 0
        };
        let walked = index.walk_back(
            span,
            until,
            &mut |position, _, _| seen.push(position),
            &mut enough,
        );
        (walked.unwrap(), seen)
    };
    let everything = (first, last.plus(1));
    let (walked, mut seen) = walk(everything, later, usize::MAX);
    assert_eq!(walked, Walked::All);
    seen.sort_unstable();
    assert!(seen.iter().eq(all.iter().map(|(position, _)| position)));
    // One part, which is the newest.
    let (walked, seen) = walk(everything, later, 1);
    let begins = all.iter().find(|(position, _)| *position == seen[0]);
    assert_eq!(walked, Walked::Enough(begins.unwrap().1.at));
    assert_eq!(seen.last(), all.last().map(|(position, _)| position));
    // Only what is between the moments.
    let middle = (first.plus(HOUR), first.plus(2 * HOUR));
    let within = all
        .iter()
        .filter(|(_, entry)| (middle.0..middle.1).contains(&entry.at));
    let mut seen = walk(middle, later, usize::MAX).1;
    seen.sort_unstable();
    assert!(!seen.is_empty() && seen.iter().eq(within.map(|(position, _)| position)));
    // No time: at most the newest part, of which few records need no look at the time.
    let (walked, _) = walk(everything, Instant::now(), usize::MAX);
    assert!(matches!(walked, Walked::TimeUp(_)), "{walked:?}");
}
