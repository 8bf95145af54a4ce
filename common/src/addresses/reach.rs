//! A TCP connection to one address, with a short patience: a machine that is gone must not hold up the next address.

use std::io;
use std::net::ToSocketAddrs as _;
use std::time::Duration;

use super::HostPort;

/// How long one IP address may take to accept a connection. A first packet that was lost is sent again after a second.
pub const CONNECT_WITHIN: Duration = Duration::from_millis(1_200);

/// Resolves the name and connects to the first IP address that accepts. Small writes are sent at once.
///
/// # Errors
/// What the last IP address said, or the resolver.
pub async fn reach(address: &HostPort) -> io::Result<tokio::net::TcpStream> {
    let mut last = nowhere();
    for resolved in tokio::net::lookup_host(address.as_str()).await? {
        let connecting = tokio::net::TcpStream::connect(resolved);
        match tokio::time::timeout(CONNECT_WITHIN, connecting).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// The same on a thread that may wait.
///
/// # Errors
/// What the last IP address said, or the resolver.
pub fn reach_blocking(address: &HostPort) -> io::Result<std::net::TcpStream> {
    let mut last = nowhere();
    for resolved in address.as_str().to_socket_addrs()? {
        match std::net::TcpStream::connect_timeout(&resolved, CONNECT_WITHIN) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn nowhere() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no IP address")
}
