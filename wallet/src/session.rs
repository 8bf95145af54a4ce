//! The handle of a session. The browser holds nothing else, and this server knows nothing else of a payer.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tessera_protocol::leased::{SECRET_DIGITS, SESSION_DIGITS};
use zeroize::Zeroizing;

/// [`SESSION_DIGITS`] lower-case hexadecimal digits: the wallet, then the secret. Not known to be good before the switch has
/// said so. It is never printed, and wiped when dropped.
#[derive(Clone)]
pub struct Session(Zeroizing<String>);

impl Session {
    /// `None` where the text can't be one.
    pub fn from_text(text: &str) -> Option<Self> {
        let fits = text.len() == SESSION_DIGITS
            && text
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The session that the switch opened in a wallet with our secret.
    pub fn of(wallet: u64, secret: &str) -> Self {
        Self(Zeroizing::new(format!("{wallet:016x}{secret}")))
    }

    /// A secret for a session to be.
    pub fn draw_secret() -> Zeroizing<String> {
        Zeroizing::new(random_hex::<{ SECRET_DIGITS / 2 }>())
    }

    /// The handle. For the cookie and the line only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The wallet that it claims to be of.
    pub fn wallet(&self) -> u64 {
        u64::from_str_radix(self.wallet_digits(), 16).unwrap_or_default()
    }

    /// The same in 16 hexadecimal digits.
    pub fn wallet_digits(&self) -> &str {
        self.0.get(..16).unwrap_or_default()
    }

    /// The token in every form of this session: it can be computed only with the handle, by any wallet server.
    pub fn form_token(&self) -> String {
        token("form", &self.0, "")
    }
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Session(..)")
    }
}

/// HMAC-SHA-256 over a purpose and a message, in hexadecimal digits: only who knows the secret can make it, also where tokens
/// of other messages are known. To be compared with [`same`].
pub fn token(purpose: &str, secret: &str, message: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.expect("HMAC takes a key of any length");
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(message.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Compares two secrets in constant time.
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Random bytes, as hexadecimal digits.
pub fn random_hex<const BYTES: usize>() -> String {
    let mut bytes = [0u8; BYTES];
    rand::rng().fill(&mut bytes[..]);
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_an_hmac() {
        // Of Python's `hmac`.
        let expected = "aeaefc67b126094dee93e1bfa2f47f05f0173ad237e6feacd5d5371ae390fdbc";
        assert_eq!(token("pay", "0123456789abcdef", "a=b"), expected);
        assert_ne!(token("pay", "0123456789abcdefa", "=b"), expected);
        assert_ne!(token("form", "0123456789abcdef", "a=b"), expected);
    }

    #[test]
    fn knows_its_wallet_and_is_never_printed() {
        let secret = Session::draw_secret();
        let session = Session::of(4711, &secret);
        assert_eq!(session.wallet(), 4711);
        assert_eq!(session.wallet_digits(), "0000000000001267");
        assert_eq!(Session::from_text(session.expose()), Some(session.clone()));
        assert!(!format!("{session:?}").contains(&secret[..8]));
        assert!(!session.form_token().contains(&secret[..8]));
        for wrong in ["", "00", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(Session::from_text(wrong), None);
        }
    }
}
