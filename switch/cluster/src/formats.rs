//! Which formats an owner writes into the log, and which a node can read. A version is the newest one; all before it are read too.

use serde::{Deserialize, Serialize};

use crate::NodeId;
use crate::entry::ENTRY_VERSION;

/// Of the entries, and of the events in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formats {
    /// Of the log's entries.
    pub entry: u32,
    /// Of the journal's events: how many numbers their layouts have been given.
    pub event: u32,
}

/// What of an epoch can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub what: &'static str,
    pub found: u32,
    pub known: u32,
}

impl Formats {
    /// Of this build.
    pub fn of_build(event: u32) -> Self {
        Self {
            entry: ENTRY_VERSION,
            event,
        }
    }

    /// What a reader of these formats can't read where all of `written` may come.
    pub(crate) fn unreadable(self, written: Self) -> Option<Unreadable> {
        let pairs = [
            ("entry", written.entry, self.entry),
            ("event", written.event, self.event),
        ];
        pairs
            .into_iter()
            .find(|(_, found, known)| found > known)
            .map(|(what, found, known)| Unreadable { what, found, known })
    }

    /// Why a node that writes these formats must not own the log while these nodes are there. One whose build does not say what it reads
    /// finds out by itself.
    pub(crate) fn refused_by<'a>(
        self,
        others: impl IntoIterator<Item = (&'a NodeId, Option<Self>)>,
    ) -> Option<String> {
        others.into_iter().find_map(|(node, reads)| {
            let Unreadable { what, found, known } = reads?.unreadable(self)?;
            Some(format!(
                "{node} reads {what} formats up to {known}, and this build writes {found}: install this build on {node}, or stop its switch"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(entry: u32, event: u32) -> Formats {
        Formats { entry, event }
    }

    #[test]
    fn an_older_format_is_read_and_a_newer_one_is_not() {
        let reads = formats(2, 39);
        for written in [formats(2, 39), formats(1, 39), formats(2, 7)] {
            assert_eq!(reads.unreadable(written), None);
        }
        let newer = |what, found, known| Some(Unreadable { what, found, known });
        assert_eq!(reads.unreadable(formats(3, 1)), newer("entry", 3, 2));
        assert_eq!(reads.unreadable(formats(1, 40)), newer("event", 40, 39));
    }

    #[test]
    fn no_owner_writes_what_a_listed_node_can_not_read() {
        let [n2, n3, n4] = ["n2", "n3", "n4"].map(|name| NodeId::parse(name).unwrap());
        let nodes = [(&n2, Some(formats(1, 40))), (&n3, None)];
        assert_eq!(formats(1, 40).refused_by(nodes), None);
        let older = [(&n4, Some(formats(1, 39)))];
        let why = formats(1, 40).refused_by(nodes.into_iter().chain(older));
        let why = why.unwrap();
        assert!(why.starts_with("n4 reads event formats up to 39"), "{why}");
        assert_eq!(formats(1, 39).refused_by(older), None);
    }
}
