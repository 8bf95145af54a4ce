//! Whether the keys of all segments are there: their files are opened, and only their headers read.

use super::disk::Access;
use super::segment::Segment;
use super::{JournalError, Location};

/// Opens every segment, archived ones too, with the data key that its header names. How many can be opened; `refused` is shown
/// the errors of the others.
///
/// # Errors
/// If the folder can't be read.
pub fn check_keys(
    location: &Location,
    refused: &mut dyn FnMut(JournalError),
) -> Result<u64, JournalError> {
    let folder = location.folder();
    let mut opened = 0;
    for start in folder.starts()? {
        match Segment::open(&folder, start, None, Access::Read) {
            Ok(_) => opened += 1,
            Err(error) => refused(error),
        }
    }
    Ok(opened)
}
