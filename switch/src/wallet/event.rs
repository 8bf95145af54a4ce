//! What can happen to a wallet, and the money that each event moves.
//!
//! ```text
//! payload of a journal record, little endian
//! ┌─────────┬────────────┬──────────────┬──────┬───────────────────────┐
//! │ wallet 8│ previous 8 │ at 8 (ms UTC)│kind 1│ fields of the event   │
//! └─────────┴────────────┴──────────────┴──────┴───────────────────────┘
//! previous: position of the wallet's event before this one, 0 for the first:
//! a wallet's history is a chain through the journal and needs no index.
//! ```

use bytes::BufMut;
use tessera_protocol::{Amount, CardNumber, Currency, OriginalData, ResponseCode};

use super::bytes::{Reader, Unreadable};
use super::{DuplicateKey, OrderKey, Reference, WalletId};

/// One event in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose event.
    pub wallet: WalletId,
    /// Journal position of the wallet's event before it; 0 for its first.
    pub previous: u64,
    /// Milliseconds since 1970.
    pub at: u64,
    /// What happened.
    pub event: Event,
}

/// What a request said when it came, for as long as the journal is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The switch's own id of the transaction.
    pub reference: Reference,
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// Field 32.
    pub institution: u64,
    /// Second digit of the MTI: 1 authorization, 2 financial, 4 reversal, 6 administrative.
    pub class: u8,
    /// Field 3, or field 24 on the wallet server's line.
    pub processing_code: u32,
    /// Field 11.
    pub trace: u32,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Field 41.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
    /// Whether the MTI marked a repeat: the original, with a time of its own, never came through.
    pub repeat: bool,
    /// Field 37.
    pub retrieval: [u8; 12],
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// How the request named the payer.
    pub payer: Payer,
}

/// How a request names who pays.
#[derive(Debug, Clone, PartialEq)]
pub enum Payer {
    /// By card number, with the expiry (YYMM) where the request carried one.
    Card(CardNumber, Option<u16>),
    /// By order, at an affiliated mall.
    Order(OrderKey),
    /// By wallet: the wallet server speaks for the payer.
    Wallet,
}

/// What happened. Amounts stand in the transaction that an event names, so that no event can
/// disagree with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A wallet was made.
    Opened(Opening),
    /// A development wallet with a card and money, in one event.
    Provisioned {
        /// The wallet's only currency.
        currency: Currency,
        /// Its card.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
        /// What it starts with.
        balance: Amount,
    },
    /// The host is being asked for a card.
    CardRequested {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: u32,
    },
    /// The host issued it.
    CardIssued {
        /// Of the request.
        reference: Reference,
        /// The new card.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
    },
    /// The host is being asked for money from the payer's source.
    LoadRequested {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: u32,
        /// The card that the host knows the wallet by.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
    },
    /// A purchase set money aside and goes to the host.
    Held {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: u32,
        /// The card that the host is shown.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
    },
    /// The host approved: a purchase is debited, a load credited.
    Approved {
        /// Of the request.
        reference: Reference,
    },
    /// Nothing came of it: a hold is given back.
    Released {
        /// Of the request.
        reference: Reference,
        /// What the asker is told.
        code: ResponseCode,
        /// Whether the host must be told to undo it, because it may have approved.
        advise: bool,
    },
    /// Refused by a rule of the switch; nothing moved.
    Declined {
        /// The request.
        opening: Opening,
        /// What the asker was told.
        code: ResponseCode,
    },
    /// A reversal undid its original, down to what stands of it.
    Reversed {
        /// The reversal.
        opening: Opening,
        /// The purchase.
        original: Reference,
        /// What is left of the purchase.
        standing: Amount,
    },
    /// A reversal that changed nothing: there was nothing, or nothing left, to undo.
    ReversalNoted {
        /// The reversal.
        opening: Opening,
        /// What the asker was told.
        code: ResponseCode,
        /// The original that it named and that was never seen.
        unseen: Option<UnseenOriginal>,
    },
    /// The host acknowledged the advice about a transaction.
    AdviceAcknowledged {
        /// The transaction.
        reference: Reference,
    },
    /// A repeat came with another field 7; a reversal may name that one.
    Repeated {
        /// The transaction.
        reference: Reference,
        /// Field 7 of the repeat.
        transmission: u32,
    },
    /// The payer agreed to pay an order.
    OrderAnnounced {
        /// The announcement; the order stands in its payer, its mall in its acceptor.
        opening: Opening,
        /// Milliseconds since 1970.
        expires_at: u64,
        /// What is bought, for the payer's eyes.
        description: Vec<u8>,
        /// Originals of this order that were reversed before it was announced.
        reversed: Vec<UnseenOriginal>,
    },
    /// The payer took it back.
    OrderCancelled {
        /// The cancellation.
        opening: Opening,
    },
}

/// What a reversal of an unseen original said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnseenOriginal {
    /// The party that reversed it.
    pub institution: u64,
    /// Second digit of the original's MTI.
    pub class: u8,
    /// The original's field 11.
    pub trace: u32,
    /// The original's field 7; 0 where the reversal left it open.
    pub transmission: u32,
    /// Terminal and card acceptor that the reversal came from.
    pub origin: [u8; 23],
    /// Milliseconds since 1970.
    pub at: u64,
}

/// Accounts of the double entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What the payer can spend.
    Available(WalletId),
    /// What is set aside.
    Held(WalletId),
    /// What the switch owes a party.
    Payable(u64),
    /// Where loaded money comes from.
    Funding,
}

/// Money moved from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Debited.
    pub from: Account,
    /// Credited.
    pub to: Account,
    /// How much.
    pub amount: Amount,
}

impl Opening {
    /// Terminal and card acceptor as one.
    pub fn origin(&self) -> [u8; 23] {
        let mut origin = [0; 23];
        origin[..8].copy_from_slice(&self.terminal);
        origin[8..].copy_from_slice(&self.acceptor);
        origin
    }

    /// The same in four bytes: enough to tell the terminals of one party apart that gave the same
    /// trace number in the same second.
    pub fn origin_tag(&self) -> u32 {
        crc32c::crc32c(&self.origin())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.reference.0);
        out.put_slice(&self.key.0);
        out.put_u64_le(self.institution);
        out.put_u8(self.class);
        out.put_u32_le(self.processing_code);
        out.put_u32_le(self.trace);
        out.put_u32_le(self.transmission);
        out.put_u32_le(self.local_time);
        out.put_u32_le(self.local_date);
        out.put_slice(&self.terminal);
        out.put_slice(&self.acceptor);
        out.put_u8(u8::from(self.repeat));
        out.put_slice(&self.retrieval);
        out.put_u64_le(self.amount.value());
        out.put_u16_le(self.currency.code());
        match &self.payer {
            Payer::Card(card, expiry) => {
                out.put_u8(1);
                write_card(out, card);
                out.put_u16_le(expiry.unwrap_or(0));
            }
            Payer::Order(key) => {
                out.put_u8(2);
                out.put_slice(&key.0);
            }
            Payer::Wallet => out.put_u8(3),
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            reference: Reference(from.u64()?),
            key: DuplicateKey(from.array()?),
            institution: from.u64()?,
            class: from.u8()?,
            processing_code: from.u32()?,
            trace: from.u32()?,
            transmission: from.u32()?,
            local_time: from.u32()?,
            local_date: from.u32()?,
            terminal: from.array()?,
            acceptor: from.array()?,
            repeat: from.u8()? != 0,
            retrieval: from.array()?,
            amount: read_amount(from)?,
            currency: read_currency(from)?,
            payer: match from.u8()? {
                1 => {
                    let card = read_card(from)?;
                    let expiry = from.u16()?;
                    Payer::Card(card, (expiry != 0).then_some(expiry))
                }
                2 => Payer::Order(OrderKey(from.array()?)),
                3 => Payer::Wallet,
                _ => return Err(from.fault("a way to name the payer")),
            },
        })
    }
}

/// How many seconds two fields 7 of one request can lie apart: a repeat carries a new one.
const REPEATED_WITHIN: u32 = 3_600;

/// Whether two fields 7 (MMDDhhmmss) can be of one request and a repeat of it.
pub(super) fn may_repeat(one: u32, other: u32) -> bool {
    const DAY: u32 = 86_400;
    let date = |time: u32| time / 1_000_000;
    let seconds = |time: u32| time / 10_000 % 100 * 3_600 + time / 100 % 100 * 60 + time % 100;
    let is_next_day = |day: u32, next: u32| {
        let month_begins = next % 100 == 1 && next / 100 == day / 100 % 12 + 1;
        next == day + 1 || (month_begins && day % 100 >= 28)
    };
    let over_midnight = |before: u32, after: u32| {
        is_next_day(date(before), date(after))
            && DAY.saturating_sub(seconds(before)) + seconds(after) < REPEATED_WITHIN
    };
    if date(one) == date(other) {
        return seconds(one).abs_diff(seconds(other)) < REPEATED_WITHIN;
    }
    over_midnight(one, other) || over_midnight(other, one)
}

impl UnseenOriginal {
    /// What the reversal that `opening` opens names in its field 90.
    pub fn named(original: &OriginalData, opening: &Opening, now: u64) -> Self {
        Self {
            institution: match original.institution {
                0 => opening.institution,
                institution => institution,
            },
            class: original.mti.class(),
            trace: original.trace,
            transmission: original.transmission,
            origin: opening.origin(),
            at: now,
        }
    }

    /// Whether the reversal meant this request, which came after it: a trace number is one terminal's, so
    /// 41 and 42 count too. Where the time differs, the same trace number within an hour is the same
    /// request, of which the reversal named another repeat.
    pub fn means(&self, opening: &Opening, repeat: bool) -> bool {
        if self.institution != opening.institution
            || self.class != opening.class
            || self.trace != opening.trace
            || self.origin != opening.origin()
        {
            return false;
        }
        self.transmission == 0 || repeat || may_repeat(self.transmission, opening.transmission)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.institution);
        out.put_u8(self.class);
        out.put_u32_le(self.trace);
        out.put_u32_le(self.transmission);
        out.put_slice(&self.origin);
        out.put_u64_le(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            institution: from.u64()?,
            class: from.u8()?,
            trace: from.u32()?,
            transmission: from.u32()?,
            origin: from.array()?,
            at: from.u64()?,
        })
    }
}

impl Entry {
    /// Appends the payload of its journal record.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.wallet.0);
        out.put_u64_le(self.previous);
        out.put_u64_le(self.at);
        self.event.write(out);
    }

    /// Reads a whole payload.
    pub fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(payload);
        let entry = Self {
            wallet: WalletId(from.u64()?),
            previous: from.u64()?,
            at: from.u64()?,
            event: Event::read(&mut from)?,
        };
        from.end()?;
        Ok(entry)
    }
}

impl Event {
    /// The request that this event opens, where it opens one.
    pub fn opening(&self) -> Option<&Opening> {
        match self {
            Self::Opened(opening)
            | Self::CardRequested { opening, .. }
            | Self::LoadRequested { opening, .. }
            | Self::Held { opening, .. }
            | Self::Declined { opening, .. }
            | Self::Reversed { opening, .. }
            | Self::ReversalNoted { opening, .. }
            | Self::OrderAnnounced { opening, .. }
            | Self::OrderCancelled { opening } => Some(opening),
            _ => None,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Opened(opening) => {
                out.put_u8(1);
                opening.write(out);
            }
            Self::Provisioned {
                currency,
                card,
                expiry,
                balance,
            } => {
                out.put_u8(2);
                out.put_u16_le(currency.code());
                write_card(out, card);
                out.put_u16_le(*expiry);
                out.put_u64_le(balance.value());
            }
            Self::CardRequested {
                opening,
                host_trace,
            } => {
                out.put_u8(3);
                opening.write(out);
                out.put_u32_le(*host_trace);
            }
            Self::CardIssued {
                reference,
                card,
                expiry,
            } => {
                out.put_u8(4);
                out.put_u64_le(reference.0);
                write_card(out, card);
                out.put_u16_le(*expiry);
            }
            Self::LoadRequested {
                opening,
                host_trace,
                card,
                expiry,
            } => {
                out.put_u8(5);
                write_forwarded(out, opening, *host_trace, card, *expiry);
            }
            Self::Held {
                opening,
                host_trace,
                card,
                expiry,
            } => {
                out.put_u8(6);
                write_forwarded(out, opening, *host_trace, card, *expiry);
            }
            Self::Approved { reference } => {
                out.put_u8(7);
                out.put_u64_le(reference.0);
            }
            Self::Released {
                reference,
                code,
                advise,
            } => {
                out.put_u8(8);
                out.put_u64_le(reference.0);
                out.put_slice(code.as_bytes());
                out.put_u8(u8::from(*advise));
            }
            Self::Declined { opening, code } => {
                out.put_u8(9);
                opening.write(out);
                out.put_slice(code.as_bytes());
            }
            Self::Reversed {
                opening,
                original,
                standing,
            } => {
                out.put_u8(10);
                opening.write(out);
                out.put_u64_le(original.0);
                out.put_u64_le(standing.value());
            }
            Self::ReversalNoted {
                opening,
                code,
                unseen,
            } => {
                out.put_u8(11);
                opening.write(out);
                out.put_slice(code.as_bytes());
                out.put_u8(u8::from(unseen.is_some()));
                if let Some(unseen) = unseen {
                    unseen.write(out);
                }
            }
            Self::AdviceAcknowledged { reference } => {
                out.put_u8(12);
                out.put_u64_le(reference.0);
            }
            Self::Repeated {
                reference,
                transmission,
            } => {
                out.put_u8(13);
                out.put_u64_le(reference.0);
                out.put_u32_le(*transmission);
            }
            Self::OrderAnnounced {
                opening,
                expires_at,
                description,
                reversed,
            } => {
                out.put_u8(14);
                opening.write(out);
                out.put_u64_le(*expires_at);
                let description = &description[..description.len().min(255)];
                out.put_u8(description.len() as u8);
                out.put_slice(description);
                out.put_u16_le(reversed.len().min(usize::from(u16::MAX)) as u16);
                for unseen in reversed.iter().take(usize::from(u16::MAX)) {
                    unseen.write(out);
                }
            }
            Self::OrderCancelled { opening } => {
                out.put_u8(15);
                opening.write(out);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? {
            1 => Self::Opened(Opening::read(from)?),
            2 => Self::Provisioned {
                currency: read_currency(from)?,
                card: read_card(from)?,
                expiry: from.u16()?,
                balance: read_amount(from)?,
            },
            3 => Self::CardRequested {
                opening: Opening::read(from)?,
                host_trace: from.u32()?,
            },
            4 => Self::CardIssued {
                reference: Reference(from.u64()?),
                card: read_card(from)?,
                expiry: from.u16()?,
            },
            5 => {
                let (opening, host_trace, card, expiry) = read_forwarded(from)?;
                Self::LoadRequested {
                    opening,
                    host_trace,
                    card,
                    expiry,
                }
            }
            6 => {
                let (opening, host_trace, card, expiry) = read_forwarded(from)?;
                Self::Held {
                    opening,
                    host_trace,
                    card,
                    expiry,
                }
            }
            7 => Self::Approved {
                reference: Reference(from.u64()?),
            },
            8 => Self::Released {
                reference: Reference(from.u64()?),
                code: read_code(from)?,
                advise: from.u8()? != 0,
            },
            9 => Self::Declined {
                opening: Opening::read(from)?,
                code: read_code(from)?,
            },
            10 => Self::Reversed {
                opening: Opening::read(from)?,
                original: Reference(from.u64()?),
                standing: read_amount(from)?,
            },
            11 => {
                let opening = Opening::read(from)?;
                let code = read_code(from)?;
                let unseen = match from.u8()? {
                    0 => None,
                    _ => Some(UnseenOriginal::read(from)?),
                };
                Self::ReversalNoted {
                    opening,
                    code,
                    unseen,
                }
            }
            12 => Self::AdviceAcknowledged {
                reference: Reference(from.u64()?),
            },
            13 => Self::Repeated {
                reference: Reference(from.u64()?),
                transmission: from.u32()?,
            },
            14 => {
                let opening = Opening::read(from)?;
                let expires_at = from.u64()?;
                let description = from.counted()?.to_vec();
                let count = from.u16()?;
                let reversed = (0..count)
                    .map(|_| UnseenOriginal::read(from))
                    .collect::<Result<_, _>>()?;
                Self::OrderAnnounced {
                    opening,
                    expires_at,
                    description,
                    reversed,
                }
            }
            15 => Self::OrderCancelled {
                opening: Opening::read(from)?,
            },
            _ => return Err(from.fault("a kind of event")),
        })
    }
}

pub(super) fn write_card(out: &mut Vec<u8>, card: &CardNumber) {
    out.put_u8(card.length() as u8);
    out.put_u64_le(card.expose());
}

pub(super) fn read_card(from: &mut Reader<'_>) -> Result<CardNumber, Unreadable> {
    let length = from.u8()?;
    let digits = from.u64()?;
    CardNumber::new(digits, usize::from(length)).ok_or(from.fault("a card number"))
}

fn write_forwarded(
    out: &mut Vec<u8>,
    opening: &Opening,
    trace: u32,
    card: &CardNumber,
    expiry: u16,
) {
    opening.write(out);
    out.put_u32_le(trace);
    write_card(out, card);
    out.put_u16_le(expiry);
}

fn read_forwarded(from: &mut Reader<'_>) -> Result<(Opening, u32, CardNumber, u16), Unreadable> {
    Ok((
        Opening::read(from)?,
        from.u32()?,
        read_card(from)?,
        from.u16()?,
    ))
}

pub(super) fn read_amount(from: &mut Reader<'_>) -> Result<Amount, Unreadable> {
    let value = from.u64()?;
    Amount::new(value).ok_or(from.fault("an amount"))
}

pub(super) fn read_currency(from: &mut Reader<'_>) -> Result<Currency, Unreadable> {
    let value = from.u16()?;
    Currency::new(value).ok_or(from.fault("a currency"))
}

pub(super) fn read_code(from: &mut Reader<'_>) -> Result<ResponseCode, Unreadable> {
    from.array::<2>().map(ResponseCode::new)
}
