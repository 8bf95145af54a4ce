//! Digits in nibbles.

/// Nibbles above 9 have bit 3 and one of bits 2 and 1 set: in four operations for sixteen digits.
#[inline(always)]
const fn above_nine(word: u64) -> bool {
    word & ((word << 1) | (word << 2)) & 0x8888_8888_8888_8888 != 0
}

/// The index of the first byte with a nibble above 9 among the first `length`.
#[inline(always)]
pub(crate) fn first_wrong(input: &[u8], length: usize) -> Option<usize> {
    // Nearly every field is short and stands well before the message's end: one load, whatever follows is
    // shifted out.
    if let (Some(word), 1..=8) = (input.first_chunk(), length)
        && !above_nine(u64::from_le_bytes(*word) << (64 - 8 * length))
    {
        return None;
    }
    first_wrong_of(&input[..length])
}

fn first_wrong_of(digits: &[u8]) -> Option<usize> {
    let mut bytes = digits.iter();
    bytes.position(|&byte| above_nine(u64::from(byte)))
}

/// The number that the digits in the first `length` bytes make: 16 digits at most.
#[inline(always)]
pub(crate) fn short_number(input: &[u8], length: usize) -> u64 {
    match (length, &input[..length]) {
        // Where the length is a constant, one of these is all that the compiler leaves.
        (1, &[ones]) => u64::from(fold_2(ones)),
        (2, &[hundreds, ones]) => u64::from(fold_4(u16::from_be_bytes([hundreds, ones]))),
        (3, &[high, middle, low]) => u64::from(fold_8(u32::from_be_bytes([0, high, middle, low]))),
        (4, &[a, b, c, d]) => u64::from(fold_8(u32::from_be_bytes([a, b, c, d]))),
        (_, digits) => match input.first_chunk() {
            Some(word) if length > 0 => fold(u64::from_be_bytes(*word) >> (64 - 8 * length)),
            _ => fold_each(digits),
        },
    }
}

#[inline(always)]
const fn fold_2(bcd: u8) -> u8 {
    bcd - 6 * (bcd >> 4)
}

#[inline(always)]
const fn fold_4(bcd: u16) -> u16 {
    let pairs = bcd - 6 * ((bcd >> 4) & 0x0F0F);
    (pairs & 0xFF) + 100 * (pairs >> 8)
}

#[inline(always)]
const fn fold_8(bcd: u32) -> u32 {
    let pairs = bcd - 6 * ((bcd >> 4) & 0x0F0F_0F0F);
    let fours = (pairs & 0x00FF_00FF) + 100 * ((pairs >> 8) & 0x00FF_00FF);
    (fours & 0xFFFF) + 10_000 * (fours >> 16)
}

/// Sixteen digits in three steps: pairs of digits, pairs of those, and so on, all lanes at once.
#[inline(always)]
const fn fold(bcd: u64) -> u64 {
    let tens = (bcd >> 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = bcd - 6 * tens;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF) + 100 * ((pairs >> 8) & 0x00FF_00FF_00FF_00FF);
    let eights = (fours & 0x0000_FFFF_0000_FFFF) + 10_000 * ((fours >> 16) & 0x0000_FFFF_0000_FFFF);
    (eights & 0xFFFF_FFFF) + 100_000_000 * (eights >> 32)
}

fn fold_each(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, &byte| {
        value * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 0xF)
    })
}

/// The number that packed digits make; `None` above `u64`.
#[inline]
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.len() <= 8 {
        return Some(short_number(digits, digits.len()));
    }
    let (front, word) = digits.split_last_chunk()?;
    let mut front_value: u64 = 0;
    for &byte in front {
        let pair = u64::from(byte >> 4) * 10 + u64::from(byte & 0xF);
        front_value = front_value.checked_mul(100)?.checked_add(pair)?;
    }
    front_value
        .checked_mul(10_000_000_000_000_000)?
        .checked_add(fold(u64::from_be_bytes(*word)))
}

/// The number that the first `count` digits make, which begin in the first nibble; the nibble behind an odd
/// count is ignored. `None` above `u64`.
#[inline(always)]
pub(crate) fn number_left(input: &[u8], count: usize) -> Option<u64> {
    match (input.first_chunk(), count) {
        (Some(word), 1..=16) => Some(fold(u64::from_be_bytes(*word) >> (64 - 4 * count))),
        _ => number_left_of_any(input, count),
    }
}

#[cold]
#[inline(never)]
fn number_left_of_any(input: &[u8], count: usize) -> Option<u64> {
    let value = number(&input[..count / 2])?;
    if count.is_multiple_of(2) {
        return Some(value);
    }
    let last = u64::from(input.get(count / 2)? >> 4);
    value.checked_mul(10)?.checked_add(last)
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
                    assert_eq!(first_wrong(&digits, length), expected);
                    digits.extend([0xFF; 8]);
                    assert_eq!(first_wrong(&digits, length), expected);
                }
            }
        }
    }

    /// By length and by what stands behind, other steps are taken.
    #[test]
    fn reads_digits_of_any_count() {
        let digits: Vec<u8> = b"9876543210123456789"
            .iter()
            .map(|digit| digit - b'0')
            .collect();
        for count in 0..=digits.len() {
            let expected = digits[..count]
                .iter()
                .fold(0, |value, &digit| value * 10 + u64::from(digit));
            let pairs = digits[..count].chunks(2);
            let mut bytes: Vec<u8> = pairs
                .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0xF))
                .collect();
            for behind in 0..10 {
                let case = format!("{count} digits, {behind} bytes behind");
                assert_eq!(number_left(&bytes, count), Some(expected), "{case}");
                if count % 2 == 0 && count <= 16 {
                    assert_eq!(short_number(&bytes, count / 2), expected, "{case}");
                }
                bytes.push(0xFF);
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
