//! What is looked into: a text, or the content of a file.

/// A text or bytes.
#[derive(Debug)]
pub enum Input {
    /// A text that names no file.
    Text(String),
    /// The content of a file or of the standard input.
    Content(Vec<u8>),
}

impl Input {
    /// The bytes that it is in hexadecimal, where it is that.
    pub fn hexadecimal(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => from_hex(text),
            Self::Content(content) => std::str::from_utf8(content).ok().and_then(from_hex),
        }
    }

    /// The bytes that it is as it stands.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Content(content) => content,
        }
    }
}

/// Bytes from digits in pairs; spaces, newlines, colons, commas, quotes and `0x` or `\x` are passed over.
/// `None` for anything else, for half a byte and for nothing.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '0' | '\\'
                if characters
                    .next_if(|&next| next == 'x' || next == 'X')
                    .is_some() => {}
            ' ' | '\n' | '\r' | '\t' | ':' | ',' | '"' | '\'' => {}
            digit => digits.push(digit.to_digit(16)? as u8),
        }
    }
    let (pairs, half) = digits.as_chunks::<2>();
    let whole = half.is_empty() && !pairs.is_empty();
    whole.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hexadecimal_however_it_was_pasted() {
        let expected = Some(vec![0x08, 0x00, 0xAB]);
        for text in [
            "0800ab",
            "08 00 AB\n",
            "08:00:ab",
            "0x08, 0x00, 0xAB",
            "0x0800ab",
            "\"\\x08\\x00\\xab\"",
        ] {
            assert_eq!(from_hex(text), expected, "{text}");
        }
        for text in ["", " \n", "080", "08 0g", "hello"] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
