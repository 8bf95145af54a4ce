//! Lines of the log for programs: logfmt, and JSON.
//!
//! Both have the same keys: `timestamp` (RFC 3339, UTC), `level`, `message`, the fields of the event, `target`. Card numbers that
//! somebody outside has put into a value are masked value by value, before it is written: a mask is a text, so that a number that
//! looks like a card number becomes one, and the line stays valid.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde_json::Value;
use tessera_protocol::mask_card_numbers;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How lines for programs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// `key=value` with spaces between, values in quotes where they need them.
    Logfmt,
    /// A JSON object.
    Json,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let head = [
            ("timestamp", Value::String(timestamp)),
            ("level", metadata.level().as_str().into()),
            ("message", fields.message.take().unwrap_or_default().into()),
        ];
        let target = ("target", metadata.target().into());
        let pairs = head.into_iter().chain(fields.others).chain([target]);
        let line = match self {
            Self::Logfmt => logfmt(pairs),
            Self::Json => json(pairs),
        };
        writeln!(writer, "{line}")
    }
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: Option<String>,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        self.others.push((field.name(), masked(value)));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    /// What is written with `Display` comes here too.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = Some(mask_card_numbers(&text).into_owned()),
            _ => self.add(field, text.into()),
        }
    }
}

/// The value, or the text of its mask where it looks like a card number.
fn masked(value: Value) -> Value {
    let text = match &value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    match mask_card_numbers(&text) {
        Cow::Borrowed(_) => value,
        Cow::Owned(masked) => Value::String(masked),
    }
}

fn json(pairs: impl Iterator<Item = (&'static str, Value)>) -> String {
    let mut line = String::from("{");
    for (at, (key, value)) in pairs.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(line, "{comma}{}:{value}", Value::from(key));
    }
    line + "}"
}

fn logfmt(pairs: impl Iterator<Item = (&'static str, Value)>) -> String {
    let mut line = String::new();
    for (at, (key, value)) in pairs.enumerate() {
        let space = if at == 0 { "" } else { " " };
        let _ = write!(line, "{space}{key}=");
        match value {
            Value::String(text) if is_plain(&text) => line += &text,
            // Escaped as in JSON, which readers of logfmt understand.
            other => {
                let _ = write!(line, "{other}");
            }
        }
    }
    line
}

/// Whether a value needs no quotes.
fn is_plain(text: &str) -> bool {
    let special = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '=' | '"' | '\\' | '\u{fffd}')
    };
    !text.is_empty() && !text.contains(special)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged meanwhile, without the time.
    fn logged(lines: Lines, log: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(lines)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// As readers of logfmt do it: a key, and a value that is bare or a quoted string.
    fn read(line: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut rest = line.strip_suffix('\n').unwrap();
        while !rest.is_empty() {
            let (key, behind) = rest.split_once('=').unwrap();
            assert!(
                !key.is_empty()
                    && key
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{line}"
            );
            let (value, behind) = match behind.strip_prefix('"') {
                Some(quoted) => {
                    let mut escaped = false;
                    let end = quoted.find(|letter| {
                        let ends = letter == '"' && !escaped;
                        escaped = letter == '\\' && !escaped;
                        ends
                    });
                    let end = end.unwrap();
                    let value = serde_json::from_str(&behind[..end + 2]).unwrap();
                    (value, &quoted[end + 1..])
                }
                None => {
                    let end = behind.find(' ').unwrap_or(behind.len());
                    assert!(!behind[..end].contains(['"', '=']), "{line}");
                    (behind[..end].to_owned(), &behind[end..])
                }
            };
            pairs.push((key.to_owned(), value));
            rest = behind.strip_prefix(' ').unwrap_or(behind);
        }
        pairs
    }

    /// Values that end words, quotes and lines, and a card number as text, in a text and as a number.
    fn hostile() {
        let error = "a \"quoted\" word = a\\b\nlevel=ERROR \u{7f}é";
        tracing::warn!(
            line = 3,
            empty = "",
            error,
            %error,
            card = "9900000000000010",
            digits = 9_900_000_000_000_010_u64,
            share = 0.5,
            tls = true,
            peer = %"127.0.0.1:7583",
            missing = None::<u64>,
            "host line is down, 9900000000000010={}",
            "\"x"
        );
    }

    const MASKED: &str = "990000******0010";

    #[test]
    fn logfmt_is_read_back_as_it_was_meant() {
        let line = logged(Lines::Logfmt, hostile);
        assert_eq!(line.lines().count(), 1, "{line}");
        let pairs = read(&line);
        let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        let expected = [
            "timestamp",
            "level",
            "message",
            "line",
            "empty",
            "error",
            "error",
            "card",
            "digits",
            "share",
            "tls",
            "peer",
            "target",
        ];
        assert_eq!(keys, expected);
        let value = |wanted: &str| {
            let found = pairs.iter().find(|(key, _)| key == wanted);
            found.unwrap().1.as_str()
        };
        assert_eq!(value("level"), "WARN");
        assert_eq!(
            value("error"),
            "a \"quoted\" word = a\\b\nlevel=ERROR \u{7f}é"
        );
        assert_eq!([value("card"), value("digits")], [MASKED; 2]);
        assert_eq!(value("message"), format!("host line is down, {MASKED}=\"x"));
        assert!(
            line.contains(" line=3 empty=\"\" ") && line.contains(" peer=127.0.0.1:7583 "),
            "{line}"
        );
        assert!(line.contains(" share=0.5 tls=true "), "{line}");
    }

    #[test]
    fn json_stays_valid_where_a_number_is_masked() {
        let line = logged(Lines::Json, hostile);
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["digits"], MASKED);
        assert_eq!(object["card"], MASKED);
        assert_eq!(
            (&object["line"], &object["tls"], &object["share"]),
            (&3.into(), &true.into(), &0.5.into())
        );
        assert_eq!(object["level"], "WARN");
        assert!(object["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(object["target"], "tessera_console::lines::tests");
        assert!(line.ends_with("}\n"), "{line}");
    }
}
