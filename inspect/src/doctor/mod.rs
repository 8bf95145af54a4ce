//! In which framing and packing a message was sent, and the lines of a profile that accept it.
//!
//! Every way to read the bytes is tried: what may stand in front, headers, packings, versions. Each is weighed by how far it
//! goes, by whether its length leads to the end, and by whether dates are dates and currencies are currencies. Only a message
//! that was read to its end, without anything that can't be, is called one; what no profile can name is called by its name.

mod fronts;
mod reading;

use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use tessera_protocol::{
    FRAME_BYTES_MAX, FrameError, Framing, HEADER_BYTES_MAX, Message, MessagePacking, Secrets,
    describe_in, foreign_protocol,
};

use crate::input::{Input, InputError};
use fronts::{Fit, Front, fronts};
use reading::{Looks, looks};

/// What stands above the lines of a profile.
const PROFILE: &str = "\nA profile that accepts it has\n\n";

/// What an input looks like most.
///
/// # Errors
/// Where it holds no bytes, or may be read in several ways.
pub fn diagnose(input: &Input, secrets: Secrets) -> Result<Finding, InputError> {
    let mut best: Option<(i32, Finding)> = None;
    // The first of the best: a message in ASCII may be pasted as it is, and may even be hexadecimal digits only.
    for form in input.forms()? {
        for stream in &form.streams {
            let (weight, mut finding) = examine(&stream.bytes, secrets);
            if best.as_ref().is_none_or(|(best, _)| weight > *best) {
                let notes = form
                    .notes
                    .iter()
                    .map(|note| format!("({}: {note})\n", form.kind));
                let label = stream.label.iter().map(|label| format!("{label}\n"));
                finding.text = notes.chain(label).collect::<String>() + &finding.text;
                best = Some((weight, finding));
            }
        }
    }
    let best = best.map(|(_, finding)| finding);
    best.ok_or_else(|| InputError::new("nothing to look at"))
}

/// What was found.
#[derive(Debug)]
pub struct Finding {
    /// How sure that is.
    pub verdict: Verdict,
    /// As it is printed.
    pub text: String,
}

impl Finding {
    /// The text but the lines of a profile.
    fn without_profile(&self) -> &str {
        let end = self.text.find(PROFILE).unwrap_or(self.text.len());
        &self.text[..end]
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A good message in a dialect that a profile can name.
    Good,
    /// A good message in a dialect that no profile can name.
    Unsupported,
    /// A message with a fault.
    Faulty,
    /// Nothing that could be read.
    Nothing,
}

/// A way to read the bytes.
struct Candidate {
    front: Front,
    /// Bytes between front and message, and what they are where that is known.
    header: usize,
    header_name: Option<&'static str>,
    packing: MessagePacking,
    looks: Looks,
}

/// What the bytes look like, and how much they do.
fn examine(bytes: &[u8], secrets: Secrets) -> (i32, Finding) {
    let mut candidates = candidates(bytes);
    // The sort is stable: what is met more often comes first.
    candidates.sort_by_key(|candidate| -candidate.weight());
    let best = candidates.first().map(|best| (best.weight(), best));
    if let Some(inner) = hexadecimal_text(bytes) {
        let (weight, finding) = examine(&inner, secrets);
        let is_message = matches!(finding.verdict, Verdict::Good | Verdict::Unsupported);
        if is_message && best.is_none_or(|(best, _)| weight > best) {
            let text = format!(
                "looks like hexadecimal sent as text, which is not supported; in it:\n\n{}",
                finding.without_profile()
            );
            let verdict = Verdict::Unsupported;
            return (weight, Finding { verdict, text });
        }
    }
    match best {
        Some((weight, best)) => {
            // As good, and something else.
            let other = candidates
                .iter()
                .skip(1)
                .find(|other| other.is_good() && best.is_good() && other.weight() == weight);
            let doubt = other.map(Candidate::name);
            (weight, best.finding(bytes, doubt, secrets))
        }
        None => (0, nothing(bytes)),
    }
}

/// The bytes of text that is nothing but pairs of hexadecimal digits.
fn hexadecimal_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let inner = pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?));
    let inner: Option<Vec<u8>> = inner.collect();
    // A message, with something in front.
    inner.filter(|inner| rest.is_empty() && inner.len() >= 12)
}

fn candidates(bytes: &[u8]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for front in fronts(bytes) {
        for packing in MessagePacking::ALL {
            let at = |header: usize| front.message.start + header..front.message.end;
            let of = |header: usize, header_name, looks| Candidate {
                front: front.clone(),
                header,
                header_name,
                packing,
                looks,
            };
            if let Some(looks) = looks(packing, bytes, at(0)).filter(|looks| looks.fields > 0) {
                found.push(of(0, None, looks));
            }
            if front.framing == Some(Framing::Tpdu) {
                continue;
            }
            // A header: what is behind it must be a message to its end.
            for header in 1..=HEADER_BYTES_MAX.min(front.message.len()) {
                let looks = looks(packing, bytes, at(header)).filter(|looks| {
                    looks.is_whole && looks.implausible.is_none() && looks.fields > 1
                });
                if let Some(looks) = looks {
                    let name =
                        header_name(&bytes[front.message.start..front.message.start + header]);
                    found.push(of(header, name, looks));
                }
            }
        }
    }
    found
}

fn header_name(header: &[u8]) -> Option<&'static str> {
    match header {
        [b'I', b'S', b'O', ..] | [0xC9, 0xE2, 0xD6, ..] => Some("a header like BASE24's"),
        [0x60, _, _, _, _] => Some("a TPDU"),
        _ => None,
    }
}

impl Candidate {
    fn is_supported(&self) -> bool {
        self.front.is_supported && self.looks.version == 1987
    }

    /// A message to its end, framed as it says, with nothing that can't be.
    fn is_good(&self) -> bool {
        // A capture may end within the next frame.
        let fits = !matches!(self.front.fit, Fit::Missing(_));
        self.looks.is_whole && fits && self.looks.implausible.is_none()
    }

    fn weight(&self) -> i32 {
        let looks = &self.looks;
        let fit = match self.front.fit {
            Fit::Exact => 120,
            Fit::Bare => 20,
            Fit::More => -20,
            Fit::Missing(_) => 0,
        };
        let whole = if looks.is_whole { 200 } else { 0 };
        let fields = 4 * looks.fields as i32;
        let version = if looks.version == 1987 { 0 } else { -60 };
        let supported = if self.is_supported() { 10 } else { 0 };
        // Four bytes of length are met more often than a keep-alive first.
        let keep_alive = if self.front.what.contains("keep-alive") {
            -15
        } else {
            0
        };
        let header = if self.header > 0 { -5 } else { 0 };
        // Never less than that of nothing.
        (looks.weight + fit + whole + fields + version + supported + keep_alive + header).max(1)
    }

    fn name(&self) -> String {
        let packing = format!("packing = \"{}\"", self.packing.name());
        let version = match self.looks.version {
            1987 => String::new(),
            year => format!(", of the version of {year}"),
        };
        let header = match (self.header, self.header_name) {
            (0, _) => String::new(),
            (bytes, Some(name)) => format!(", {name} of {bytes} bytes (header_bytes = {bytes})"),
            (bytes, None) => format!(", a header of {bytes} bytes (header_bytes = {bytes})"),
        };
        format!("{}, {packing}{header}{version}", self.front.what)
    }

    fn finding(&self, bytes: &[u8], doubt: Option<String>, secrets: Secrets) -> Finding {
        let verdict = match (self.is_good(), self.is_supported()) {
            (true, true) => Verdict::Good,
            (true, false) => Verdict::Unsupported,
            (false, _) => Verdict::Faulty,
        };
        let name = self.name();
        let mut text = match verdict {
            Verdict::Good if self.front.fit == Fit::Bare => {
                format!("a message without a length in front: {name}\n")
            }
            Verdict::Good => format!("a message with {name}\n"),
            Verdict::Unsupported => {
                format!("looks like a message with {name}, which is not supported\n")
            }
            Verdict::Faulty | Verdict::Nothing => format!("most like a message with {name}\n"),
        };
        if verdict == Verdict::Faulty && !self.is_supported() {
            text.push_str("that is not supported\n");
        }
        if let Some(doubt) = doubt {
            let _ = writeln!(text, "(or one with {doubt})");
        }
        match self.front.fit {
            Fit::Missing(missing) => {
                let _ = writeln!(text, "{missing} bytes of the stated length are missing");
            }
            Fit::More => text.push_str("the bytes after it are not a complete frame\n"),
            Fit::Exact | Fit::Bare => {}
        }
        if let Some(field) = self.looks.implausible {
            let _ = writeln!(text, "field {field} has an implausible value");
        }
        let message = self.message();
        if self.looks.version == 1987 {
            let described = describe_in(self.packing, bytes, message.clone(), secrets);
            let _ = write!(text, "\n{described}");
        } else {
            text.push_str(
                "Tessera uses ISO 8583:1987: its fields have other lengths, so none is shown\n",
            );
        }
        if verdict == Verdict::Good {
            let wire = Bytes::copy_from_slice(&bytes[message]);
            let unpacked = self.packing.unpack(&wire);
            if let Ok(parsed) = Message::parse(&unpacked.message) {
                text.push_str(&self.profile(&parsed));
            }
        }
        Finding { verdict, text }
    }

    fn message(&self) -> Range<usize> {
        self.front.message.start + self.header..self.front.message.end
    }

    /// The lines of a profile that accept a message.
    fn profile(&self, message: &Message<'_>) -> String {
        let mut lines = String::from(PROFILE);
        if let Some(code) = message.number(32) {
            let _ = writeln!(lines, "  code = \"{code}\"");
        }
        let key = match message.has(64) || message.has(128) {
            true => "mac_key_file = \"...\"  # it carries a MAC",
            false => "mac_key = \"none\"",
        };
        let _ = writeln!(lines, "  {key}\n\n  [line]");
        if let Some(framing) = self.front.framing {
            let _ = writeln!(lines, "  framing = \"{}\"", framing.name());
        }
        if self.header > 0 {
            let _ = writeln!(lines, "  header_bytes = {}", self.header);
        }
        let _ = writeln!(lines, "  packing = \"{}\"", self.packing.name());
        lines
    }
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
            Ok(None) => writeln!(text, "  {name:18} too few bytes for a length"),
            Ok(Some(0)) => writeln!(text, "  {name:18} a keep-alive"),
            Ok(Some(length)) => writeln!(text, "  {name:18} a frame of {length} bytes"),
            // The bytes may be digits of a card number: no figure of them is repeated.
            Err(FrameError::Oversized { .. }) => {
                writeln!(text, "  {name:18} a length above {FRAME_BYTES_MAX}")
            }
            Err(error) => writeln!(text, "  {name:18} {error}"),
        };
    }
    let verdict = Verdict::Nothing;
    Finding { verdict, text }
}

#[cfg(test)]
mod tests;
