//! Who pays, as a request names the payer.

use tessera_protocol::{CardNumber, OrderKey};

/// How a request names who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payer {
    /// By card number, with the expiry (YYMM) where the request carried one.
    Card(CardNumber, Option<u16>),
    /// By order, at an affiliated mall.
    Order(OrderKey),
    /// By wallet: the wallet server speaks for the payer.
    Wallet,
}
