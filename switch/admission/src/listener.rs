//! Accepts connections and hands them to the workers in turn.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tessera_console::Limit;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Place, Places};
use tessera_metrics::ConnectionRefused;
use tessera_metrics::Metrics;

/// A pause after an accept that failed for want of descriptors or memory.
const BREATH: Duration = Duration::from_millis(50);

/// Connections for one worker. Bounded: every one of them has a place.
pub type Arrivals = UnboundedReceiver<(StdStream, Place)>;

/// The way to a worker.
pub type Way = UnboundedSender<(StdStream, Place)>;

/// Connections that the system accepts before the switch does, as the standard library has them.
const BACKLOG: i32 = 128;

/// Takes `address`, so that nobody else can. Connections are refused until [`listen`] is called.
///
/// # Errors
/// When the address is taken or not ours.
pub fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // As the standard library does: connections of a process before this one don't keep the address.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// From now on connections are accepted.
///
/// # Errors
/// When the operating system refuses.
pub fn listen(listener: &StdListener) -> io::Result<()> {
    SockRef::from(listener).listen(BACKLOG)
}

/// A way to every worker, and what arrives there.
pub fn ways(workers: usize) -> (Vec<Way>, Vec<Arrivals>) {
    (0..workers).map(|_| unbounded_channel()).unzip()
}

static NOT_ACCEPTED: Limit = Limit::new("not accepted");
static FULL: Limit = Limit::new("connection refused");

/// Accepts until the switch stops. A connection for which there is no place is closed at once.
pub async fn accept(
    listener: TcpListener,
    ways: Vec<Way>,
    places: Arc<Places>,
    metrics: Arc<Metrics>,
) {
    for turn in (0..ways.len()).cycle() {
        let (socket, address) = match listener.accept().await {
            Ok((socket, address)) => (socket, address.ip().to_canonical()),
            Err(error) => {
                metrics
                    .admission
                    .refused
                    .of(ConnectionRefused::Accept)
                    .inc();
                if NOT_ACCEPTED.allows(None) {
                    tracing::warn!(%error, "a connection could not be accepted");
                }
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Some(place) = places.admit(Some(address)) else {
            metrics.admission.refused.of(ConnectionRefused::Full).inc();
            if FULL.allows(Some(address)) {
                tracing::warn!(%address, "a connection was refused: as many are open as may be");
            }
            continue;
        };
        let handed = socket.set_nodelay(true).and_then(|()| socket.into_std());
        match handed {
            Ok(socket) => {
                if ways[turn].send((socket, place)).is_err() {
                    // The workers have ended, and the switch with them.
                    return;
                }
            }
            Err(error) => tracing::debug!(%error, "a connection ended before it was served"),
        }
    }
}
