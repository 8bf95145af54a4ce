//! The wallet room: pure rules (`decide`, `apply`) and the actor around them.
//! What comes in: commands. What leaves: events for the journal and effects for the gate.
//! What never happens here: a clock is read, a socket is touched, a disk is waited for.

mod reference;

pub use reference::Reference;

/// A wallet's number in the switch. Never shown to a mall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WalletId(pub u64);
