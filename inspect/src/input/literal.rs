//! Bytes as programs write them: strings with escapes (C, Python), lists of numbers (C, Go, Java, Python).

use super::{Form, InputError};

/// Reads literals; `None` where there are none.
///
/// # Errors
/// Where there is one that can't be read, or that can be read in two ways.
pub(super) fn read(text: &str) -> Result<Option<Form>, InputError> {
    if let Some(bytes) = strings(text)? {
        return Ok(Some(Form::one("a string with escapes", bytes)));
    }
    if let Some(bytes) = list(text)? {
        return Ok(Some(Form::one("a list of bytes", bytes)));
    }
    Ok(None)
}

/// Strings in quotes, one after another, with `b` or nothing in front, or escapes without quotes.
fn strings(text: &str) -> Result<Option<Vec<u8>>, InputError> {
    if !text.contains('\\') {
        return Ok(None);
    }
    let Some(start) = text.find(['"', '\'']) else {
        let only_escapes = text.starts_with('\\')
            && text
                .split_ascii_whitespace()
                .all(|word| word.starts_with('\\'));
        let joined: String = text.split_ascii_whitespace().collect();
        return only_escapes.then(|| unescaped(&joined)).transpose();
    };
    let mut bytes = Vec::new();
    let mut rest = &text[start..];
    while let Some(quote) = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))
    {
        let inner = &rest[1..];
        let end =
            closing(inner, quote).ok_or_else(|| InputError::new("a string that does not end"))?;
        bytes.extend(unescaped(&inner[..end])?);
        rest = inner[end + 1..].trim_start_matches(|between: char| {
            between.is_whitespace() || "+b\\".contains(between)
        });
    }
    if rest.contains(['"', '\'']) {
        return Err(InputError::new(
            "several strings with something else between them: paste the one that is the message",
        ));
    }
    Ok(Some(bytes))
}

/// Where a string ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return Some(at),
            _ => {}
        }
    }
    None
}

fn unescaped(text: &str) -> Result<Vec<u8>, InputError> {
    let unknown = || InputError::new("a string with an escape that is not known here");
    let mut bytes = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            // ISO 8859-1; anything else is no byte.
            bytes.push(
                u8::try_from(u32::from(character))
                    .map_err(|_| InputError::new("a string with a character above 255"))?,
            );
            continue;
        }
        let escape = characters.next().ok_or_else(unknown)?;
        let simple = "abtnvfre"
            .find(escape)
            .map(|at| b"\x07\x08\t\n\x0b\x0c\r\x1b"[at]);
        bytes.push(match escape {
            'x' => {
                let mut digit = || {
                    characters
                        .next()
                        .and_then(|digit| digit.to_digit(16))
                        .ok_or_else(unknown)
                };
                (digit()? << 4 | digit()?) as u8
            }
            '0'..='7' => {
                let mut value = escape.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if let Some(digit) = characters.next_if(|next| next.is_digit(8)) {
                        value = value << 3 | digit.to_digit(8).unwrap_or(0);
                    }
                }
                u8::try_from(value).map_err(|_| unknown())?
            }
            '\\' | '"' | '\'' | '?' => escape as u8,
            _ => simple.ok_or_else(unknown)?,
        });
    }
    Ok(bytes)
}

/// What stands between brackets, or with `0x` and commas: numbers of a byte each.
fn list(text: &str) -> Result<Option<Vec<u8>>, InputError> {
    let inner = match text
        .find(['{', '['])
        .filter(|_| text.trim_end().ends_with(['}', ']', ')', ';']))
    {
        // The size of an array stands between brackets as well.
        Some(_) if text.contains('{') => between(text, '{', '}'),
        Some(_) => between(text, '[', ']'),
        None => text.contains("0x").then_some(text),
    };
    let Some(inner) = inner else {
        return Ok(None);
    };
    let words: Vec<&str> = inner
        .split([',', ' ', '\n', '\r', '\t'])
        .filter(|word| !word.is_empty())
        .collect();
    let number = |word: &str| {
        let word = word.strip_prefix("(byte)").unwrap_or(word);
        let digits = word.strip_prefix("0x").or(word.strip_prefix("0X"));
        match digits {
            Some(digits) if digits.len() <= 2 => u8::from_str_radix(digits, 16).ok(),
            Some(_) => None,
            // Java's bytes have signs.
            None => word
                .parse::<i16>()
                .ok()
                .filter(|value| (-128..=255).contains(value))
                .map(|value| value as u8),
        }
    };
    let with_prefix = words
        .iter()
        .filter(|word| word.contains("0x") || word.contains("0X"))
        .count();
    let bytes: Option<Vec<u8>> = words.iter().map(|word| number(word)).collect();
    let Some(bytes) = bytes.filter(|bytes| bytes.len() >= 2) else {
        return Ok(None);
    };
    match with_prefix {
        0 if words
            .iter()
            .all(|word| word.len() == 2 && word.bytes().all(|digit| digit.is_ascii_digit())) =>
        {
            Err(InputError::new(
                "a list of two-digit numbers: it is unclear whether they are decimal or hexadecimal; write 0x in front of each",
            ))
        }
        _ => Ok(Some(bytes)),
    }
}

fn between(text: &str, open: char, close: char) -> Option<&str> {
    let start = text.find(open)? + 1;
    let end = start + text[start..].find(close)?;
    Some(&text[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_write() {
        let expected = vec![0x00, b'#', 0x08, 0x82, b' ', b'"', b'\\'];
        for text in [
            r##"b'\x00#\x08\x82 "\\'"##,
            r##""\x00#\b\202 \"\\""##,
            r##"data = b"\x00#\x08" b"\x82 \"\\""##,
            r##"char m[] = "\x00#" "\x08\x82 \"\x5c";"##,
            "{ 0x00, 0x23, 0x8, 0x82, 0x20, 0x22, 0x5C }",
            "unsigned char m[7] = {\n  0x00, 0x23, 0x08,\n  0x82, 0x20, 0x22, 0x5c\n};\nunsigned int m_len = 7;",
            "[]byte{0x00, 0x23, 0x08, 0x82, 0x20, 0x22, 0x5c}",
            "[0, 35, 8, -126, 32, 34, 92]",
            "new byte[] {0, 35, 8, (byte)0x82, 32, 34, 92}",
            "bytes([0, 35, 8, 130, 32, 34, 92])",
        ] {
            let form = read(text).unwrap().expect(text);
            assert_eq!(form.streams[0].bytes, expected, "{text}");
        }
        assert!(read("[00, 23, 08, 82]").is_err(), "decimal or hexadecimal");
        assert!(read(r"'\q'").is_err());
        assert_eq!(read("no literal at all"), Ok(None));
    }
}
