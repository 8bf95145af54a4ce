//! Whether the nodes have the same journal: each segment file that all of them have, byte for byte, up to the end of the
//! shortest journal. The switch's own code is not asked.
//!
//! ```text
//! POSITION.journal    a segment: its position counts the bytes of batches in all segments before it
//! header 128          then batches, then a seal or zeros
//! batch               "TJB" 1, 8 other bytes, records u32, length u64, 8 other bytes: 32, then so many bytes
//! ```

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

const HEADER: u64 = 128;
const BATCH_HEADER: usize = 32;
const BATCH: &[u8] = b"TJB\x01";

/// Bytes that are compared at once.
const CHUNK: usize = 64 * 1024;

/// A segment with at least one batch: one without is of its node alone.
struct Segment {
    path: PathBuf,
    start: u64,
    /// The position behind its last batch.
    end: u64,
}

/// How much is the same, in words; or what differs.
///
/// # Errors
/// Where something does, or a file can't be read.
pub fn compare(folders: &[&Path]) -> Result<String, String> {
    let read =
        |folder: &&Path| segments(folder).map_err(|error| format!("{}: {error}", folder.display()));
    let journals: Vec<_> = folders.iter().map(read).collect::<Result<_, _>>()?;
    let ends = journals
        .iter()
        .map(|segments| segments.last().map(|last| last.end));
    let shortest = ends.min().flatten().ok_or("a journal is empty")?;
    // A node may have archived segments that another one has not.
    let firsts = journals.iter().filter_map(|segments| segments.first());
    let from = firsts.map(|first| first.start).max().unwrap_or(0);
    let common = journals.iter().map(|segments| {
        let is_common = |segment: &&Segment| segment.start >= from && segment.start < shortest;
        segments.iter().filter(is_common).collect::<Vec<_>>()
    });
    let common: Vec<_> = common.collect();
    let (first, others) = common.split_first().ok_or("no journals")?;
    for other in others {
        if first.len() != other.len() {
            let counts = (first.len(), other.len());
            return Err(format!(
                "{} segments in one journal, {} in another",
                counts.0, counts.1
            ));
        }
        for (one, two) in first.iter().zip(other) {
            let differ = || format!("{} and {} differ", one.path.display(), two.path.display());
            let ends = [one, two].map(|segment| segment.end.min(shortest));
            let length = HEADER + ends[0].saturating_sub(one.start);
            let same = one.start == two.start
                && ends[0] == ends[1]
                && are_same(&one.path, &two.path, length).map_err(|error| error.to_string())?;
            if !same {
                return Err(differ());
            }
        }
    }
    Ok(format!(
        "the same {} bytes in {} segments, up to the end of the shortest",
        shortest - from,
        first.len()
    ))
}

fn segments(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "journal")
        {
            continue;
        }
        let start = path.file_stem().and_then(|name| name.to_str());
        let start = start.and_then(|name| name.parse::<u64>().ok());
        let start = start.ok_or_else(|| io::Error::other("a segment without a position"))?;
        let end = start + batches(&path)?;
        if end > start {
            segments.push(Segment { path, start, end });
        }
    }
    segments.sort_by_key(|segment| segment.start);
    for pair in segments.windows(2) {
        if pair[0].end != pair[1].start {
            let why = format!("nothing between {} and {}", pair[0].end, pair[1].start);
            return Err(io::Error::other(why));
        }
    }
    Ok(segments)
}

/// Bytes of its batches.
fn batches(path: &Path) -> io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    let whole = file.get_ref().metadata()?.len();
    let mut end = HEADER;
    file.seek(SeekFrom::Start(end))?;
    let mut header = [0; BATCH_HEADER];
    while whole.saturating_sub(end) >= BATCH_HEADER as u64 {
        file.read_exact(&mut header)?;
        let (records, length) = (number(&header[12..16]), number(&header[16..24]));
        let behind = end
            .saturating_add(BATCH_HEADER as u64)
            .saturating_add(length);
        if !header.starts_with(BATCH) || records == 0 || behind > whole {
            break;
        }
        end = behind;
        // It is within the file.
        file.seek_relative(length as i64)?;
    }
    Ok(end - HEADER)
}

/// Little endian.
fn number(bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    bytes.iter().rev().fold(0, add)
}

fn are_same(one: &Path, two: &Path, length: u64) -> io::Result<bool> {
    let mut files = [File::open(one)?, File::open(two)?].map(|file| file.take(length));
    let mut chunks = [vec![0; CHUNK], vec![0; CHUNK]];
    let mut left = length;
    while left > 0 {
        let size = left.min(CHUNK as u64) as usize;
        for (file, chunk) in files.iter_mut().zip(&mut chunks) {
            file.read_exact(&mut chunk[..size])?;
        }
        if chunks[0][..size] != chunks[1][..size] {
            return Ok(false);
        }
        left -= size as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment with batches of so many bytes, and zeros behind them.
    fn write(folder: &Path, start: u64, batches: &[&[u8]]) -> u64 {
        let mut bytes = vec![7; HEADER as usize];
        for batch in batches {
            bytes.extend(BATCH);
            bytes.extend([0; 8]);
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend((batch.len() as u64).to_le_bytes());
            bytes.extend([0; 8]);
            bytes.extend(*batch);
        }
        let end = start + bytes.len() as u64 - HEADER;
        bytes.extend([0; 100]);
        fs::write(folder.join(format!("{start:020}.journal")), bytes).unwrap();
        end
    }

    fn two() -> [tempfile::TempDir; 2] {
        [(); 2].map(|()| tempfile::tempdir().unwrap())
    }

    fn compared(folders: &[tempfile::TempDir; 2]) -> Result<String, String> {
        compare(&[folders[0].path(), folders[1].path()])
    }

    #[test]
    fn the_same_bytes_are_the_same_up_to_the_end_of_the_shortest() {
        let folders = two();
        let mut ends = Vec::new();
        for (folder, last) in folders.iter().zip([&[&b"ccc"[..]][..], &[b"ccc", b"d"]]) {
            let end = write(folder.path(), 0, &[b"a", b"bb"]);
            let end = write(folder.path(), end, last);
            write(folder.path(), end, &[]);
            ends.push(end);
        }
        let same = compared(&folders).unwrap();
        let expected = format!("the same {} bytes in 2 segments", ends[0]);
        assert!(same.starts_with(&expected), "{same}");
    }

    #[test]
    fn every_difference_is_found() {
        let folders = two();
        for (folder, batch) in folders.iter().zip([b"abc", b"abd"]) {
            write(folder.path(), 0, &[batch]);
        }
        assert!(compared(&folders).unwrap_err().contains("differ"));
        // Longer batches, or another segment.
        let end = write(folders[1].path(), 0, &[b"ab"]);
        write(folders[1].path(), end, &[b"c"]);
        assert!(compared(&folders).is_err());
        // A segment that has gone.
        let folders = two();
        for folder in &folders {
            let end = write(folder.path(), 0, &[b"a"]);
            let end = write(folder.path(), end, &[b"b"]);
            write(folder.path(), end, &[b"c"]);
        }
        assert!(compared(&folders).is_ok());
        fs::remove_file(folders[1].path().join(format!("{:020}.journal", 33))).unwrap();
        assert!(
            compared(&folders)
                .unwrap_err()
                .contains("nothing between 33 and 66")
        );
        assert!(compare(&[two()[0].path()]).is_err());
    }

    #[test]
    fn what_one_node_has_archived_is_not_compared() {
        let folders = two();
        for folder in &folders {
            let end = write(folder.path(), 0, &[b"a"]);
            write(folder.path(), end, &[b"b"]);
        }
        fs::remove_file(folders[0].path().join(format!("{:020}.journal", 0))).unwrap();
        let same = compared(&folders).unwrap();
        assert!(same.starts_with("the same 33 bytes in 1 segment"), "{same}");
    }
}
