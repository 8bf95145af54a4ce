//! Who pays, as a request names the payer.

use tessera_protocol::OrderKey;

use crate::CardName;

/// How a request names who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payer {
    /// By card, with the expiry (YYMM) where the request carried one. Its number was looked up where the request came in.
    Card(CardName, Option<u16>),
    /// By order, at an affiliated mall.
    Order(OrderKey),
    /// By wallet: the wallet server speaks for the payer.
    Wallet,
}
