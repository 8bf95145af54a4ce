//! Events as bytes: the payload of a journal record.
//!
//! ```text
//! little endian
//! ┌─────────┬────────────┬──────────────┬────────────┬───────┬──────┬───────────────────────┐
//! │ wallet 8│ previous 8 │ at 8 (ms UTC)│ available 8│ held 8│kind 1│ fields of the event   │
//! └─────────┴────────────┴──────────────┴────────────┴───────┴──────┴───────────────────────┘
//! previous: position of the wallet's event before this one, 0 for the first:
//! a wallet's history is a chain through the journal and needs no index.
//! available, held: what the wallet had before the event, so that a statement needs no arithmetic
//! and a replay that comes to another balance is found out at once.
//! ```
//!
//! Kinds 1 to 31 were given. The kind is the version: a number means one layout for ever, with all that it contains. A changed layout gets the next
//! number, beside the old one, which is still read; no number is used twice. The same holds for the numbers inside an
//! event: of changes, decisions, ways to name the payer. So a record needs no version of its own, and a build refuses what
//! a newer one wrote. `tests/golden/` has the bytes of every kind as each release wrote them.

use bytes::BufMut;

use tessera_kit::record::Position;
use tessera_protocol::Amount;

use super::parts::{
    read_amount, read_card, read_code, read_currency, read_forwarded, read_host_stan, read_shown,
    read_text, write_card, write_forwarded, write_stan, write_text,
};
use super::{Entry, Event, NotedOriginal, Opening, Reconciled, Wanted};
use crate::bytes::{Reader, Unreadable};
use crate::original::UnseenOriginal;
use crate::{Balance, Change, Directed, Owed, Reason, Reference, WalletId};

/// Bytes before the kind.
const HEAD_BYTES: usize = 40;
/// Set in the kind where a last field says what the payer owed before the event.
const OWES: u8 = 0x80;

/// The properties of an event that need no full read.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Whose.
    pub wallet: WalletId,
    /// It changes an account.
    pub of_account: bool,
}

const ACCOUNT: u8 = 16;
/// Hardly ever is less granted, or held for long: all others are shorter.
const HELD_OTHERWISE: u8 = 23;
/// The highest kind that was ever given; rises with each new one.
pub(crate) const NEWEST_KIND: u8 = 31;

impl Entry {
    /// The head of a payload; none where it is too short to be an event.
    pub fn peek(payload: &[u8]) -> Option<Head> {
        let wallet = payload.first_chunk().copied().map(u64::from_le_bytes)?;
        let kind = payload.get(HEAD_BYTES)? & !OWES;
        Some(Head {
            wallet: WalletId(wallet),
            of_account: kind == ACCOUNT,
        })
    }

    /// Appends the payload of its journal record.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.wallet.0);
        out.put_u64_le(self.previous.map_or(0, Position::to_stored));
        out.put_u64_le(self.at);
        out.put_u64_le(self.available.value());
        out.put_u64_le(self.held.value());
        let kind = out.len();
        self.event.write(out);
        // Hardly ever.
        if !self.owed.is_zero() {
            out[kind] |= OWES;
            out.put_u64_le(self.owed.value());
        }
    }

    /// Reads a whole payload.
    pub fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(payload);
        let owes = payload.get(HEAD_BYTES).is_some_and(|kind| kind & OWES != 0);
        let mut entry = Self {
            wallet: WalletId(from.u64()?),
            previous: Position::from_stored(from.u64()?),
            at: from.u64()?,
            available: Balance(from.u64()?),
            held: Balance(from.u64()?),
            owed: Balance::ZERO,
            event: Event::read(&mut from)?,
        };
        if owes {
            entry.owed = Balance(from.u64()?);
        }
        from.end()?;
        Ok(entry)
    }
}

impl Event {
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
                wanted,
            } => {
                out.put_u8(3);
                opening.write(out);
                write_stan(out, Some(*host_trace));
                wanted.write(out);
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
                source,
                by_itself,
            } => {
                out.put_u8(5);
                write_forwarded(out, opening, Some(*host_trace), card, *expiry);
                out.put_u32_le(*source);
                out.put_u8(u8::from(*by_itself));
            }
            Self::Held {
                opening,
                host_trace,
                card,
                expiry,
                granted,
                expires_at,
            } => {
                let plain = granted.is_none() && *expires_at == 0;
                out.put_u8(if plain { 6 } else { HELD_OTHERWISE });
                write_forwarded(out, opening, Some(*host_trace), card, *expiry);
                if !plain {
                    // Nobody is granted nothing.
                    out.put_u64_le(granted.map_or(0, Amount::value));
                    out.put_u64_le(*expires_at);
                }
            }
            Self::Advised {
                opening,
                card,
                expiry,
                expires_at,
            } => {
                out.put_u8(24);
                write_forwarded(out, opening, None, card, *expiry);
                out.put_u64_le(*expires_at);
            }
            Self::Completed {
                opening,
                original,
                card,
                expiry,
                debit,
                from_hold,
                closes,
                unmatched,
            } => {
                out.put_u8(25);
                write_forwarded(out, opening, None, card, *expiry);
                Reference::write_optional(*original, out);
                out.put_u64_le(debit.value());
                out.put_u64_le(from_hold.value());
                out.put_u8(u8::from(*closes) | u8::from(*unmatched) << 1);
            }
            Self::Expired { reference } => {
                out.put_u8(26);
                out.put_u64_le(reference.0);
            }
            Self::StoodIn { reference } => {
                out.put_u8(27);
                out.put_u64_le(reference.0);
            }
            Self::PostingAcknowledged { reference } => {
                out.put_u8(28);
                out.put_u64_le(reference.0);
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
            Self::Declined {
                opening,
                code,
                reason,
            } => {
                out.put_u8(9);
                opening.write(out);
                out.put_slice(code.as_bytes());
                write_text(out, reason.text());
            }
            Self::Reversed {
                opening,
                original,
                asked,
                standing,
            } => {
                out.put_u8(10);
                opening.write(out);
                out.put_u64_le(original.0);
                out.put_u64_le(asked.value());
                out.put_u64_le(standing.value());
            }
            Self::ReversalNoted {
                opening,
                code,
                original,
            } => {
                out.put_u8(11);
                opening.write(out);
                out.put_slice(code.as_bytes());
                original.write(out);
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
            Self::Account { opening, change } => {
                out.put_u8(ACCOUNT);
                out.put_u8(u8::from(opening.is_some()));
                if let Some(opening) = opening {
                    opening.write(out);
                }
                change.write(out);
            }
            Self::Closed { opening } => {
                out.put_u8(17);
                opening.write(out);
            }
            Self::CardRetired { opening, card } => {
                out.put_u8(18);
                opening.write(out);
                write_card(out, card);
            }
            Self::PayoutRequested {
                opening,
                host_trace,
                card,
                expiry,
                source,
            } => {
                out.put_u8(19);
                write_forwarded(out, opening, Some(*host_trace), card, *expiry);
                out.put_u32_le(*source);
            }
            Self::RefundRequested {
                opening,
                original,
                early,
                host_trace,
                card,
                expiry,
            } => {
                out.put_u8(20);
                write_forwarded(out, opening, Some(*host_trace), card, *expiry);
                Reference::write_optional(*original, out);
                out.put_u8(u8::from(*early));
            }
            Self::ReversedFurther {
                original,
                stood,
                standing,
                at,
            } => {
                out.put_u8(21);
                out.put_u64_le(original.0);
                out.put_u64_le(stood.value());
                out.put_u64_le(standing.value());
                out.put_u64_le(*at);
            }
            Self::CardLate { reference } => {
                out.put_u8(22);
                out.put_u64_le(reference.0);
            }
            Self::GivenUp {
                reference,
                owed,
                code,
            } => {
                out.put_u8(29);
                out.put_u64_le(reference.0);
                out.put_u8(owed.byte());
                out.put_slice(code.as_bytes());
            }
            Self::Directed(directed) => {
                out.put_u8(30);
                directed.write(out);
            }
            Self::Reconciled(reconciled) => {
                out.put_u8(31);
                reconciled.write(out);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? & !OWES {
            1 => Self::Opened(Opening::read(from)?),
            2 => Self::Provisioned {
                currency: read_currency(from)?,
                card: read_card(from)?,
                expiry: from.u16()?,
                balance: read_amount(from)?,
            },
            3 => Self::CardRequested {
                opening: Opening::read(from)?,
                host_trace: read_host_stan(from)?,
                wanted: Wanted::read(from)?,
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
                    source: from.u32()?,
                    by_itself: from.u8()? != 0,
                }
            }
            6 => {
                let (opening, host_trace, card, expiry) = read_forwarded(from)?;
                Self::Held {
                    opening,
                    host_trace,
                    card,
                    expiry,
                    granted: None,
                    expires_at: 0,
                }
            }
            HELD_OTHERWISE => {
                let (opening, host_trace, card, expiry) = read_forwarded(from)?;
                let granted = read_amount(from)?;
                Self::Held {
                    opening,
                    host_trace,
                    card,
                    expiry,
                    granted: (!granted.is_zero()).then_some(granted),
                    expires_at: from.u64()?,
                }
            }
            24 => {
                let (opening, _, card, expiry) = read_shown(from)?;
                Self::Advised {
                    opening,
                    card,
                    expiry,
                    expires_at: from.u64()?,
                }
            }
            25 => {
                let (opening, _, card, expiry) = read_shown(from)?;
                let original = Reference::read_optional(from)?;
                let (debit, from_hold) = (read_amount(from)?, read_amount(from)?);
                let flags = from.u8()?;
                Self::Completed {
                    opening,
                    original,
                    card,
                    expiry,
                    debit,
                    from_hold,
                    closes: flags & 1 != 0,
                    unmatched: flags & 2 != 0,
                }
            }
            26 => Self::Expired {
                reference: Reference(from.u64()?),
            },
            27 => Self::StoodIn {
                reference: Reference(from.u64()?),
            },
            28 => Self::PostingAcknowledged {
                reference: Reference(from.u64()?),
            },
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
                reason: Reason::with_text(read_text(from)?),
            },
            10 => Self::Reversed {
                opening: Opening::read(from)?,
                original: Reference(from.u64()?),
                asked: read_amount(from)?,
                standing: read_amount(from)?,
            },
            11 => {
                let opening = Opening::read(from)?;
                Self::ReversalNoted {
                    opening,
                    code: read_code(from)?,
                    original: NotedOriginal::read(from)?,
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
            ACCOUNT => Self::Account {
                opening: match from.u8()? {
                    0 => None,
                    _ => Some(Opening::read(from)?),
                },
                change: Change::read(from)?,
            },
            17 => Self::Closed {
                opening: Opening::read(from)?,
            },
            18 => Self::CardRetired {
                opening: Opening::read(from)?,
                card: read_card(from)?,
            },
            19 => {
                let (opening, host_trace, card, expiry) = read_forwarded(from)?;
                Self::PayoutRequested {
                    opening,
                    host_trace,
                    card,
                    expiry,
                    source: from.u32()?,
                }
            }
            20 => {
                let (opening, host_trace, card, expiry) = read_forwarded(from)?;
                Self::RefundRequested {
                    opening,
                    original: Reference::read_optional(from)?,
                    early: from.u8()? != 0,
                    host_trace,
                    card,
                    expiry,
                }
            }
            21 => Self::ReversedFurther {
                original: Reference(from.u64()?),
                stood: read_amount(from)?,
                standing: read_amount(from)?,
                at: from.u64()?,
            },
            22 => Self::CardLate {
                reference: Reference(from.u64()?),
            },
            29 => Self::GivenUp {
                reference: Reference(from.u64()?),
                owed: Owed::read(from)?,
                code: read_code(from)?,
            },
            30 => Self::Directed(Box::new(Directed::read(from)?)),
            31 => Self::Reconciled(Box::new(Reconciled::read(from)?)),
            kind => return Err(from.unknown("kind of event", kind, NEWEST_KIND)),
        })
    }
}
