//! Card numbers at rest. A reversal or a refund must name the card of its purchase, so an acquirer has to keep it that long;
//! it keeps it sealed, and hands nobody else the number.
//!
//! ```text
//! nonce 8 │ number 8, digits 1, mixed with the key stream │ tag 8        in hexadecimal
//! ```
//!
//! The key stream is AES-CMAC over label, nonce and counter (the counter mode of NIST SP 800-108), the tag AES-CMAC over another
//! label and what stands before it, both under the party's MAC key: another key, or a changed byte, opens nothing.

use tessera_protocol::{CardNumber, MAC_BYTES, MacKey};

const NONCE_BYTES: usize = 8;
const BODY_BYTES: usize = 9;

/// The number, sealed.
pub(super) fn seal(key: &MacKey, card: &CardNumber, nonce: [u8; NONCE_BYTES]) -> String {
    let mut body = [0; BODY_BYTES];
    body[..8].copy_from_slice(&card.expose().to_be_bytes());
    body[8] = card.length() as u8;
    mix(key, nonce, &mut body);
    let mut sealed = nonce.to_vec();
    sealed.extend_from_slice(&body);
    let tag = tag(key, &sealed);
    sealed.extend_from_slice(&tag);
    sealed.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The number; `None` where it was sealed with another key, or not at all.
pub(super) fn open(key: &MacKey, text: &str) -> Option<CardNumber> {
    let sealed = bytes(text)?;
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (body, given) = rest.split_first_chunk::<BODY_BYTES>()?;
    if tag(key, &sealed[..NONCE_BYTES + BODY_BYTES]) != given {
        return None;
    }
    let mut body = *body;
    mix(key, *nonce, &mut body);
    let (number, length) = body.split_first_chunk::<8>()?;
    CardNumber::new(u64::from_be_bytes(*number), length.first().copied()?.into())
}

fn mix(key: &MacKey, nonce: [u8; NONCE_BYTES], body: &mut [u8; BODY_BYTES]) {
    for (counter, chunk) in body.chunks_mut(MAC_BYTES).enumerate() {
        let stream = key.mac(&[b"shop card stream", &nonce[..], &[counter as u8]].concat());
        for (byte, with) in chunk.iter_mut().zip(stream) {
            *byte ^= with;
        }
    }
}

fn tag(key: &MacKey, sealed: &[u8]) -> [u8; MAC_BYTES] {
    key.mac(&[b"shop card tag", sealed].concat())
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |character: u8| (character as char).to_digit(16);
    pairs
        .iter()
        .map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_has_sealed_and_nothing_else() {
        let (key, other) = (MacKey::new([1; 16]), MacKey::new([2; 16]));
        let card = CardNumber::development(1);
        let sealed = seal(&key, &card, [7; 8]);
        assert!(!sealed.contains("9900000000000010"));
        assert_ne!(sealed, seal(&key, &card, [8; 8]));
        assert_eq!(open(&key, &sealed), Some(card));
        assert_eq!(open(&other, &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(open(&key, &changed), None, "digit {at}");
        }
        for text in ["", "0", "zz", "00ff"] {
            assert_eq!(open(&key, text), None);
        }
    }
}
