//! The other end of the operators' socket: one request, one answer. For `tessera control`, `saf` and `outbox`, and for the
//! console.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tessera_common::bounded;

/// A list of 100,000 decisions with their reasons is smaller.
const ANSWER_BYTES_MAX: usize = 128 << 20;

/// Why there is no answer, or not the one that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens at the socket.
    #[error("no switch answers at {} (ops.socket): {why}", socket.display())]
    Nobody {
        /// The socket.
        socket: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The connection was lost, or no answer came in time. What was asked for may have been done.
    #[error("the switch has not answered: {0}")]
    Lost(io::Error),
    /// The switch refuses, and says why.
    #[error("{why}")]
    Refused {
        /// Of HTTP.
        status: u16,
        /// For the operator.
        why: String,
    },
}

impl AskError {
    /// Whether there is no socket, or one that an ended process has left.
    pub fn is_nobody(&self) -> bool {
        let nobody = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
        matches!(self, Self::Nobody { why, .. } if nobody.contains(&why.kind()))
    }
}

/// Sends a request to a running switch; the body of its answer. Waits for `patience` at each step.
///
/// # Errors
/// See [`AskError`].
pub fn ask(
    socket: &Path,
    (method, path): (&str, &str),
    json: Option<&str>,
    patience: Duration,
) -> Result<String, AskError> {
    let line = UnixStream::connect(socket).map_err(|why| AskError::Nobody {
        socket: socket.to_owned(),
        why,
    })?;
    let answer = exchange(line, (method, path), json, patience).map_err(AskError::Lost)?;
    read(&answer)
}

fn exchange(
    mut line: UnixStream,
    (method, path): (&str, &str),
    json: Option<&str>,
    patience: Duration,
) -> io::Result<String> {
    line.set_read_timeout(Some(patience))?;
    line.set_write_timeout(Some(patience))?;
    let kind = match json {
        Some(_) => "content-type: application/json\r\n",
        None => "",
    };
    let body = json.unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{kind}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes())?;
    bounded::all_text(line, ANSWER_BYTES_MAX).map_err(|why| {
        match why.kind() == io::ErrorKind::WouldBlock {
            true => io::ErrorKind::TimedOut.into(),
            false => why,
        }
    })
}

fn read(answer: &str) -> Result<String, AskError> {
    let no_answer = || AskError::Lost(io::ErrorKind::UnexpectedEof.into());
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_answer)?;
    let status = head.split_ascii_whitespace().nth(1);
    let status: Option<u16> = status.and_then(|status| status.parse().ok());
    let status = status.ok_or_else(no_answer)?;
    if status == 200 {
        return Ok(body.trim_end().to_owned());
    }
    let why = match body.trim() {
        "" => format!("the switch answered with the status {status}"),
        why => why.to_owned(),
    };
    Err(AskError::Refused { status, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_passed_on_in_the_words_of_the_switch() {
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nx: y\r\n\r\n{}\n").unwrap(),
            "{}".to_owned()
        );
        let refused = read("HTTP/1.1 409 Conflict\r\n\r\nno such wallet\n").unwrap_err();
        assert_eq!(refused.to_string(), "no such wallet");
        let silent = read("HTTP/1.1 413 Too large\r\n\r\n").unwrap_err();
        assert!(silent.to_string().ends_with("413"), "{silent}");
        assert!(matches!(read("HTTP/1.1 2"), Err(AskError::Lost(_))));
    }

    #[test]
    fn a_socket_that_is_not_there_is_nobodys() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("operations.sock");
        let error = ask(&missing, ("GET", "/saf"), None, Duration::from_secs(1)).unwrap_err();
        assert!(error.is_nobody(), "{error}");
        assert!(error.to_string().contains("operations.sock"), "{error}");
    }
}
