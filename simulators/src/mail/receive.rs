//! SMTP (RFC 5321), the receiving side. Commands and their order are `mailin`'s; lines, their lengths and times are ours.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailin::response::{NO_STORAGE, OK, START_DATA};
use mailin::{Action, Handler, Response, SessionBuilder};
use tessera_console::Limit;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::letters::{LETTER_BYTES_MAX, Letters};

/// RFC 5321, 4.5.3.1.6 allows 1,000 bytes with the end of the line; some writers are generous.
const LINE_BYTES_MAX: usize = 4_096;
/// Receivers of one letter: RFC 5321, 4.5.3.1.8.
const RECEIVERS_MAX: usize = 100;
const CONNECTIONS_MAX: usize = 32;
/// A quiet connection is closed: RFC 5321, 4.5.3.2.7.
const LINE_WITHIN: Duration = Duration::from_secs(300);
/// After a failed accept: it would fail again at once.
const PAUSE: Duration = Duration::from_millis(100);

static BROKE: Limit = Limit::new("connection broke");

/// Serves for ever.
pub(super) async fn serve(listener: TcpListener, letters: Arc<Letters>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed; without a place the next one waits in the listener's queue.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, from)) => {
                let letters = Arc::clone(&letters);
                actix_web::rt::spawn(async move {
                    if let Err(error) = converse(stream, from.ip(), letters).await
                        && BROKE.allows(Some(from.ip()))
                    {
                        tracing::info!(%error, %from, "a connection has broken");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream, from: IpAddr, letters: Arc<Letters>) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    let mut session = SessionBuilder::new("localhost").build(from, Taker::new(letters));
    write.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    let mut in_text = false;
    loop {
        line.clear();
        let mut bounded = (&mut read).take(LINE_BYTES_MAX as u64);
        let bytes = tokio::time::timeout(LINE_WITHIN, bounded.read_until(b'\n', &mut line));
        let Ok(bytes) = bytes.await else {
            return write.write_all(b"421 Too long without a word\r\n").await;
        };
        match bytes? {
            0 => return Ok(()),
            _ if line.ends_with(b"\n") => {}
            _ => return write.write_all(b"500 Line too long\r\n").await,
        }
        let response = match in_text {
            true => session.process(&line),
            false => session.process(&without_smtputf8(&line)),
        };
        // From 354 on, lines are the letter's, up to the answer to its end.
        in_text = match response.action {
            Action::NoReply => in_text,
            _ => response.code == START_DATA.code,
        };
        let mut answer = response.buffer()?;
        if response.code == OK.code && line.to_ascii_uppercase().starts_with(b"EHLO") && !in_text {
            offer_smtputf8(&mut answer);
        }
        write.write_all(&answer).await?;
        // A letter that was refused at its end ends the connection: what follows would be taken for more of it.
        if response.action == Action::Close || response == NO_STORAGE {
            return write.shutdown().await;
        }
    }
}

/// RFC 6531. `mailin` passes on addresses of all scripts, but knows nothing of the word for it behind MAIL FROM.
const SMTPUTF8: &[u8] = b" SMTPUTF8";

/// A command without that word.
fn without_smtputf8(line: &[u8]) -> Vec<u8> {
    let upper = line.to_ascii_uppercase();
    let behind_address = line.iter().rposition(|&byte| byte == b'>').unwrap_or(0);
    let found = upper[behind_address..]
        .windows(SMTPUTF8.len())
        .position(|window| window == SMTPUTF8);
    match found {
        Some(at) if upper.starts_with(b"MAIL FROM:") => {
            let at = behind_address + at;
            [&line[..at], &line[at + SMTPUTF8.len()..]].concat()
        }
        _ => line.to_vec(),
    }
}

/// One more line of the answer to EHLO.
fn offer_smtputf8(answer: &mut Vec<u8>) {
    let last = answer.windows(4).rposition(|window| window == b"250 ");
    if let Some(last) = last {
        answer[last + 3] = b'-';
        answer.extend_from_slice(b"250 SMTPUTF8\r\n");
    }
}

/// The parts of the letter that the session has received.
struct Taker {
    letters: Arc<Letters>,
    to: Vec<String>,
    bytes: Vec<u8>,
    too_long: bool,
}

impl Taker {
    fn new(letters: Arc<Letters>) -> Self {
        Self {
            letters,
            to: Vec::new(),
            bytes: Vec::new(),
            too_long: false,
        }
    }
}

impl Handler for Taker {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, _from: &str) -> Response {
        (self.to, self.bytes, self.too_long) = (Vec::new(), Vec::new(), false);
        OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if self.to.len() >= RECEIVERS_MAX {
            return Response::custom(452, "Too many receivers".to_owned());
        }
        self.to.push(to.to_owned());
        OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.too_long |= self.bytes.len() + line.len() > LETTER_BYTES_MAX;
        if !self.too_long {
            self.bytes.extend_from_slice(line);
        }
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if self.too_long {
            return NO_STORAGE;
        }
        self.letters.put(std::mem::take(&mut self.to), &self.bytes);
        OK
    }
}

#[cfg(test)]
#[path = "receive_tests.rs"]
mod tests;
