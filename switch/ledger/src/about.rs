//! Which transactions a command or an event is about.

use super::original::NamedOriginal;
use super::{DuplicateKey, Opening, Reference};

/// Which transactions something is about that happens to a wallet.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// None that was seen before.
    None,
    /// This one.
    Reference(Reference),
    /// A request that may be a repeat.
    Request(&'a Opening),
    /// A stand-in advice, which may be a repeat, or may report a request that was sent here under this key.
    Twin(&'a Opening, &'a DuplicateKey),
    /// A reversal, completion or refund, which may be a repeat, and what it names.
    Original(&'a Opening, NamedOriginal),
    /// What an inquiry names.
    Named(NamedOriginal),
}
