//! Digits in nibbles.

/// The index of the first byte with a nibble above 9.
pub(crate) fn first_wrong(digits: &[u8]) -> Option<usize> {
    if all_digits(digits) {
        return None;
    }
    digits
        .iter()
        .position(|&byte| byte >> 4 > 9 || byte & 0xF > 9)
}

/// A nibble is above 9 where its bit 3 and one of its bits 2 and 1 are set: eight bytes in four operations.
#[inline]
fn all_digits(digits: &[u8]) -> bool {
    let (words, rest) = digits.as_chunks::<8>();
    let mut wrong = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        wrong |= word & ((word << 1) | (word << 2));
    }
    for &byte in rest {
        let byte = u64::from(byte);
        wrong |= byte & ((byte << 1) | (byte << 2));
    }
    wrong & 0x8888_8888_8888_8888 == 0
}

/// The number that packed digits make; `None` above `u64`.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.len() <= 9 {
        return Some(fold(digits));
    }
    digits.iter().try_fold(0u64, |value, &byte| {
        let pair = u64::from(byte >> 4) * 10 + u64::from(byte & 0xF);
        value.checked_mul(100)?.checked_add(pair)
    })
}

/// Eighteen digits at most, so that nothing can overflow.
#[inline]
fn fold(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, &byte| {
        value * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 0xF)
    })
}

/// The number that `count` digits make, which begin in the first nibble; the nibble behind an odd count is ignored.
pub(crate) fn number_left(body: &[u8], count: usize) -> Option<u64> {
    if count.is_multiple_of(2) {
        return number(body);
    }
    let (last, whole) = body.split_last()?;
    number(whole)?
        .checked_mul(10)?
        .checked_add(u64::from(last >> 4))
}

/// The last `2 * bytes.len()` digits of a number, packed.
pub(crate) fn write(mut number: u64, bytes: &mut [u8]) {
    for byte in bytes.iter_mut().rev() {
        let pair = (number % 100) as u8;
        *byte = (pair / 10) << 4 | (pair % 10);
        number /= 100;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_nibble_above_nine() {
        for length in 1..24 {
            for place in 0..length * 2 {
                for nibble in 0..16u8 {
                    let mut digits = vec![0x99u8; length];
                    let shift = if place % 2 == 0 { 4 } else { 0 };
                    digits[place / 2] &= !(0xF << shift);
                    digits[place / 2] |= nibble << shift;
                    let expected = (nibble > 9).then_some(place / 2);
                    assert_eq!(first_wrong(&digits), expected);
                }
            }
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for value in [0, 7, 42, 999_999_999_999, 9_999_999_999_999_999_999] {
            let mut bytes = [0; 10];
            write(value, &mut bytes);
            assert_eq!(number(&bytes), Some(value));
        }
        assert_eq!(number(&[0x99; 11]), None);
    }
}
