//! The wire of Tessera: ISO 8583:1987 in the binary packing that jPOS calls `ISO87BPackager`, and, at the malls' port only, in
//! other packings and framings ([`Dialect`]).
//!
//! In come bytes; out comes meaning, and the other way round. There is no socket, clock, thread or allocation per field
//! here, and this crate depends on no other.
//!
//! The path of a message: [`cut`] takes one frame from a stream, [`Message::parse`] lays the table of fields
//! ([`FIELDS`]) over it without copying, [`Request::read`] turns it into values that cannot be wrong,
//! [`answer`] writes the answer into the caller's buffer. [`Packer`] writes any other message.
//!
//! ```
//! use bytes::BytesMut;
//! use tessera_protocol::*;
//!
//! // Someone asks whether the other side is there.
//! let mut stream = BytesMut::new();
//! Packer::new(&mut stream, Mti::NETWORK)
//!     .number(7, 1_122_094_500)
//!     .number(11, 45)
//!     .number(32, 20_000_000_002)
//!     .number(70, 301)
//!     .finish();
//!
//! // The other side reads it and answers.
//! let mut answers = BytesMut::new();
//! while let Some(frame) = cut(&mut stream).expect("a stream of frames") {
//!     let message = Message::parse(&frame).expect("a message");
//!     let code = match Request::read(&message) {
//!         Ok(Request::Network(_)) => ResponseCode::APPROVED,
//!         Ok(_) => ResponseCode::INVALID_TRANSACTION,
//!         Err(refusal) => refusal.code(),
//!     };
//!     answer(&message, &mut answers, code, &Extras::default(), None);
//! }
//! let answered = Message::parse(&answers[2..]).expect("a message");
//! assert_eq!((answered.number(11), answered.raw(39)), (Some(45), Some(&b"00"[..])));
//! ```

mod amount;
mod answer;
mod balances;
mod bcd;
mod bitmap;
mod card;
mod client;
mod currency;
pub mod describe;
mod dialect;
mod error;
mod fields;
mod frame;
mod grammar;
mod institution;
mod key_wrap;
pub mod leased;
mod mac;
mod masking;
mod message;
mod money;
mod mti;
mod order;
mod original;
mod packer;
mod reading;
mod replacement;
mod request;
mod response_code;
pub mod sandbox;
mod stan;
pub mod tlv;
mod totals;
mod verdict;

pub use amount::Amount;
pub use answer::{Extras, State, StatusAmounts, StatusReport, answer, format_error_answer};
pub use balances::{Balance, BalanceKind, Balances};
pub use bitmap::Bitmap;
pub use card::CardNumber;
pub use client::{ClientNumber, ClientNumberError};
pub use currency::Currency;
pub use describe::{Description, Secrets, describe, describe_in};
pub use dialect::{
    Dialect, Framing, HEADER_BYTES_MAX, Header, Look, MessagePacking, Unpacked, foreign_protocol,
    recognize, to_ebcdic,
};
pub use error::{ParseError, Place, Problem};
pub use fields::{FIELDS, Field, Packing};
pub use frame::{FRAME_BYTES_MAX, FrameError, cut};
pub use institution::Institution;
pub use key_wrap::{
    KeyEncryptingKey, KeyEncryptingKeyError, KeyMaterial, UnwrapError, WRAPPED_BYTES, WrappedKey,
};
pub use mac::{CHECK_VALUE_BYTES, CheckValue, KEY_BYTES, MAC_BYTES, MacKey, MacKeyError};
pub use masking::{Veil, mask_card_numbers, mask_likely_card_numbers};
pub use message::Message;
pub use money::{money_text, plain_amount, typed_amount};
pub use mti::Mti;
pub use order::OrderKey;
pub use original::OriginalData;
pub use packer::Packer;
pub use reading::{ReadField, Reading};
pub use replacement::ReplacementAmounts;
pub use request::{
    Administrative, Completion, Financial, Flaw, Inquiry, Load, NetworkCode, NetworkManagement,
    Payer, Payout, Purchase, Reconciliation, Refund, Refusal, Request, Reversal, STATUS_INQUIRY,
    StatusInquiry, Verification,
};
pub use response_code::ResponseCode;
pub use stan::Stan;
pub use totals::Totals;
pub use verdict::{HostRequestKind, HostVerdict};
