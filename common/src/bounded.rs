//! Reading up to a limit. A path may name anything: a file of 10 GB, `/dev/zero`, a pipe that never ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_setfl};
use zeroize::Zeroizing;

/// Bytes of a file that a person or an administrator's tool has written: configuration, keys, certificates. The
/// certificate authorities of a Linux distribution together have a quarter of a megabyte.
pub const FILE_BYTES_MAX: usize = 4 << 20;

/// The content of a file.
///
/// # Errors
/// When it can't be read, or is longer than [`FILE_BYTES_MAX`].
pub fn file(path: &Path) -> io::Result<Vec<u8>> {
    all(open(path)?, FILE_BYTES_MAX)
}

/// Opens a file for reading. A pipe that nobody writes to is empty; opening it would wait for ever otherwise.
///
/// # Errors
/// When it can't be opened.
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    // Reads wait for a slow writer, as usual.
    fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// The content of a file that is text.
///
/// # Errors
/// As [`file()`], and when it is not UTF-8.
pub fn text_file(path: &Path) -> io::Result<String> {
    into_text(file(path)?)
}

/// Everything that comes, up to its end.
///
/// # Errors
/// When reading fails, or more than `bytes_max` bytes come.
pub fn all(from: impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed shows that there is too much.
    let limit = (bytes_max as u64).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes)?;
    match bytes.len() > bytes_max {
        true => Err(too_long(bytes_max)),
        false => Ok(bytes),
    }
}

/// [`all`], as text.
///
/// # Errors
/// As [`all`], and when it is not UTF-8.
pub fn all_text(from: impl Read, bytes_max: usize) -> io::Result<String> {
    into_text(all(from, bytes_max)?)
}

/// What is read when too much comes.
pub fn too_long(bytes_max: usize) -> io::Error {
    let limit = match bytes_max {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes if bytes >= 1 << 10 => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} bytes"),
    };
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("more than {limit}: is it the right one?"),
    )
}

fn into_text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        // It may be a key, for all we know.
        drop(Zeroizing::new(error.into_bytes()));
        io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text")
    })
}

/// A reader that fails on a line of more than `bytes_max` bytes: for parsers that keep a line until they have seen its end.
pub struct Lines<R> {
    from: R,
    bytes_max: usize,
    in_line: usize,
}

impl<R> Lines<R> {
    /// See above.
    pub fn new(from: R, bytes_max: usize) -> Self {
        Self {
            from,
            bytes_max,
            in_line: 0,
        }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        for &byte in &into[..read] {
            self.in_line = if byte == b'\n' { 0 } else { self.in_line + 1 };
            if self.in_line > self.bytes_max {
                let why = format!("a line of more than {} bytes", self.bytes_max);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Bytes without an end; counts those that were taken.
    struct Endless<'a>(&'a Cell<usize>);

    impl Read for Endless<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            into.fill(b'a');
            self.0.set(self.0.get() + into.len());
            Ok(into.len())
        }
    }

    #[test]
    fn reads_up_to_the_limit_and_no_further() {
        assert_eq!(all(&b"abc"[..], 3).unwrap(), b"abc");
        let error = all(&b"abcd"[..], 3).unwrap_err();
        assert_eq!(error.to_string(), "more than 3 bytes: is it the right one?");
        assert_eq!(
            all_text(&b"\xff"[..], 3).unwrap_err().to_string(),
            "it is not UTF-8 text"
        );
        let taken = Cell::new(0);
        assert!(all(Endless(&taken), 1000).is_err());
        assert_eq!(taken.get(), 1001);
    }

    #[test]
    fn an_endless_file_is_an_error() {
        let error = file(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.to_string(), "more than 4 MiB: is it the right one?");
        assert_eq!(file(Path::new("/dev/null")).unwrap(), b"");
        let folder = tempfile::tempdir().unwrap();
        let sparse = folder.path().join("sparse");
        File::create(&sparse).unwrap().set_len(10 << 30).unwrap();
        assert!(text_file(&sparse).is_err());
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        assert_eq!(file(&pipe).unwrap(), b"");
    }

    #[test]
    fn a_line_has_an_end() {
        let mut text = String::new();
        let mut lines = Lines::new(&b"abc\nabc\n\nabc"[..], 3);
        lines.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc\nabc\n\nabc");
        let taken = Cell::new(0);
        let error = Lines::new(Endless(&taken), 1000)
            .read_to_end(&mut Vec::new())
            .unwrap_err();
        assert_eq!(error.to_string(), "a line of more than 1000 bytes");
        assert!(taken.get() < 100_000, "{}", taken.get());
    }
}
