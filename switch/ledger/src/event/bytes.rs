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
//! Kinds 1 to 39 were given. The kind is the version: a number means one layout for ever, with all that it contains. A
//! changed layout gets the next number, beside the old one, which is still read; no number is used twice. The same holds for
//! the numbers inside an event: of changes, decisions, ways to name the payer. So a record needs no version of its own, and a
//! build refuses what a newer one wrote. `tests/golden/` has the bytes of every kind as each release wrote them.
//!
//! Kinds 5, 6, 18, 19, 20, 23, 24 and 25 have a card number where 32 to 39 have the name of a card. They are read where a
//! journal is upgraded, and nowhere else; so are the ways 1 to name a payer, a wanted card and a noted original.

use bytes::BufMut;

use tessera_kit::record::Position;
use tessera_protocol::Amount;

use super::field::Field;
use super::{Entry, Event, NotedOriginal};
use crate::bytes::{NameCard, Reader, Unreadable};
use crate::original::UnseenOriginal;
use crate::{Balance, WalletId};

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

const HELD: u8 = 33;
const ACCOUNT: u8 = 16;
/// Hardly ever is less granted, or held for long: all others are shorter.
const HELD_OTHERWISE: u8 = 34;
/// The highest kind that was ever given; rises with each new one.
pub(crate) const NEWEST_KIND: u8 = 39;

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
        let mut head = [0; HEAD_BYTES];
        let numbers = [
            self.wallet.0,
            self.previous.map_or(0, Position::to_stored),
            self.at.milliseconds(),
            self.available.value(),
            self.held.value(),
        ];
        for (place, number) in head.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        out.put_slice(&head);
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
        Self::read_from(Reader::new(payload), payload)
    }

    /// Reads a whole payload that a build of 0.2 may have written, with card numbers: `names` names the cards of its wallet.
    pub fn read_upgrading(payload: &[u8], names: &NameCard<'_>) -> Result<Self, Unreadable> {
        let mut entry = Self::read_from(Reader::upgrading(payload, names), payload)?;
        // What a reversal is about was paid by the payer whom the reversal names.
        if let Event::ReversalNoted {
            opening,
            original: NotedOriginal::Unseen(unseen),
            ..
        } = &mut entry.event
        {
            unseen.named.traits.payer = opening.payer.tag();
        }
        Ok(entry)
    }

    fn read_from(mut from: Reader<'_>, payload: &[u8]) -> Result<Self, Unreadable> {
        let owes = payload.get(HEAD_BYTES).is_some_and(|kind| kind & OWES != 0);
        let mut entry = Self {
            wallet: WalletId(from.u64()?),
            previous: Position::from_stored(from.u64()?),
            at: from.timestamp()?,
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

/// Writes and reads events by one table: the kind, and the fields in the order of their bytes. An event that has more than
/// one layout, or bytes that are no field, is written and read by functions of its own.
macro_rules! layouts {
    (
        $out:ident, $from:ident;
        $($kind:literal $event:ident { $($field:ident),+ };)*
        before { $($old_kind:literal $old:ident { $($old_field:ident),+ };)* }
        write { $($pattern:pat => $write:expr;)* }
        read { $($kinds:pat => $read:expr;)* }
    ) => {
        impl Event {
            fn write(&self, $out: &mut Vec<u8>) {
                match self {
                    $(Self::$event { $($field),+ } => {
                        $out.put_u8($kind);
                        $(Field::put($field, $out);)+
                    })*
                    $($pattern => $write,)*
                }
            }

            fn read($from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                Ok(match $from.u8()? & !OWES {
                    $($kind => Self::$event { $($field: Field::take($from)?),+ },)*
                    $($old_kind => {
                        $from.expect_numbers()?;
                        Self::$old { $($old_field: Field::take($from)?),+ }
                    })*
                    $($kinds => $read?,)*
                    kind => return Err($from.unknown("kind of event", kind, NEWEST_KIND)),
                })
            }
        }
    };
}

layouts! {
    out, from;
    2 Provisioned { currency, card, expiry, balance };
    3 CardRequested { opening, host_trace, wanted };
    4 CardIssued { reference, card, expiry };
    7 Approved { reference };
    8 Released { reference, code, advise };
    9 Declined { opening, code, reason };
    10 Reversed { opening, original, asked, standing };
    11 ReversalNoted { opening, code, original };
    12 AdviceAcknowledged { reference };
    13 Repeated { reference, transmission };
    15 OrderCancelled { opening };
    17 Closed { opening };
    21 ReversedFurther { original, stood, standing, at };
    22 CardLate { reference };
    26 Expired { reference };
    27 StoodIn { reference };
    28 PostingAcknowledged { reference };
    29 GivenUp { reference, owed, code };
    32 LoadRequested { opening, host_trace, card, expiry, source, by_itself };
    35 CardRetired { opening, card };
    36 PayoutRequested { opening, host_trace, card, expiry, source };
    37 RefundRequested { opening, host_trace, card, expiry, original, early };
    38 Advised { opening, card, expiry, expires_at };
    before {
        5 LoadRequested { opening, host_trace, card, expiry, source, by_itself };
        18 CardRetired { opening, card };
        19 PayoutRequested { opening, host_trace, card, expiry, source };
        20 RefundRequested { opening, host_trace, card, expiry, original, early };
    }
    write {
        Self::Opened(opening) => put(out, 1, opening);
        Self::Held { opening, host_trace, card, expiry, granted, expires_at } => {
            let plain = granted.is_none() && expires_at.is_none();
            put(out, if plain { HELD } else { HELD_OTHERWISE }, opening);
            host_trace.put(out);
            card.put(out);
            expiry.put(out);
            if !plain {
                // Nobody is granted nothing.
                granted.unwrap_or(Amount::ZERO).put(out);
                expires_at.put(out);
            }
        };
        Self::OrderAnnounced { opening, expires_at, description, reversed } => {
            put(out, 14, opening);
            expires_at.put(out);
            write_announced(out, description, reversed);
        };
        Self::Account { opening, change } => {
            put(out, ACCOUNT, &opening.is_some());
            if let Some(opening) = opening {
                opening.put(out);
            }
            change.put(out);
        };
        Self::Completed { opening, original, card, expiry, debit, from_hold, closes, unmatched } => {
            put(out, 39, opening);
            card.put(out);
            expiry.put(out);
            original.put(out);
            debit.put(out);
            from_hold.put(out);
            out.put_u8(u8::from(*closes) | u8::from(*unmatched) << 1);
        };
        Self::Directed(directed) => put(out, 30, directed);
        Self::Reconciled(reconciled) => put(out, 31, reconciled);
    }
    read {
        1 => Field::take(from).map(Self::Opened);
        6 => read_held(from, true, true);
        HELD => read_held(from, false, true);
        14 => read_announced(from);
        ACCOUNT => read_account(from);
        23 => read_held(from, true, false);
        HELD_OTHERWISE => read_held(from, false, false);
        24 => read_advised_before(from);
        25 => read_completed(from, true);
        39 => read_completed(from, false);
        30 => Field::take(from).map(Self::Directed);
        31 => Field::take(from).map(Self::Reconciled);
    }
}

/// A kind and its first field.
fn put(out: &mut Vec<u8>, kind: u8, first: &impl Field) {
    out.put_u8(kind);
    first.put(out);
}

fn read_held(from: &mut Reader<'_>, before: bool, plain: bool) -> Result<Event, Unreadable> {
    if before {
        from.expect_numbers()?;
    }
    let (opening, host_trace) = (Field::take(from)?, Field::take(from)?);
    let (card, expiry) = (Field::take(from)?, Field::take(from)?);
    let (granted, expires_at) = match plain {
        true => (Amount::ZERO, None),
        false => (Field::take(from)?, Field::take(from)?),
    };
    Ok(Event::Held {
        opening,
        host_trace,
        card,
        expiry,
        granted: (!granted.is_zero()).then_some(granted),
        expires_at,
    })
}

/// At most 255 bytes and 65,535 originals.
fn write_announced(out: &mut Vec<u8>, description: &[u8], reversed: &[UnseenOriginal]) {
    let description = &description[..description.len().min(usize::from(u8::MAX))];
    out.put_u8(description.len() as u8);
    out.put_slice(description);
    out.put_u16_le(reversed.len().min(usize::from(u16::MAX)) as u16);
    for unseen in reversed.iter().take(usize::from(u16::MAX)) {
        unseen.write(out);
    }
}

fn read_announced(from: &mut Reader<'_>) -> Result<Event, Unreadable> {
    let (opening, expires_at) = (Field::take(from)?, Field::take(from)?);
    let description = from.counted()?.to_vec();
    let count = from.u16()?;
    let reversed = (0..count).map(|_| UnseenOriginal::read(from));
    Ok(Event::OrderAnnounced {
        opening,
        expires_at,
        description,
        reversed: reversed.collect::<Result<_, _>>()?,
    })
}

fn read_account(from: &mut Reader<'_>) -> Result<Event, Unreadable> {
    let has_opening = bool::take(from)?;
    let opening = has_opening.then(|| Field::take(from)).transpose()?;
    let change = Field::take(from)?;
    Ok(Event::Account { opening, change })
}

/// With four bytes without a meaning before the card, as completions had them too.
fn read_advised_before(from: &mut Reader<'_>) -> Result<Event, Unreadable> {
    from.expect_numbers()?;
    let opening = Field::take(from)?;
    from.u32()?;
    Ok(Event::Advised {
        opening,
        card: Field::take(from)?,
        expiry: Field::take(from)?,
        expires_at: Field::take(from)?,
    })
}

fn read_completed(from: &mut Reader<'_>, before: bool) -> Result<Event, Unreadable> {
    let opening = Field::take(from)?;
    if before {
        from.expect_numbers()?;
        from.u32()?;
    }
    let (card, expiry) = (Field::take(from)?, Field::take(from)?);
    let original = Field::take(from)?;
    let (debit, from_hold) = (Field::take(from)?, Field::take(from)?);
    let flags = from.u8()?;
    Ok(Event::Completed {
        opening,
        original,
        card,
        expiry,
        debit,
        from_hold,
        closes: flags & 1 != 0,
        unmatched: flags & 2 != 0,
    })
}
