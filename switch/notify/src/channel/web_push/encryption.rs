//! A message that only its browser can read (RFC 8291), as one record of `aes128gcm` (RFC 8188).
//!
//! ```text
//! ┌─────────┬───────────────┬──────────┬───────────────────┬─────────────────────────────────────────────┐
//! │ salt 16 │ record size 4 │ length 1 │ our public key 65 │ AES-128-GCM: message, 2, zeros; 16 of tag   │
//! └─────────┴───────────────┴──────────┴───────────────────┴─────────────────────────────────────────────┘
//! ```
//!
//! Each message has a key pair and a salt of its own. The zeros fill the record up to a multiple of [`STEP`]: its length says
//! nothing about its text.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// What the browser has said when it subscribed.
#[derive(Clone, Copy)]
pub(super) struct BrowserKeys {
    /// Its public key, a point of P-256 that is not compressed.
    pub public: [u8; PUBLIC_BYTES],
    /// Its authentication secret.
    pub secret: [u8; SECRET_BYTES],
}

pub(super) const PUBLIC_BYTES: usize = 65;
pub(super) const SECRET_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// What push services take at least, the head included (RFC 8030, 7.2), and the size of our one record.
const RECORD_BYTES: usize = 4096;
/// The plaintext is filled up to a multiple of this.
const STEP: usize = 1024;
/// Bytes of a message.
const MESSAGE_BYTES_MAX: usize = 3 * STEP - 1;

/// The record, and nothing where the browser's key is no point or the message is too long.
pub(super) fn encrypted(message: &[u8], browser: &BrowserKeys) -> Result<Vec<u8>, Unspecified> {
    let random = SystemRandom::new();
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let our_public = ours.compute_public_key()?;
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt)?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &browser.public[..]);
    let length = (message.len() + 1).next_multiple_of(STEP);
    agree_ephemeral(ours, &theirs, |shared| {
        sealed(message, length, shared, our_public.as_ref(), &salt, browser)
    })?
}

fn sealed(
    message: &[u8],
    length: usize,
    shared: &[u8],
    our_public: &[u8],
    salt: &[u8; SALT_BYTES],
    browser: &BrowserKeys,
) -> Result<Vec<u8>, Unspecified> {
    if message.len() > MESSAGE_BYTES_MAX || our_public.len() != PUBLIC_BYTES {
        return Err(Unspecified);
    }
    let of_both = Salt::new(HKDF_SHA256, &browser.secret).extract(shared);
    let mut secret = [0; 32];
    expand(
        &of_both,
        &[b"WebPush: info\0", &browser.public, our_public],
        &mut secret,
    )?;
    let of_message = Salt::new(HKDF_SHA256, salt).extract(&secret);
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    expand(&of_message, &[b"Content-Encoding: aes128gcm\0"], &mut key)?;
    expand(&of_message, &[b"Content-Encoding: nonce\0"], &mut nonce)?;
    let mut record = message.to_vec();
    // The last record, and the zeros behind it (RFC 8188, 2).
    record.push(2);
    record.resize(length, 0);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;
    let mut body = Vec::with_capacity(SALT_BYTES + 5 + PUBLIC_BYTES + record.len());
    body.extend_from_slice(salt);
    body.extend_from_slice(&(RECORD_BYTES as u32).to_be_bytes());
    body.push(PUBLIC_BYTES as u8);
    body.extend_from_slice(our_public);
    body.extend_from_slice(&record);
    Ok(body)
}

const _: () =
    assert!(MESSAGE_BYTES_MAX + 1 + TAG_BYTES + SALT_BYTES + 5 + PUBLIC_BYTES <= RECORD_BYTES);

/// So many bytes.
#[derive(Debug, Clone, Copy)]
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(key: &Prk, info: &[&[u8]], into: &mut [u8]) -> Result<(), Unspecified> {
    key.expand(info, Length(into.len()))?.fill(into)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn bytes<const COUNT: usize>(text: &str) -> [u8; COUNT] {
        let decoded = URL_SAFE_NO_PAD.decode(text).unwrap();
        decoded.try_into().unwrap()
    }

    fn browser() -> BrowserKeys {
        BrowserKeys {
            public: bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            secret: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
        }
    }

    /// RFC 8291, appendix A, from the shared secret on: *ring* takes no private key from elsewhere.
    #[test]
    fn the_example_of_rfc_8291_comes_out_byte_for_byte() {
        let message = b"When I grow up, I want to be a watermelon";
        let shared: [u8; 32] = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let ours: [u8; PUBLIC_BYTES] = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw");
        let unfilled = message.len() + 1;
        let body = sealed(message, unfilled, &shared, &ours, &salt, &browser()).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w\
             EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn the_length_says_nothing_and_no_two_records_are_alike() {
        let short = encrypted(b"a", &browser()).unwrap();
        let long = encrypted(&[b'a'; STEP - 1], &browser()).unwrap();
        assert_eq!(short.len(), long.len());
        assert_eq!(
            short.len(),
            SALT_BYTES + 5 + PUBLIC_BYTES + STEP + TAG_BYTES
        );
        let again = encrypted(b"a", &browser()).unwrap();
        assert_ne!(short[..SALT_BYTES], again[..SALT_BYTES]);
        assert_ne!(short[21..86], again[21..86]);
        assert!(
            encrypted(&[b'a'; MESSAGE_BYTES_MAX], &browser())
                .unwrap()
                .len()
                <= RECORD_BYTES
        );
        assert!(encrypted(&[b'a'; MESSAGE_BYTES_MAX + 1], &browser()).is_err());
    }

    /// The test has the browser's private key: with it and what stands in the record comes the same record.
    #[test]
    fn the_browser_comes_to_the_same_secret() {
        let random = SystemRandom::new();
        let theirs = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
        let public = theirs.compute_public_key().unwrap();
        let browser = BrowserKeys {
            public: public.as_ref().try_into().unwrap(),
            ..browser()
        };
        let body = encrypted(b"a message", &browser).unwrap();
        let salt = body[..SALT_BYTES].try_into().unwrap();
        let ours = UnparsedPublicKey::new(&ECDH_P256, &body[21..86]);
        let again = agree_ephemeral(theirs, &ours, |shared| {
            sealed(b"a message", STEP, shared, &body[21..86], salt, &browser)
        });
        assert_eq!(again.unwrap().unwrap(), body);
    }

    #[test]
    fn a_key_that_is_no_point_is_refused() {
        let none = BrowserKeys {
            public: [4; PUBLIC_BYTES],
            ..browser()
        };
        assert!(encrypted(b"a", &none).is_err());
    }
}
