//! The tasks of a connection from its arrival to its end: one reads, one writes what could not be written at once.

use std::io;
use std::net::TcpStream as StdStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tessera_common::certificates::handshake_error;
use tessera_console::Limit;
use tracing::field::display;

use tokio::io::split;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::context::SessionContext;
use super::dialect;
use super::proxied::{self, Headless};
use super::session::{Ending, Reading, Session};
use super::turns::HANDSHAKE_BYTES;
use tessera_admission::{Arrival, Carrier, Connection, Place, write_sealed};
use tessera_config::{Identity, Network};
use tessera_metrics::{ConnectionClosed, ConnectionRefused};

static NO_HANDSHAKE: Limit = Limit::new("mall handshake");
static NO_HEADER: Limit = Limit::new("no proxy header");

/// Serves a plain connection until it ends.
pub async fn serve(socket: StdStream, mut place: Place, keeper: Rc<SessionContext>) {
    let socket = match TcpStream::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::debug!(%error, "a connection ended before it was served");
            return;
        }
    };
    let connection = Connection::plain(socket);
    place.attach(&connection);
    if let Some(socket) = connection.socket() {
        let trusted = &keeper.settings.proxy_protocol_from;
        let introduced = tokio::select! {
            biased;
            introduced = introduce(socket, &mut place, trusted, &keeper) => introduced,
            reason = connection.asked_to_end() => {
                count_asked_to_end(&keeper, reason);
                false
            }
        };
        if !introduced {
            return;
        }
    }
    let writer = actix::spawn(write(Arc::clone(&connection), keeper.settings.write_stall));
    let arrival = Arrival::from(place.address(), Carrier::Plain);
    run(keeper, connection, None, arrival, place, writer).await;
}

/// Serves a connection with TLS until it ends.
pub async fn serve_sealed(socket: StdStream, mut place: Place, keeper: Rc<SessionContext>) {
    let connection = Connection::sealed();
    place.attach(&connection);
    let shaken = tokio::select! {
        shaken = shake(socket, &mut place, &keeper) => shaken,
        reason = connection.asked_to_end() => {
            count_asked_to_end(&keeper, reason);
            None
        }
    };
    let Some(stream) = shaken else {
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let shown = certificates.and_then(|chain| Identity::of(chain.first()?));
    let arrival = Arrival::from(place.address(), Carrier::Tls(shown.map(Arc::new)));
    let (reading, writing) = split(stream);
    let stall = keeper.settings.write_stall;
    let writer = actix::spawn(write_sealed(writing, Arc::clone(&connection), stall));
    run(keeper, connection, Some(reading), arrival, place, writer).await;
}

/// What comes before the first message with TLS; `None` where it is counted and said why not.
async fn shake(
    socket: StdStream,
    place: &mut Place,
    keeper: &SessionContext,
) -> Option<TlsStream<TcpStream>> {
    let shaken = async {
        let socket = TcpStream::from_std(socket)?;
        let tls = keeper.settings.tls.as_ref();
        let trusted = tls.map_or(&[][..], |tls| &tls.proxy_protocol_from);
        match introduce(&socket, place, trusted, keeper).await {
            true => handshake(socket, keeper).await.map(Some),
            false => Ok(None),
        }
    };
    match shaken.await {
        Ok(stream) => stream,
        Err(error) => {
            let metrics = &keeper.neighbours.metrics;
            metrics.connection_refused(ConnectionRefused::Handshake);
            let address = place.address();
            if NO_HANDSHAKE.allows(address) {
                let address = address.map(display);
                let error = handshake_error(&error);
                tracing::warn!(error, address, "a mall's TLS connection: no handshake");
            }
            None
        }
    }
}

/// Has the sender say from where the connection comes, where it is one that has to. False where it does not.
async fn introduce(
    socket: &TcpStream,
    place: &mut Place,
    trusted: &[Network],
    keeper: &SessionContext,
) -> bool {
    let sender = place.address();
    let is_trusted = |address| trusted.iter().any(|block| block.contains(address));
    if !sender.is_some_and(is_trusted) {
        return true;
    }
    let read = timeout(keeper.settings.sign_on_within, proxied::read(socket)).await;
    match read.unwrap_or_else(|late| Err(io::Error::from(late).into())) {
        Ok(address) => {
            if address.is_some() {
                place.comes_from(address);
            }
            return true;
        }
        // A health check opens a connection and closes it.
        Err(Headless::Lost(error)) => {
            tracing::debug!(%error, sender = sender.map(display), "a connection without a PROXY protocol header ended");
        }
        Err(Headless::Otherwise(began)) => {
            dialect::diagnose(&began, None, sender);
            if NO_HEADER.allows(sender) {
                tracing::warn!(
                    sender = sender.map(display),
                    "a connection is closed: it must begin with a PROXY protocol header (proxy_protocol_from)"
                );
            }
        }
    }
    let metrics = &keeper.neighbours.metrics;
    metrics.connection_refused(ConnectionRefused::ProxyHeader);
    false
}

fn count_asked_to_end(keeper: &SessionContext, reason: ConnectionClosed) {
    if reason == ConnectionClosed::Crowded {
        let metrics = &keeper.neighbours.metrics;
        metrics.connection_refused(ConnectionRefused::Crowded);
    }
}

async fn handshake(socket: TcpStream, keeper: &SessionContext) -> io::Result<TlsStream<TcpStream>> {
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
async fn take_turn(keeper: &SessionContext) {
    let share = keeper.turns.of_unsigned();
    let _turn = match share.is_free(&keeper.turns) {
        true => None,
        false => share.wait(&keeper.turns).await,
    };
    share.spend(&keeper.turns, HANDSHAKE_BYTES);
}

async fn run(
    keeper: Rc<SessionContext>,
    connection: Arc<Connection>,
    reading: Option<Reading>,
    arrival: Arrival,
    place: Place,
    writer: JoinHandle<()>,
) {
    let number = keeper.connections.add(&connection);
    let entry = keeper.neighbours.register.enter(&connection, &arrival);
    keeper.neighbours.metrics.connected();
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
    // A peer that has closed its sending half still gets the answers to its requests.
    if matches!(ending, Ending::Stopping | Ending::Profile | Ending::Peer) {
        connection.all_answered().await;
    }
    connection.close();
    // It ends by itself: closing rings its bell.
    let _ = writer.await;
    keeper.connections.remove(number);
    drop(entry);
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
