//! SHA-256 as text.

pub type Hash = [u8; 32];

pub(crate) fn text(hash: &Hash) -> String {
    hash.map(|byte| format!("{byte:02x}")).concat()
}

pub(crate) fn parse(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(hash)
}
