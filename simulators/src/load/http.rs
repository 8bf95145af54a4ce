//! One plain HTTP request to somebody on this machine: enough for a tally or for metrics, nothing more.

use std::io;
use std::time::Duration;

use tessera_common::bounded;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(2);

/// Head and body: the cards of a financial system with a million of them have 50 MiB.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// The body of a page, where the answer is 200.
pub async fn fetch(address: &str, path: &str) -> io::Result<String> {
    match ask(address, path).await? {
        (200, body) => Ok(body),
        (status, _) => Err(io::Error::other(format!("answered {status}"))),
    }
}

/// The status and the body of a page.
pub async fn ask(address: &str, path: &str) -> io::Result<(u16, String)> {
    let answer = tokio::time::timeout(PATIENCE, exchange(address, path));
    let answer = answer
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::other("no HTTP answer"))?;
    let status = head.split_ascii_whitespace().nth(1);
    let status = status.and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("answered without a status"))?;
    Ok((status, body.to_owned()))
}

async fn exchange(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    // Version 1.0: the body comes whole, and the connection ends with it.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    let limit = ANSWER_BYTES_MAX as u64 + 1;
    let read = stream.take(limit).read_to_string(&mut answer).await?;
    match read > ANSWER_BYTES_MAX {
        true => Err(bounded::too_long(ANSWER_BYTES_MAX)),
        false => Ok(answer),
    }
}
