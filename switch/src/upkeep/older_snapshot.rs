//! The full snapshot that a start needs if the newest one is damaged: it is read as a whole before the segments are deleted
//! that it stands for.

use anyhow::Context as _;
use tessera_journal::{Mark, Position, Reader};
use tessera_store::FullSnapshots;

/// The older one of the newest two.
pub(crate) struct OlderSnapshot {
    snapshots: FullSnapshots,
    /// The one that was whole. Files are never changed in place.
    verified: Option<Mark>,
}

impl OlderSnapshot {
    pub fn new(snapshots: FullSnapshots) -> Self {
        Self {
            snapshots,
            verified: None,
        }
    }

    /// That a start can do without the journal before `below`, also if the newest full snapshot is damaged later.
    ///
    /// # Errors
    /// When the older one is not what was written, or can't be read. The next full snapshot takes its place.
    pub fn verify(
        &mut self,
        journal: &dyn Reader,
        below: Position,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let older = self.snapshots.marks(journal)?.into_iter().nth(1);
        let older = older.filter(|older| older.position >= below);
        let older = older.context("the journal has no two full snapshots any more")?;
        if self.verified != Some(older) {
            self.snapshots.verify(older, goes_on)?;
            self.verified = Some(older);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tessera_encryption::DataKeys;
    use tessera_journal::testing::Memory;
    use tessera_journal::{Journal as _, Mark};
    use tessera_store::Store;

    use super::*;

    #[test]
    fn segments_stay_until_the_older_full_snapshot_is_whole() {
        let data = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(data.path());
        let store = Store::open(&data.path().join("store"), 1 << 20, keys.clone()).unwrap();
        let snapshots = FullSnapshots::in_data(data.path(), keys);
        let journal = Memory::default();
        let add = || {
            let mark: Mark = journal.append(0, b"an event").into();
            store.write(&[], Some(mark)).unwrap();
            let written = snapshots.write(&store, &journal, &|| true);
            assert!(written.unwrap().is_some());
            mark.position
        };
        let mut older = OlderSnapshot::new(snapshots.clone());
        let mut verify = |below| older.verify(&journal, below, &mut || true);
        let first = add();
        assert!(verify(first).is_err(), "there is one only");
        let second = add();
        // Its header is good, and the rows behind it are not.
        let path = snapshots.files().unwrap().remove(1);
        let good = fs::read(&path).unwrap();
        let mut damaged = good.clone();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(snapshots.marks(&journal).unwrap().len(), 2);
        let refused = verify(first).unwrap_err().to_string();
        assert!(refused.contains("is damaged"), "{refused}");
        fs::write(&path, &good).unwrap();
        verify(first).unwrap();
        assert!(verify(second).is_err(), "it is older than that");
        // Once is enough.
        fs::write(&path, &damaged).unwrap();
        verify(first).unwrap();
        add();
        verify(second).unwrap();
    }
}
