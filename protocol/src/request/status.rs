//! 0600 with 310 in field 24: a party asks what has become of an order, or of one of its requests.

use super::financial::{Payer, characters, original_if_named};
use super::mandatory::missing;
use super::network::{institution, trace};
use super::{Refusal, time};
use crate::amount::Amount;
use crate::institution::Institution;
use crate::message::Message;
use crate::original::OriginalData;
use crate::stan::Stan;

/// Field 24 of a status inquiry. The operations of the wallet server are below 300.
pub const STATUS_INQUIRY: u64 = 310;

/// What has become of an order, or of a request that field 90 names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusInquiry<'a> {
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 11: the inquiry's own.
    pub trace: Option<Stan>,
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 3 of the request in question; 0 where it is not there.
    pub processing_code: u32,
    /// Field 4 of the request in question, where it is there.
    pub amount: Option<Amount>,
    /// Fields 13 and 12 of the request in question as one, MMDDhhmmss, where both are there.
    pub local: Option<u32>,
    /// Field 37 of the request in question, where it is there.
    pub reference: Option<[u8; 12]>,
    /// Field 41.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
    /// Who was to pay: the card, or the order.
    pub payer: Payer<'a>,
    /// Field 90: the request in question; always there where a card is named.
    pub original: Option<OriginalData>,
}

impl<'a> StatusInquiry<'a> {
    pub(super) fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        let payer = Payer::read(message)?;
        let original = original_if_named(message)?;
        // A card has many transactions, an order one purchase that pays it.
        if original.is_none() && matches!(payer, Payer::Card { .. }) {
            return Err(missing(90));
        }
        let local = match message.has(12) && message.has(13) {
            true => Some(time::date(message, 13)? * 1_000_000 + time::time(message, 12)?),
            false => None,
        };
        let reference = match message.has(37) {
            true => Some(characters(message, 37)?),
            false => None,
        };
        Ok(Self {
            transmission: time::transmission(message)?,
            trace: trace(message)?,
            institution: institution(message)?,
            processing_code: message.number(3).unwrap_or(0) as u32,
            amount: message.number(4).and_then(Amount::new),
            local,
            reference,
            terminal: characters(message, 41)?,
            acceptor: characters(message, 42)?,
            payer,
            original,
        })
    }
}
