//! The frames of a shop: an [`echo`], and all else is [`request`].

use bytes::BytesMut;
use tessera_protocol::{Institution, Message, Mti, OriginalData, Packer, Stan, tlv};

use super::record::{Name, Record};
use super::{Party, seal};
use crate::load::clock::Stamp;

/// Field 18: miscellaneous retail.
const MERCHANT_CATEGORY: u64 = 5999;
/// Field 22: electronic commerce, no PIN.
const ENTRY_MODE: u64 = 812;
/// Field 25: electronic commerce.
const CONDITION: u64 = 59;
/// Field 3 of a refund.
const REFUND: u64 = 200_000;

/// What a request asks about its purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 0200/00.
    Purchase,
    /// 0400, or 0420 where it is an advice.
    Reversal,
    /// 0200/20, by its place among the purchase's refunds.
    Refund(usize),
}

/// When and under which number a request travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Travel {
    /// Field 11.
    pub trace: u32,
    /// When it was first sent: fields 12 and 13, which a repeat keeps.
    pub first: u32,
    /// When this frame is sent: field 7.
    pub now: u32,
    /// Sent before.
    pub repeat: bool,
}

/// Field 37: six digits of the time it was first sent, six of the trace number.
pub(super) fn reference(trace: u32, first: u32) -> String {
    format!("{:06}{trace:06}", first / 60 % 1_000_000)
}

/// Packs a request. `false`, and nothing is packed, if its card can no longer be decrypted or its refund does not
/// exist.
pub(super) fn request(
    out: &mut BytesMut,
    party: &Party,
    record: &Record,
    kind: Kind,
    travel: Travel,
) -> bool {
    let (mti, processing, amount) = match kind {
        Kind::Purchase => (Mti::PURCHASE, 0, record.amount),
        Kind::Reversal
            if record
                .reversal
                .as_ref()
                .is_some_and(|reversal| reversal.advice) =>
        {
            (Mti::REVERSAL_ADVICE, 0, record.amount)
        }
        Kind::Reversal => (Mti::REVERSAL, 0, record.amount),
        Kind::Refund(number) => match record.refunds.get(number) {
            Some(refund) => (Mti::PURCHASE, REFUND, refund.amount),
            None => return false,
        },
    };
    let card = match &record.payer {
        Name::Order { .. } => None,
        Name::Card { sealed, .. } => match seal::open(&party.key, sealed) {
            Some(card) => Some(card),
            None => return false,
        },
    };
    let (first, now) = (Stamp::at(travel.first), Stamp::at(travel.now));
    let mut packer = Packer::new(out, if travel.repeat { mti.repeat() } else { mti });
    if let Some(card) = &card {
        packer.card(card);
    }
    packer
        .number(3, processing)
        .number(4, amount)
        .number(7, now.transmission().into())
        .number(11, travel.trace.into())
        .number(12, first.time().into())
        .number(13, first.date().into());
    if let (Kind::Purchase, Name::Card { expiry, .. }) = (kind, &record.payer) {
        packer.number(14, (*expiry).into());
    }
    if kind != Kind::Reversal {
        packer
            .number(18, MERCHANT_CATEGORY)
            .number(22, ENTRY_MODE)
            .number(25, CONDITION);
    }
    packer
        .number(32, party.code)
        .text(37, reference(travel.trace, travel.first).as_bytes())
        .text(41, party.terminal.as_bytes())
        .text(42, party.acceptor.as_bytes());
    if let Some(place) = &party.place
        && kind != Kind::Reversal
    {
        packer.text(43, place.as_bytes());
    }
    if let Name::Order { purpose } = &record.payer {
        let mut tags = tlv::TlvWriter::new();
        tags.add(tlv::ORDER, record.order.as_bytes());
        if kind == Kind::Purchase {
            tags.add(tlv::PURPOSE, purpose.as_bytes());
        }
        packer.text(48, tags.as_bytes());
    }
    packer.text(49, &party.currency);
    if kind != Kind::Purchase {
        let original = OriginalData {
            mti: Mti::PURCHASE,
            trace: Stan::new(record.trace),
            transmission: Stamp::at(record.second).transmission(),
            institution: Institution::new(party.code),
            forwarding: None,
        };
        packer.raw(90, &original.pack());
    }
    packer.seal(&party.key);
    true
}

/// Packs an echo.
pub(super) fn echo(out: &mut BytesMut, party: &Party, trace: u32, now: u32) {
    Packer::new(out, Mti::NETWORK)
        .number(7, Stamp::at(now).transmission().into())
        .number(11, trace.into())
        .number(32, party.code)
        .number(70, 301)
        .seal(&party.key);
}

/// Field 48 tag 09 of an answer; empty where there is none.
pub(super) fn reason(answer: &Message<'_>) -> String {
    let body = answer.text(48).unwrap_or_default();
    let reason = tlv::find(body, tlv::REASON).ok().flatten();
    String::from_utf8_lossy(reason.unwrap_or_default()).into_owned()
}

/// A text field of an answer; empty where it has none.
pub(super) fn text(answer: &Message<'_>, field: u8) -> String {
    String::from_utf8_lossy(answer.text(field).unwrap_or_default()).into_owned()
}
