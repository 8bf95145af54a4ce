//! What a posting is about besides its card: the source of a load or payout, the original of a refund.

use hashbrown::HashMap;

use super::request::{Reference, TableName};

/// Field 102: where the money of a load comes from, and where that of a payout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::host) struct Source([u8; Self::LENGTH]);

impl Source {
    /// Characters of field 102 at most.
    pub(in crate::host) const LENGTH: usize = 28;

    /// `None` where there are no characters, or too many.
    pub(in crate::host) fn new(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii_end();
        let mut padded = [b' '; Self::LENGTH];
        padded.get_mut(..text.len())?.copy_from_slice(text);
        (!text.is_empty()).then_some(Self(padded))
    }

    /// As the log has it.
    pub(super) fn padded(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// As it was sent.
    pub(in crate::host) fn text(&self) -> &[u8] {
        self.0.trim_ascii_end()
    }
}

/// What a posting is about, as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Concern {
    /// The card alone.
    Card,
    /// A load or a payout.
    Source {
        source: Source,
        /// What it had at first, minor units; `None` = more than anyone will ask for.
        balance: Option<u64>,
    },
    /// A refund of what field 90 names.
    Original(Named),
}

/// An original as field 90 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) struct Named {
    pub(in crate::host) request_table: TableName,
    pub(in crate::host) trace: u32,
    pub(in crate::host) transmission: u32,
    /// 0 = absent.
    pub(in crate::host) institution: u64,
    /// Field 48 tag 05: its field 37, if present.
    pub(in crate::host) reference: Option<Reference>,
}

/// The same of an approved posting, as the ledger keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Detail {
    Source(Source),
    Original {
        request_table: TableName,
        reference: Reference,
    },
}

impl Detail {
    /// Whether a repeat is about the same. Which original was meant is not looked up again: the same amount and
    /// reference suffice within one map of requests.
    pub(super) fn is_repeated_by(&self, concern: &Concern) -> bool {
        match (self, concern) {
            (Self::Source(known), Concern::Source { source, .. }) => known == source,
            (Self::Original { .. }, Concern::Original(_)) => true,
            _ => false,
        }
    }
}

/// What each source has given, less what it got back; minor units.
#[derive(Default)]
pub(super) struct Given(HashMap<Source, i64>);

impl Given {
    pub(super) fn of(&self, source: &Source) -> i64 {
        self.0.get(source).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, source: Source, amount: i64) {
        *self.0.entry(source).or_default() += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_1_to_28_characters() {
        assert_eq!(
            Source::new(b"XT12 34  ").map(|source| source.text().len()),
            Some(7)
        );
        assert!(Source::new(&[b'1'; 28]).is_some());
        assert!(Source::new(&[b'1'; 29]).is_none());
        assert!(Source::new(b"  ").is_none());
    }
}
