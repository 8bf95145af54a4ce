//! A store that another one takes the place of, until that one is complete: `store.old`.
//!
//! ```text
//! store ─▶ store.old        set_aside: the store can't be read, or another one was restored
//!          store            the other one: restored from a full snapshot, or rebuilt from the journal
//!          store.old ─▶ ×   remove_replaced: the start has come to the end of the journal
//! ```

use std::io;
use std::path::{Path, PathBuf};

use super::{StoreError, folder};

/// Moves the store in `directory` out of the way, if one is there. Where one is aside already, no start was complete since: that
/// one stays, and what such a start began is removed.
///
/// # Errors
/// When the system refuses it.
pub fn set_aside(directory: &Path) -> Result<(), StoreError> {
    let old = old(directory);
    let moved = match old.try_exists().map_err(folder(&old))? {
        true => std::fs::remove_dir_all(directory),
        false => std::fs::rename(directory, &old),
    };
    moved.or_else(missing_is_good).map_err(folder(directory))
}

/// Removes what was set aside: the store in `directory` is complete.
///
/// # Errors
/// When the system refuses it.
pub fn remove_replaced(directory: &Path) -> Result<(), StoreError> {
    let old = old(directory);
    let removed = std::fs::remove_dir_all(&old);
    removed.or_else(missing_is_good).map_err(folder(&old))
}

fn old(directory: &Path) -> PathBuf {
    directory.with_extension("old")
}

fn missing_is_good(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_one_stays_aside_until_another_is_complete() {
        let data = tempfile::tempdir().unwrap();
        let store = data.path().join("store");
        let says = |path: &Path| fs::read_to_string(path.join("mark")).ok();
        let make = |text: &str| {
            fs::create_dir(&store).unwrap();
            fs::write(store.join("mark"), text).unwrap();
        };
        set_aside(&store).unwrap();
        remove_replaced(&store).unwrap();
        make("first");
        set_aside(&store).unwrap();
        assert_eq!(
            (says(&store), says(&old(&store))),
            (None, Some("first".into()))
        );
        make("a part of it");
        for _ in 0..2 {
            set_aside(&store).unwrap();
            assert_eq!(
                (says(&store), says(&old(&store))),
                (None, Some("first".into()))
            );
        }
        make("second");
        remove_replaced(&store).unwrap();
        assert_eq!(says(&store), Some("second".into()));
        assert!(!old(&store).exists());
    }
}
