//! Text: which of its forms it has.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::digits::hexadecimal;
use super::{Form, InputError, Stream, capture, dump, literal};

/// Bytes that hexadecimal behind a prefix has at least.
const PREFIXED_BYTES_MIN: usize = 8;
/// Characters of a message in ASCII that are hexadecimal for sure.
const MTI_AND_BITMAP: usize = 20;
/// Bytes that base64 has at least: shorter texts are words.
const BASE64_BYTES_MIN: usize = 12;

/// Every way to read a text but as it stands, the likeliest first.
pub(super) fn forms(text: &str) -> Result<Vec<Form>, InputError> {
    if let Some(dump) = dump::read(text)? {
        return Ok(vec![dumped(dump)?]);
    }
    let mut forms = Vec::new();
    if let Some(bytes) = hexadecimal(text) {
        let mut form = Form::one("hexadecimal", bytes);
        if text.len() <= 16
            && base64(text).is_some()
            && !text.bytes().all(|digit| digit.is_ascii_digit())
        {
            form = form.noted("it may also be base64");
        }
        forms.push(form);
        return Ok(forms);
    }
    if let Some(form) = literal::read(text)? {
        return Ok(vec![form]);
    }
    if let Some(form) = prefixed(text)? {
        return Ok(vec![form]);
    }
    if let Some(bytes) = base64(text) {
        forms.push(Form::one("base64", bytes));
    }
    Ok(forms)
}

/// A dump of packets with their network headers is a capture.
fn dumped(dump: dump::Dump) -> Result<Form, InputError> {
    const KIND: &str = "a dump with offsets";
    let packets: Vec<&[u8]> = dump.packets.iter().map(Vec::as_slice).collect();
    if let Some(streams) = capture::streams_of_packets(&packets) {
        return Ok(Form {
            kind: "a dump of packets",
            notes: dump.notes,
            streams,
        });
    }
    if dump.packets.is_empty() {
        return Err(InputError::new("a dump without bytes"));
    }
    let several = dump.packets.len() > 1;
    let streams = dump
        .packets
        .into_iter()
        .enumerate()
        .map(|(index, bytes)| Stream {
            label: several.then(|| format!("part {}", index + 1)),
            bytes,
        });
    Ok(Form {
        kind: KIND,
        notes: dump.notes,
        streams: streams.collect(),
    })
}

/// Hexadecimal behind what a log writes in front of it, on one line or on each of several.
fn prefixed(text: &str) -> Result<Option<Form>, InputError> {
    // A message in ASCII begins with its MTI and its bitmap, a log's line with a time or a word.
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    if digits >= MTI_AND_BITMAP {
        return Ok(None);
    }
    let mut streams = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let found = behind_prefix(line)
            .map_err(|word| InputError(format!("line {}: it is unclear whether `{word}` belongs to the bytes: leave out the text in front", index + 1)))?;
        if let Some(bytes) = found {
            streams.push(Stream {
                label: Some(format!("line {}", index + 1)),
                bytes,
            });
        }
    }
    if let [only] = &mut streams[..] {
        only.label = None;
    }
    Ok((!streams.is_empty()).then(|| Form {
        kind: "hexadecimal in a log",
        notes: vec!["the text around the hexadecimal was left out".to_owned()],
        streams,
    }))
}

/// The longest hexadecimal at a line's end; the word that may or may not belong to it where that can't be said.
fn behind_prefix(line: &str) -> Result<Option<Vec<u8>>, &str> {
    let line = line.trim_end_matches([']', ')', '>', '}', '"', '\'', '.', ';', ' ']);
    // From the last character that is none of hexadecimal's, times aside.
    let is_digit = |character: char| character.is_ascii_hexdigit();
    let outside = |character: char| !is_digit(character) && !" \t-".contains(character);
    let mut start = line.rfind(outside).map_or(0, |at| {
        at + line[at..].chars().next().map_or(0, char::len_utf8)
    });
    // Bytes with colons between them: all of two digits.
    let colons_at = line
        .rfind(|character| !is_digit(character) && character != ':')
        .map_or(0, |at| {
            at + line[at..].chars().next().map_or(0, char::len_utf8)
        });
    let with_colons = line[colons_at..].trim_start_matches(':');
    let are_bytes = with_colons.split(':').all(|byte| byte.len() == 2);
    if are_bytes && with_colons.matches(':').count() + 1 >= PREFIXED_BYTES_MIN {
        start = line.len() - with_colons.len();
    }
    let cut = |text: &str| hexadecimal(text).filter(|bytes| bytes.len() >= PREFIXED_BYTES_MIN);
    let rest = &line[start..];
    // A delimiter, or the end of a word: part of one is no byte.
    let ends_in_word = line[..start]
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric);
    let rest = match ends_in_word {
        true => rest
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest),
        false => rest,
    };
    let groups: Vec<&str> = rest.split_whitespace().collect();
    let Some((first, behind)) = groups.split_first() else {
        return Ok(None);
    };
    // A number in front of bytes: as wide as they are, it is one of them.
    let is_other = behind
        .first()
        .is_some_and(|second| second.len() != first.len());
    let whole = cut(rest);
    if ends_in_word && is_other && whole.as_ref().or(cut(&behind.concat()).as_ref()).is_some() {
        return Err(first);
    }
    Ok(whole)
}

/// The bytes of base64 in either alphabet, with or without padding, on one line or several.
fn base64(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let joined: String = text.split_ascii_whitespace().collect();
    // Words and sentences are no base64: its lines are all as long but the last.
    let lengths: Vec<usize> = text.split_ascii_whitespace().map(str::len).collect();
    let uniform = lengths.windows(2).all(|pair| pair[0] >= pair[1])
        && lengths
            .first()
            .is_some_and(|first| lengths.len() == 1 || *first >= 32);
    let alphabet = if joined.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    let engine = GeneralPurpose::new(&alphabet, config);
    let bytes = engine.decode(joined).ok().filter(|_| uniform)?;
    (bytes.len() >= BASE64_BYTES_MIN).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::digits::pairs;
    use super::*;

    #[test]
    fn reads_hexadecimal_however_it_was_pasted() {
        let expected = Some(vec![0x08, 0x00, 0xAB]);
        for text in [
            "0800ab",
            "08 00 AB\n",
            "08:00:ab",
            "08-00-AB",
            "0x08, 0x00, 0xAB",
            "0x0800ab",
            "\"\\x08\\x00\\xab\"",
        ] {
            assert_eq!(hexadecimal(text), expected, "{text}");
        }
        for text in ["", " \n", "080", "08 0g", "hello", "0x8, 0x00"] {
            assert_eq!(hexadecimal(text), None, "{text}");
        }
    }

    #[test]
    fn leaves_out_what_a_log_writes_in_front() {
        let bytes = "0023080082200001";
        for prefix in [
            "recv: ",
            "2026-11-28 20:30:15.123 DEBUG [a] <= ",
            "2026-11-28T20:30:15Z msg=",
            "20:30:15 received 35 bytes: ",
        ] {
            for written in [
                bytes.to_owned(),
                "00 23 08 00 82 20 00 01".to_owned(),
                "0023 0800 8220 0001".to_owned(),
                "00:23:08:00:82:20:00:01".to_owned(),
            ] {
                let line = format!("{prefix}{written}");
                assert_eq!(behind_prefix(&line), Ok(pairs(bytes)), "{line}");
            }
        }
        assert_eq!(behind_prefix("len 35 0023080082200001"), Err("35"));
        assert_eq!(behind_prefix("nothing of that kind"), Ok(None));
    }
}
