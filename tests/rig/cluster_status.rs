//! What `tessera cluster status` says, taken apart.

use std::collections::BTreeMap;

/// See the head of this file.
#[derive(Debug, Clone)]
pub struct Status {
    pub epoch: u64,
    pub entry: u64,
    /// By node: the role, and the last entry on its disk.
    pub nodes: BTreeMap<String, (String, u64)>,
    /// Entries that the log still has.
    pub entries: u64,
    pub members_up: u64,
}

impl Status {
    /// From what was printed.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let mut head = lines.next()?.split(", ");
        let epoch = number(head.next()?.strip_prefix("epoch ")?)?;
        let entry = number(head.next()?.strip_prefix("entry ")?)?;
        let lines: Vec<_> = lines.skip(1).collect();
        let (engine, nodes) = lines.split_last()?;
        let nodes = nodes.iter().filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let (role, synced) = (words.get(1)?, number(words.get(2)?)?);
            Some((words[0].to_owned(), ((*role).to_owned(), synced)))
        });
        let words: Vec<_> = engine.split_whitespace().collect();
        let before = |word: &str| {
            let place = words.iter().position(|found| *found == word)?;
            number(words.get(place.checked_sub(1)?)?)
        };
        Some(Self {
            epoch,
            entry,
            nodes: nodes.collect(),
            entries: before("entries")?,
            members_up: number(words.get(2)?)?,
        })
    }
}
