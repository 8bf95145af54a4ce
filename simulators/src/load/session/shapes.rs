//! The kinds of messages that the generator sends, and what sets them apart.

use tessera_protocol::Mti;

use super::tab::FollowUp;

/// The requests; the first three have a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// 0200/00.
    Purchase,
    /// 0420.
    Reversal,
    /// 0100/31.
    Inquiry,
    /// 0100/00.
    Authorization,
    /// 0200/00 that takes a part.
    Partial,
    /// 0220 or, where the money is held, 0120, without an original.
    Decided {
        /// Whether it is held.
        held: bool,
    },
    /// What follows a message of this type.
    Following(FollowUp, Mti),
}

impl Shape {
    /// The message type.
    pub fn mti(self) -> Mti {
        match self {
            Self::Purchase | Self::Partial => Mti::PURCHASE,
            Self::Inquiry | Self::Authorization => Mti::AUTHORIZATION,
            Self::Decided { held: true } => Mti::AUTHORIZATION_ADVICE,
            Self::Decided { held: false } => Mti::COMPLETION,
            Self::Reversal => Mti::REVERSAL_ADVICE,
            Self::Following(follow_up, _) => match follow_up {
                FollowUp::Complete { .. } => Mti::COMPLETION,
                FollowUp::Refund { .. } => Mti::PURCHASE,
                FollowUp::Reverse { .. } | FollowUp::ReverseRefund => Mti::REVERSAL_ADVICE,
            },
        }
    }

    /// Field 3.
    pub fn processing_code(self) -> u64 {
        match self {
            Self::Inquiry => 310_000,
            Self::Following(FollowUp::Refund { .. } | FollowUp::ReverseRefund, _) => 200_000,
            _ => 0,
        }
    }

    /// The type of the message that field 90 names.
    pub fn original(self) -> Option<Mti> {
        match self {
            Self::Reversal => Some(Mti::PURCHASE),
            Self::Following(_, original) => Some(original),
            _ => None,
        }
    }

    /// Whether it has the fields about how the card was read: requests for money have them, advices that follow and reversals have not.
    pub fn has_entry_mode(self) -> bool {
        !matches!(self.mti(), Mti::REVERSAL_ADVICE)
            && !matches!(self, Self::Following(FollowUp::Complete { .. }, _))
    }
}
