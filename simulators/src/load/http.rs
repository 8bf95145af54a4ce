//! One plain HTTP request to somebody on this machine: enough for a tally or for metrics, nothing more.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(2);

/// The body of a page, where the answer is 200.
pub async fn fetch(address: &str, path: &str) -> io::Result<String> {
    let answer = tokio::time::timeout(PATIENCE, exchange(address, path));
    let answer = answer
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::other("no HTTP answer"))?;
    match head.split_ascii_whitespace().nth(1) {
        Some("200") => Ok(body.to_owned()),
        status => Err(io::Error::other(format!(
            "answered {}",
            status.unwrap_or("nothing")
        ))),
    }
}

async fn exchange(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    // Version 1.0: the body comes whole, and the connection ends with it.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
