//! In which framing and packing a message was sent, and the lines of a profile that accept it.

use std::fmt::Write as _;
use tessera_protocol::{
    Dialect, FIELDS, FRAME_BYTES_MAX, FrameError, Framing, Look, Message, MessagePacking, Reading,
    Secrets, describe, describe_in, foreign_protocol,
};

use crate::input::{Input, InputError};

/// What an input looks like most.
///
/// # Errors
/// Where it holds no bytes, or may be read in several ways.
pub fn diagnose(input: &Input, secrets: Secrets) -> Result<Finding, InputError> {
    let mut best: Option<Finding> = None;
    // The first of the best: a message goes before a part of one, and that before nothing. A message in ASCII may be pasted
    // as it is, and may even be hexadecimal digits only.
    for form in input.forms()? {
        for stream in &form.streams {
            let finding = examine(&stream.bytes, secrets);
            if best
                .as_ref()
                .is_none_or(|best| finding.rank() > best.rank())
            {
                best = Some(finding);
            }
        }
    }
    best.ok_or_else(|| InputError::new("nothing to look at"))
}

/// What was found.
#[derive(Debug)]
pub enum Finding {
    /// A message in these dialects; a bare one has no framing.
    Good {
        /// What it says, and the lines of a profile.
        text: String,
    },
    /// A message of so many readable fields, and a fault; whether its length leads to the end of the input.
    Faulty {
        /// How many.
        fields: usize,
        /// Whether.
        fits: bool,
        /// What it says, and where it goes wrong.
        text: String,
    },
    /// Nothing that could be read.
    Nothing {
        /// What the first bytes may be.
        text: String,
    },
}

impl Finding {
    fn rank(&self) -> usize {
        match self {
            Self::Good { .. } => usize::MAX,
            // A length that fits by chance is rarer than digits that do.
            Self::Faulty { fields, fits, .. } => 1 + fields + if *fits { FIELDS.len() } else { 0 },
            Self::Nothing { .. } => 0,
        }
    }

    /// As it is printed.
    pub fn text(&self) -> &str {
        match self {
            Self::Good { text } | Self::Faulty { text, .. } | Self::Nothing { text } => text,
        }
    }
}

fn examine(bytes: &[u8], secrets: Secrets) -> Finding {
    if let Some(good) = whole(bytes, secrets).or_else(|| bare(bytes, secrets)) {
        return good;
    }
    let faulty = Dialect::all().filter_map(|dialect| partial(dialect, bytes, secrets));
    let best = faulty.reduce(|one, other| match other.rank() > one.rank() {
        true => other,
        false => one,
    });
    best.unwrap_or_else(|| nothing(bytes))
}

/// Whole frames.
fn whole(bytes: &[u8], secrets: Secrets) -> Option<Finding> {
    let mut looks = Dialect::all().filter_map(|dialect| match dialect.look(bytes) {
        Look::Message { message, .. } => Some((dialect, message)),
        _ => None,
    });
    let (mut dialect, message) = looks.next()?;
    let mut text = String::new();
    let other = looks.next();
    // Whoever sends a keep-alive first thing is rarer than who has four bytes of length.
    let doubt = other.map(|(other, _)| std::mem::replace(&mut dialect, other));
    let _ = writeln!(text, "a message with {dialect}");
    if let Some(doubt) = doubt {
        let _ = writeln!(text, "(or a keep-alive before one with {doubt})");
    }
    let _ = write!(text, "\n{}", describe(&message, secrets));
    if let Ok(parsed) = Message::parse(&message) {
        text.push_str(&profile(&parsed, Some(dialect.framing), dialect.packing));
    }
    Some(Finding::Good { text })
}

/// A message with nothing in front.
fn bare(bytes: &[u8], secrets: Secrets) -> Option<Finding> {
    for packing in MessagePacking::ALL {
        let dialect = Dialect {
            framing: Framing::Binary2,
            packing,
        };
        if let Look::Message { message, .. } = dialect.look_into(bytes.to_vec().into()) {
            let mut text = format!(
                "a message with packing = \"{}\", and without a length in front\n\n{}",
                packing.name(),
                describe(&message, secrets)
            );
            if let Ok(parsed) = Message::parse(&message) {
                text.push_str(&profile(&parsed, None, packing));
            }
            return Some(Finding::Good { text });
        }
    }
    None
}

/// As far as it goes, where at least a field can be read.
fn partial(dialect: Dialect, bytes: &[u8], secrets: Secrets) -> Option<Finding> {
    let length = dialect.framing.announced(bytes).ok().flatten()?;
    let behind = bytes.get(dialect.framing.length_bytes()..)?;
    let (frame, missing) = match behind.get(..length) {
        Some(frame) => (frame, 0),
        None => (behind, length - behind.len()),
    };
    let (_, wire) = dialect.open(frame.to_vec().into());
    let unpacked = dialect.unpack(&wire);
    let reading = Reading::of(&unpacked.message);
    let fields = reading.fields.len();
    // Version 0 is ISO 8583:1987; characters read as packed digits give another.
    let is_ours = reading.mti.is_some_and(|mti| mti.value() >> 12 == 0);
    if fields == 0 || !is_ours {
        return None;
    }
    let mut text = format!("most like a message with {dialect}\n");
    if missing > 0 {
        let _ = writeln!(
            text,
            "its length is {length}, and {missing} bytes of it are missing"
        );
    }
    let start = dialect.framing.length_bytes() + frame.len() - wire.len();
    let message = start..start + wire.len();
    let described = describe_in(dialect.packing, bytes, message, secrets);
    let _ = write!(text, "\n{described}");
    Some(Finding::Faulty {
        fields,
        fits: behind.len() == length,
        text,
    })
}

/// What the first bytes would be in each framing.
fn nothing(bytes: &[u8]) -> Finding {
    let mut text = String::from("no message in any framing and packing that is known here\n");
    if let Some(protocol) = foreign_protocol(bytes) {
        let _ = writeln!(text, "it looks like {protocol}");
    }
    for framing in Framing::ALL {
        let name = framing.name();
        let _ = match framing.announced(bytes) {
            Ok(None) => writeln!(text, "  {name:9} too few bytes for a length"),
            Ok(Some(0)) => writeln!(text, "  {name:9} a keep-alive"),
            Ok(Some(length)) => writeln!(text, "  {name:9} a frame of {length} bytes"),
            // The bytes may be digits of a card number: no figure of them is repeated.
            Err(FrameError::Oversized { .. }) => {
                writeln!(text, "  {name:9} a length above {FRAME_BYTES_MAX}")
            }
            Err(error) => writeln!(text, "  {name:9} {error}"),
        };
    }
    Finding::Nothing { text }
}

/// The lines of a profile that accept a message.
fn profile(message: &Message<'_>, framing: Option<Framing>, packing: MessagePacking) -> String {
    let mut lines = String::from("\nA profile that accepts it has\n\n");
    if let Some(code) = message.number(32) {
        let _ = writeln!(lines, "  code = \"{code}\"");
    }
    let key = match message.has(64) || message.has(128) {
        true => "mac_key_file = \"...\"  # it carries a MAC",
        false => "mac_key = \"none\"",
    };
    let _ = writeln!(lines, "  {key}\n\n  [line]");
    if let Some(framing) = framing {
        let _ = writeln!(lines, "  framing = \"{}\"", framing.name());
    }
    let _ = writeln!(lines, "  packing = \"{}\"", packing.name());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: &str = "0800822000010000000004000000000000001122094500000002112000000000200301";
    const ASCII_ECHO: &str = "08008220000100000000040000000000000011220945000000021120000000002301";

    fn examined(bytes: &[u8]) -> Finding {
        examine(bytes, Secrets::Masked)
    }

    #[track_caller]
    fn assert_says(bytes: &[u8], lines: &[&str]) {
        let finding = examined(bytes);
        assert!(
            matches!(finding, Finding::Good { .. }),
            "{}",
            finding.text()
        );
        for line in lines {
            assert!(
                finding.text().contains(line),
                "{line} in {}",
                finding.text()
            );
        }
    }

    #[test]
    fn says_which_lines_accept_a_message() {
        let binary = crate::input::bytes_of_hex(ECHO);
        let ascii = ASCII_ECHO.as_bytes();
        let lines = [
            "0800",
            "20000000002",
            "code = \"20000000002\"",
            "mac_key = \"none\"",
        ];
        for (front, framing) in [
            (vec![0, 35], "binary-2"),
            (vec![0, 40, 0x60, 0, 1, 0, 2], "tpdu"),
            (vec![0, 0x35], "bcd-2"),
            (b"0035".to_vec(), "ascii-4"),
            (vec![0, 0, 0, 35], "binary-4"),
        ] {
            let framing = format!("framing = \"{framing}\"\n  packing = \"binary\"");
            assert_says(
                &[&front[..], &binary].concat(),
                &[&lines[..], &[&framing]].concat(),
            );
        }
        let framed = [b"0068", ascii].concat();
        let framing = "framing = \"ascii-4\"\n  packing = \"ascii\"";
        assert_says(&framed, &[&lines[..], &[framing]].concat());
        for (bare, packing) in [(&binary[..], "binary"), (ascii, "ascii")] {
            let packing = format!("packing = \"{packing}\"");
            assert_says(bare, &["without a length", &packing]);
            assert!(!examined(bare).text().contains("framing ="));
        }
    }

    #[test]
    fn says_how_far_a_bad_message_goes() {
        let binary = crate::input::bytes_of_hex(ECHO);
        let short = [&[0, 35][..], &binary[..30]].concat();
        let finding = examined(&short);
        let text = finding.text();
        assert!(
            matches!(finding, Finding::Faulty { fields: 2, .. }),
            "{text}"
        );
        assert!(text.contains("5 bytes of it are missing"), "{text}");
        let mut ascii = [b"0068", ASCII_ECHO.as_bytes()].concat();
        ascii[48] = b'x';
        let finding = examined(&ascii);
        let text = finding.text();
        assert!(
            text.contains("field 7") && text.contains("ascii-4"),
            "{text}"
        );
    }

    #[test]
    fn says_what_else_it_may_be() {
        for (bytes, hint) in [
            (&b"GET / HTTP/1.1\r\n"[..], "HTTP"),
            (&[0x16, 3, 1, 2, 0], "TLS"),
            (b"0800\x82\x20\x00\x01\x00\x00\x00\x00", "bitmaps as bytes"),
            (&[0xF0, 0xF8, 0xF0, 0xF0, 0x82], "EBCDIC"),
            (&[], "too few bytes"),
        ] {
            let finding = examined(bytes);
            let text = finding.text();
            assert!(matches!(finding, Finding::Nothing { .. }), "{text}");
            assert!(text.contains(hint), "{text}");
        }
    }
}
