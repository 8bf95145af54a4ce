//! Who pays in a case.

use tessera_protocol::CardNumber;

/// The expiry of development cards.
const DEVELOPMENT_EXPIRY: &str = "3112";

/// The payers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// Card number, for acquirers.
    pub card: String,
    /// Its expiry, YYMM.
    pub expiry: String,
    /// Number of the wallet, for malls.
    pub wallet: u64,
}

impl Payer {
    /// The development card of this serial number, or its wallet.
    pub fn development(serial: u64) -> Self {
        Self {
            card: CardNumber::development(serial).expose().to_string(),
            expiry: DEVELOPMENT_EXPIRY.to_owned(),
            wallet: serial,
        }
    }
}

impl Default for Payer {
    /// A card that nobody has, for cases in which nobody pays.
    fn default() -> Self {
        Self::development(999_999_999)
    }
}
