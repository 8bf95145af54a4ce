//! The handle of a session: all that a browser holds, and all that this server knows of a payer.

use std::fmt;

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
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
        let digits = self.0.get(..16).unwrap_or_default();
        u64::from_str_radix(digits, 16).unwrap_or_default()
    }

    /// What a form of this session must carry: whoever does not know the handle can't make it, and every server that
    /// is handed the handle can.
    pub fn form_token(&self) -> String {
        token("form", &self.0)
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

/// What follows from a secret for one purpose and does not tell it.
pub fn token(purpose: &str, secret: &str) -> String {
    let digest = Sha256::new()
        .chain_update(purpose.as_bytes())
        .chain_update([0])
        .chain_update(secret.as_bytes())
        .finalize();
    hex(&digest)
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
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
    fn knows_its_wallet_and_is_never_printed() {
        let secret = Session::draw_secret();
        let session = Session::of(4711, &secret);
        assert_eq!(session.wallet(), 4711);
        assert_eq!(Session::from_text(session.expose()), Some(session.clone()));
        assert!(!format!("{session:?}").contains(&secret[..8]));
        assert!(!session.form_token().contains(&secret[..8]));
        for wrong in ["", "00", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(Session::from_text(wrong), None);
        }
    }
}
