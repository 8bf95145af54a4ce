//! What two processes say to each other that keep a backup on another machine, over the input and output of `ssh`.
//!
//! ```text
//! frame   0  1  kind
//!         1  4  bytes that follow, little-endian, at most 1 MiB and a little
//!         5  .  body
//!
//! the one that sends                                    the one that receives
//! 1 hello      "tessera backup protocol", version 1 ──▶
//!                                                   ◀── 1 hello      the same
//! 2 read       nothing                              ──▶
//!                                                   ◀── 3 text       the manifest, in pieces; none where there is none
//!                                                   ◀── 4 done
//! 5 write      offset 8, length of the name 2,      ──▶              (not answered)
//!              name, bytes
//! 6 finish     bytes 8, name                        ──▶
//!                                                   ◀── 4 done       SHA-256, or nothing
//! 3 text       the manifest, in pieces              ──▶              (not answered)
//! 7 commit     nothing                              ──▶
//!                                                   ◀── 4 done
//! 8 alive      nothing                              ──▶
//!                                                   ◀── 4 done
//!                                                   ◀── 9 refused    why, in place of any answer; the last frame
//! ```
//!
//! What is in the files is encrypted already; the line is protected by `ssh`.

use std::io::{ErrorKind, Read, Write};

use crate::error::BackupError;
use crate::versions::PROTOCOL_VERSION;

/// Of a write, or of a piece of a manifest.
pub(crate) const PIECE_BYTES_MAX: usize = 1 << 20;
/// A piece, with offset and name.
const BODY_BYTES_MAX: usize = PIECE_BYTES_MAX + 4096;
const NAME: &[u8] = b"tessera backup protocol";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Hello = 1,
    Read = 2,
    Text = 3,
    Done = 4,
    Write = 5,
    Finish = 6,
    Commit = 7,
    Alive = 8,
    Refused = 9,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Hello,
        Self::Read,
        Self::Text,
        Self::Done,
        Self::Write,
        Self::Finish,
        Self::Commit,
        Self::Alive,
        Self::Refused,
    ];
}

/// The pieces of a manifest, as they come.
#[derive(Default)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    /// Adds one, up to so many bytes in all.
    pub fn add(&mut self, piece: &[u8], bytes_max: usize) -> Result<(), BackupError> {
        if self.0.len() + piece.len() > bytes_max {
            return Err(BackupError::Protocol("a manifest that is too long"));
        }
        self.0.extend_from_slice(piece);
        Ok(())
    }

    /// What has come since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Writes a frame whose body is in pieces.
pub(crate) fn send(out: &mut impl Write, kind: Kind, body: &[&[u8]]) -> Result<(), BackupError> {
    let bytes: usize = body.iter().map(|piece| piece.len()).sum();
    let mut head = [kind as u8, 0, 0, 0, 0];
    // Lossless: no caller sends more than a piece with its name.
    head[1..].copy_from_slice(&(bytes as u32).to_le_bytes());
    let pieces = std::iter::once(&head[..]).chain(body.iter().copied());
    for piece in pieces {
        out.write_all(piece).map_err(BackupError::Line)?;
    }
    Ok(())
}

/// Reads the next frame; `None` where the line ends before it.
pub(crate) fn receive(
    from: &mut impl Read,
    body: &mut Vec<u8>,
) -> Result<Option<Kind>, BackupError> {
    let mut head = [0; 5];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(BackupError::Line)?,
    }
    let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == head[0]);
    let kind = kind.ok_or(BackupError::Protocol("a frame of an unknown kind"))?;
    let bytes = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if bytes > BODY_BYTES_MAX {
        return Err(BackupError::Protocol("a frame that is too long"));
    }
    body.resize(bytes, 0);
    from.read_exact(body).map_err(BackupError::Line)?;
    Ok(Some(kind))
}

pub(crate) fn send_hello(out: &mut impl Write) -> Result<(), BackupError> {
    send(out, Kind::Hello, &[NAME, &PROTOCOL_VERSION.to_le_bytes()])?;
    out.flush().map_err(BackupError::Line)
}

/// That the other side speaks the same version.
pub(crate) fn expect_hello(from: &mut impl Read) -> Result<(), BackupError> {
    let mut body = Vec::new();
    let kind = receive(from, &mut body)?.ok_or(BackupError::NoReceiver)?;
    if kind == Kind::Refused {
        return Err(refused(&body));
    }
    let version = body.strip_prefix(NAME).filter(|_| kind == Kind::Hello);
    let version = version.and_then(|version| version.try_into().ok());
    match version.map(u32::from_le_bytes) {
        Some(PROTOCOL_VERSION) => Ok(()),
        Some(found) => Err(BackupError::ProtocolVersion { found }),
        None => Err(BackupError::Protocol("something else than a greeting")),
    }
}

/// The error that the receiver has named.
pub(crate) fn refused(why: &[u8]) -> BackupError {
    let why: String = String::from_utf8_lossy(why).chars().take(500).collect();
    BackupError::Refused(why.escape_default().to_string())
}
