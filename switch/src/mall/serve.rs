//! A connection from its arrival to its end: who reads it, and who writes what could not be written at once.

use std::io;
use std::net::{IpAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::split;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::doorkeeper::Doorkeeper;
use super::session::{Ending, Reading, Session};
use crate::config::Identity;
use crate::door::{Arrival, Carrier, Connection, Permit, write_sealed};
use crate::ops::metrics::ConnectionRefused;

/// Serves a plain connection until it ends. `_place` is its place among all connections.
pub async fn serve(socket: StdStream, _place: Permit, keeper: Rc<Doorkeeper>) {
    let socket = match TcpStream::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::debug!(%error, "a connection was gone before it was served");
            return;
        }
    };
    let address = socket.peer_addr().map(|address| address.ip()).ok();
    let connection = Connection::plain(socket);
    let writer = actix::spawn(write(Arc::clone(&connection), keeper.settings.write_stall));
    let arrival = Arrival::from(address, Carrier::Plain);
    run(keeper, connection, None, arrival, writer).await;
}

/// Serves a connection with TLS until it ends. `_place` is its place among all connections.
pub async fn serve_sealed(socket: StdStream, _place: Permit, keeper: Rc<Doorkeeper>) {
    let (stream, address) = match handshake(socket, &keeper).await {
        Ok(shaken) => shaken,
        Err(error) => {
            keeper
                .worker
                .metrics
                .connection_refused(ConnectionRefused::Handshake);
            tracing::warn!(%error, "a mall's TLS connection: no handshake");
            return;
        }
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let shown = certificates.and_then(|chain| Identity::of(chain.first()?));
    let arrival = Arrival::from(address, Carrier::Tls(shown.map(Arc::new)));
    let (reading, writing) = split(stream);
    let connection = Connection::sealed();
    let stall = keeper.settings.write_stall;
    let writer = actix::spawn(write_sealed(writing, Arc::clone(&connection), stall));
    run(keeper, connection, Some(reading), arrival, writer).await;
}

async fn handshake(
    socket: StdStream,
    keeper: &Doorkeeper,
) -> io::Result<(TlsStream<TcpStream>, Option<IpAddr>)> {
    let socket = TcpStream::from_std(socket)?;
    let address = socket.peer_addr().map(|address| address.ip()).ok();
    let acceptor = keeper.acceptor.borrow().clone();
    // There is no such connection without one.
    let acceptor = acceptor.ok_or(io::ErrorKind::Unsupported)?;
    let stream = timeout(keeper.settings.sign_on_within, acceptor.accept(socket)).await??;
    Ok((stream, address))
}

async fn run(
    keeper: Rc<Doorkeeper>,
    connection: Arc<Connection>,
    reading: Option<Reading>,
    arrival: Arrival,
    writer: JoinHandle<()>,
) {
    let number = keeper.connections.add(&connection);
    keeper.worker.metrics.connected();
    let mut session = Session::new(
        Rc::clone(&keeper),
        Arc::clone(&connection),
        reading,
        arrival,
    );
    let ending = session.read().await;
    session.leave(ending);
    connection.flush();
    if session.is_sealed() {
        // It is written by somebody else; a plain one was at once.
        connection.all_written().await;
    }
    // A peer that has closed its own half may still hear the answers to what it has asked.
    if matches!(ending, Ending::Stopping | Ending::Profile | Ending::Peer) {
        connection.all_answered().await;
    }
    connection.close();
    // It ends by itself: closing rings its bell.
    let _ = writer.await;
    keeper.connections.remove(number);
}

/// Writes what the socket did not take at once, whenever it takes more.
async fn write(connection: Arc<Connection>, stall: Duration) {
    let Some(socket) = connection.socket() else {
        return;
    };
    loop {
        connection.blocked.notified().await;
        while connection.waiting_bytes() > 0 && !connection.is_closed() {
            match timeout(stall, socket.writable()).await {
                Ok(Ok(())) => connection.flush(),
                // A peer that does not read its answers, or is gone.
                Ok(Err(_)) | Err(_) => connection.close(),
            }
        }
        if connection.is_closed() {
            return;
        }
    }
}
