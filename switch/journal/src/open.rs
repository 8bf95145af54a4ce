//! The one place that chooses an engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_encryption::DataKeys;

use super::disk::Files;
use super::folder::Folder;
use super::reader::SegmentsReader;
use super::segments::Segments;
use super::{Faults, Journal, JournalError, Mark, Options, Reader, Recovered, Visit};

/// Where the journal of a switch is, and how its engine keeps it.
#[derive(Clone, Debug)]
pub struct Location {
    directory: PathBuf,
    keys: Option<DataKeys>,
    segment_bytes: u64,
}

impl Location {
    /// That of the switch whose data is in this folder: in its folder `journal`, in segment files of 256 MiB, with
    /// the data keys of that folder. Data of 0.2.0 can be read without keys, and nothing can be written.
    pub fn in_data<'a>(data: &Path, keys: impl Into<Option<&'a DataKeys>>) -> Self {
        Self {
            directory: data.join("journal"),
            keys: keys.into().cloned(),
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

    pub(super) fn folder(&self) -> Folder {
        Folder {
            disk: Arc::new(Files),
            path: self.directory.clone(),
            keys: self.keys.clone(),
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
/// after the mark to `replay`, removes what a crash left half written, begins a new segment, and starts the writer.
///
/// # Errors
/// If another process has it open, if it is damaged or incomplete, if a key is missing or wrong, if `from` is not in it, if
/// `replay` refuses a record, or if the disk fails. Nothing on the disk has been changed then,
/// except by a failure of the disk itself.
pub fn open(
    location: &Location,
    options: Options,
    from: Option<Mark>,
    replay: &mut Visit<'_>,
    faults: Faults,
) -> Result<Opened, JournalError> {
    let (folder, segment_bytes) = (location.folder(), location.segment_bytes);
    let (journal, recovered) =
        Segments::open(folder, segment_bytes, options, from, replay, faults)?;
    Ok(Opened {
        journal: Arc::new(journal),
        recovered,
    })
}

/// Reads the journal without opening it. Nothing is looked at before something is read.
pub fn reader(location: &Location) -> Arc<dyn Reader> {
    Arc::new(SegmentsReader::new(location.folder()))
}
