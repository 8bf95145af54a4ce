//! Bytes out of hexadecimal digits.

/// Bytes from digits in pairs; spaces, line ends, colons, dashes, commas, semicolons, quotes and `0x` or `\\x` are passed
/// over. `None` for anything else, for half a byte and for nothing.
pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '0' | '\\'
                if characters
                    .next_if(|&next| next == 'x' || next == 'X')
                    .is_some() =>
            {
                // A byte begins behind it.
                if digits.len() % 2 == 1 {
                    return None;
                }
            }
            ' ' | '\n' | '\r' | '\t' | ':' | '-' | ',' | ';' | '"' | '\'' => {}
            digit => digits.push(digit.to_digit(16)? as u8),
        }
    }
    joined(&digits)
}

/// The bytes of digits without anything between them.
pub(super) fn pairs(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .chars()
        .map(|digit| Some(digit.to_digit(16)? as u8))
        .collect();
    joined(&digits?)
}

fn joined(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, half) = digits.as_chunks::<2>();
    let whole = half.is_empty() && !pairs.is_empty();
    whole.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
