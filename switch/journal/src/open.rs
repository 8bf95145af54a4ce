//! The one place that chooses an engine.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_encryption::DataKeys;

use super::archive::{Archived, archive_part, part_to_archive, remove_oldest};
use super::disk::{Disk as _, Files};
use super::folder::Folder;
use super::parts::Part;
use super::reader::SegmentsReader;
use super::segments::Segments;
use super::{Faults, Journal, JournalError, Mark, Options, Position, Reader, Recovered, Visit};

/// Where the journal of a switch is, and how its engine keeps it.
#[derive(Clone, Debug)]
pub struct Location {
    data: PathBuf,
    directory: PathBuf,
    archive: PathBuf,
    keys: Option<DataKeys>,
    segment_bytes: u64,
}

impl Location {
    /// That of the switch whose data is in this folder: in its folder `journal`, in segment files of 256 MiB, with
    /// the data keys of that folder. Data of 0.2.0 can be read without keys, and nothing can be written.
    pub fn in_data<'a>(data: &Path, keys: impl Into<Option<&'a DataKeys>>) -> Self {
        Self {
            data: data.to_owned(),
            directory: data.join("journal"),
            archive: data.join("archive"),
            keys: keys.into().cloned(),
            segment_bytes: 256 << 20,
        }
    }

    /// The same with the archive in this folder, which is relative to the folder of the data.
    #[must_use]
    pub fn with_archive(self, folder: &Path) -> Self {
        Self {
            archive: self.data.join(folder),
            ..self
        }
    }

    /// The folder of the data that the journal belongs to.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The keys of the data.
    pub fn keys(&self) -> Option<&DataKeys> {
        self.keys.as_ref()
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
            archive: self.archive.clone(),
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

/// The oldest part that is not in the archive yet, if all of its records precede this position and it is not among the newest
/// two.
///
/// # Errors
/// If the disk refuses.
pub fn to_archive(location: &Location, below: Position) -> Result<Option<Part>, JournalError> {
    part_to_archive(&location.folder(), below)
}

/// Compresses such a part and moves it to the archive. For the process that has the journal open; it takes seconds. All that
/// read go on reading the part. `goes_on` is asked after every few milliseconds of work: it may pause, or end this.
///
/// # Errors
/// [`JournalError::Stopped`] where `goes_on` has said no; where the part is damaged, or the disk fails. The part is where it
/// was then, or in the archive.
pub fn archive(
    location: &Location,
    part: &Part,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<Archived, JournalError> {
    let folder = location.folder();
    // Not with the folders above it: a disk that is not there is no reason to fill another one.
    match fs::create_dir(&folder.archive) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(JournalError::disk("make", &folder.archive))?,
    }
    // Its name is durable before anything is only there.
    if let Some(parent) = folder.archive.parent() {
        Files
            .sync_directory(parent)
            .map_err(JournalError::disk("sync", parent))?;
    }
    archive_part(&folder, part, goes_on)
}

/// Deletes the oldest part of the journal for good, with the file of this extension that belongs to it. `false`, with nothing
/// deleted, where the part is not the oldest, or not in the archive. For the process that has the journal open.
///
/// # Errors
/// If the disk fails. The part may be there then, without the other file, or not.
pub fn remove(location: &Location, part: &Part, companion: &str) -> Result<bool, JournalError> {
    remove_oldest(&location.folder(), part, companion)
}

/// Reads the journal without opening it. Nothing is looked at before something is read.
pub fn reader(location: &Location) -> Arc<dyn Reader> {
    Arc::new(SegmentsReader::new(location.folder()))
}
