//! Requests about the connection and the totals: 0800, 0500, 0600.

use super::mandatory::missing;
use super::{Flaw, Refusal, time};
use crate::institution::Institution;
use crate::message::Message;
use crate::mti::Mti;
use crate::stan::Stan;
use crate::tlv;
use crate::totals::Totals;

/// 0800: sign-on, sign-off, echo, change of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkManagement<'a> {
    /// 0800 or 0801.
    pub mti: Mti,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 70.
    pub code: NetworkCode,
    /// Field 48 tag 03, hexadecimal.
    pub key_material: Option<&'a [u8]>,
}

/// Field 70.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkCode {
    /// 001.
    SignOn,
    /// 002.
    SignOff,
    /// 101.
    KeyChange,
    /// 301.
    Echo,
}

impl NetworkCode {
    /// The code of a number; `None` for one that the protocol does not name.
    pub const fn of(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::SignOn),
            2 => Some(Self::SignOff),
            101 => Some(Self::KeyChange),
            301 => Some(Self::Echo),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::SignOn => 1,
            Self::SignOff => 2,
            Self::KeyChange => 101,
            Self::Echo => 301,
        }
    }

    /// What it says.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::SignOn => "sign-on",
            Self::SignOff => "sign-off",
            Self::KeyChange => "change of the MAC key",
            Self::Echo => "echo",
        }
    }
}

impl<'a> NetworkManagement<'a> {
    pub(super) fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        let code = message.number(70).ok_or(missing(70))?;
        let unknown = Refusal::of(70, Flaw::UnknownNetworkCode);
        Ok(Self {
            mti: message.mti(),
            transmission: time::transmission(message)?,
            trace: trace(message)?,
            institution: institution(message)?,
            code: NetworkCode::of(code as u16).ok_or(unknown)?,
            key_material: find_tag(message, tlv::KEY_MATERIAL)?,
        })
    }
}

/// 0500: a party's totals of a settlement date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// 0500, 0501, 0520 or 0521.
    pub mti: Mti,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 15, MMDD.
    pub settlement_date: u32,
    /// Fields 74-77, 86-89, 97.
    pub totals: Totals,
}

impl Reconciliation {
    pub(super) fn read(message: &Message<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            mti: message.mti(),
            transmission: time::transmission(message)?,
            trace: trace(message)?,
            institution: institution(message)?,
            settlement_date: time::date(message, 15)?,
            totals: Totals::read(message)
                .map_err(|field| Refusal::of(field, Flaw::NoSignedAmount))?,
        })
    }
}

/// 0600 of the wallet server: an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrative<'a> {
    /// 0600 or 0601.
    pub mti: Mti,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 24.
    pub operation: u16,
    /// Fields 60 to 63.
    pub data: [Option<&'a [u8]>; 4],
}

impl<'a> Administrative<'a> {
    pub(super) fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        Ok(Self {
            mti: message.mti(),
            transmission: time::transmission(message)?,
            trace: trace(message)?,
            operation: message.number(24).ok_or(missing(24))? as u16,
            data: [60, 61, 62, 63].map(|field| message.text(field)),
        })
    }
}

/// Field 11; zeros are taken, and name nothing.
#[inline(always)]
pub(super) fn trace(message: &Message<'_>) -> Result<Option<Stan>, Refusal> {
    Ok(Stan::new(message.number(11).ok_or(missing(11))? as u32))
}

/// Field 32; zeros are taken, and name nobody.
#[inline(always)]
pub(super) fn institution(message: &Message<'_>) -> Result<Option<Institution>, Refusal> {
    match message.number(32) {
        Some(code) if message.raw(32) != Some(&[]) => Ok(Institution::new(code)),
        _ => Err(Refusal::of(32, Flaw::Empty)),
    }
}

/// A TLV of field 48; `None` where the field or the tag is not there.
#[inline(always)]
pub(super) fn find_tag<'a>(message: &Message<'a>, tag: u8) -> Result<Option<&'a [u8]>, Refusal> {
    match message.raw(48) {
        None => Ok(None),
        Some(body) => tlv::find(body, tag).map_err(|_| Refusal::of(48, Flaw::NoTagList)),
    }
}
