//! Field 39: what became of a request.

use std::fmt;

/// Two characters. Codes that this version does not know are values like any other: the financial
/// system may send one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResponseCode([u8; 2]);

macro_rules! response_codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        impl ResponseCode {
            $(#[doc = $meaning] pub const $name: Self = Self(*$code);)*

            /// Every code that the protocol names.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What the code says; `None` where the protocol does not name it.
            pub const fn meaning(self) -> Option<&'static str> {
                match &self.0 {
                    $($code => Some($meaning),)*
                    _ => None,
                }
            }
        }
    };
}

response_codes! {
    APPROVED = b"00", "approved";
    UNKNOWN_ACCEPTOR = b"03", "unknown card acceptor";
    DECLINED = b"05", "declined by the financial system";
    PARTLY_APPROVED = b"10", "approved in part";
    INVALID_TRANSACTION = b"12", "invalid transaction";
    INVALID_AMOUNT = b"13", "invalid amount";
    NO_SUCH_CARD = b"14", "no such card";
    NOT_FOUND = b"25", "original or order not found";
    FORMAT_ERROR = b"30", "format error";
    NOT_ENOUGH_MONEY = b"51", "not enough money";
    EXPIRED = b"54", "expired or wrong expiry";
    NOT_PERMITTED_TO_CARD = b"57", "not permitted to this card";
    NOT_PERMITTED_TO_PARTY = b"58", "not permitted to this party, or not signed on";
    ABOVE_AMOUNT_LIMIT = b"61", "above an amount limit";
    WALLET_BLOCKED = b"62", "wallet blocked";
    SECURITY_VIOLATION = b"63", "MAC or party violation";
    ABOVE_COUNT_LIMIT = b"65", "above a count limit";
    TOO_LATE = b"68", "answered too late";
    HOST_UNREACHABLE = b"91", "financial system not reachable";
    DUPLICATE = b"94", "duplicate with other contents";
    FAULT = b"96", "the switch could not, nothing applied";
}

impl ResponseCode {
    /// Any two characters.
    pub const fn new(code: [u8; 2]) -> Self {
        Self(code)
    }

    /// The two characters.
    pub const fn as_bytes(&self) -> &[u8; 2] {
        &self.0
    }

    /// Whether it is 00.
    pub const fn is_approved(self) -> bool {
        matches!(&self.0, b"00")
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
