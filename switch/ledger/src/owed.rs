//! The kinds of advices that the host is owed.

/// The kind of the advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owed {
    /// To undo something.
    Undo,
    /// That something was decided without it.
    Posting,
    /// That a card number is no more; or which card it has issued.
    Card,
}
