//! The one place that chooses an engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Files;
use super::reader::SegmentsReader;
use super::segments::Segments;
use super::{Faults, Journal, JournalError, Mark, Options, Reader, Recovered, Visit};

/// Where the journal of a switch is, and how its engine keeps it.
#[derive(Clone, Debug)]
pub struct Location {
    directory: PathBuf,
    segment_bytes: u64,
}

impl Location {
    /// That of the switch whose data is in this folder: in its folder `journal`, in segment files of 256 MiB.
    pub fn in_data(data: &Path) -> Self {
        Self {
            directory: data.join("journal"),
            segment_bytes: 256 << 20,
        }
    }

    /// The same with segment files of this length, in bytes. A batch that is longer gets a longer one.
    #[must_use]
    pub fn with_segment_bytes(self, segment_bytes: u64) -> Self {
        Self {
            segment_bytes,
            ..self
        }
    }
}

/// A journal that is ready to be appended to.
pub struct Opened {
    /// Its engine.
    pub journal: Arc<dyn Journal>,
    /// What opening found.
    pub recovered: Recovered,
}

/// Opens the journal, which is made if missing: verifies it from the mark on, or from its beginning, shows every record
/// after the mark to `replay`, removes what a crash left half written, and starts the writer.
///
/// # Errors
/// If another process has it open, if it is damaged or incomplete, if `from` is not in it, if
/// `replay` refuses a record, or if the disk fails. Nothing on the disk has been changed then,
/// except by a failure of the disk itself.
pub fn open(
    location: &Location,
    options: Options,
    from: Option<Mark>,
    replay: &mut Visit<'_>,
    faults: Faults,
) -> Result<Opened, JournalError> {
    let Location {
        directory,
        segment_bytes,
    } = location;
    let (journal, recovered) =
        Segments::open(directory, *segment_bytes, options, from, replay, faults)?;
    Ok(Opened {
        journal: Arc::new(journal),
        recovered,
    })
}

/// Reads the journal without opening it. Nothing is looked at before something is read.
pub fn reader(location: &Location) -> Arc<dyn Reader> {
    Arc::new(SegmentsReader::new(Arc::new(Files), &location.directory))
}
