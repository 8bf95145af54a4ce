//! The one step of an upgrade that cannot be done by halves: two folders change places. Whether that is possible is found out
//! before hours are spent on what it needs.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, RenameFlags, StatxAttributes, StatxFlags};

/// Why two folders can't change places.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The journal is elsewhere.
    #[error(
        "{} is a {what}: the upgrade exchanges this folder with another one, so put the journal itself there, start the switch, \
         and move it back",
        path.display()
    )]
    Elsewhere {
        /// What stands in its place.
        path: PathBuf,
        /// A link, or the root of another file system.
        what: &'static str,
    },
    /// The file system, or the kernel, has no such operation.
    #[error(
        "the file system of {} can't exchange two folders ({source}): copy the data to another one (ext4, XFS, btrfs), start the \
         switch there, and copy it back",
        path.display()
    )]
    Unsupported {
        /// The folder in which it was tried.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Whether `folder` can change places with a folder in `work`, which is there: nothing is changed.
pub(super) fn check(folder: &Path, work: &Path) -> Result<(), ExchangeError> {
    check_with(folder, work, exchange)
}

fn check_with(
    folder: &Path,
    work: &Path,
    exchange: impl Fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), ExchangeError> {
    let elsewhere = |what| ExchangeError::Elsewhere {
        path: folder.to_owned(),
        what,
    };
    if folder.is_symlink() {
        return Err(elsewhere("link"));
    }
    let unsupported = |source| ExchangeError::Unsupported {
        path: work.to_owned(),
        source,
    };
    if is_mounted(folder).map_err(unsupported)?
        || device(folder).map_err(unsupported)? != device(work).map_err(unsupported)?
    {
        return Err(elsewhere("mount point"));
    }
    let probes = [work.join("probe-1"), work.join("probe-2")];
    let tried = probes
        .iter()
        .try_for_each(fs::create_dir_all)
        .and_then(|()| exchange(&probes[0], &probes[1]));
    let removed = probes.iter().try_for_each(fs::remove_dir);
    tried.and(removed).map_err(unsupported)
}

/// Has two folders change places at once.
pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    let exchanged = rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
    Ok(exchanged?)
}

/// Whether it is the root of a mount, also one of a folder of the same file system. Not known before Linux 5.8.
fn is_mounted(folder: &Path) -> io::Result<bool> {
    let found = rustix::fs::statx(CWD, folder, AtFlags::empty(), StatxFlags::BASIC_STATS)?;
    let root = StatxAttributes::MOUNT_ROOT;
    Ok((found.stx_attributes & found.stx_attributes_mask).contains(root))
}

fn device(folder: &Path) -> io::Result<u64> {
    Ok(fs::metadata(folder)?.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let data = tempfile::tempdir().unwrap();
        let (journal, work) = (data.path().join("journal"), data.path().join("upgrade"));
        fs::create_dir(&journal).unwrap();
        fs::create_dir(&work).unwrap();
        (data, journal, work)
    }

    #[test]
    fn two_folders_change_places_and_the_check_changes_nothing() {
        let (data, journal, work) = folders();
        fs::write(journal.join("old"), b"").unwrap();
        check(&journal, &work).unwrap();
        assert!(journal.join("old").exists());
        assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
        exchange(&journal, &work).unwrap();
        assert!(work.join("old").exists());
        drop(data);
    }

    #[test]
    fn a_link_and_a_mount_point_are_refused() {
        let (data, journal, work) = folders();
        let link = data.path().join("link");
        std::os::unix::fs::symlink(&journal, &link).unwrap();
        let refused = check(&link, &work).unwrap_err().to_string();
        assert!(refused.contains("link is a link: "), "{refused}");
        let refused = check(Path::new("/proc"), &work).unwrap_err().to_string();
        assert!(refused.starts_with("/proc is a mount point: "), "{refused}");
        assert!(is_mounted(Path::new("/proc")).unwrap());
        assert!(!is_mounted(&journal).unwrap());
    }

    #[test]
    fn a_file_system_without_exchange_is_refused() {
        let (_data, journal, work) = folders();
        let refuses = |_: &Path, _: &Path| Err(io::ErrorKind::InvalidInput.into());
        let refused = check_with(&journal, &work, refuses)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("can't exchange two folders"), "{refused}");
        assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
    }
}
