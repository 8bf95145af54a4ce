//! What a wallet remembers of each request: enough to answer it again alike, to undo it, and to
//! settle it with the host. Everything else about it stands in the journal, at its position.

use tessera_protocol::{Amount, Currency, ResponseCode};

use super::{DuplicateKey, Event, Opening, Reference};

/// What a request was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0200/00.
    Purchase,
    /// 0400 or 0420.
    Reversal,
    /// Money from the payer's source.
    Load,
    /// A card asked of the host.
    CardIssue,
    /// 0200/20.
    Refund,
    /// All money back to the payer's source.
    Payout,
    /// A card number was ended, of which the host has to hear.
    Retirement,
    /// Another operation of the wallet server.
    Administration,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The host has not answered; a purchase's money is held.
    Pending,
    /// Done; what stands of it is debited.
    Approved,
    /// Nothing came of it.
    Declined,
}

/// Whether the host must be told to undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// No.
    None,
    /// Yes, until it acknowledges.
    Open,
    /// It has acknowledged.
    Acknowledged,
}

/// One request and its fate.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// The switch's own id, rising within a wallet.
    pub reference: Reference,
    /// Journal position of the event that opened it.
    pub position: u64,
    /// Field 32 of the request.
    pub institution: u64,
    /// Field 4 of the request.
    pub amount: Amount,
    /// What of the amount has not been undone.
    pub standing: Amount,
    /// Tells two ways to name the payer apart: card number, head of the order key, or 0.
    pub payer: u64,
    /// Field 7 of the request, MMDDhhmmss.
    pub transmission: u32,
    /// Field 11 of the request.
    pub trace: u32,
    /// Terminal and card acceptor of the request, as [`Opening::origin_tag`](super::Opening::origin_tag).
    pub origin: u32,
    /// Our trace number towards the host; 0 where it was not forwarded.
    pub host_trace: u32,
    /// Field 49 of the request.
    pub currency: Currency,
    /// Field 39 of the answer; of no meaning while pending.
    pub code: ResponseCode,
    /// What it was about.
    pub kind: Kind,
    /// How far it has come.
    pub status: Status,
    /// What the host has to be told.
    pub advice: Advice,
    /// Of the request only a repeat came through, so that the time of the original is not known.
    pub only_repeat: bool,
    /// What few transactions have to say.
    pub more: Option<Box<More>>,
}

/// What stands besides in the few transactions that others are about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct More {
    /// What of it was refunded, or will be if the host approves.
    pub refunded: Amount,
    /// The purchase that a refund is of; 0 for all else.
    pub original: Reference,
    /// What a reversal asked to leave of it: a second reversal undoes nothing.
    pub asked: Option<Amount>,
    /// Fields 7 of its repeats, where they differ.
    pub repeats: Vec<u32>,
}

const NO_MORE: &More = &More {
    refunded: Amount::ZERO,
    original: Reference(0),
    asked: None,
    repeats: Vec::new(),
};

impl Transaction {
    /// What `event`, which stands at `position`, opens, as it is just then; `None` where it opens nothing.
    pub fn opened_by(event: &Event, position: u64) -> Option<Self> {
        let opening = event.opening()?;
        let (kind, status, code, host_trace) = match event {
            Event::CardRequested { host_trace, .. } => pending(Kind::CardIssue, *host_trace),
            Event::LoadRequested { host_trace, .. } => pending(Kind::Load, *host_trace),
            Event::PayoutRequested { host_trace, .. } => pending(Kind::Payout, *host_trace),
            Event::RefundRequested { host_trace, .. } => pending(Kind::Refund, *host_trace),
            Event::CardRetired { .. } => closed(Kind::Retirement, ResponseCode::APPROVED),
            Event::Account { change, .. } => closed(Kind::Administration, change.code()),
            Event::Held { host_trace, .. } => pending(Kind::Purchase, *host_trace),
            Event::Declined { code, .. } if opening.class == 6 => {
                closed(Kind::Administration, *code)
            }
            Event::Declined { code, .. } if opening.is_refund() => closed(Kind::Refund, *code),
            Event::Declined { code, .. } => closed(Kind::Purchase, *code),
            Event::Reversed { .. } => closed(Kind::Reversal, ResponseCode::APPROVED),
            Event::ReversalNoted { code, .. } => closed(Kind::Reversal, *code),
            _ => closed(Kind::Administration, ResponseCode::APPROVED),
        };
        Some(Self {
            kind,
            status,
            code,
            host_trace,
            standing: match status {
                Status::Declined => Amount::ZERO,
                _ => opening.amount,
            },
            more: match event {
                Event::RefundRequested { original, .. } => Some(Box::new(More {
                    original: *original,
                    ..More::default()
                })),
                _ => None,
            },
            advice: match kind {
                Kind::Retirement => Advice::Open,
                _ => Advice::None,
            },
            ..Self::of(opening, position)
        })
    }

    fn of(opening: &Opening, position: u64) -> Self {
        Self {
            key: opening.key,
            reference: opening.reference,
            position,
            institution: opening.institution,
            amount: opening.amount,
            standing: opening.amount,
            payer: opening.payer.tag(),
            transmission: opening.transmission,
            trace: opening.trace,
            origin: opening.origin_tag(),
            host_trace: 0,
            currency: opening.currency,
            code: ResponseCode::APPROVED,
            kind: Kind::Administration,
            status: Status::Pending,
            advice: Advice::None,
            only_repeat: opening.repeat,
            more: None,
        }
    }

    /// What others have made of it.
    pub fn more(&self) -> &More {
        self.more.as_deref().unwrap_or(NO_MORE)
    }

    pub(super) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// The authorization number of its answer, derived from the reference, so that it is the same
    /// however often it is asked for.
    pub fn approval(&self) -> [u8; 6] {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
        let mixed = self.reference.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        std::array::from_fn(|place| DIGITS[(mixed >> (5 * place)) as usize & 31])
    }

    /// What stands of a purchase of which so much is refunded: what its reversal asked for, but what was refunded is not
    /// given back a second time.
    pub fn stands_at(&self, refunded: Amount) -> Amount {
        match self.more().asked {
            Some(asked) if self.status == Status::Approved => asked.max(refunded),
            _ => self.standing,
        }
    }

    /// What the host is told to leave of it. Of refunds it keeps account itself, by the same rule.
    pub fn left_at_host(&self) -> Amount {
        match self.status {
            Status::Declined => Amount::ZERO,
            _ => self.more().asked.unwrap_or(self.standing),
        }
    }

    /// Whether somebody still has to hear or say something about it.
    pub fn is_open(&self) -> bool {
        self.status == Status::Pending
            || self.advice == Advice::Open
            || self.stands_at(self.more().refunded) < self.standing
    }

    /// Whether a reversal that says `transmission` (0: says nothing) can mean it.
    pub fn was_sent_at(&self, transmission: u32) -> bool {
        transmission == 0
            || transmission == self.transmission
            || self.more().repeats.contains(&transmission)
    }
}

type Opened = (Kind, Status, ResponseCode, u32);

fn pending(kind: Kind, host_trace: u32) -> Opened {
    (kind, Status::Pending, ResponseCode::APPROVED, host_trace)
}

fn closed(kind: Kind, code: ResponseCode) -> Opened {
    let status = match code.is_approved() {
        true => Status::Approved,
        false => Status::Declined,
    };
    (kind, status, code, 0)
}
