//! The last look at a log line before it leaves the process: no field may hold a card number, and what someone outside has
//! put into one is masked here.

use std::io::{self, Write};

use tessera_protocol::mask_card_numbers;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// Hands every line on with card numbers masked.
pub struct Masked<W>(pub W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masked<W> {
    type Writer = MaskedLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine(self.0.make_writer())
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Self::Writer {
        MaskedLine(self.0.make_writer_for(about))
    }
}

/// A writer that is handed whole lines.
pub struct MaskedLine<W>(W);

impl<W: Write> Write for MaskedLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.0.write_all(mask_card_numbers(text).as_bytes())?,
            // The formatter writes text; a part of one is not looked into.
            Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_what_a_line_says() {
        let mut line = MaskedLine(Vec::new());
        let text = "2026-11-28T20:30:15.123456Z WARN refused why=\"unknown 4539578763621486\" peer=10.0.0.1:50001\n";
        assert_eq!(line.write(text.as_bytes()).unwrap(), text.len());
        let written = String::from_utf8(line.0).unwrap();
        assert_eq!(
            written,
            text.replace("4539578763621486", "453957******1486")
        );
    }
}
