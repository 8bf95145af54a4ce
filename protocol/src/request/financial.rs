//! Requests that move money, or ask for it: 0100, 0200, 0220, 0400, 0420.

use super::mandatory::missing;
use super::network::{find_tag, institution, trace};
use super::{Flaw, Refusal, Request, time};
use crate::amount::Amount;
use crate::card::CardNumber;
use crate::currency::Currency;
use crate::institution::Institution;
use crate::message::Message;
use crate::mti::Mti;
use crate::original::OriginalData;
use crate::replacement::ReplacementAmounts;
use crate::stan::Stan;
use crate::tlv;

const PURCHASE: u32 = 0;
const REFUND: u32 = 200_000;
const LOAD_FROM_ACCOUNT: u32 = 210_000;
const LOAD: u32 = 280_000;
const PAYOUT: u32 = 290_000;
const INQUIRY: u32 = 310_000;
const VERIFICATION: u32 = 380_000;

/// An order number of the mall is no longer.
const ORDER_BYTES_MAX: usize = 32;

/// What all requests about money say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Financial {
    /// As sent, its repeat mark included.
    pub mti: Mti,
    /// Whether the MTI marks a repeat.
    pub repeat: bool,
    /// Field 3.
    pub processing_code: u32,
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// Field 7, MMDDhhmmss, UTC.
    pub transmission: u32,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 37.
    pub reference: [u8; 12],
    /// Field 41.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
}

/// Who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payer<'a> {
    /// Field 2, and field 14 (YYMM).
    Card {
        /// Field 2.
        number: CardNumber,
        /// Field 14, YYMM; always there on purchases and authorizations.
        expiry: Option<u16>,
    },
    /// Field 48 tag 01: the mall's order number, 1 to 32 characters.
    Order(&'a [u8]),
}

/// 0200/00, and 0100/00 or 0120 which hold what a later completion debits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase<'a> {
    /// The common part; the amount is above zero.
    pub financial: Financial,
    /// Who pays.
    pub payer: Payer<'a>,
    /// Field 18.
    pub merchant_category: u16,
    /// Field 22.
    pub entry_mode: u16,
    /// Field 25.
    pub condition: u8,
    /// Field 19: the country, numeric ISO 3166, where the request says it.
    pub country: Option<u16>,
    /// Field 48 tag 04: less than the amount may be approved (answer 10).
    pub takes_part: bool,
}

/// 0200/20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund<'a> {
    /// The common part; the amount is above zero.
    pub financial: Financial,
    /// Who had paid.
    pub payer: Payer<'a>,
    /// Field 90: the purchase; `None` where it names none.
    pub original: Option<OriginalData>,
}

/// 0200/28 and 0200/21, on leased lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load<'a> {
    /// The common part; the amount is above zero.
    pub financial: Financial,
    /// Field 2.
    pub card: CardNumber,
    /// Field 14, YYMM.
    pub expiry: Option<u16>,
    /// Field 102: the account from which the money comes.
    pub source: Option<&'a [u8]>,
}

/// 0200/29, on leased lines: money of the wallet goes back to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout<'a> {
    /// The common part; the amount is above zero.
    pub financial: Financial,
    /// Field 2.
    pub card: CardNumber,
    /// Field 14, YYMM.
    pub expiry: Option<u16>,
    /// Field 102: where the money goes.
    pub source: &'a [u8],
}

/// 0100/31.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// The common part; the amount is zero.
    pub financial: Financial,
    /// Field 2.
    pub card: CardNumber,
    /// Field 14, YYMM.
    pub expiry: Option<u16>,
}

/// 0100/00 with amount 0, or 0100/38: whether the card would pay. Nothing is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The common part; the amount is zero.
    pub financial: Financial,
    /// Field 2.
    pub card: CardNumber,
    /// Field 14, YYMM.
    pub expiry: u16,
    /// Field 18.
    pub merchant_category: u16,
    /// Field 22.
    pub entry_mode: u16,
    /// Field 25.
    pub condition: u8,
    /// Field 19: the country, numeric ISO 3166, where the request says it.
    pub country: Option<u16>,
}

/// 0220.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion<'a> {
    /// The common part; the amount is what to debit.
    pub financial: Financial,
    /// Who pays.
    pub payer: Payer<'a>,
    /// Field 90: the authorization; `None` of a purchase that was decided elsewhere.
    pub original: Option<OriginalData>,
    /// Field 18, where the message says it.
    pub merchant_category: u16,
    /// Field 22, where the message says it.
    pub entry_mode: u16,
    /// Field 25, where the message says it.
    pub condition: u8,
    /// Field 19, where the message says it.
    pub country: Option<u16>,
}

/// 0400 and 0420.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal<'a> {
    /// The common part.
    pub financial: Financial,
    /// Whether it is an advice (0420), which is never declined for a business reason.
    pub advice: bool,
    /// Who had paid.
    pub payer: Payer<'a>,
    /// Field 90: what to undo.
    pub original: OriginalData,
    /// Field 95: what the original shrinks to; `None` undoes it wholly.
    pub replacement: Option<Amount>,
}

pub(super) fn read_0200<'a>(message: &Message<'a>) -> Result<Request<'a>, Refusal> {
    let financial = Financial::read(message)?;
    match financial.processing_code {
        PURCHASE => Purchase::read(financial, message).map(Request::Purchase),
        REFUND => Refund::read(financial, message).map(Request::Refund),
        LOAD | LOAD_FROM_ACCOUNT => Load::read(financial, message).map(Request::Load),
        PAYOUT => Payout::read(financial, message).map(Request::Payout),
        _ => Err(UNKNOWN_PROCESSING_CODE),
    }
}

pub(super) fn read_0100<'a>(message: &Message<'a>) -> Result<Request<'a>, Refusal> {
    let financial = Financial::read(message)?;
    match financial.processing_code {
        // An order has an amount, so that there is nothing to verify without a card.
        PURCHASE if financial.amount.is_zero() && message.has(2) => {
            Verification::read(financial, message).map(Request::Verification)
        }
        PURCHASE => Purchase::read(financial, message).map(Request::Authorization),
        VERIFICATION => Verification::read(financial, message).map(Request::Verification),
        INQUIRY => Inquiry::read(financial, message).map(Request::Inquiry),
        _ => Err(UNKNOWN_PROCESSING_CODE),
    }
}

pub(super) fn read_0120<'a>(message: &Message<'a>) -> Result<Request<'a>, Refusal> {
    let financial = Financial::read(message)?;
    match financial.processing_code {
        PURCHASE => Purchase::read(financial, message).map(Request::AuthorizationAdvice),
        _ => Err(UNKNOWN_PROCESSING_CODE),
    }
}

const UNKNOWN_PROCESSING_CODE: Refusal = Refusal::of(3, Flaw::UnknownProcessingCode);

impl Financial {
    // One for all that begin with it: five copies of it would not stay in the processor's cache.
    #[inline(never)]
    fn read(message: &Message<'_>) -> Result<Self, Refusal> {
        let number = |field: u8| message.number(field).ok_or(missing(field));
        Ok(Self {
            mti: message.mti(),
            repeat: message.mti().is_repeat(),
            processing_code: number(3)? as u32,
            amount: Amount::new(number(4)?).ok_or(missing(4))?,
            currency: message
                .raw(49)
                .and_then(Currency::from_text)
                .ok_or(Refusal::of(49, Flaw::NoCurrency))?,
            transmission: time::transmission(message)?,
            trace: trace(message)?,
            local_time: time::time(message, 12)?,
            local_date: time::date(message, 13)?,
            institution: institution(message)?,
            reference: characters(message, 37)?,
            terminal: characters(message, 41)?,
            acceptor: characters(message, 42)?,
        })
    }

    fn require_amount(&self) -> Result<(), Refusal> {
        if self.amount.is_zero() {
            return Err(Refusal::of(4, Flaw::Zero));
        }
        Ok(())
    }
}

impl<'a> Payer<'a> {
    #[inline(always)]
    pub(super) fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        if message.has(2) {
            return Ok(Self::Card {
                number: card(message)?,
                expiry: time::expiry(message)?,
            });
        }
        match find_tag(message, tlv::ORDER)? {
            Some(order) if (1..=ORDER_BYTES_MAX).contains(&order.len()) => Ok(Self::Order(order)),
            Some(_) => Err(Refusal::of(48, Flaw::OrderNumberLength)),
            None => Err(Refusal::of(2, Flaw::NoPayer)),
        }
    }
}

impl<'a> Purchase<'a> {
    #[inline(always)]
    fn read(financial: Financial, message: &Message<'a>) -> Result<Self, Refusal> {
        financial.require_amount()?;
        let payer = Payer::read(message)?;
        if let Payer::Card { expiry: None, .. } = payer {
            return Err(missing(14));
        }
        let number = |field: u8| message.number(field).ok_or(missing(field));
        Ok(Self {
            financial,
            payer,
            merchant_category: number(18)? as u16,
            entry_mode: number(22)? as u16,
            condition: number(25)? as u8,
            country: country(message),
            takes_part: find_tag(message, tlv::TAKES_PART)? == Some(b"1"),
        })
    }
}

impl<'a> Refund<'a> {
    fn read(financial: Financial, message: &Message<'a>) -> Result<Self, Refusal> {
        financial.require_amount()?;
        Ok(Self {
            financial,
            payer: Payer::read(message)?,
            original: original_if_named(message)?,
        })
    }
}

impl<'a> Load<'a> {
    fn read(financial: Financial, message: &Message<'a>) -> Result<Self, Refusal> {
        financial.require_amount()?;
        Ok(Self {
            financial,
            card: card(message)?,
            expiry: time::expiry(message)?,
            source: message.text(102),
        })
    }
}

impl<'a> Payout<'a> {
    fn read(financial: Financial, message: &Message<'a>) -> Result<Self, Refusal> {
        financial.require_amount()?;
        Ok(Self {
            financial,
            card: card(message)?,
            expiry: time::expiry(message)?,
            source: message.text(102).ok_or(missing(102))?,
        })
    }
}

impl Inquiry {
    fn read(financial: Financial, message: &Message<'_>) -> Result<Self, Refusal> {
        if !financial.amount.is_zero() {
            return Err(Refusal::of(4, Flaw::InquiryNotZero));
        }
        let card = card(message)?;
        let expiry = time::expiry(message)?;
        if expiry.is_none() {
            return Err(missing(14));
        }
        Ok(Self {
            financial,
            card,
            expiry,
        })
    }
}

impl Verification {
    fn read(financial: Financial, message: &Message<'_>) -> Result<Self, Refusal> {
        if !financial.amount.is_zero() {
            return Err(Refusal::of(4, Flaw::VerificationNotZero));
        }
        let number = |field: u8| message.number(field).ok_or(missing(field));
        Ok(Self {
            financial,
            card: card(message)?,
            expiry: time::expiry(message)?.ok_or(missing(14))?,
            merchant_category: number(18)? as u16,
            entry_mode: number(22)? as u16,
            condition: number(25)? as u8,
            country: country(message),
        })
    }
}

impl<'a> Completion<'a> {
    pub(super) fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        let financial = Financial::read(message)?;
        if financial.processing_code != PURCHASE {
            return Err(UNKNOWN_PROCESSING_CODE);
        }
        let number = |field: u8| message.number(field).unwrap_or(0);
        Ok(Self {
            financial,
            payer: Payer::read(message)?,
            original: original_if_named(message)?,
            merchant_category: number(18) as u16,
            entry_mode: number(22) as u16,
            condition: number(25) as u8,
            country: country(message),
        })
    }
}

impl<'a> Reversal<'a> {
    pub(super) fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        let replacement = match message.raw(95).map(ReplacementAmounts::parse) {
            None => None,
            Some(Some(amounts)) => Some(amounts.transaction),
            Some(None) => return Err(Refusal::of(95, Flaw::NoReplacementAmounts)),
        };
        Ok(Self {
            financial: Financial::read(message)?,
            advice: message.mti().is_advice(),
            payer: Payer::read(message)?,
            original: original(message)?,
            replacement,
        })
    }
}

#[inline(always)]
fn card(message: &Message<'_>) -> Result<CardNumber, Refusal> {
    if !message.has(2) {
        return Err(missing(2));
    }
    message
        .card_number()
        .ok_or(Refusal::of(2, Flaw::NoCardNumber))
}

#[inline(always)]
fn country(message: &Message<'_>) -> Option<u16> {
    message.number(19).map(|country| country as u16)
}

fn original(message: &Message<'_>) -> Result<OriginalData, Refusal> {
    original_if_named(message)?.ok_or(missing(90))
}

pub(super) fn original_if_named(message: &Message<'_>) -> Result<Option<OriginalData>, Refusal> {
    let parsed = message.raw(90).map(OriginalData::parse);
    parsed
        .map(|original| original.ok_or(Refusal::of(90, Flaw::NoOriginalData)))
        .transpose()
}

/// A fixed text field, padding included.
#[inline(always)]
pub(super) fn characters<const LENGTH: usize>(
    message: &Message<'_>,
    field: u8,
) -> Result<[u8; LENGTH], Refusal> {
    let body = message.raw(field).ok_or(missing(field))?;
    body.try_into()
        .map_err(|_| Refusal::of(field, Flaw::OtherLength))
}
