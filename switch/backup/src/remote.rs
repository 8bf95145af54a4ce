//! A folder of backups on another machine, at the other end of a line.

use std::io::{BufWriter, Read, Write};

use crate::error::BackupError;
use crate::file_name::FileName;
use crate::frames::{
    Kind, PIECE_BYTES_MAX, Text, expect_hello, receive, refused, send, send_hello,
};
use crate::hex::Hash;
use crate::manifest::{MANIFEST_BYTES_MAX, Manifest};
use crate::target::Target;

/// See the head of this file.
pub struct Remote<R, W: Write> {
    input: R,
    output: BufWriter<W>,
}

impl<R: Read, W: Write> Remote<R, W> {
    /// Greets the process at the other end, `tessera backup --receive`.
    ///
    /// # Errors
    /// Where nobody answers, or a build with another version of the protocol.
    pub fn greet(mut input: R, output: W) -> Result<Self, BackupError> {
        let mut output = BufWriter::new(output);
        send_hello(&mut output)?;
        expect_hello(&mut input)?;
        Ok(Self { input, output })
    }

    fn send(&mut self, kind: Kind, body: &[&[u8]]) -> Result<(), BackupError> {
        let sent = send(&mut self.output, kind, body);
        sent.map_err(|error| self.reason(error))
    }

    /// Why nothing can be sent any more: a receiver that refuses says so, and ends.
    fn reason(&mut self, error: BackupError) -> BackupError {
        let mut body = Vec::new();
        match receive(&mut self.input, &mut body) {
            Ok(Some(Kind::Refused)) => refused(&body),
            _ => error,
        }
    }

    /// Sends a frame and waits for its answer.
    fn ask(&mut self, kind: Kind, body: &[&[u8]]) -> Result<Vec<u8>, BackupError> {
        self.send(kind, body)?;
        let flushed = self.output.flush().map_err(BackupError::Line);
        flushed.map_err(|error| self.reason(error))?;
        let mut text = Text::default();
        let mut body = Vec::new();
        loop {
            match receive(&mut self.input, &mut body)?.ok_or(BackupError::NoReceiver)? {
                Kind::Text => text.add(&body, MANIFEST_BYTES_MAX)?,
                Kind::Done => {
                    let text = text.take();
                    return Ok(if text.is_empty() { body } else { text });
                }
                Kind::Refused => return Err(refused(&body)),
                _ => return Err(BackupError::Protocol("an answer to something else")),
            }
        }
    }
}

impl<R: Read, W: Write> Target for Remote<R, W> {
    fn manifest(&mut self) -> Result<Option<Manifest>, BackupError> {
        let text = self.ask(Kind::Read, &[])?;
        if text.is_empty() {
            return Ok(None);
        }
        let text = String::from_utf8(text);
        let text = text.map_err(|_| BackupError::Protocol("a manifest that is not text"))?;
        Manifest::parse(&text, "of the receiver".as_ref()).map(Some)
    }

    fn write(&mut self, file: FileName, offset: u64, bytes: &[u8]) -> Result<(), BackupError> {
        let name = file.to_string();
        for (number, piece) in bytes.chunks(PIECE_BYTES_MAX).enumerate() {
            let offset = offset + (number * PIECE_BYTES_MAX) as u64;
            // Lossless: names of files are short.
            let length = (name.len() as u16).to_le_bytes();
            let head = [&offset.to_le_bytes()[..], &length, name.as_bytes()];
            let body = [&head[..], &[piece]].concat();
            self.send(Kind::Write, &body)?;
        }
        Ok(())
    }

    fn finish(&mut self, file: FileName, bytes: u64) -> Result<Option<Hash>, BackupError> {
        let name = file.to_string();
        let answer = self.ask(Kind::Finish, &[&bytes.to_le_bytes(), name.as_bytes()])?;
        match answer.len() {
            0 => Ok(None),
            _ => {
                let hash = Hash::try_from(answer);
                hash.map(Some)
                    .map_err(|_| BackupError::Protocol("something else than a hash"))
            }
        }
    }

    fn commit(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        for piece in manifest.to_text().as_bytes().chunks(PIECE_BYTES_MAX) {
            self.send(Kind::Text, &[piece])?;
        }
        self.ask(Kind::Commit, &[]).map(|_| ())
    }

    fn is_there(&mut self) -> Result<(), BackupError> {
        self.ask(Kind::Alive, &[]).map(|_| ())
    }
}
