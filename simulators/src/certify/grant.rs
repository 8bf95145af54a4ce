//! What a party may do that others may not.

/// What a party's profile may grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Several completions of one authorization.
    SeveralCompletions,
    /// Refunds that name no purchase.
    UnreferencedRefunds,
    /// Advices of what was decided elsewhere.
    StandInAdvices,
    /// Approvals in part.
    PartialApproval,
    /// 00 and not 25 to a 0400 whose original was never seen.
    UnknownReversalApproved,
}

impl Grant {
    /// As the profile says it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::SeveralCompletions => "several_completions",
            Self::UnreferencedRefunds => "unreferenced_refunds",
            Self::StandInAdvices => "stand_in_advices",
            Self::PartialApproval => "partial_approval",
            Self::UnknownReversalApproved => "unknown_reversal = \"00\"",
        }
    }
}
