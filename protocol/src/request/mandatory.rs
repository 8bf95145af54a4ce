//! The table of section 4: which fields each message must carry.

use super::{Flaw, Refusal};
use crate::bitmap::Bitmap;
use crate::message::Message;
use crate::mti::Mti;

const FINANCIAL: Bitmap = Bitmap::of(&[3, 4, 7, 11, 12, 13, 18, 22, 25, 32, 37, 41, 42, 49]);
const COMPLETION: Bitmap = Bitmap::of(&[3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49]);
const FOLLOWING: Bitmap = Bitmap::of(&[3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 90]);
const NETWORK: Bitmap = Bitmap::of(&[7, 11, 32, 70]);
const RECONCILIATION: Bitmap = Bitmap::of(&[7, 11, 15, 32, 74, 75, 76, 77, 86, 87, 88, 89, 97]);
const ADMINISTRATIVE: Bitmap = Bitmap::of(&[7, 11, 24]);

/// The fields that the message type demands of every message.
const fn mandatory(mti: Mti) -> Bitmap {
    match mti.original() {
        Mti::PURCHASE | Mti::AUTHORIZATION | Mti::AUTHORIZATION_ADVICE => FINANCIAL,
        Mti::COMPLETION => COMPLETION,
        Mti::REVERSAL | Mti::REVERSAL_ADVICE => FOLLOWING,
        Mti::NETWORK => NETWORK,
        Mti::RECONCILIATION | Mti::RECONCILIATION_ADVICE => RECONCILIATION,
        Mti::ADMINISTRATIVE => ADMINISTRATIVE,
        _ => Bitmap::of(&[]),
    }
}

/// Refuses a message that lacks a mandatory field, naming the lowest.
#[inline]
pub(super) fn check(message: &Message<'_>) -> Result<(), Refusal> {
    match mandatory(message.mti()).first_missing_in(message.bitmap()) {
        None => Ok(()),
        Some(field) => Err(missing(field)),
    }
}

/// The refusal of a message that lacks this field.
pub(super) const fn missing(field: u8) -> Refusal {
    Refusal::of(field, Flaw::Missing)
}
