//! Approval numbers (field 38): from the reference, so that a repeat gets the same one, also after a
//! restart, without its being kept anywhere.

use super::ledger::Reference;

const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Six characters.
pub(super) fn of(reference: &Reference) -> [u8; 6] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *reference;
    let head = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let tail = u64::from(u32::from_le_bytes([i, j, k, l]));
    // Odd multipliers spread neighbours; the product's high half depends on every bit.
    let mixed =
        (head ^ tail.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let mut rest = mixed >> 32;
    std::array::from_fn(|_| {
        let digit = DIGITS[(rest % 36) as usize];
        rest /= 36;
        digit
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ_and_repeats_do_not() {
        let of_number = |number: u32| {
            let text = format!("{number:012}");
            of(text.as_bytes().try_into().unwrap())
        };
        let all: std::collections::HashSet<_> = (0..10_000).map(of_number).collect();
        assert!(all.len() > 9_950, "{}", all.len());
        assert_eq!(of_number(7), of_number(7));
        assert!(of_number(7).iter().all(u8::is_ascii_alphanumeric));
    }
}
