//! A passkey in software, with what a browser adds to it: written by the standard (W3C Web Authentication), not by what the
//! switch reads.

#![allow(dead_code, reason = "each test uses its own part")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

/// Seen, and known by fingerprint.
pub const PRESENT_AND_VERIFIED: u8 = 0b0000_0101;
pub const MAY_BE_SYNCED: u8 = 0b0000_1000;
pub const IS_SYNCED: u8 = 0b0001_0000;
const HAS_PASSKEY: u8 = 0b0100_0000;

/// A passkey. What may be wrong about it can be changed.
pub struct Authenticator {
    /// The page that the browser shows.
    pub origin: String,
    /// Whether that page is in a frame of another site.
    pub framed: bool,
    /// The site that the passkey is for.
    pub site: String,
    pub id: Vec<u8>,
    pub flags: u8,
    /// Of the last signature; 0 for one that does not count.
    pub counter: u32,
    key: EcdsaKeyPair,
}

/// What the browser hands to a page, in base64url.
#[derive(Clone, Debug)]
pub struct Answer {
    pub id: String,
    pub client_data: String,
    pub authenticator: String,
    pub signature: String,
}

impl Authenticator {
    /// A synced passkey for the pages of an origin.
    pub fn new(origin: &str, id: &[u8]) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key");
        let host = origin.split("://").nth(1).unwrap_or_default();
        Self {
            origin: origin.to_owned(),
            framed: false,
            site: host.split(':').next().unwrap_or_default().to_owned(),
            id: id.to_vec(),
            flags: PRESENT_AND_VERIFIED | MAY_BE_SYNCED | IS_SYNCED,
            counter: 0,
            key,
        }
    }

    /// What is made for a challenge.
    pub fn make(&self, challenge: &str) -> Answer {
        let mut data = self.head(self.flags | HAS_PASSKEY);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&(self.id.len() as u16).to_be_bytes());
        data.extend_from_slice(&self.id);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        let point = &self.key.public_key().as_ref()[1..];
        data.extend_from_slice(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend_from_slice(&point[..32]);
        data.extend_from_slice(&[0x22, 0x58, 32]);
        data.extend_from_slice(&point[32..]);
        self.answer("webauthn.create", challenge, data)
    }

    /// What is signed for a challenge.
    pub fn sign(&self, challenge: &str) -> Answer {
        self.answer("webauthn.get", challenge, self.head(self.flags))
    }

    fn answer(&self, kind: &str, challenge: &str, data: Vec<u8>) -> Answer {
        let (origin, framed) = (&self.origin, self.framed);
        let client_data = format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":{framed},"other_keys_can_be_added_here":"do not compare clientDataJSON against a template"}}"#
        );
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed);
        Answer {
            id: encode(&self.id),
            client_data: encode(client_data.as_bytes()),
            authenticator: encode(&data),
            signature: encode(signature.expect("a signature").as_ref()),
        }
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let mut head = Sha256::digest(&self.site).to_vec();
        head.push(flags);
        head.extend_from_slice(&self.counter.to_be_bytes());
        head
    }
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
