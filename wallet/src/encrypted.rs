//! What a browser keeps for a session without being able to read it: AES-256-GCM under a key that follows from the session's
//! handle. Any wallet server can decrypt it, in this session and for this purpose only.
//!
//! ```text
//! Base64 of: nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)        key = HMAC-SHA-256(handle, purpose)
//! ```

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use rand::RngExt as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::session::Session;

const NONCE_BYTES: usize = 12;

/// Stands in front of the purpose, so that no other token of a session is ever this key.
const KEY_OF: &str = "encrypted ";

/// Encrypts a text. The nonce is random: a session encrypts a handful of texts.
pub fn encrypt(session: &Session, purpose: &str, text: &str) -> String {
    let mut nonce = [0u8; NONCE_BYTES];
    rand::rng().fill(&mut nonce[..]);
    let payload = Payload {
        msg: text.as_bytes(),
        aad: purpose.as_bytes(),
    };
    let sealed = cipher(session, purpose).encrypt(&nonce.into(), payload);
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed.expect("texts are shorter than what AES-GCM can encrypt"));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decrypts it. `None` for what this session has not encrypted for this purpose.
pub fn decrypt(session: &Session, purpose: &str, encrypted: &str) -> Option<Zeroizing<String>> {
    let bytes = URL_SAFE_NO_PAD.decode(encrypted).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload {
        msg: sealed,
        aad: purpose.as_bytes(),
    };
    let plain = cipher(session, purpose).decrypt(&(*nonce).into(), payload);
    String::from_utf8(plain.ok()?).ok().map(Zeroizing::new)
}

fn cipher(session: &Session, purpose: &str) -> Aes256Gcm {
    let mac = Hmac::<Sha256>::new_from_slice(session.expose().as_bytes());
    let mut mac = mac.expect("HMAC takes a key of any length");
    mac.update(KEY_OF.as_bytes());
    mac.update(purpose.as_bytes());
    let key = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
    Aes256Gcm::new((&*key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_session_reads_it_and_only_for_its_purpose() {
        let [one, other] = [1, 2].map(|wallet| Session::of(wallet, &Session::draw_secret()));
        let text = "card 4111111111111111";
        let [first, second] = [(); 2].map(|()| encrypt(&one, "source", text));
        assert_ne!(first, second);
        let read = |session, purpose, text: &str| {
            decrypt(session, purpose, text).map(|text| text.to_string())
        };
        for encrypted in [&first, &second] {
            assert!(!encrypted.contains("4111"));
            assert_eq!(read(&one, "source", encrypted), Some(text.to_owned()));
            assert_eq!(read(&other, "source", encrypted), None);
            assert_eq!(read(&one, "contact", encrypted), None);
        }
        for at in 0..first.len() {
            let mut changed = first.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(read(&one, "source", &changed), None, "{at}");
            assert_eq!(read(&one, "source", &first[..at]), None, "{at}");
        }
        assert_eq!(read(&one, "source", ""), None);
    }
}
