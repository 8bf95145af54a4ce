//! The messages about a connection itself: 0800 with network code 001, answered 00 before anything else is said, and 0800
//! with network code 301, an echo.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tessera_protocol::{MacKey, Message, Mti, Packer, cut, tlv};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::load::clock::Stamp;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Field 70.
#[derive(Debug, Clone, Copy)]
pub enum Network {
    /// Who speaks.
    SignOn = 1,
    /// Whether anybody is there.
    Echo = 301,
}

/// Why a connection could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// It broke, or nothing came in time.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// The other side does not want us.
    #[error("the sign-on of {party} was answered {code}{why}")]
    Refused {
        /// Institution code that signed on.
        party: u64,
        /// Field 39.
        code: String,
        /// The reason that the switch states (field 48, tag 09), in brackets; empty where it states none.
        why: String,
    },
    /// Something came that is no answer to a sign-on.
    #[error("the sign-on was answered by something else: {0}")]
    Nonsense(String),
}

/// Writes a message about the connection.
pub(in crate::load) fn network(
    out: &mut BytesMut,
    code: Network,
    party: u64,
    key: Option<&MacKey>,
    stamp: Stamp,
) {
    Packer::new(out, Mti::NETWORK)
        .number(7, stamp.transmission().into())
        .number(11, 0)
        .number(32, party)
        .number(70, code as u64)
        .close(key);
}

/// Signs on. Bytes that came after the answer are left in the buffer that is returned.
pub async fn sign_on<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    party: u64,
    key: Option<&MacKey>,
    stamp: Stamp,
) -> Result<BytesMut, SignOnError> {
    let mut frame = BytesMut::new();
    network(&mut frame, Network::SignOn, party, key, stamp);
    stream.write_all(&frame).await?;
    stream.flush().await?;
    let mut incoming = BytesMut::with_capacity(4_096);
    let answer = tokio::time::timeout(PATIENCE, async {
        loop {
            match cut(&mut incoming) {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(error) => return Err(SignOnError::Nonsense(error.to_string())),
            }
            if stream.read_buf(&mut incoming).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    });
    let answer = answer
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let message =
        Message::parse(&answer).map_err(|error| SignOnError::Nonsense(error.to_string()))?;
    if message.mti() != Mti::NETWORK.answer() {
        return Err(SignOnError::Nonsense(format!("a {}", message.mti())));
    }
    match message.text(39) {
        Some(b"00") if key.is_some_and(|key| !key.verify(&answer)) => {
            Err(SignOnError::Nonsense("a wrong MAC".to_owned()))
        }
        Some(b"00") => Ok(incoming),
        code => Err(SignOnError::Refused {
            party,
            code: String::from_utf8_lossy(code.unwrap_or(b"without a code")).into_owned(),
            why: why(&message),
        }),
    }
}

/// The reason in an answer, in brackets; empty where there is none.
fn why(answer: &Message<'_>) -> String {
    let body = answer.text(48).unwrap_or_default();
    match tlv::find(body, tlv::REASON) {
        Ok(Some(reason)) => format!(" ({})", String::from_utf8_lossy(reason)),
        Ok(None) | Err(_) => String::new(),
    }
}
