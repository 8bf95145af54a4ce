//! The table of operations, and reading one from its message.

use tessera_protocol::{Administrative, Amount, Currency, Message, ResponseCode, tlv};

use crate::wallet::{
    Action, Ask, DuplicateKey, HistoryRequest, KeyFields, Opening, OrderKey, Payer, Reference,
    WalletId,
};

/// Operations, field 24.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 100: make a wallet (03); the answer names it (01).
    CreateWallet,
    /// 110: have the host issue a card for a wallet (01); the answer carries it (08, 09).
    IssueCard,
    /// 120: load a wallet (01) with an amount (02, 03) from a funding source (07).
    Load,
    /// 130: the payer agreed to pay an order (01, 02, 03, 04, 05, 06).
    AnnounceOrder,
    /// 131: the payer takes an order back (01, 04, 05).
    CancelOrder,
    /// 140: balance of a wallet (01); the answer carries it (10, 11).
    ReadBalance,
    /// 150: the last events of a wallet (01), at most so many (12), before a position (13).
    ReadHistory,
}

/// TLV tags of fields 60 (request) and 61 (answer).
pub mod tag {
    /// Wallet, decimal.
    pub const WALLET: u8 = 1;
    /// Amount in minor units, decimal.
    pub const AMOUNT: u8 = 2;
    /// Currency, numeric.
    pub const CURRENCY: u8 = 3;
    /// Card acceptor id of the mall.
    pub const ACCEPTOR: u8 = 4;
    /// Order number of the mall.
    pub const ORDER: u8 = 5;
    /// What is bought, for the payer's eyes.
    pub const DESCRIPTION: u8 = 6;
    /// Funding source, up to 28 characters.
    pub const SOURCE: u8 = 7;
    /// Card number.
    pub const CARD: u8 = 8;
    /// Expiry of the card, YYMM.
    pub const EXPIRY: u8 = 9;
    /// Ledger balance in minor units, decimal.
    pub const LEDGER: u8 = 10;
    /// Available balance in minor units, decimal.
    pub const AVAILABLE: u8 = 11;
    /// How many events of history.
    pub const COUNT: u8 = 12;
    /// Where history goes on; absent where it ends.
    pub const POSITION: u8 = 13;
    /// One event: `time,kind,amount,code,acceptor,reference`.
    pub const EVENT: u8 = 14;
}

/// A refused operation: field 39, and why.
pub(super) type Refused = (ResponseCode, &'static str);

const EVENTS_DEFAULT: u16 = 8;
/// What fits into one answer.
const EVENTS_MAX: u16 = 8;

impl Code {
    /// The operation of a field 24.
    pub fn of(number: u16) -> Option<Self> {
        Some(match number {
            100 => Self::CreateWallet,
            110 => Self::IssueCard,
            120 => Self::Load,
            130 => Self::AnnounceOrder,
            131 => Self::CancelOrder,
            140 => Self::ReadBalance,
            150 => Self::ReadHistory,
            _ => return None,
        })
    }
}

/// What an operation asks, and of which wallet.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) code: Code,
    pub(super) wallet: WalletId,
    pub(super) ask: Ask,
}

impl Operation {
    /// Reads the operation off its message. `now` and `stands` give an announced order its end.
    pub(super) fn read(
        message: &Message<'_>,
        administrative: &Administrative<'_>,
        institution: u64,
        own_currency: Currency,
        now: u64,
        stands: u64,
    ) -> Result<Self, Refused> {
        let code = Code::of(administrative.operation).ok_or((
            ResponseCode::INVALID_TRANSACTION,
            "field 24: no such operation",
        ))?;
        let retrieval: [u8; 12] = message
            .raw(37)
            .and_then(|text| text.try_into().ok())
            .ok_or((ResponseCode::FORMAT_ERROR, "field 37: missing"))?;
        let data = Data(administrative.data[0].unwrap_or_default());
        let key = key_of(message).ok_or(missing("fields 11, 24, 32 and 37 name an operation"))?;
        let wallet = match code {
            Code::CreateWallet => WalletId::created_by(&key),
            _ => WalletId(
                data.number(tag::WALLET)?
                    .ok_or(missing("tag 01: no wallet"))?,
            ),
        };
        let acceptor = data.acceptor()?;
        let payer = match data.find(tag::ORDER)? {
            Some(order) if (1..=32).contains(&order.len()) => {
                Payer::Order(OrderKey::of(&acceptor, order))
            }
            Some(_) => return Err(missing("tag 05: an order number has 1 to 32 characters")),
            None => Payer::Wallet,
        };
        let action = match code {
            Code::CreateWallet => Action::Open,
            Code::IssueCard => Action::IssueCard,
            Code::Load => {
                let source = data.find(tag::SOURCE)?.unwrap_or_default();
                if !(1..=28).contains(&source.len()) {
                    return Err(missing("tag 07: a funding source has 1 to 28 characters"));
                }
                Action::Load {
                    source: source.to_vec(),
                }
            }
            Code::AnnounceOrder => Action::Announce {
                expires_at: now + stands,
                description: data.find(tag::DESCRIPTION)?.unwrap_or_default().to_vec(),
                reversed: Vec::new(),
            },
            Code::CancelOrder => Action::Cancel,
            Code::ReadBalance => Action::Inquiry,
            Code::ReadHistory => {
                let events = data
                    .number(tag::COUNT)?
                    .unwrap_or(u64::from(EVENTS_DEFAULT));
                Action::History(HistoryRequest {
                    events: events.clamp(1, u64::from(EVENTS_MAX)) as u16,
                    from: data.number(tag::POSITION)?.unwrap_or(0),
                })
            }
        };
        let opening = Opening {
            // The wallet's own worker gives it one.
            reference: Reference(0),
            key,
            institution,
            class: 6,
            processing_code: u32::from(administrative.operation),
            trace: administrative.trace,
            transmission: administrative.transmission,
            local_time: administrative.transmission % 1_00_00_00,
            local_date: administrative.transmission / 1_00_00_00,
            terminal: [b' '; 8],
            acceptor,
            repeat: false,
            retrieval,
            amount: data.amount()?,
            currency: data.currency()?.unwrap_or(own_currency),
            payer,
        };
        Ok(Self {
            code,
            wallet,
            ask: Ask { opening, action },
        })
    }
}

/// An operation is named by who asks, 11, 24 and 37: sent again with the same ones it is applied
/// once. Field 7 may be new.
pub(super) fn key_of(message: &Message<'_>) -> Option<DuplicateKey> {
    let mut acceptor = [b' '; 15];
    acceptor[..12].copy_from_slice(message.raw(37).filter(|text| text.len() == 12)?);
    Some(DuplicateKey::of(KeyFields {
        institution: message.number(32)?,
        terminal: b"        ",
        acceptor: &acceptor,
        trace: message.number(11)? as u32,
        local_time: 0,
        local_date: 0,
        class: 6,
        processing_code: message.number(24)? as u32,
    }))
}

struct Data<'a>(&'a [u8]);

impl<'a> Data<'a> {
    fn find(&self, tag: u8) -> Result<Option<&'a [u8]>, Refused> {
        tlv::find(self.0, tag).map_err(|_| missing("field 60: not a list of tag, length, value"))
    }

    fn number(&self, tag: u8) -> Result<Option<u64>, Refused> {
        let Some(text) = self.find(tag)? else {
            return Ok(None);
        };
        let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        number
            .map(Some)
            .ok_or(missing("field 60: a number was expected"))
    }

    fn amount(&self) -> Result<Amount, Refused> {
        let minor = self.number(tag::AMOUNT)?.unwrap_or(0);
        Amount::new(minor).ok_or((ResponseCode::INVALID_AMOUNT, "tag 02: more than 12 digits"))
    }

    fn currency(&self) -> Result<Option<Currency>, Refused> {
        let Some(text) = self.find(tag::CURRENCY)? else {
            return Ok(None);
        };
        Currency::from_text(text)
            .map(Some)
            .ok_or(missing("tag 03: three digits"))
    }

    fn acceptor(&self) -> Result<[u8; 15], Refused> {
        let text = self.find(tag::ACCEPTOR)?.unwrap_or_default();
        if text.len() > 15 {
            return Err(missing(
                "tag 04: a card acceptor id has at most 15 characters",
            ));
        }
        let mut acceptor = [b' '; 15];
        acceptor[..text.len()].copy_from_slice(text);
        Ok(acceptor)
    }
}

fn missing(reason: &'static str) -> Refused {
    (ResponseCode::FORMAT_ERROR, reason)
}
