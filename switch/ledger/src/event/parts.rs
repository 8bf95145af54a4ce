//! Parts of events and snapshots as bytes: openings, cards, amounts and the like. Little endian. Ways 1 to 7 to name the payer were
//! given.

use bytes::BufMut;
use tessera_protocol::leased::NumberUse;
use tessera_protocol::{
    Amount, CardNumber, Currency, Institution, OrderKey, ResponseCode, Stan, Totals,
};

use super::{NotedOriginal, Reconciled, Wanted};
use crate::bytes::{Reader, Unreadable};
use crate::original::{NamedOriginal, PayerTag, Traits, UnseenOriginal};
use crate::{CardName, Class, LastFour, Merchant, Opening, Payer};
use crate::{Day, DuplicateKey, Reference};

/// Ways to name the payer; 1, by the card number, is read where a journal is upgraded, and nowhere else.
const BY_ORDER: u8 = 2;
const BY_WALLET: u8 = 3;
const BY_CARD: u8 = 4;
/// Added to a way: the merchant's name and location come after the payer. 4 is not 1 with this.
const WITH_PLACE: u8 = 3;
/// The highest way that was ever given; rises with each new one.
pub(crate) const NEWEST_WAY: u8 = 7;

impl Opening {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.reference.0);
        out.put_slice(&self.key.0);
        write_institution(out, self.institution);
        out.put_u8(self.class.number());
        out.put_u32_le(self.processing_code);
        write_stan(out, self.trace);
        out.put_u32_le(self.transmission);
        out.put_u32_le(self.local_time);
        out.put_u32_le(self.local_date);
        out.put_slice(&self.terminal);
        out.put_slice(&self.acceptor);
        out.put_u8(u8::from(self.repeat));
        out.put_slice(&self.retrieval);
        out.put_u64_le(self.amount.value());
        out.put_u16_le(self.currency.code());
        let with_place = if self.place.is_some() { WITH_PLACE } else { 0 };
        match &self.payer {
            Payer::Card(card, expiry) => {
                out.put_u8(BY_CARD + with_place);
                write_name(out, *card);
                out.put_u16_le(expiry.unwrap_or(0));
            }
            Payer::Order(key) => {
                out.put_u8(BY_ORDER + with_place);
                out.put_slice(&key.0);
            }
            Payer::Wallet => out.put_u8(BY_WALLET + with_place),
        }
        if let Some(place) = &self.place {
            let place = &place[..place.len().min(usize::from(u8::MAX))];
            out.put_u8(place.len() as u8);
            out.put_slice(place);
        }
        out.put_u16_le(self.merchant.category);
        out.put_u16_le(self.merchant.country);
        out.put_u16_le(self.merchant.entry_mode);
        out.put_u8(self.merchant.condition);
        out.put_u8(u8::from(self.merchant.takes_part));
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut place = None;
        Ok(Self {
            reference: Reference(from.u64()?),
            key: DuplicateKey(from.array()?),
            institution: read_institution(from)?,
            class: Class::numbered(from.u8()?).ok_or_else(|| from.fault("a class of messages"))?,
            processing_code: from.u32()?,
            trace: read_stan(from)?,
            transmission: from.u32()?,
            local_time: from.u32()?,
            local_date: from.u32()?,
            terminal: from.array()?,
            acceptor: from.array()?,
            repeat: from.u8()? != 0,
            retrieval: from.array()?,
            amount: read_amount(from)?,
            currency: read_currency(from)?,
            payer: {
                let way = from.u8()?;
                let has_place = (BY_ORDER + WITH_PLACE..=NEWEST_WAY).contains(&way);
                let payer = match if has_place { way - WITH_PLACE } else { way } {
                    1 => {
                        let card = read_card(from)?;
                        Payer::Card(from.name_of(&card)?, read_expiry(from)?)
                    }
                    BY_ORDER => Payer::Order(OrderKey(from.array()?)),
                    BY_WALLET => Payer::Wallet,
                    BY_CARD => Payer::Card(read_name(from)?, read_expiry(from)?),
                    way => return Err(from.unknown("way to name the payer", way, NEWEST_WAY)),
                };
                if has_place {
                    place = Some(from.counted()?.into());
                }
                payer
            },
            merchant: Merchant {
                category: from.u16()?,
                country: from.u16()?,
                entry_mode: from.u16()?,
                condition: from.u8()?,
                takes_part: from.u8()? != 0,
            },
            place,
        })
    }
}

impl NotedOriginal {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Found => out.put_u8(0),
            Self::Unseen(unseen) => {
                out.put_u8(3);
                unseen.write(out);
            }
            Self::Several => out.put_u8(2),
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? {
            0 => Self::Found,
            1 => {
                // Its payer was identified by the card number: see `Entry::read_upgrading`.
                from.expect_numbers()?;
                Self::Unseen(Box::new(UnseenOriginal::read(from)?))
            }
            2 => Self::Several,
            3 => Self::Unseen(Box::new(UnseenOriginal::read(from)?)),
            kind => return Err(from.unknown("kind of noted original", kind, 3)),
        })
    }
}

impl UnseenOriginal {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_slice(&self.key.0);
        out.put_u8(self.named.class);
        write_stan(out, self.named.trace);
        out.put_u32_le(self.named.transmission);
        out.put_u8(u8::from(self.named.reverses));
        self.named.traits.write(out);
        out.put_u64_le(self.at.milliseconds());
        out.put_u8(u8::from(self.was_waiting));
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            key: DuplicateKey(from.array()?),
            named: NamedOriginal {
                class: from.u8()?,
                trace: read_stan(from)?,
                transmission: from.u32()?,
                reverses: from.u8()? != 0,
                traits: Traits::read(from)?,
            },
            at: from.timestamp()?,
            was_waiting: from.u8()? != 0,
        })
    }
}

impl Traits {
    fn write(&self, out: &mut Vec<u8>) {
        write_institution(out, self.institution);
        out.put_u8(self.class);
        out.put_u8(u8::from(self.credits));
        write_stan(out, self.trace);
        out.put_u32_le(self.local);
        out.put_u32_le(self.terminal);
        out.put_u32_le(self.acceptor);
        out.put_slice(&self.retrieval);
        out.put_u64_le(self.amount.value());
        out.put_u64_le(self.granted.value());
        out.put_u64_le(self.payer.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            institution: read_institution(from)?,
            class: from.u8()?,
            credits: from.u8()? != 0,
            trace: read_stan(from)?,
            local: from.u32()?,
            terminal: from.u32()?,
            acceptor: from.u32()?,
            retrieval: from.array()?,
            amount: read_amount(from)?,
            granted: read_amount(from)?,
            payer: PayerTag(from.u64()?),
        })
    }
}

impl Wanted {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::First => out.put_u8(0),
            Self::Replacement(card) => {
                out.put_u8(3);
                write_name(out, *card);
            }
            Self::Further { usage, limit } => {
                out.put_u8(2);
                write_usage(out, *usage);
                out.put_u64_le(limit.value());
            }
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? {
            0 => Self::First,
            1 => {
                let card = read_card(from)?;
                Self::Replacement(from.name_of(&card)?)
            }
            2 => Self::Further {
                usage: read_usage(from)?,
                limit: read_amount(from)?,
            },
            3 => Self::Replacement(read_name(from)?),
            kind => return Err(from.unknown("kind of wanted card", kind, 3)),
        })
    }
}

pub(crate) fn write_usage(out: &mut Vec<u8>, usage: NumberUse) {
    out.put_u8(match usage {
        NumberUse::Once => 0,
        NumberUse::Mall => 1,
    });
}

pub(crate) fn read_usage(from: &mut Reader<'_>) -> Result<NumberUse, Unreadable> {
    match from.u8()? {
        0 => Ok(NumberUse::Once),
        1 => Ok(NumberUse::Mall),
        usage => Err(from.unknown("use of a card number", usage, 1)),
    }
}

pub(crate) fn write_card(out: &mut Vec<u8>, card: &CardNumber) {
    out.put_u8(card.length() as u8);
    out.put_u64_le(card.expose());
}

pub(crate) fn read_card(from: &mut Reader<'_>) -> Result<CardNumber, Unreadable> {
    let length = from.u8()?;
    let digits = from.u64()?;
    CardNumber::new(digits, usize::from(length)).ok_or(from.fault("a card number"))
}

/// Six bytes: serial number, and last four digits.
pub(crate) fn write_name(out: &mut Vec<u8>, card: CardName) {
    out.put_u32_le(card.serial);
    out.put_u16_le(card.last_four.to_stored());
}

pub(crate) fn read_name(from: &mut Reader<'_>) -> Result<CardName, Unreadable> {
    let serial = from.u32()?;
    let last_four = from.u16()?;
    Ok(CardName {
        serial,
        last_four: LastFour::from_stored(last_four).ok_or(from.fault("four digits"))?,
    })
}

/// Two bytes; 0 where the request had none.
fn read_expiry(from: &mut Reader<'_>) -> Result<Option<u16>, Unreadable> {
    let expiry = from.u16()?;
    Ok((expiry != 0).then_some(expiry))
}

/// Four bytes; 0 for none.
pub(crate) fn write_stan(out: &mut Vec<u8>, stan: Option<Stan>) {
    out.put_u32_le(Stan::digits(stan));
}

pub(crate) fn read_stan(from: &mut Reader<'_>) -> Result<Option<Stan>, Unreadable> {
    match from.u32()? {
        0 => Ok(None),
        number => Stan::new(number).map(Some).ok_or(from.fault("a STAN")),
    }
}

/// Whatever is sent to the host has one.
pub(crate) fn read_host_stan(from: &mut Reader<'_>) -> Result<Stan, Unreadable> {
    read_stan(from)?.ok_or(from.fault("a STAN towards the host"))
}

/// Eight bytes; 0 for none.
pub(crate) fn write_institution(out: &mut Vec<u8>, institution: Option<Institution>) {
    out.put_u64_le(Institution::digits(institution));
}

pub(crate) fn read_institution(from: &mut Reader<'_>) -> Result<Option<Institution>, Unreadable> {
    match from.u64()? {
        0 => Ok(None),
        number => match Institution::new(number) {
            Some(institution) => Ok(Some(institution)),
            None => Err(from.fault("an institution")),
        },
    }
}

pub(crate) fn read_amount(from: &mut Reader<'_>) -> Result<Amount, Unreadable> {
    let value = from.u64()?;
    Amount::new(value).ok_or(from.fault("an amount"))
}

pub(crate) fn read_currency(from: &mut Reader<'_>) -> Result<Currency, Unreadable> {
    let value = from.u16()?;
    Currency::new(value).ok_or(from.fault("a currency"))
}

pub(crate) fn read_code(from: &mut Reader<'_>) -> Result<ResponseCode, Unreadable> {
    from.array::<2>().map(ResponseCode::new)
}

impl Reconciled {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_institution(out, self.institution);
        write_stan(out, self.trace);
        out.put_u32_le(self.transmission);
        out.put_u32_le(self.day.0);
        write_totals(out, &self.theirs);
        write_totals(out, &self.ours);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            institution: read_institution(from)?,
            trace: read_stan(from)?,
            transmission: from.u32()?,
            day: Day(from.u32()?),
            theirs: read_totals(from)?,
            ours: read_totals(from)?,
        })
    }
}

/// Appends the nine figures of totals.
pub fn write_totals(out: &mut Vec<u8>, totals: &Totals) {
    for figure in [
        totals.credits,
        totals.credit_reversals,
        totals.debits,
        totals.debit_reversals,
        totals.credit_amount,
        totals.credit_reversal_amount,
        totals.debit_amount,
        totals.debit_reversal_amount,
    ] {
        out.put_u64_le(figure);
    }
    out.put_i64_le(totals.net);
}

/// Reads what [`write_totals`] wrote.
///
/// # Errors
/// Where the bytes end before.
pub fn read_totals(from: &mut Reader<'_>) -> Result<Totals, Unreadable> {
    Ok(Totals {
        credits: from.u64()?,
        credit_reversals: from.u64()?,
        debits: from.u64()?,
        debit_reversals: from.u64()?,
        credit_amount: from.u64()?,
        credit_reversal_amount: from.u64()?,
        debit_amount: from.u64()?,
        debit_reversal_amount: from.u64()?,
        net: from.u64()?.cast_signed(),
    })
}

/// A text of at most 255 bytes; what is longer was refused where it came in.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    let length = text.floor_char_boundary(usize::from(u8::MAX));
    out.put_u8(length as u8);
    out.put_slice(&text.as_bytes()[..length]);
}

pub(crate) fn read_text<'a>(from: &mut Reader<'a>) -> Result<&'a str, Unreadable> {
    let bytes = from.counted()?;
    std::str::from_utf8(bytes).map_err(|_| from.fault("a text"))
}
