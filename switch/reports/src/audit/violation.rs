//! What an audit can find wrong, and why it can end without having proven anything.

use tessera_journal::{JournalError, Position, Sequence};
use tessera_ledger::{Broken, Unreadable, WalletId};
use tessera_store::ReadBackError;

use super::result_error::ResultError;

/// Something that is wrong in the journal, or with the audit itself ([`Violation::is_in_the_journal`]).
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The journal itself is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record is no event.
    #[error("record {sequence}: {error}")]
    Unreadable {
        /// Of the record.
        sequence: Sequence,
        /// Where.
        error: Unreadable,
    },
    /// An event takes what is not there, or does not follow from what came before.
    #[error("record {sequence}, wallet {wallet}: {error}", wallet = wallet.0)]
    Broken {
        /// Of the record.
        sequence: Sequence,
        /// Whose.
        wallet: WalletId,
        /// In what way.
        error: Broken,
    },
    /// A transaction that an event is about can't be read back.
    #[error("record {sequence}, wallet {wallet}: {error}", wallet = wallet.0)]
    NotReadBack {
        /// Of the record.
        sequence: Sequence,
        /// Whose.
        wallet: WalletId,
        /// Why not.
        error: ReadBackError,
    },
    /// A wallet's chain through the journal is broken.
    #[error(
        "record {sequence}, wallet {wallet}: follows position {}, not {}",
        stored(*previous), stored(*last), wallet = wallet.0
    )]
    OutOfChain {
        /// Of the record.
        sequence: Sequence,
        /// Whose.
        wallet: WalletId,
        /// What it says came before; `None` for nothing.
        previous: Option<Position>,
        /// What did.
        last: Option<Position>,
    },
    /// A wallet's balance is not the sum of its events.
    #[error(
        "record {sequence}, wallet {wallet}: {kind} is {balance}, the events sum up to {sum}",
        wallet = wallet.0
    )]
    Unequal {
        /// Of the record.
        sequence: Sequence,
        /// Whose.
        wallet: WalletId,
        /// Which balance.
        kind: &'static str,
        /// The balance.
        balance: i128,
        /// The sum.
        sum: i128,
    },
    /// A wallet that the audit had put aside can't be read again.
    #[error("a wallet that was put aside during the audit can't be read again: {0}")]
    Folded(Unreadable),
    /// The threads of the audit can't be started.
    #[error("the audit's threads can't be started: {0}")]
    Threads(std::io::Error),
    /// The result of an earlier audit is not used, or this one's can't be written.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// Debits and credits do not meet.
    #[error("the accounts sum to {0} instead of 0")]
    Unbalanced(i128),
}

impl Violation {
    /// Whether the journal is not what was written, or does not add up. Otherwise the audit could not be completed, and says
    /// nothing about it.
    pub fn is_in_the_journal(&self) -> bool {
        match self {
            Self::Broken { .. }
            | Self::OutOfChain { .. }
            | Self::Unequal { .. }
            | Self::Unbalanced(_)
            | Self::Result(ResultError::OtherJournal { .. }) => true,
            Self::Journal(error)
            | Self::Result(ResultError::Journal(error))
            | Self::NotReadBack {
                error: ReadBackError::Journal(error),
                ..
            } => error.is_damage(),
            Self::Unreadable { error, .. }
            | Self::NotReadBack {
                error: ReadBackError::Unreadable(error),
                ..
            } => matches!(error, Unreadable::Damaged { .. }),
            Self::NotReadBack { .. } => true,
            Self::Folded(_) | Self::Threads(_) | Self::Result(_) => false,
        }
    }

    /// Of the record that it was found at; `None` where it is about no single one.
    pub(super) fn sequence(&self) -> Option<Sequence> {
        match self {
            Self::Unreadable { sequence, .. }
            | Self::Broken { sequence, .. }
            | Self::NotReadBack { sequence, .. }
            | Self::OutOfChain { sequence, .. }
            | Self::Unequal { sequence, .. } => Some(*sequence),
            Self::Journal(_)
            | Self::Result(_)
            | Self::Folded(_)
            | Self::Threads(_)
            | Self::Unbalanced(_) => None,
        }
    }
}

fn stored(position: Option<Position>) -> u64 {
    position.map_or(0, Position::to_stored)
}
