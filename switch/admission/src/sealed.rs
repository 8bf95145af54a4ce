//! The writing half of a TLS connection.

use std::sync::Arc;
use std::time::Duration;

use tessera_kit::fence;
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::Connection;

/// Encrypts and writes whatever is in the outbox, as one record where it fits, until the connection is closed. A peer
/// that takes nothing for as long as `stall` closes it.
pub async fn write_sealed(
    mut writing: WriteHalf<TlsStream<TcpStream>>,
    connection: Arc<Connection>,
    stall: Duration,
) {
    loop {
        connection.blocked.notified().await;
        loop {
            let bytes = connection.take();
            if bytes.is_empty() {
                break;
            }
            fence::pass();
            let written = timeout(stall, async {
                writing.write_all(&bytes).await?;
                writing.flush().await
            });
            if !matches!(written.await, Ok(Ok(()))) {
                connection.close();
                break;
            }
            connection.drained.notify_one();
        }
        if connection.is_closed() {
            let _ = timeout(stall, writing.shutdown()).await;
            return;
        }
    }
}
