//! Output that is a command's purpose: written directly, at the pace of its reader.

use std::fmt::Display;
use std::io::{self, Write};

use rustix::io::Errno;

/// Standard output, unbuffered. Once its reader has gone (`tessera audit | head`), what is written is dropped without
/// an error: the reader has seen enough.
#[derive(Debug, Default)]
pub struct Printer {
    reader_is_gone: bool,
}

/// Writes text to standard output.
///
/// # Errors
/// When it can't be written, for another reason than that its reader has gone.
pub fn print(text: impl Display) -> io::Result<()> {
    Printer::default()
        .write_all(text.to_string().as_bytes())
        .map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("can't write to standard output: {error}"),
            )
        })
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.reader_is_gone {
            return Ok(bytes.len());
        }
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Err(Errno::PIPE) => {
                self.reader_is_gone = true;
                Ok(bytes.len())
            }
            // Somebody else has made the pipe nonblocking.
            Err(Errno::AGAIN) => {
                std::thread::sleep(std::time::Duration::from_millis(1));
                Err(io::ErrorKind::Interrupted.into())
            }
            written => Ok(written?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
