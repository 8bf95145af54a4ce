//! What a browser keeps for a session without being able to read it: AES-256-GCM under a key that follows from the session's
//! handle. Any wallet server can decrypt it, in this session, for this purpose, and for as long as the reader allows.
//!
//! ```text
//! Base64 of: nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)        key = HMAC-SHA-256(handle, purpose)
//! encrypted: seconds since 1970 (8 bytes, big endian) ‖ text
//! ```

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
const TIME_BYTES: usize = size_of::<u64>();

/// Stands in front of the purpose, so that no other token of a session is ever this key.
const KEY_OF: &str = "encrypted ";

/// So much, in seconds, the clock of the wallet server that has encrypted a text may be ahead of the one that reads it; or the
/// clock of one has been set back since.
const AHEAD_MAX: u64 = 60;

/// Encrypts a text, with the time. The nonce is random: a session encrypts a handful of texts.
pub fn encrypt(session: &Session, purpose: &str, text: &str, now: SystemTime) -> String {
    let mut nonce = [0u8; NONCE_BYTES];
    rand::rng().fill(&mut nonce[..]);
    let mut plain = Zeroizing::new(Vec::with_capacity(TIME_BYTES + text.len()));
    plain.extend(seconds(now).to_be_bytes());
    plain.extend(text.as_bytes());
    let payload = Payload {
        msg: &plain,
        aad: purpose.as_bytes(),
    };
    let sealed = cipher(session, purpose).encrypt(&nonce.into(), payload);
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed.expect("texts are shorter than what AES-GCM can encrypt"));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decrypts it. `None` for what this session has not encrypted for this purpose, and for what is older than `kept` or from the
/// future: the browser may keep it for ever, and clocks are set.
pub fn decrypt(
    session: &Session,
    purpose: &str,
    encrypted: &str,
    (now, kept): (SystemTime, Duration),
) -> Option<Zeroizing<String>> {
    let bytes = URL_SAFE_NO_PAD.decode(encrypted).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload {
        msg: sealed,
        aad: purpose.as_bytes(),
    };
    let plain = cipher(session, purpose).decrypt(&(*nonce).into(), payload);
    let plain = Zeroizing::new(plain.ok()?);
    let (made_at, text) = plain.split_first_chunk::<TIME_BYTES>()?;
    let (made_at, now) = (u64::from_be_bytes(*made_at), seconds(now));
    let is_current =
        made_at <= now.saturating_add(AHEAD_MAX) && now.saturating_sub(made_at) <= kept.as_secs();
    let text = str::from_utf8(text).ok().filter(|_| is_current)?;
    Some(Zeroizing::new(text.to_owned()))
}

/// Since 1970; none before.
fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
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
        let now = SystemTime::now();
        let [first, second] = [(); 2].map(|()| encrypt(&one, "source", text, now));
        assert_ne!(first, second);
        let read = |session, purpose, text: &str| {
            let within = (now, Duration::ZERO);
            decrypt(session, purpose, text, within).map(|text| text.to_string())
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

    #[test]
    fn it_counts_for_its_time_whatever_becomes_of_the_clock() {
        let session = Session::of(1, &Session::draw_secret());
        let made_at = UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        let encrypted = encrypt(&session, "source", "card 4111111111111111", made_at);
        let counts = |now: SystemTime| {
            let within = (now, Duration::from_secs(600));
            decrypt(&session, "source", &encrypted, within).is_some()
        };
        let second = Duration::from_secs(1);
        assert!(counts(made_at) && counts(made_at + 600 * second));
        assert!(!counts(made_at + 601 * second) && !counts(made_at + 86_400 * second));
        // Of a wallet server whose clock is a little ahead; no longer where a clock was set.
        assert!(counts(made_at - 60 * second));
        assert!(!counts(made_at - 61 * second) && !counts(UNIX_EPOCH));
        assert!(!counts(UNIX_EPOCH - second));
    }
}
