//! The other end of a line: writes what it is sent into a folder of backups.

use std::io::{Read, Write};
use std::path::Path;

use crate::error::BackupError;
use crate::file_name::FileName;
use crate::folder::Folder;
use crate::frames::{Kind, PIECE_BYTES_MAX, Text, expect_hello, receive, send, send_hello};
use crate::manifest::{MANIFEST_BYTES_MAX, Manifest};
use crate::target::Target;

/// Serves until the line ends. `waits` is called with `true` before each wait for the sender, and with `false` when it is over.
/// The sender learns of an error too.
///
/// # Errors
/// Where the folder can't be used, or something else comes than the protocol allows.
pub fn serve(
    folder: &Path,
    mut input: impl Read,
    mut output: impl Write,
    waits: &dyn Fn(bool),
) -> Result<(), BackupError> {
    let served = serve_folder(folder, &mut input, &mut output, waits);
    if let Err(error) = &served {
        waits(true);
        let why = error.to_string();
        let why = &why.as_bytes()[..why.len().min(PIECE_BYTES_MAX)];
        // Where the line is gone, nobody learns it.
        let _ = send(&mut output, Kind::Refused, &[why]).and_then(|()| flush(&mut output));
    }
    served
}

fn serve_folder(
    folder: &Path,
    input: &mut impl Read,
    output: &mut impl Write,
    waits: &dyn Fn(bool),
) -> Result<(), BackupError> {
    waits(true);
    expect_hello(input)?;
    waits(false);
    let mut folder = Folder::open(folder)?;
    waits(true);
    send_hello(output)?;
    let mut body = Vec::new();
    let mut manifest = Text::default();
    while let Some(kind) = receive(input, &mut body)? {
        // To sync and to read back takes as long as the disk needs.
        waits(false);
        let answered = match kind {
            Kind::Read => Some((folder.manifest()?.map(|found| found.to_text()), Vec::new())),
            Kind::Write => {
                write(&mut folder, &body)?;
                None
            }
            Kind::Text => {
                manifest.add(&body, MANIFEST_BYTES_MAX)?;
                None
            }
            Kind::Finish => Some((None, finish(&mut folder, &body)?)),
            Kind::Commit => {
                let text = String::from_utf8(manifest.take());
                let text =
                    text.map_err(|_| BackupError::Protocol("a manifest that is not text"))?;
                folder.commit(&Manifest::parse(&text, "of the sender".as_ref())?)?;
                Some((None, Vec::new()))
            }
            Kind::Alive => Some((None, Vec::new())),
            _ => return Err(BackupError::Protocol("a frame that only answers have")),
        };
        waits(true);
        let Some((text, answer)) = answered else {
            continue;
        };
        for piece in text.unwrap_or_default().as_bytes().chunks(PIECE_BYTES_MAX) {
            send(output, Kind::Text, &[piece])?;
        }
        send(output, Kind::Done, &[&answer])?;
        flush(output)?;
    }
    Ok(())
}

fn write(folder: &mut Folder, body: &[u8]) -> Result<(), BackupError> {
    let wrong = || BackupError::Protocol("a piece of no file of a backup");
    let (offset, rest) = body.split_first_chunk().ok_or_else(wrong)?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (name, bytes) = rest.split_at_checked(length).ok_or_else(wrong)?;
    folder.write(file_name(name)?, u64::from_le_bytes(*offset), bytes)
}

fn finish(folder: &mut Folder, body: &[u8]) -> Result<Vec<u8>, BackupError> {
    let wrong = || BackupError::Protocol("the end of no file of a backup");
    let (bytes, name) = body.split_first_chunk().ok_or_else(wrong)?;
    let hash = folder.finish(file_name(name)?, u64::from_le_bytes(*bytes))?;
    Ok(hash.map(Vec::from).unwrap_or_default())
}

fn file_name(bytes: &[u8]) -> Result<FileName, BackupError> {
    let name = std::str::from_utf8(bytes).ok().and_then(FileName::parse);
    name.ok_or(BackupError::Protocol("a name of no file of a backup"))
}

fn flush(output: &mut impl Write) -> Result<(), BackupError> {
    output.flush().map_err(BackupError::Line)
}
