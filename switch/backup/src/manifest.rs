//! The manifest, line by line; drawn in the head of this crate.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tessera_journal::Cut;
use tessera_kit::clock::Timestamp;

use crate::error::BackupError;
use crate::file_name::FileName;
use crate::hex::{self, Hash};
use crate::versions::MANIFEST_VERSION;

/// The lines of a million segments, 256 TiB, are shorter.
pub(crate) const MANIFEST_BYTES_MAX: usize = 512 << 20;
const FORMAT: &str = "tessera backup";

/// What belongs to a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// When it was made.
    pub made: Timestamp,
    pub files: BTreeMap<FileName, Copy>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub bytes: u64,
    /// Of these bytes; `None` for a file that changes in place.
    pub sha256: Option<Hash>,
    /// Of a segment.
    pub segment: Option<SegmentCopy>,
    /// The last record that a snapshot may reflect.
    pub needs: Option<u64>,
}

/// What is in the copy of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentCopy {
    /// The sequence of its first record.
    pub first: u64,
    /// The latest time of its events.
    pub until: Timestamp,
    /// Where it ends.
    pub end: Cut,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u64,
    build: String,
    made: u64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<SegmentLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    needs: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct SegmentLine {
    first: u64,
    until: u64,
    end: End,
}

#[derive(Serialize, Deserialize)]
struct End {
    position: u64,
    sequence: u64,
    chain: String,
}

#[derive(Serialize, Deserialize)]
struct Foot {
    sha256: String,
}

impl Manifest {
    /// The segments, archived or not, oldest first.
    pub fn segments(&self) -> Vec<(FileName, &Copy, SegmentCopy)> {
        let segments = self.files.iter();
        let segments = segments.filter_map(|(name, copy)| Some((*name, copy, copy.segment?)));
        let mut segments: Vec<_> = segments.collect();
        segments.sort_unstable_by_key(|(.., segment)| segment.first);
        segments
    }

    /// The copy of the segment that begins at a position, archived or not.
    pub fn segment(&self, start: u64) -> Option<(FileName, &Copy, SegmentCopy)> {
        let names = [FileName::Segment(start), FileName::Archive(start)];
        names.into_iter().find_map(|name| {
            let copy = self.files.get(&name)?;
            Some((name, copy, copy.segment?))
        })
    }

    /// Where the journal of the backup ends.
    pub fn end(&self) -> Option<Cut> {
        self.segments().last().map(|(.., segment)| segment.end)
    }

    /// Whether the journal of the backup begins with the first record, or with what stands for those before.
    pub fn has_its_beginning(&self) -> bool {
        let segments = self.segments();
        let is_first = |(.., segment): &(_, _, SegmentCopy)| segment.first == 1;
        let can_begin = |begins| can_begin_at(begins, self.files.keys());
        segments.first().is_none_or(is_first) || self.begins().is_some_and(can_begin)
    }

    /// The position at which the journal of the backup begins.
    pub fn begins(&self) -> Option<u64> {
        self.segments().first().and_then(|(name, ..)| name.start())
    }

    /// The number of the key table.
    pub fn key_table(&self) -> Option<u64> {
        self.files.keys().rev().find_map(|name| match name {
            FileName::KeyTable(number) => Some(*number),
            _ => None,
        })
    }

    pub fn to_text(&self) -> String {
        let head = Head {
            format: FORMAT.to_owned(),
            version: MANIFEST_VERSION.into(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            made: self.made.milliseconds(),
        };
        let mut text = line(&head);
        for (name, copy) in &self.files {
            let segment = copy.segment.map(|segment| {
                let (position, sequence, chain) = segment.end.to_stored();
                SegmentLine {
                    first: segment.first,
                    until: segment.until.milliseconds(),
                    end: End {
                        position,
                        sequence,
                        chain: format!("{chain:016x}"),
                    },
                }
            });
            text += &line(&Line {
                file: name.to_string(),
                bytes: copy.bytes,
                sha256: copy.sha256.as_ref().map(hex::text),
                segment,
                needs: copy.needs,
            });
        }
        let hash: Hash = Sha256::digest(&text).into();
        let sha256 = hex::text(&hash);
        text + &line(&Foot { sha256 })
    }

    /// Reads the text of the file at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, BackupError> {
        let wrong = |what: String| BackupError::Manifest {
            path: path.to_owned(),
            what,
        };
        let first = text.split_inclusive('\n').next().unwrap_or_default();
        let head: Head = serde_json::from_str(first)
            .map_err(|error| wrong(format!("its first line: {error}")))?;
        if head.format != FORMAT {
            return Err(wrong("it does not begin as one".to_owned()));
        }
        if head.version != u64::from(MANIFEST_VERSION) {
            return Err(BackupError::Version {
                path: path.to_owned(),
                found: head.version,
            });
        }
        let body = text.trim_end_matches('\n');
        let foot_at = body.rfind('\n').map_or(0, |at| at + 1);
        let hash: Hash = Sha256::digest(&text[..foot_at]).into();
        let foot: Option<Foot> = serde_json::from_str(&text[foot_at..]).ok();
        if foot.is_none_or(|foot| foot.sha256 != hex::text(&hash)) {
            return Err(wrong("its last line is not its SHA-256".to_owned()));
        }
        let mut files = BTreeMap::new();
        for (number, text) in text[..foot_at].lines().enumerate().skip(1) {
            let (name, copy) = serde_json::from_str(text)
                .ok()
                .and_then(copy)
                .ok_or_else(|| wrong(format!("line {} names no file of a backup", number + 1)))?;
            files.insert(name, copy);
        }
        Ok(Self {
            made: Timestamp::from_milliseconds(head.made),
            files,
        })
    }
}

/// Whether a journal can begin at a position where it has these files: a start needs a full snapshot, and an audit opening
/// balances, which go on within it.
pub(crate) fn can_begin_at<'a>(
    begins: u64,
    names: impl Iterator<Item = &'a FileName> + Clone,
) -> bool {
    let goes_on = |at: &u64| *at >= begins;
    let mut snapshots = names.clone();
    let mut openings = names;
    snapshots.any(|name| matches!(name, FileName::Snapshot(at) if goes_on(at)))
        && openings.any(|name| matches!(name, FileName::Opening(at) if goes_on(at)))
}

fn copy(line: Line) -> Option<(FileName, Copy)> {
    let name = FileName::parse(&line.file)?;
    let sha256 = line.sha256.as_deref().map(hex::parse);
    let segment = line.segment.map(|segment| {
        let chain = u64::from_str_radix(&segment.end.chain, 16).ok()?;
        let end = (segment.end.position, segment.end.sequence, chain);
        Some(SegmentCopy {
            first: segment.first,
            until: Timestamp::from_milliseconds(segment.until),
            end: Cut::from_stored(end)?,
        })
    });
    let copy = Copy {
        bytes: line.bytes,
        sha256: sha256.map_or(Some(None), |hash| Some(Some(hash?)))?,
        segment: segment.map_or(Some(None), |segment| Some(Some(segment?)))?,
        needs: line.needs,
    };
    let complete = match name {
        FileName::Archive(_) | FileName::Segment(_) => {
            copy.segment.is_some() && copy.sha256.is_some()
        }
        FileName::Snapshot(_) => copy.needs.is_some() && copy.sha256.is_some(),
        FileName::Opening(_) | FileName::KeyTable(_) => copy.sha256.is_some(),
        FileName::WalletKeys => true,
    };
    complete.then_some((name, copy))
}

fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("numbers and texts are JSON");
    text + "\n"
}
