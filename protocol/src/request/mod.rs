//! Requests as values that cannot be wrong.
//!
//! In comes a well-formed [`Message`]; out comes one of the requests of the protocol, or a [`Refusal`]
//! that says how to answer. Nothing here knows parties, wallets or clocks.

mod financial;
mod mandatory;
mod network;
mod refusal;
mod status;
mod time;

pub use financial::{
    Completion, Financial, Inquiry, Load, Payer, Payout, Purchase, Refund, Reversal, Verification,
};
pub use network::{Administrative, NetworkCode, NetworkManagement, Reconciliation};
pub use refusal::{Flaw, Refusal};
pub use status::{STATUS_INQUIRY, StatusInquiry};

use crate::message::Message;
use crate::mti::Mti;

/// Every request that the switch, or the financial system, may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<'a> {
    /// 0800.
    Network(NetworkManagement<'a>),
    /// 0200, processing code 00.
    Purchase(Purchase<'a>),
    /// 0100, processing code 00.
    Authorization(Purchase<'a>),
    /// 0120: an authorization that was decided elsewhere.
    AuthorizationAdvice(Purchase<'a>),
    /// 0200, processing code 20.
    Refund(Refund<'a>),
    /// 0200, processing code 28 or 21.
    Load(Load<'a>),
    /// 0200, processing code 29.
    Payout(Payout<'a>),
    /// 0100, processing code 31.
    Inquiry(Inquiry),
    /// 0100, processing code 00 with amount 0, or 38.
    Verification(Verification),
    /// 0220.
    Completion(Completion<'a>),
    /// 0400 and 0420.
    Reversal(Reversal<'a>),
    /// 0500.
    Reconciliation(Reconciliation),
    /// 0600 of the wallet server.
    Administrative(Administrative<'a>),
    /// 0600 of a party.
    Status(StatusInquiry<'a>),
}

impl<'a> Request<'a> {
    /// Reads a request. An answer ([`Mti::is_answer`]) is no request: sort those out before.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use tessera_protocol::{Message, Mti, NetworkCode, Packer, Request};
    ///
    /// let mut frame = BytesMut::new();
    /// Packer::new(&mut frame, Mti::NETWORK)
    ///     .number(7, 1_122_094_500)
    ///     .number(11, 1)
    ///     .number(32, 20_000_000_002)
    ///     .number(70, 1)
    ///     .finish();
    /// let message = Message::parse(&frame[2..]).unwrap();
    /// match Request::read(&message) {
    ///     Ok(Request::Network(network)) => assert_eq!(network.code, NetworkCode::SignOn),
    ///     other => panic!("{other:?}"),
    /// }
    /// ```
    pub fn read(message: &Message<'a>) -> Result<Self, Refusal> {
        match time::check_dates(message) {
            Ok(()) => Self::by_type(message),
            // What else is wrong comes first.
            Err(refusal) => Self::by_type(message).and(Err(refusal)),
        }
    }

    // Apart: put together here, a request would be merged from the values of every type.
    #[inline(never)]
    fn by_type(message: &Message<'a>) -> Result<Self, Refusal> {
        mandatory::check(message)?;
        match message.mti().original() {
            Mti::PURCHASE => financial::read_0200(message),
            Mti::AUTHORIZATION => financial::read_0100(message),
            Mti::AUTHORIZATION_ADVICE => financial::read_0120(message),
            Mti::COMPLETION => Completion::read(message).map(Self::Completion),
            Mti::REVERSAL | Mti::REVERSAL_ADVICE => Reversal::read(message).map(Self::Reversal),
            Mti::NETWORK => NetworkManagement::read(message).map(Self::Network),
            Mti::RECONCILIATION | Mti::RECONCILIATION_ADVICE => {
                Reconciliation::read(message).map(Self::Reconciliation)
            }
            Mti::ADMINISTRATIVE if message.number(24) == Some(STATUS_INQUIRY) => {
                StatusInquiry::read(message).map(Self::Status)
            }
            Mti::ADMINISTRATIVE => Administrative::read(message).map(Self::Administrative),
            _ => Err(Flaw::UnknownMti.into()),
        }
    }
}
