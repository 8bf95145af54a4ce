//! A connection's life: it arrives, signs on, asks, and is closed.
//!
//! One task reads: it takes what is there, handles every whole frame, and ends the turn with one
//! flush. Another waits for the socket to take what could not be written at once.

use std::cell::{Cell, Ref, RefCell};
use std::io;
use std::net::{IpAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tessera_protocol::{Dialect, FrameError};
use tokio::io::{AsyncReadExt, ReadHalf, split};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::dialect::{self, Choice};
use super::receive::{Received, Receiver};
use crate::config::{Identity, MallSettings};
use crate::door::{
    Admission, Arrival, Bound, Carrier, Connection, Connections, Guests, OUTBOX_BYTES_MAX, Permit,
    write_sealed,
};
use crate::ops::metrics::{ConnectionClosed, ConnectionRefused, FrameRefused, Label};
use crate::router::Worker;

/// What is asked of the socket at once: a little for a connection of one request at a time, much for
/// one that sends hundreds.
const READ_BYTES_MIN: usize = 2 * 1024;
const READ_BYTES_MAX: usize = 64 * 1024;

/// After so many turns in which there was always something to read, the others have theirs.
const TURNS_MAX: u32 = 4;

/// What all sessions of a worker share.
pub struct Doorkeeper {
    /// Who may come in, at the moment.
    guests: RefCell<Arc<Guests>>,
    /// How often that has changed.
    renewals: Cell<u64>,
    /// Our certificate at the moment, and whose are taken; `None` without a door for TLS.
    acceptor: RefCell<Option<TlsAcceptor>>,
    /// How long what may take.
    pub settings: MallSettings,
    /// Where commands go.
    pub worker: Rc<Worker>,
    /// Who is in.
    pub connections: Connections,
}

impl Doorkeeper {
    /// Lets these in.
    pub fn new(
        guests: Arc<Guests>,
        acceptor: Option<TlsAcceptor>,
        settings: MallSettings,
        worker: Rc<Worker>,
    ) -> Self {
        Self {
            acceptor: RefCell::new(acceptor),
            guests: RefCell::new(guests),
            renewals: Cell::new(0),
            settings,
            worker,
            connections: Connections::default(),
        }
    }

    /// Those who may come in, at the moment.
    pub(super) fn guests(&self) -> Ref<'_, Guests> {
        Ref::map(self.guests.borrow(), |guests| &**guests)
    }

    /// Changes whenever somebody's profile may have.
    #[inline]
    pub(super) fn renewals(&self) -> u64 {
        self.renewals.get()
    }

    /// Lets these in from now on, each as its profile says now. A connection ends whose party is not among them, or
    /// which does not fit its profile any more; the others notice nothing. New TLS connections see the new certificate.
    pub fn renew(&self, guests: Arc<Guests>, acceptor: Option<TlsAcceptor>) {
        *self.acceptor.borrow_mut() = acceptor;
        for connection in self.connections.all() {
            let Some(Bound {
                guest: Some(before),
                arrival,
                doors,
            }) = connection.bound()
            else {
                continue;
            };
            let after = guests.find(before.party.code);
            let party = after.map(|guest| &guest.party).filter(|party| {
                arrival.check(party).is_ok() && party.has_the_key_of(&before.party)
            });
            match party {
                Some(party) => doors[0].set_max(party.in_flight_per_connection_max),
                None => connection.drain(Ending::Profile),
            }
        }
        *self.guests.borrow_mut() = guests;
        self.renewals.set(self.renewals.get() + 1);
    }
}

type Ending = ConnectionClosed;

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
    if session.reading.is_some() {
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

/// The reading half of a connection with TLS.
type Reading = ReadHalf<TlsStream<TcpStream>>;

struct Session {
    keeper: Rc<Doorkeeper>,
    connection: Arc<Connection>,
    /// `None` where the connection's own socket is read.
    reading: Option<Reading>,
    receiver: Receiver,
    /// What the first bytes have shown, or what everybody speaks.
    dialect_is_known: bool,
    buffer: BytesMut,
    read_bytes: usize,
    /// Since when nobody is signed on, where nobody is.
    stranger_since: Instant,
    last_heard: Instant,
    /// How many turns there were without a wait.
    turns: u32,
    /// Since when an unfinished frame has been there.
    unfinished_since: Option<Instant>,
}

impl Session {
    fn new(
        keeper: Rc<Doorkeeper>,
        connection: Arc<Connection>,
        reading: Option<Reading>,
        arrival: Arrival,
    ) -> Self {
        let now = Instant::now();
        Self {
            receiver: Receiver::new(Rc::clone(&keeper), Arc::clone(&connection), arrival),
            dialect_is_known: false,
            keeper,
            connection,
            reading,
            buffer: BytesMut::new(),
            read_bytes: READ_BYTES_MIN,
            stranger_since: now,
            last_heard: now,
            turns: 0,
            unfinished_since: None,
        }
    }

    async fn read(&mut self) -> Ending {
        loop {
            if let Err(ending) = self.handle_frames().await {
                // What came before the end was whole, and is decided.
                self.end_turn();
                return ending;
            }
            if let Err(ending) = self.fill().await {
                return ending;
            }
        }
    }

    /// Handles every whole frame in the buffer, and ends the turn.
    async fn handle_frames(&mut self) -> Result<(), Ending> {
        let mut now = Instant::now();
        let bytes = self.buffer.len();
        let was_on = self.receiver.has_signed_on();
        loop {
            let Some(frame) = self.cut()? else {
                break;
            };
            // A frame is never dropped for want of room: it waits here, and with it all behind it.
            let mut received = self.receiver.receive(frame, now);
            while let Received::Full(frame, door) = received {
                self.end_turn();
                self.wait_for(door).await?;
                received = self.receiver.receive(frame, now);
            }
            if let Received::Close(ending) = received {
                return Err(ending);
            }
            if let Some(pause) = self.receiver.pause() {
                self.end_turn();
                self.rest(pause).await?;
                // The time of the pause is not the peer's.
                now = Instant::now();
                self.unfinished_since = None;
            }
        }
        if was_on && !self.receiver.has_signed_on() {
            self.stranger_since = now;
        }
        // What is left behind a whole frame has only begun to come.
        let same = self.buffer.len() == bytes;
        self.unfinished_since = match self.buffer.is_empty() {
            true => None,
            false => self.unfinished_since.filter(|_| same).or(Some(now)),
        };
        self.end_turn();
        while self.connection.waiting_bytes() > OUTBOX_BYTES_MAX {
            self.connection.drained.notified().await;
            self.connection.check_open()?;
        }
        Ok(())
    }

    /// The next whole frame.
    #[inline]
    fn cut(&mut self) -> Result<Option<Bytes>, Ending> {
        if !self.dialect_is_known {
            match dialect::choose(&self.buffer, &self.keeper.guests()) {
                Choice::Is(dialect) => self.receiver.set_dialect(dialect),
                Choice::More => return Ok(None),
                Choice::None => {
                    self.keeper
                        .worker
                        .metrics
                        .frame_refused(FrameRefused::Dialect);
                    dialect::diagnose(&self.buffer, None);
                    tracing::warn!("a connection is closed: no party speaks like that");
                    return Err(Ending::Frame);
                }
            }
            self.dialect_is_known = true;
        }
        let dialect = self.receiver.dialect();
        dialect
            .cut(&mut self.buffer)
            .map_err(|error| self.lost(dialect, error))
    }

    /// The stream can't be followed any further.
    #[cold]
    fn lost(&self, dialect: Dialect, error: FrameError) -> Ending {
        let reason = match error {
            FrameError::Oversized { .. } => FrameRefused::TooLong,
            FrameError::NoDigits | FrameError::NoMessage { .. } => FrameRefused::Dialect,
        };
        self.keeper.worker.metrics.frame_refused(reason);
        dialect::diagnose(&self.buffer, Some(dialect));
        tracing::warn!(%error, "a connection is closed");
        Ending::Frame
    }

    fn end_turn(&mut self) {
        if self.receiver.has_written() {
            self.connection.flush();
        }
    }

    /// Reads nothing for so long; the worker goes on with others.
    async fn rest(&self, pause: Duration) -> Result<(), Ending> {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.connection.ended.notified() => {}
        }
        self.connection.check_open()
    }

    async fn wait_for(&self, door: Arc<Admission>) -> Result<(), Ending> {
        tokio::select! {
            () = door.room() => {}
            () = self.connection.ended.notified() => {}
        }
        self.connection.check_open()
    }

    /// Waits for bytes, and takes what is there.
    async fn fill(&mut self) -> Result<(), Ending> {
        // A peer that sends faster than it is read would never let the others have their turn, nor
        // its own time be over.
        self.turns += 1;
        if self.turns >= TURNS_MAX {
            self.turns = 0;
            tokio::task::yield_now().await;
            let (deadline, ending) = self.deadline();
            if deadline <= Instant::now() {
                return Err(self.overdue(ending));
            }
            self.connection.check_open()?;
        }
        match self.connection.socket() {
            None => self.fill_sealed().await,
            Some(_) => self.fill_plain().await,
        }
    }

    async fn fill_sealed(&mut self) -> Result<(), Ending> {
        loop {
            let (deadline, ending) = self.deadline();
            let Some(reading) = &mut self.reading else {
                return Err(Ending::Lost);
            };
            self.buffer.reserve(READ_BYTES_MIN);
            tokio::select! {
                biased;
                read = reading.read_buf(&mut self.buffer) => match read {
                    Ok(0) => return Err(Ending::Peer),
                    Ok(_) => {
                        self.last_heard = Instant::now();
                        return Ok(());
                    }
                    Err(_) => return Err(Ending::Lost),
                },
                () = sleep_until(deadline.into()) => return Err(self.overdue(ending)),
                () = self.connection.ended.notified() => self.connection.check_open()?,
            }
            self.turns = 0;
        }
    }

    async fn fill_plain(&mut self) -> Result<(), Ending> {
        let Some(socket) = self.connection.socket() else {
            return Err(Ending::Lost);
        };
        loop {
            self.buffer.reserve(self.read_bytes);
            match socket.try_read_buf(&mut self.buffer) {
                Ok(0) => return Err(Ending::Peer),
                Ok(read) => {
                    self.last_heard = Instant::now();
                    if read >= self.read_bytes {
                        self.read_bytes = (self.read_bytes * 4).min(READ_BYTES_MAX);
                        // There is more: the other connections of this worker have their turn first.
                        self.turns = TURNS_MAX;
                    }
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(Ending::Lost),
            }
            let (deadline, ending) = self.deadline();
            tokio::select! {
                biased;
                ready = socket.readable() => {
                    if ready.is_err() {
                        return Err(Ending::Lost);
                    }
                }
                () = sleep_until(deadline.into()) => return Err(self.overdue(ending)),
                () = self.connection.ended.notified() => self.connection.check_open()?,
            }
            self.turns = 0;
        }
    }

    fn overdue(&self, ending: Ending) -> Ending {
        if ending == Ending::Frame {
            self.keeper
                .worker
                .metrics
                .frame_refused(FrameRefused::Unfinished);
        }
        if !self.receiver.has_signed_on() {
            // It may wait for the answer to what is a whole frame to it.
            let known = self.dialect_is_known.then(|| self.receiver.dialect());
            dialect::diagnose(&self.buffer, known);
        }
        tracing::warn!(reason = ending.name(), "a connection is closed");
        ending
    }

    /// Until when something has to come, and what it is called if it does not (section 8).
    fn deadline(&self) -> (Instant, Ending) {
        let settings = &self.keeper.settings;
        let mut deadline = (self.last_heard + settings.idle_for, Ending::Idle);
        if !self.receiver.has_signed_on() {
            deadline = sooner(
                deadline,
                (
                    self.stranger_since + settings.sign_on_within,
                    Ending::NoSignOn,
                ),
            );
        }
        if let Some(since) = self.unfinished_since {
            deadline = sooner(deadline, (since + settings.frame_within, Ending::Frame));
        }
        deadline
    }

    fn leave(&mut self, ending: Ending) {
        self.receiver.sign_off();
        let guest = self.connection.guest();
        let party = guest.map_or("", |guest| guest.party.name.as_str());
        tracing::debug!(reason = ending.name(), party, "a connection ended");
        self.keeper.worker.metrics.disconnected(ending);
    }
}

fn sooner(one: (Instant, Ending), other: (Instant, Ending)) -> (Instant, Ending) {
    if other.0 < one.0 { other } else { one }
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
