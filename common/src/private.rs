//! Files and memory of this user alone. Journal, store, logs and keys hold card numbers and secrets: other users of the
//! machine may neither read nor write them, and no core dump holds what is in memory.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

/// What other users, the owner's group among them, may not have.
const OF_OTHERS: u32 = 0o077;
/// A folder deeper than any program of ours makes one.
const DEPTH_MAX: usize = 16;

/// To be called first in `main`: whatever this process makes from now on, and its libraries make for it, is for its user alone
/// (files 0600, folders 0700).
pub fn set_umask() {
    rustix::process::umask(Mode::from_bits_truncate(OF_OTHERS as _));
}

/// The environment variable with which a developer allows core dumps and debuggers: `1`.
const CORE_DUMPS: &str = "TESSERA_CORE_DUMPS";

/// To be called in `main`: this process leaves no core dump, and no other process of its user can read its memory. Card numbers
/// and keys are there.
pub fn forbid_core_dumps() {
    if std::env::var_os(CORE_DUMPS).is_some_and(|value| value == "1") {
        return;
    }
    // Linux always grants it; elsewhere there is no such thing.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Whether others have rights on a file, a folder or whatever it is.
pub fn is_open_to_others(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & OF_OTHERS != 0
}

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// Others have rights on it, or on something in it.
    #[error(
        "{} can be read or written by other users of this machine: run `chmod -R go-rwx {}`",
        path.display(),
        folder.display()
    )]
    Open {
        /// What.
        path: PathBuf,
        /// The folder that was looked at.
        folder: PathBuf,
    },
    /// It can't be looked at.
    #[error("{}: {why}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// Looks at a folder and at everything in it; one that is not there is good. Links are not followed, and sockets have their own
/// rules: connecting is not reading. An empty folder is closed to others here.
///
/// # Errors
/// When others have rights on anything, or it can't be looked at.
pub fn check(folder: &Path) -> Result<(), PrivateError> {
    let mut waiting = vec![(folder.to_path_buf(), 0)];
    while let Some((path, depth)) = waiting.pop() {
        let failed = |why| PrivateError::Io {
            path: path.clone(),
            why,
        };
        // The folder itself may be a link to another disk.
        let looked = match depth {
            0 => fs::metadata(&path),
            _ => fs::symlink_metadata(&path),
        };
        let metadata = match looked {
            Ok(metadata) => metadata,
            // It went away while we were looking.
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            Err(why) => return Err(failed(why)),
        };
        let kind = metadata.file_type();
        if !kind.is_dir() && !kind.is_file() {
            continue;
        }
        if is_open_to_others(&metadata) {
            // A folder in which nothing is yet has shown nobody anything.
            let is_empty = depth == 0 && fs::read_dir(&path).map_err(failed)?.next().is_none();
            if is_empty && fs::set_permissions(&path, Permissions::from_mode(0o700)).is_ok() {
                continue;
            }
            return Err(PrivateError::Open {
                path,
                folder: folder.to_path_buf(),
            });
        }
        if kind.is_dir() && depth < DEPTH_MAX {
            for entry in fs::read_dir(&path).map_err(failed)? {
                waiting.push((entry.map_err(failed)?.path(), depth + 1));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn finds_what_others_can_read_however_deep() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        check(&root).unwrap();
        let deep = root.join("store/keyspaces/1");
        let private = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        fs::create_dir_all(&deep).unwrap();
        let file = deep.join("table");
        fs::write(&file, "9900").unwrap();
        for (path, mode) in [
            (&root, 0o700),
            (&root.join("store"), 0o700),
            (&root.join("store/keyspaces"), 0o700),
            (&deep, 0o700),
            (&file, 0o600),
        ] {
            private(path, mode);
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
        let socket = root.join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        private(&socket, 0o666);
        check(&root).unwrap();
        for (path, good, mode) in [
            (&file, 0o600, 0o640),
            (&file, 0o600, 0o602),
            (&deep, 0o700, 0o710),
            (&root, 0o700, 0o755),
        ] {
            private(path, mode);
            assert_eq!(
                check(&root).unwrap_err().to_string(),
                format!(
                    "{} can be read or written by other users of this machine: run `chmod -R go-rwx {}`",
                    path.display(),
                    root.display()
                )
            );
            private(path, good);
        }
        check(&root).unwrap();
    }
}
