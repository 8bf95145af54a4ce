//! The requests to the host link, and their outcomes.

use std::time::Instant;

use bytes::Bytes;
use tessera_protocol::{
    Amount, CardNumber, Currency, HostRequestKind, Institution, Mti, OriginalData, Stan, Totals,
};

use tessera_ledger::{AdviceSubject, Merchant, Reference, Secret, WalletId};

/// Field 3 of a load.
pub const LOAD_PROCESSING_CODE: u32 = 280_000;
/// Field 3 of a payout: money back to the payer's source.
pub const PAYOUT_PROCESSING_CODE: u32 = 290_000;
/// Terminal (field 41) of a load, which no mall sent.
pub const LOAD_TERMINAL: [u8; 8] = *b"TESSERA ";
/// Card acceptor (field 42) of a load, which no mall sent.
pub const LOAD_ACCEPTOR: [u8; 15] = *b"TESSERA        ";

/// The financial system's answer to an advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdviceOutcome {
    /// It has acknowledged.
    Acknowledged,
    /// It has refused too often: the advice was given up.
    Refused,
}

/// What the financial system says about settlement dates: an 0800.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateMessage {
    /// 201 in field 70: this date begins, field 15, MMDD.
    Begin(u32),
    /// 202: it has all of the date before.
    Complete,
}

/// An 0800 of the financial system that waits for its answer.
#[derive(Debug)]
pub struct Unanswered {
    pub(super) line: u16,
    pub(super) message: Box<[u8]>,
}

/// One request to the financial system.
#[derive(Debug)]
pub struct HostRequest {
    /// Who gets the answer.
    pub wallet: WalletId,
    /// The transaction: field 37, except in a reversal.
    pub reference: Reference,
    /// Field 11, from [`Link::next_trace`](super::Link::next_trace).
    pub trace: Stan,
    /// Field 7, MMDDhhmmss in UTC.
    pub transmission: u32,
    /// Without an answer by then the outcome is [`HostOutcome::Silent`].
    pub deadline: Instant,
    /// What is asked.
    pub message: HostMessage,
}

/// What is asked of the financial system.
#[derive(Debug)]
pub enum HostMessage {
    /// 0200 or 0100: a mall's request, passed on.
    Forward {
        /// The request as the mall sent it, without its length.
        frame: Bytes,
        /// The card that the financial system is shown.
        card: CardNumber,
        /// Its expiry, YYMM.
        expiry: u16,
        /// Field 15, MMDD.
        settlement_date: u32,
        /// Field 3 where that of the mall is not sent on.
        processing_code: Option<u32>,
        /// Field 4 where less is granted than the mall asked for.
        granted: Option<Amount>,
        /// The purchase that a refund is of.
        original: Option<Box<Original>>,
    },
    /// 0200 with processing code 28 or 29: money from the payer's source, or back to it.
    Load {
        /// Back to the source.
        back: bool,
        /// The card that the financial system knows the wallet by.
        card: CardNumber,
        /// Its expiry, YYMM.
        expiry: u16,
        /// Field 15, MMDD.
        settlement_date: u32,
        /// How much.
        amount: Amount,
        /// In what.
        currency: Currency,
        /// Field 102, at most 28 characters.
        source: Secret,
    },
    /// 0302 (0303 when repeated): something about a card.
    Card {
        /// What.
        update: CardUpdate,
        /// Whether it may have been sent before.
        repeat: bool,
    },
    /// 0420 (0421 when repeated): undo something.
    Reversal(Box<Advice>),
    /// 0120 or 0220 (0121, 0221 when repeated): something was decided without the financial system.
    Posting(Box<Posting>),
    /// 0520: what a settlement date comes to here.
    Reconciliation {
        /// Field 15, MMDD.
        settlement_date: u32,
        /// All parties', and of no party.
        totals: Box<Totals>,
    },
}

impl HostMessage {
    /// The kind, if it is an advice that must be acknowledged.
    pub fn subject(&self) -> AdviceSubject {
        match self {
            Self::Reversal(advice) => AdviceSubject::Undo(advice.replacement.unwrap_or_default()),
            Self::Posting(_) => AdviceSubject::Posting,
            Self::Forward { .. }
            | Self::Load { .. }
            | Self::Card { .. }
            | Self::Reconciliation { .. } => AdviceSubject::Card,
        }
    }

    /// What it is, where it is sent until it is acknowledged.
    pub(super) fn kind(&self) -> Option<HostRequestKind> {
        Some(match self {
            Self::Reversal(advice) if advice.in_doubt => HostRequestKind::ReversalInDoubt,
            Self::Reversal(_) => HostRequestKind::Reversal,
            Self::Posting(_) => HostRequestKind::Posting,
            Self::Card { update, .. } => match update {
                CardUpdate::Issue | CardUpdate::Replace(_) => HostRequestKind::CardIssue,
                CardUpdate::Cancel(_) => HostRequestKind::CardCancellation,
            },
            Self::Forward { .. } | Self::Load { .. } | Self::Reconciliation { .. } => return None,
        })
    }
}

/// An earlier transaction, as the financial system knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original {
    /// Field 48 tag 05: its field 37.
    pub reference: Reference,
    /// Field 90.
    pub data: OriginalData,
}

/// What was decided without the financial system.
#[derive(Debug, Clone)]
pub struct Posting {
    /// 0120 or 0220.
    pub mti: Mti,
    /// Field 2.
    pub card: CardNumber,
    /// Field 14, YYMM.
    pub expiry: u16,
    /// Field 15, MMDD.
    pub settlement_date: u32,
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Fields 18, 22 and 25.
    pub merchant: Merchant,
    /// Field 41.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
    /// The authorization that it completes, or the request that was approved in the financial system's stead.
    pub original: Option<Original>,
}

/// Field 91 of 0302.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardUpdate {
    /// 1: a new card.
    Issue,
    /// 2: a new card in the place of this one.
    Replace(CardNumber),
    /// 3: this one is no more.
    Cancel(CardNumber),
}

/// A reversal advice.
#[derive(Debug, Clone)]
pub struct Advice {
    /// Whether it may have been sent before.
    pub repeat: bool,
    /// Card of the original.
    pub card: CardNumber,
    /// Field 3 of the original.
    pub processing_code: u32,
    /// Field 4 of the original.
    pub amount: Amount,
    /// Field 95: what the original shrinks to; nothing for the whole of it.
    pub replacement: Option<Amount>,
    /// Field 49 of the original.
    pub currency: Currency,
    /// Field 90: MTI of the original as we sent it, 0200 or 0100.
    pub original_mti: Mti,
    /// Field 90: our trace number of the original; none where it had another one each time.
    pub original_trace: Option<Stan>,
    /// Field 90: field 7 of the original as we sent it.
    pub original_transmission: u32,
    /// Fields 32 and 90: field 32 of the original; none where we sent it in our own name.
    pub original_institution: Option<Institution>,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Field 15, MMDD: of what took it back; that of the original where the original came to nothing here.
    pub settlement_date: u32,
    /// Field 41 of the original.
    pub terminal: [u8; 8],
    /// Field 42 of the original.
    pub acceptor: [u8; 15],
    /// Field 37 of the original as we sent it.
    pub reference_of_original: Reference,
    /// The financial system has not approved the original, and may have never received it.
    pub in_doubt: bool,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct HostAnswer {
    /// Of the request.
    pub wallet: WalletId,
    /// Of the request.
    pub reference: Reference,
    /// What happened.
    pub outcome: HostOutcome,
}

/// What the financial system said, or that it said nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum HostOutcome {
    /// It answered.
    Answered {
        /// Field 39.
        code: [u8; 2],
        /// Field 38.
        approval: Option<[u8; 6]>,
    },
    /// It issued a card: fields 2 and 14 of an approval.
    CardIssued {
        /// Field 2.
        card: CardNumber,
        /// Field 14, YYMM.
        expiry: u16,
    },
    /// Its totals: fields 66 and 74 to 97 of an 0530.
    Totals {
        /// Field 66 says that it has the same.
        agreed: bool,
        /// What it has.
        theirs: Box<Totals>,
    },
    /// The deadline passed, or the line was lost after the request may have left: nobody knows.
    Silent,
    /// It certainly never left: no line was up, too much was in flight, or the line was lost first.
    Unsent,
}
