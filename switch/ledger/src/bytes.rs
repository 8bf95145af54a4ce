//! Little-endian numbers and counted bytes: how events and snapshots stand on disk.

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::CardNumber;

use crate::CardName;

/// Bytes that this build cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No build writes them.
    #[error("unreadable at byte {at}: {what}")]
    Damaged {
        /// How far reading came.
        at: usize,
        /// What was expected there.
        what: &'static str,
    },
    /// A build of 0.2 wrote them, with card numbers.
    #[error(
        "version 0.2 wrote this, with card numbers in it: start the switch once, which upgrades the data"
    )]
    BeforeUpgrade,
    /// A newer build has written them.
    #[error(
        "a newer build wrote this: {what} {found}; this build ({build}) knows them up to {known}: \
         start the newer build again",
        build = env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// What the number counts.
        what: &'static str,
        /// The number that stands there.
        found: u8,
        /// The highest number that this build knows.
        known: u8,
    },
}

/// Appends eight bytes: milliseconds since 1970, or zeros for `None`.
pub(crate) fn write_optional_time(moment: Option<Timestamp>, out: &mut Vec<u8>) {
    let moment = moment.unwrap_or(Timestamp::EPOCH);
    out.extend_from_slice(&moment.milliseconds().to_le_bytes());
}

/// Reads what the `put_*` functions of `bytes::BufMut` wrote; every method fails where the bytes end.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    names: Option<&'a NameCard<'a>>,
    /// What is being read has card numbers where later layouts have names.
    has_numbers: bool,
}

/// Names a card of the wallet whose event is upgraded.
pub type NameCard<'a> = dyn Fn(&CardNumber) -> CardName + 'a;

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            names: None,
            has_numbers: false,
        }
    }

    /// The same for what a build of 0.2 may have written.
    pub(crate) fn upgrading(bytes: &'a [u8], names: &'a NameCard<'a>) -> Self {
        Self {
            names: Some(names),
            ..Self::new(bytes)
        }
    }

    /// What comes was written by a build of 0.2, with card numbers.
    pub(crate) fn expect_numbers(&mut self) -> Result<(), Unreadable> {
        self.has_numbers = true;
        self.names.map(|_| ()).ok_or(Unreadable::BeforeUpgrade)
    }

    /// Whether card numbers come instead of names.
    pub(crate) fn has_numbers(&self) -> bool {
        self.has_numbers
    }

    /// The name of a card whose number a build of 0.2 wrote.
    pub(crate) fn name_of(&self, card: &CardNumber) -> Result<CardName, Unreadable> {
        let names = self.names.ok_or(Unreadable::BeforeUpgrade)?;
        Ok(names(card))
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let end = self.at.checked_add(length).ok_or(self.fault("a length"))?;
        let taken = self
            .bytes
            .get(self.at..end)
            .ok_or(self.fault("more bytes"))?;
        self.at = end;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let taken = self.take(N)?;
        Ok(std::array::from_fn(|index| taken[index]))
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Unreadable> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_le_bytes)
    }

    /// Eight bytes: milliseconds since 1970.
    pub fn timestamp(&mut self) -> Result<Timestamp, Unreadable> {
        self.u64().map(Timestamp::from_milliseconds)
    }

    /// Eight bytes, which are zeros for `None`: what [`write_optional_time`] wrote.
    pub(crate) fn optional_timestamp(&mut self) -> Result<Option<Timestamp>, Unreadable> {
        Ok(Some(self.timestamp()?).filter(|moment| *moment != Timestamp::EPOCH))
    }

    /// A journal position.
    pub fn position(&mut self) -> Result<Position, Unreadable> {
        let position = Position::from_stored(self.u64()?);
        position.ok_or(self.fault("a journal position"))
    }

    /// A length in one byte, then that many bytes.
    pub fn counted(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Unreadable> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.fault("the end"))
        }
    }

    /// A fault at the place that reading has reached.
    pub fn fault(&self, what: &'static str) -> Unreadable {
        Unreadable::Damaged { at: self.at, what }
    }

    /// A version or kind that this build does not know. Numbers are given in rising order and never used again: one above
    /// the highest known is a newer build's, all others are damage.
    pub fn unknown(&self, what: &'static str, found: u8, known: u8) -> Unreadable {
        match found > known {
            true => Unreadable::Newer { what, found, known },
            false => self.fault(what),
        }
    }
}
