//! What the ledger is asked for, and the names in it.

/// Field 37 as it came.
pub(in crate::host) type Reference = [u8; 12];

/// Field 15, MMDD; 0 where it was not said. The same month and day of another year is the same date here.
pub(in crate::host) type SettlementDate = u16;

/// A request that moves, or would move, money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) struct Posting {
    pub(in crate::host) kind: PostingKind,
    pub(in crate::host) reference: Reference,
    pub(in crate::host) card: u64,
    pub(in crate::host) amount: u64,
    /// Fields 11, 7 and 32: how a reversal names it in field 90.
    pub(in crate::host) trace: u32,
    pub(in crate::host) transmission: u32,
    pub(in crate::host) institution: u64,
    pub(in crate::host) settlement_date: SettlementDate,
}

/// A request to undo a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) struct Reversal {
    /// Where the original stands, by the message type in its field 90.
    pub(in crate::host) request_table: TableName,
    /// The original's reference.
    pub(in crate::host) reference: Reference,
    pub(in crate::host) card: u64,
    /// Of the original, from field 90; 0 = absent.
    pub(in crate::host) trace: u32,
    pub(in crate::host) transmission: u32,
    pub(in crate::host) institution: u64,
    /// What shall be left of it (field 95).
    pub(in crate::host) down_to: u64,
    pub(in crate::host) settlement_date: SettlementDate,
    /// 0420: an advice, never refused.
    pub(in crate::host) advice: bool,
}

/// A request for a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) struct CardOrder {
    pub(in crate::host) operation: CardOperation,
    pub(in crate::host) reference: Reference,
    /// The card that is replaced or cancelled; 0 on an issue.
    pub(in crate::host) card: u64,
}

/// What a posting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::host) enum PostingKind {
    Purchase = 1,
    Load = 2,
    Refund = 3,
    Authorization = 4,
    Completion = 5,
    Payout = 6,
    AuthorizationAdvice = 7,
}

/// References are unique within a map of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(in crate::host) enum TableName {
    /// 0200.
    Financial = 0,
    /// 0100.
    Authorizations = 1,
    /// 0220.
    Completions = 2,
}

/// Field 91 of a card order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::host) enum CardOperation {
    Issue = 1,
    Replace = 2,
    Cancel = 3,
}

impl PostingKind {
    pub(super) const ALL: [Self; 7] = [
        Self::Purchase,
        Self::Load,
        Self::Refund,
        Self::Authorization,
        Self::Completion,
        Self::Payout,
        Self::AuthorizationAdvice,
    ];

    /// Whether it is a stand-in advice.
    pub(in crate::host) fn is_advice(self) -> bool {
        matches!(self, Self::Completion | Self::AuthorizationAdvice)
    }

    pub(in crate::host) fn request_table(self) -> TableName {
        match self {
            Self::Purchase | Self::Load | Self::Refund | Self::Payout => TableName::Financial,
            Self::Authorization | Self::AuthorizationAdvice => TableName::Authorizations,
            Self::Completion => TableName::Completions,
        }
    }
}

impl TableName {
    pub(super) const ALL: [Self; 3] = [Self::Financial, Self::Authorizations, Self::Completions];
}

impl CardOperation {
    pub(super) const ALL: [Self; 3] = [Self::Issue, Self::Replace, Self::Cancel];

    /// From the character of field 91.
    pub(in crate::host) fn from_digit(digit: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|&operation| operation as u8 == digit.wrapping_sub(b'0'))
    }
}
