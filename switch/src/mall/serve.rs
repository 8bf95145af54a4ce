//! A connection from its arrival to its end: who reads it, and who writes what could not be written at once.

use std::io;
use std::net::TcpStream as StdStream;
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
use super::turns::HANDSHAKE_BYTES;
use crate::config::Identity;
use crate::door::{Arrival, Carrier, Connection, Place, write_sealed};
use crate::ops::metrics::{ConnectionClosed, ConnectionRefused};

/// Serves a plain connection until it ends.
pub async fn serve(socket: StdStream, place: Place, keeper: Rc<Doorkeeper>) {
    let socket = match TcpStream::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::debug!(%error, "a connection was gone before it was served");
            return;
        }
    };
    let connection = Connection::plain(socket);
    place.attach(&connection);
    let writer = actix::spawn(write(Arc::clone(&connection), keeper.settings.write_stall));
    let arrival = Arrival::from(place.address(), Carrier::Plain);
    run(keeper, connection, None, arrival, place, writer).await;
}

/// Serves a connection with TLS until it ends.
pub async fn serve_sealed(socket: StdStream, place: Place, keeper: Rc<Doorkeeper>) {
    let connection = Connection::sealed();
    place.attach(&connection);
    let shaken = tokio::select! {
        shaken = handshake(socket, &keeper) => shaken,
        reason = connection.told_to_go() => {
            if reason == ConnectionClosed::Crowded {
                let crowded = ConnectionRefused::Crowded;
                keeper.worker.metrics.connection_refused(crowded);
            }
            return;
        }
    };
    let stream = match shaken {
        Ok(stream) => stream,
        Err(error) => {
            keeper
                .worker
                .metrics
                .connection_refused(ConnectionRefused::Handshake);
            let address = place.address();
            tracing::warn!(%error, ?address, "a mall's TLS connection: no handshake");
            return;
        }
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let shown = certificates.and_then(|chain| Identity::of(chain.first()?));
    let arrival = Arrival::from(place.address(), Carrier::Tls(shown.map(Arc::new)));
    let (reading, writing) = split(stream);
    let stall = keeper.settings.write_stall;
    let writer = actix::spawn(write_sealed(writing, Arc::clone(&connection), stall));
    run(keeper, connection, Some(reading), arrival, place, writer).await;
}

async fn handshake(socket: StdStream, keeper: &Doorkeeper) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::from_std(socket)?;
    let acceptor = keeper.acceptor.borrow().clone();
    // There is no such connection without one.
    let acceptor = acceptor.ok_or(io::ErrorKind::Unsupported)?;
    let shaken = async {
        socket.readable().await?;
        take_turn(keeper).await;
        acceptor.accept(socket).await
    };
    timeout(keeper.settings.sign_on_within, shaken).await?
}

/// A handshake costs as much as many messages: it waits for its turn like them.
async fn take_turn(keeper: &Doorkeeper) {
    let share = keeper.turns.of_strangers();
    let _turn = match share.is_free(&keeper.turns) {
        true => None,
        false => share.wait(&keeper.turns).await,
    };
    share.spend(&keeper.turns, HANDSHAKE_BYTES);
}

async fn run(
    keeper: Rc<Doorkeeper>,
    connection: Arc<Connection>,
    reading: Option<Reading>,
    arrival: Arrival,
    place: Place,
    writer: JoinHandle<()>,
) {
    let number = keeper.connections.add(&connection);
    keeper.worker.metrics.connected();
    let mut session = Session::new(
        Rc::clone(&keeper),
        Arc::clone(&connection),
        reading,
        arrival,
        place,
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
