//! The life of one line: connect, sign on, serve, lose it, come back.

use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::CertificateError;
use tessera_common::certificates::{handshake_error, tls_error};
use tessera_protocol::FrameError;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tracing::{debug, info, warn};

use super::backoff::Backoff;
use super::line::{Line, NetworkMessage, State};
use super::link::Link;
use super::receive::receive;
use super::wire::{READ_BYTES, Wire};
use super::{encode, frames};
use tessera_kit::clock;

const SIGN_ON: u16 = 1;
const SIGN_OFF: u16 = 2;
const ECHO: u16 = 301;
const APPROVED: [u8; 2] = *b"00";
/// A line that has stood this long has worked, whether it was asked anything or not.
const STEADY: Duration = Duration::from_secs(1);

/// Why a line was lost.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{}", handshake_error(.0))]
    Io(#[from] io::Error),
    #[error("{}; it is checked against {key}", tls_error(why))]
    Certificate {
        why: rustls::Error,
        key: &'static str,
    },
    #[error("no connection within {0:?}")]
    NotConnected(Duration),
    #[error("sign-on answered with {}", .0.escape_ascii())]
    SignOnRefused([u8; 2]),
    #[error("sign-on not answered in time")]
    SignOnUnanswered,
    #[error("echo answered with {}", .0.escape_ascii())]
    EchoRefused([u8; 2]),
    #[error("echo not answered within {0:?}")]
    EchoUnanswered(Duration),
    #[error("closed by the financial system")]
    Closed,
    #[error("broken framing: {0}")]
    Framing(#[from] FrameError),
}

/// Keeps a line up until the link is closed.
pub(super) async fn live(link: Rc<Link>, number: usize, mut closing: watch::Receiver<bool>) {
    let line = &link.lines[number];
    let backoff = Backoff::new(link.settings.reconnect_min, link.settings.reconnect_max);
    let mut failures = 0;
    loop {
        line.worked.set(false);
        let outcome = attempt(&link, line, &mut closing).await;
        line.state.set(State::Down);
        let Err(fault) = outcome else {
            break;
        };
        // The pause grows with failures in a row: a line that has worked before it was cut is none of them.
        failures = match line.worked.get() {
            true => 1,
            false => failures + 1,
        };
        let pause = backoff.full_jitter(failures, &mut rand::rng());
        link.stats.reconnects.add(1);
        warn!(
            line = number,
            host = %link.settings.address,
            peer = line.peer.get().map(display),
            error = %fault,
            retry_ms = pause.as_millis() as u64,
            "host line is down"
        );
        if timeout(pause, closed(&mut closing)).await.is_ok() {
            break;
        }
    }
    line.state.set(State::Closed);
    debug!(
        line = number,
        host = %link.settings.address,
        "host line is closed"
    );
}

/// Until the link is closed.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // The sender is the link's, which lives as long as this task.
    let _ = closing.wait_for(|&closing| closing).await;
}

/// One connection from its beginning to its end. `Ok` means that the link is being closed.
async fn attempt(
    link: &Link,
    line: &Line,
    closing: &mut watch::Receiver<bool>,
) -> Result<(), Fault> {
    let within = link.settings.connect_within;
    let deadline = Instant::now() + within;
    line.state.set(State::Connecting);
    line.peer.set(None);
    let connecting = timeout_at(deadline, connect(link, line));
    let mut wire = tokio::select! {
        () = closed(closing) => return Ok(()),
        wire = connecting => wire.map_err(|_| Fault::NotConnected(within))??,
    };
    let served = match sign_on(link, line, &mut wire, deadline).await {
        Ok(()) => {
            let up_since = Instant::now();
            let served = serve(link, line, &mut wire, closing).await;
            if up_since.elapsed() >= STEADY {
                line.worked.set(true);
            }
            served
        }
        Err(fault) => {
            link.stats.sign_on_failures.add(1);
            Err(fault)
        }
    };
    line.state.set(State::Down);
    link.lines_changed(line);
    lose(link, line, &wire);
    served
}

async fn connect(link: &Link, line: &Line) -> Result<Wire, Fault> {
    let socket = TcpStream::connect(&link.settings.address).await?;
    line.peer.set(socket.peer_addr().ok());
    socket.set_nodelay(true)?;
    let socket = BufReader::with_capacity(READ_BYTES, socket);
    let connector = TlsConnector::from(link.tls.clone());
    let stream = connector.connect(link.server_name.clone(), socket).await;
    Ok(Wire::new(stream.map_err(not_sealed)?))
}

/// Where the other side's certificate is the reason, the setting that it does not fit stands beside it.
fn not_sealed(error: io::Error) -> Fault {
    let why = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(why @ rustls::Error::InvalidCertificate(refused)) = why else {
        return Fault::Io(error);
    };
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "another crate's enum, which says that it grows"
    )]
    let key = match refused {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "host.server_name"
        }
        _ => "host.authority",
    };
    Fault::Certificate {
        why: why.clone(),
        key,
    }
}

async fn sign_on(
    link: &Link,
    line: &Line,
    wire: &mut Wire,
    deadline: Instant,
) -> Result<(), Fault> {
    line.state.set(State::SigningOn);
    let answered = timeout_at(deadline, ask(link, line, wire, SIGN_ON));
    match answered.await {
        Ok(Ok(APPROVED)) => Ok(()),
        Ok(Ok(code)) => Err(Fault::SignOnRefused(code)),
        Ok(Err(fault)) => Err(fault),
        Err(_) => Err(Fault::SignOnUnanswered),
    }
}

/// Requests out, answers in, until the line is lost or the link is closed.
async fn serve(
    link: &Link,
    line: &Line,
    wire: &mut Wire,
    closing: &mut watch::Receiver<bool>,
) -> Result<(), Fault> {
    line.state.set(State::Up);
    info!(
        line = line.number,
        host = %link.settings.address,
        peer = line.peer.get().map(display),
        "host line is up"
    );
    link.lines_changed(line);
    let mut last_received = Instant::now();
    let mut unyielded = 0;
    let mut quiet = pin!(sleep(link.settings.echo_after));
    loop {
        tokio::select! {
            biased;
            () = closed(closing) => break sign_off(link, line, wire).await,
            read = wire.turn(line) => {
                last_received = Instant::now();
                unyielded += receive_frames(link, line, wire, read?)?;
            }
            () = &mut quiet => {
                let next = when_quiet(link, line, last_received)?;
                quiet.as_mut().reset(next);
            }
        }
        // A socket that always has more must not keep the worker's other tasks waiting.
        if unyielded >= READ_BYTES {
            unyielded = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// What has been read goes to those who wait for it.
fn receive_frames(link: &Link, line: &Line, wire: &mut Wire, bytes: usize) -> Result<usize, Fault> {
    if bytes == 0 {
        return Err(Fault::Closed);
    }
    receive(link, line, &mut wire.reading)?;
    Ok(bytes)
}

/// Nothing came for a while, or an echo was answered or not. When to look again.
fn when_quiet(link: &Link, line: &Line, last_received: Instant) -> Result<Instant, Fault> {
    let within = link.settings.connect_within;
    match line.network.replace(NetworkMessage::None) {
        NetworkMessage::Waiting { .. } => return Err(Fault::EchoUnanswered(within)),
        NetworkMessage::Answered(code) if code != APPROVED => return Err(Fault::EchoRefused(code)),
        NetworkMessage::None | NetworkMessage::Answered(_) => {}
    }
    let (now, due) = (Instant::now(), last_received + link.settings.echo_after);
    if now < due {
        return Ok(due);
    }
    send(link, line, ECHO);
    Ok(now + within)
}

async fn sign_off(link: &Link, line: &Line, wire: &mut Wire) -> Result<(), Fault> {
    line.state.set(State::SigningOff);
    link.lines_changed(line);
    let answered = timeout(link.settings.connect_within, async {
        ask(link, line, wire, SIGN_OFF).await?;
        wire.close().await?;
        Ok::<_, Fault>(())
    });
    // Whatever came of it, this was the end.
    if let Ok(Err(fault)) = answered.await {
        debug!(
            line = line.number,
            host = %link.settings.address,
            peer = line.peer.get().map(display),
            error = %fault,
            "host line could not sign off"
        );
    }
    Ok(())
}

/// Sends a network message and listens until it is answered.
async fn ask(link: &Link, line: &Line, wire: &mut Wire, code: u16) -> Result<[u8; 2], Fault> {
    send(link, line, code);
    loop {
        if let NetworkMessage::Answered(code) = line.network.get() {
            line.network.set(NetworkMessage::None);
            return Ok(code);
        }
        let bytes = wire.turn(line).await?;
        receive_frames(link, line, wire, bytes)?;
    }
}

/// Sends a network message; the line's task is the one that runs, so that nobody must be woken.
fn send(link: &Link, line: &Line, code: u16) {
    let trace = link.next_trace();
    let transmission = clock::transmission(clock::system());
    line.network.set(NetworkMessage::Waiting {
        transmission,
        trace,
    });
    line.write(|out| encode::network(out, transmission, trace, link.institution, code));
}

/// What TLS has not seen never left, and goes out on another line; of the rest nobody knows.
fn lose(link: &Link, line: &Line, wire: &Wire) {
    line.network.set(NetworkMessage::None);
    let mut output = BytesMut::new();
    line.exchange_output(&mut output);
    let unwritten = wire.unwritten().chain(frames::behind(&output, 0));
    link.lose(line, unwritten);
}
