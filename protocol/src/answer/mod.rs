//! Answers by the echo rules of section 4.

mod status;

use std::fmt::Write;

use arrayvec::ArrayString;
use bytes::BytesMut;

use crate::amount::Amount;
use crate::balances::Balances;
use crate::bitmap::Bitmap;
use crate::error::ParseError;
use crate::mac::MacKey;
use crate::message::Message;
use crate::packer::Packer;
use crate::reading::Reading;
use crate::response_code::ResponseCode;
use crate::tlv::{self, TlvWriter};
use crate::totals::Totals;

pub use status::{State, StatusAmounts, StatusReport};

/// A longer reason is cut off.
const REASON_BYTES_MAX: usize = 120;

/// Fields that an answer echoes as present, up to where it adds its own. 49, 70 and 90 follow.
const ECHOED_BEFORE_38: Bitmap = Bitmap::of(&[2, 3, 4, 7, 11, 12, 13, 15, 32, 37]);
const ECHOED_BEHIND_4: Bitmap = Bitmap::of(&[7, 11, 12, 13, 15, 32, 37]);
const ECHOED_BEFORE_48: Bitmap = Bitmap::of(&[41, 42]);

/// What an answer says beyond the echo and field 39.
#[derive(Debug, Clone, Default)]
pub struct Extras<'a> {
    /// Field 38, on approval.
    pub approval: Option<[u8; 6]>,
    /// Field 4 where less than the request asked for is approved.
    pub amount: Option<Amount>,
    /// Field 54, on a balance inquiry or an approval in part.
    pub balances: Option<&'a Balances>,
    /// Field 48 tag 09: why a request was declined, for a developer's eyes.
    pub reason: Option<&'a str>,
    /// Fields 66, 74-77, 86-89 and 97: whether the totals agree, and the switch's own.
    pub totals: Option<(bool, &'a Totals)>,
    /// What has become of what a status inquiry is about: field 48, and 38, 49 and 90 where the request lacks them.
    pub status: Option<&'a StatusReport>,
}

/// Appends the answer to a request, as a whole frame.
///
/// ```
/// use bytes::BytesMut;
/// use tessera_protocol::{Extras, MacKey, Message, Mti, Packer, ResponseCode, answer};
///
/// let key = MacKey::new([7; 16]);
/// let (mut request, mut out) = (BytesMut::new(), BytesMut::new());
/// Packer::new(&mut request, Mti::NETWORK).number(7, 1_122_094_500).number(11, 1).number(70, 301).finish();
/// let request = Message::parse(&request[2..])?;
/// answer(&request, &mut out, ResponseCode::APPROVED, &Extras::default(), Some(&key));
///
/// let answered = Message::parse(&out[2..])?;
/// assert_eq!(answered.mti(), Mti::NETWORK.answer());
/// assert_eq!(answered.number(11), Some(1));
/// assert_eq!(answered.raw(39), Some(&b"00"[..]));
/// assert!(key.verify(&out[2..]));
/// # Ok::<(), tessera_protocol::ParseError>(())
/// ```
pub fn answer(
    request: &Message<'_>,
    out: &mut BytesMut,
    code: ResponseCode,
    extras: &Extras<'_>,
    key: Option<&MacKey>,
) {
    let mut packer = Packer::new(out, request.mti().answer());
    match extras.amount {
        None => packer.copy_all(request, ECHOED_BEFORE_38),
        Some(amount) => packer
            .copy(request, 2)
            .copy(request, 3)
            .number(4, amount.value())
            .copy_all(request, ECHOED_BEHIND_4),
    };
    let status = extras.status;
    let approval = extras.approval.or_else(|| status?.approval);
    if let Some(approval) = &approval {
        packer.raw(38, approval);
    }
    packer.raw(39, code.as_bytes());
    packer.copy_all(request, ECHOED_BEFORE_48);
    if let Some(reason) = extras.reason {
        pack_reason(&mut packer, reason);
    }
    match status {
        Some(status) => {
            status.pack_tags(&mut packer);
            packer.raw(49, &status.currency.to_text());
        }
        None => {
            packer.copy(request, 49);
        }
    }
    if let Some(balances) = extras.balances {
        packer.raw(54, &balances.pack());
    }
    if let Some((agreed, _)) = extras.totals {
        packer.number(66, if agreed { 1 } else { 2 });
    }
    packer.copy(request, 70);
    if let Some((_, totals)) = extras.totals {
        totals.pack_before_90(&mut packer);
    }
    match status.and_then(|status| status.original) {
        Some(original) if !request.has(90) => packer.raw(90, &original.pack()),
        _ => packer.copy(request, 90),
    };
    if let Some((_, totals)) = extras.totals {
        totals.pack_net(&mut packer);
    }
    packer.close(key);
}

/// Appends the answer to a message with a format error: 39=30, what could be read of fields 7, 11, 32,
/// 37, 41 and 42, and tag 09 naming the fault. `false`, and nothing appended, where the MTI or field 11
/// cannot be read, or the message is no request: then nobody could match an answer.
pub fn format_error_answer(
    message: &[u8],
    error: &ParseError,
    out: &mut BytesMut,
    key: Option<&MacKey>,
) -> bool {
    let reading = Reading::of(message);
    let Some(mti) = reading.mti.filter(|mti| !mti.is_answer()) else {
        return false;
    };
    if reading.field(11).is_none() {
        return false;
    }
    let mut packer = Packer::new(out, mti.answer());
    let echo = |packer: &mut Packer<'_>, numbers: &[u8]| {
        for field in numbers.iter().filter_map(|&number| reading.field(number)) {
            packer.wire(field.number, field.wire);
        }
    };
    echo(&mut packer, &[7, 11, 32, 37]);
    packer.raw(39, ResponseCode::FORMAT_ERROR.as_bytes());
    echo(&mut packer, &[41, 42]);
    let mut reason = ArrayString::<REASON_BYTES_MAX>::new();
    // An error's text is shorter than that; if it ever were not, its beginning is enough.
    let _ = write!(reason, "{error}");
    pack_reason(&mut packer, &reason);
    packer.close(key);
    true
}

fn pack_reason(packer: &mut Packer<'_>, reason: &str) {
    let reason = reason.as_bytes();
    let mut tlvs = TlvWriter::new();
    tlvs.add(tlv::REASON, &reason[..reason.len().min(REASON_BYTES_MAX)]);
    packer.raw(48, tlvs.as_bytes());
}
