//! Dumps with offsets: `hexdump` (also `-C`), `xxd`, `od`, Wireshark and tshark, `tcpdump -X`, jPOS.
//!
//! ```text
//! 00000010  08 00 82 20  |... |      hexdump -C          0010   08 00 82 20   ...        Wireshark, jPOS
//! 00000010: 0800 8220  ...           xxd                 0x0010:  0800 8220  ...         tcpdump -X
//! 0000020 08 00 82 20                od -t x1            0000020 0008 2082               od -x, hexdump
//! ```
//!
//! A line is an offset, bytes in groups, and perhaps the same bytes as characters. How many of the groups are bytes follows
//! from the next line's offset, or from characters that say the same. Words (groups without a colon behind the offset) are
//! in the order of the machine, which is little-endian on all that people dump on.

use std::collections::HashMap;

use super::InputError;

/// The most bytes that a line of a dump has.
const LINE_BYTES_MAX: usize = 64;
/// In how many lines the next one of the same packet is looked for.
const NEXT_LINES_MAX: usize = 256;
/// Prefixes of a log's lines are looked for in as many words.
const PREFIX_WORDS_MAX: usize = 12;

/// The bytes of one dump, and the notes about them.
#[derive(Debug, Default)]
pub(super) struct Dump {
    /// Of every packet or direction.
    pub(super) packets: Vec<Vec<u8>>,
    pub(super) notes: Vec<String>,
}

/// A line with an offset.
struct Line<'a> {
    number: usize,
    /// Columns in front of the offset: the two directions of a conversation differ in it.
    indent: usize,
    offset: &'a str,
    has_colon: bool,
    rest: &'a str,
}

/// How offsets are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Hexadecimal,
    Octal,
}

/// Reads a dump; `None` where the text is none.
///
/// # Errors
/// Where it is one, and a line of it is missing or can't be read.
pub(super) fn read(text: &str) -> Result<Option<Dump>, InputError> {
    // A log may write the same in front of every line.
    for words in 0..PREFIX_WORDS_MAX {
        let lines: Vec<Option<Line<'_>>> = (text.lines().enumerate())
            .map(|(index, line)| line_of(index + 1, line, words))
            .collect();
        if looks_like_dump(text, &lines) {
            return packets(text, &lines).map(Some);
        }
        let most = text
            .lines()
            .map(|line| line.split_whitespace().count())
            .max();
        if most.unwrap_or(0) <= words {
            break;
        }
    }
    Ok(None)
}

fn line_of(number: usize, line: &str, words: usize) -> Option<Line<'_>> {
    let mut rest = line.trim_end();
    for _ in 0..words {
        rest = rest.trim_start();
        rest = &rest[rest.find(char::is_whitespace)?..];
    }
    let prefix = &line[..line.trim_end().len() - rest.len()];
    // What could be bytes is no prefix.
    let is_prefix =
        |character: char| !character.is_ascii_hexdigit() && !" \t:,-".contains(character);
    if words > 0 && !prefix.contains(is_prefix) {
        return None;
    }
    let start = rest.trim_start();
    let indent = rest.len() - start.len();
    let end = start.find(char::is_whitespace).unwrap_or(start.len());
    let (word, rest) = start.split_at(end);
    let bare = word.strip_suffix(':');
    let digits = bare.unwrap_or(word);
    let offset = digits.strip_prefix("0x").unwrap_or(digits);
    let is_offset =
        (4..=16).contains(&offset.len()) && offset.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_offset.then_some(Line {
        number,
        indent,
        offset,
        has_colon: bare.is_some(),
        rest,
    })
}

/// Whether the lines are those of a dump. Offsets begin at zero, or rise by what stands between them; a line that is alone
/// has its offset apart from its bytes: eight bytes of a message may be zeros as well.
fn looks_like_dump(text: &str, lines: &[Option<Line<'_>>]) -> bool {
    let found: Vec<_> = lines.iter().flatten().collect();
    let Some((&first, behind)) = found.split_first() else {
        return false;
    };
    let Some(group) = first.rest.split_whitespace().next() else {
        return false;
    };
    let is_zero = |line: &Line<'_>| line.offset.bytes().all(|digit| digit == b'0');
    let is_apart = first.has_colon || group.len() != first.offset.len();
    let Some(second) = behind.first() else {
        return is_zero(first) && is_apart;
    };
    let base = base(lines);
    let (Ok(from), Ok(to)) = (value(first, base), value(second, base)) else {
        return false;
    };
    let is_same_kind =
        first.offset.len() == second.offset.len() && first.has_colon == second.has_colon;
    let counts_fit = || {
        let step = to
            .checked_sub(from)
            .filter(|&step| step > 0 && step <= LINE_BYTES_MAX);
        step.is_some_and(|step| bytes_of(first, Some(step), swapped(lines)).is_ok())
    };
    let is_squeezed = text.lines().any(|line| line.trim() == "*");
    let rises = to > from && to - from <= LINE_BYTES_MAX || is_squeezed || is_zero(second);
    is_same_kind && (counts_fit() || is_zero(first) && is_apart && rises)
}

/// Gathers the lines of every packet.
fn packets(text: &str, lines: &[Option<Line<'_>>]) -> Result<Dump, InputError> {
    let base = base(lines);
    let swapped = swapped(lines);
    let texts: Vec<&str> = text.lines().collect();
    let mut dump = Dump::default();
    // The packet that goes on, by its lines' indent.
    let mut open: HashMap<usize, Packet> = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        let plain = texts[index].trim();
        let Some(line) = line else {
            if plain == "*" {
                open.values_mut().for_each(|packet| packet.squeezed = true);
            } else if looks_like_bytes(plain) {
                return Err(InputError(format!(
                    "line {} of the dump has no offset",
                    index + 1
                )));
            }
            continue;
        };
        let offset = value(line, base)?;
        // The other direction may come in between, for some lines.
        let behind = lines[index + 1..].iter().take(NEXT_LINES_MAX).flatten();
        let next = behind.into_iter().find(|next| next.indent == line.indent);
        let next = next.map(|next| value(next, base)).transpose()?;
        let packet = match open.get_mut(&line.indent) {
            Some(packet) if packet.goes_on_at(offset) => packet,
            Some(packet) if offset != 0 || line.rest.trim().is_empty() => {
                let expected = packet.first + packet.bytes.len();
                return Err(InputError(format!(
                    "line {} of the dump: offset {offset:#x}, where {expected:#x} should follow: lines are missing",
                    line.number
                )));
            }
            _ => {
                if let Some(done) = open.remove(&line.indent) {
                    dump.close(done);
                }
                open.entry(line.indent)
                    .or_insert(Packet::new(offset, index))
            }
        };
        packet.squeeze(offset);
        let wanted = next
            .and_then(|next| next.checked_sub(offset))
            .filter(|&bytes| bytes > 0 && bytes <= LINE_BYTES_MAX);
        let bytes = bytes_of(line, wanted, swapped)?;
        if bytes.words {
            packet.words = true;
        }
        packet.last_line = bytes.bytes.len();
        packet.bytes.extend(bytes.bytes);
    }
    let mut rest: Vec<Packet> = open.into_values().collect();
    rest.sort_by_key(|packet| packet.order);
    rest.into_iter().for_each(|packet| dump.close(packet));
    Ok(dump)
}

/// Octal, where the step between lines says so: `od` counts like that.
fn base(lines: &[Option<Line<'_>>]) -> Base {
    let lines: Vec<_> = lines.iter().flatten().collect();
    let octal = lines.iter().all(|line| {
        let digits = line
            .offset
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'7'));
        digits && line.offset.len() == 7 && !line.has_colon
    });
    let steps = lines.windows(2).map(|pair| {
        let value = |line: &Line<'_>| u64::from_str_radix(line.offset, 16).unwrap_or(0);
        value(pair[1]).saturating_sub(value(pair[0]))
    });
    // Sixteen bytes are 20 in octal and 10 in hexadecimal.
    match octal && steps.clone().all(|step| step != 0x10) && steps.max().unwrap_or(0) > 0 {
        true => Base::Octal,
        false => Base::Hexadecimal,
    }
}

fn value(line: &Line<'_>, base: Base) -> Result<usize, InputError> {
    let radix = if base == Base::Octal { 8 } else { 16 };
    // No input is so long that an offset needs more.
    u32::from_str_radix(line.offset, radix)
        .map(|offset| offset as usize)
        .map_err(|_| InputError(format!("line {} of the dump: no offset", line.number)))
}

struct Packet {
    first: usize,
    order: usize,
    bytes: Vec<u8>,
    last_line: usize,
    squeezed: bool,
    words: bool,
}

impl Packet {
    fn new(first: usize, order: usize) -> Self {
        Self {
            first,
            order,
            bytes: Vec::new(),
            last_line: 0,
            squeezed: false,
            words: false,
        }
    }

    fn end(&self) -> usize {
        self.first + self.bytes.len()
    }

    /// A word that is only half there makes a line longer than it is.
    fn goes_on_at(&self, offset: usize) -> bool {
        offset == self.end()
            || self.squeezed && offset > self.end()
            || self.words && offset >= self.first && offset < self.end() && offset + 8 > self.end()
    }

    /// Repeats the line that an asterisk stands for, or takes back the part of a word that is not there.
    fn squeeze(&mut self, offset: usize) {
        let length = offset - self.first;
        if self.squeezed && self.last_line > 0 && length <= super::INPUT_BYTES_MAX {
            let last: Vec<u8> = self.bytes[self.bytes.len() - self.last_line..].to_vec();
            while self.bytes.len() < length {
                self.bytes.extend_from_slice(&last);
            }
        }
        self.squeezed = false;
        self.bytes.truncate(length);
    }
}

impl Dump {
    fn close(&mut self, packet: Packet) {
        if packet.words {
            let note = "16- or 32-bit words: read as little-endian, as `od` and `hexdump` print them on usual machines";
            if !self.notes.iter().any(|there| there == note) {
                self.notes.push(note.to_owned());
            }
        }
        if packet.bytes.is_empty() {
            return;
        }
        if packet.first > 0 {
            self.notes.push(format!(
                "the dump begins at offset {:#x}: the bytes before it are missing",
                packet.first
            ));
        }
        self.packets.push(packet.bytes);
    }
}

/// The bytes of a line.
#[derive(Clone)]
struct LineBytes {
    bytes: Vec<u8>,
    /// Words in the machine's order.
    words: bool,
    /// Whether the characters behind them say the same, or there are none.
    fits: bool,
}

/// Whether words are in the machine's order. `xxd` and `tcpdump`, with a colon, write them in the order of the file, `od` and
/// `hexdump` in the machine's, unless characters say otherwise.
fn swapped(lines: &[Option<Line<'_>>]) -> bool {
    let fits = |line: &Line<'_>, swapped| {
        candidates(line, None, swapped)
            .iter()
            .any(|found| found.fits)
    };
    let natural = lines
        .iter()
        .flatten()
        .next()
        .is_some_and(|line| !line.has_colon);
    let other = lines
        .iter()
        .flatten()
        .any(|line| !fits(line, natural) && fits(line, !natural));
    natural != other
}

/// Where the next offset says how many there are, that counts; otherwise the characters must leave no choice.
fn bytes_of(
    line: &Line<'_>,
    wanted: Option<usize>,
    swapped: bool,
) -> Result<LineBytes, InputError> {
    if line.rest.trim().is_empty() {
        return Ok(LineBytes {
            bytes: Vec::new(),
            words: false,
            fits: true,
        });
    }
    let unreadable = |why: &str| InputError(format!("line {} of the dump: {why}", line.number));
    let candidates = candidates(line, wanted, swapped);
    let is_wanted = |found: &&LineBytes| {
        let length = found.bytes.len();
        wanted.is_none_or(|wanted| {
            length == wanted || found.words && length > wanted && length < wanted + 8
        })
    };
    let fitting = candidates.iter().filter(|found| found.fits);
    let mut best: Vec<LineBytes> = fitting.filter(is_wanted).cloned().collect();
    match (best.pop(), best.is_empty()) {
        (Some(only), true) => return Ok(only),
        (Some(_), false) => {
            return Err(unreadable(
                "the end of its bytes and the beginning of its characters are ambiguous",
            ));
        }
        (None, _) => {}
    }
    // Characters of another code, as those of a mainframe: then the next offset must say how many there are.
    let counted = candidates
        .iter()
        .filter(|found| !found.words)
        .find(is_wanted);
    match (counted, wanted) {
        (Some(counted), Some(_)) => Ok(counted.clone()),
        (None, Some(_)) => Err(unreadable(
            "its number of bytes does not match the next offset",
        )),
        (_, None) => Err(unreadable("its bytes and its characters differ")),
    }
}

/// Every number of groups that may be the bytes.
fn candidates(line: &Line<'_>, wanted: Option<usize>, swapped: bool) -> Vec<LineBytes> {
    let mut candidates = Vec::new();
    let mut so_far = LineBytes {
        bytes: Vec::new(),
        words: false,
        fits: false,
    };
    let mut rest = line.rest;
    while so_far.bytes.len() <= LINE_BYTES_MAX {
        let start = rest.trim_start();
        let end = start.find(char::is_whitespace).unwrap_or(start.len());
        let (group, behind) = start.split_at(end);
        let Some((mut more, is_word)) = group_bytes(group, swapped) else {
            break;
        };
        so_far.words |= is_word;
        so_far.bytes.append(&mut more);
        rest = behind;
        let characters = behind.trim();
        so_far.fits = characters.is_empty() || shows_bytes(characters, &so_far.bytes);
        if so_far.fits || wanted.is_some() {
            candidates.push(so_far.clone());
        }
    }
    candidates
}

/// The bytes of a group, and whether it is a word in the machine's order.
fn group_bytes(group: &str, swapped: bool) -> Option<(Vec<u8>, bool)> {
    let octal = group.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    match group.len() {
        3 if octal => Some((
            vec![u8::try_from(u16::from_str_radix(group, 8).ok()?).ok()?],
            false,
        )),
        6 if octal && swapped => {
            let word = u16::try_from(u32::from_str_radix(group, 8).ok()?).ok()?;
            Some((word.to_le_bytes().to_vec(), true))
        }
        length if length > 0 && length.is_multiple_of(2) && length <= 2 * LINE_BYTES_MAX => {
            let mut bytes = super::digits::pairs(group)?;
            let is_word = swapped && matches!(length, 4 | 8 | 16);
            if is_word {
                bytes.reverse();
            }
            Some((bytes, is_word))
        }
        _ => None,
    }
}

/// Whether characters are those of the bytes, a point or anything else for what can't be printed. Tools write a space as it is,
/// or as a point.
fn shows_bytes(characters: &str, bytes: &[u8]) -> bool {
    let inner = characters.trim_matches(|frame| matches!(frame, '|' | '>' | '<'));
    let spaced = bytes.iter().copied().filter(|&byte| byte != b' ');
    shows(inner, spaced) || shows(inner, bytes.iter().copied())
}

fn shows(characters: &str, mut bytes: impl Iterator<Item = u8>) -> bool {
    let mut shown = characters
        .chars()
        .filter(|character| !character.is_whitespace());
    for byte in bytes.by_ref() {
        let Some(character) = shown.next() else {
            // What looks like a frame was trimmed.
            return matches!(byte, b'|' | b'<' | b'>') && bytes.next().is_none();
        };
        let is_same = match byte.is_ascii_graphic() {
            true => character == char::from(byte),
            false => !character.is_ascii_alphanumeric(),
        };
        if !is_same {
            return false;
        }
    }
    shown.next().is_none()
}

fn looks_like_bytes(line: &str) -> bool {
    let mut groups = line.split_whitespace().peekable();
    groups.peek().is_some()
        && groups
            .all(|group| group.len() == 2 && group.bytes().all(|digit| digit.is_ascii_hexdigit()))
}
