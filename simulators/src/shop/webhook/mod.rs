//! What the switch confirms by webhook (docs/webhooks.md). In come signed events, from `events`; out goes what they confirm
//! about each order, and when they came. What never happens here: an event without a right signature changes
//! anything, an event counts twice, an order becomes paid. Only the answer of the switch makes an order paid.
//!
//! ```text
//! POST /tessera/events ─▶ signature ─▶ event ─▶ confirmations (on the disk before the answer)
//! ```

mod confirmations;
mod signature;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use tessera_protocol::OrderKey;

pub(super) use confirmations::{Confirmation, Confirmations, What};
pub use signature::Secrets;
pub(super) use signature::Signed;

/// What a shop needs to take webhooks.
pub(super) struct Webhooks {
    pub secrets: Secrets,
    pub confirmations: Confirmations,
}

/// An event, as far as a shop reads it.
#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub data: About,
}

/// What an event is about.
#[derive(Deserialize)]
pub(super) struct About {
    /// Of an order only.
    order_key: Option<String>,
    /// Minor units.
    pub amount: u64,
}

impl Event {
    /// The order that it is about, where it is about one.
    pub fn order(&self) -> Option<OrderKey> {
        key_of(self.data.order_key.as_deref()?)
    }
}

/// 32 hexadecimal digits.
fn key_of(text: &str) -> Option<OrderKey> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = u128::from_str_radix(text, 16).ok().filter(|_| digits)?;
    Some(OrderKey(key.to_be_bytes()))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_digits() {
        let text = "5104a223698df71473f2301a0e126d47";
        let key = key_of(text).unwrap();
        assert_eq!((key.0[0], key.0[15]), (0x51, 0x47));
        for wrong in ["", "5104", "+104a223698df71473f2301a0e126d47", &text[1..]] {
            assert!(key_of(wrong).is_none(), "{wrong}");
        }
    }
}
