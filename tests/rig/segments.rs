//! Segment files of several nodes, compared. See the journal's format.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Length of the header of a file, and of a batch.
const HEADER: usize = 128;
const BATCH_HEADER: usize = 32;

/// Segments by their position.
pub type Segments = BTreeMap<u64, Vec<u8>>;

/// The segments of a journal, each up to the end of its last batch. One without a batch belongs to its node alone.
pub fn written(folder: &Path) -> Segments {
    loop {
        if let Some(segments) = listed(folder) {
            return segments;
        }
    }
}

/// Nothing where one of them has been moved to the archive meanwhile.
fn listed(folder: &Path) -> Option<Segments> {
    let files = fs::read_dir(folder).expect("a journal");
    let mut segments = BTreeMap::new();
    for file in files {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|name| name != "journal") {
            continue;
        }
        let start = path.file_stem().and_then(|name| name.to_str());
        let start = start.and_then(|name| name.parse().ok());
        let mut bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            read => read.expect("a segment"),
        };
        let end = end_of_batches(&bytes);
        bytes.truncate(end);
        if end > HEADER {
            segments.insert(start.expect("a position"), bytes);
        }
    }
    Some(segments)
}

fn end_of_batches(bytes: &[u8]) -> usize {
    let mut end = HEADER;
    while let Some(header) = bytes.get(end..end + BATCH_HEADER) {
        let records = u32::from_le_bytes(header[12..16].try_into().expect("four bytes"));
        let length = u64::from_le_bytes(header[16..24].try_into().expect("eight bytes"));
        // A seal, zeros, or the end of a file that was cut.
        if !header.starts_with(b"TJB\x01") || records == 0 {
            break;
        }
        end += BATCH_HEADER + length as usize;
    }
    end
}

/// Whether they are the same up to the end of the shortest one, from where none has moved segments to its archive, in words either way.
pub fn compare(journals: &[Segments]) -> Result<String, String> {
    let shortest = journals.iter().map(end).min().ok_or("no journals")?;
    if shortest == 0 {
        return Err("a journal without a batch".to_owned());
    }
    let begins = journals.iter().filter_map(|each| each.keys().next()).max();
    let begins = *begins.ok_or("journals without segments")?;
    let both = |each| cut(each, begins, shortest);
    let journals: Vec<_> = journals.iter().map(both).collect();
    if journals[0].is_empty() {
        return Err(format!("nothing from {begins} to {shortest}"));
    }
    let first = &journals[0];
    let lengths = |segments: &Segments| -> Vec<_> {
        let each = segments.iter().map(|(start, bytes)| (*start, bytes.len()));
        each.collect()
    };
    for (number, segments) in journals.iter().enumerate() {
        if lengths(segments) != lengths(first) {
            let (here, there) = (lengths(segments), lengths(first));
            return Err(format!("segments of journal {number}: {here:?}, {there:?}"));
        }
        for (start, bytes) in segments {
            let differs = |(here, there): (&u8, &u8)| here != there;
            if let Some(at) = bytes.iter().zip(&first[start]).position(differs) {
                return Err(format!("journal {number}, segment {start}, byte {at}"));
            }
        }
    }
    Ok(format!("{shortest} bytes in {} segments", first.len()))
}

/// The position behind the last batch.
fn end(segments: &Segments) -> u64 {
    let last = segments.last_key_value();
    last.map_or(0, |(start, bytes)| start + (bytes.len() - HEADER) as u64)
}

fn cut(segments: &Segments, begin: u64, end: u64) -> Segments {
    let below = segments.range(begin..end).map(|(start, bytes)| {
        let length = HEADER + (end - start) as usize;
        (*start, bytes[..length.min(bytes.len())].to_vec())
    });
    below.collect()
}
