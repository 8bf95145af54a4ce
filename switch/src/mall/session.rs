//! The reading task of a connection: reads what is there, handles every whole frame, and ends each turn with one flush.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tessera_console::Limit;
use tracing::field::display;

use bytes::{Bytes, BytesMut};
use tessera_protocol::{Dialect, FrameError};
use tokio::io::{AsyncReadExt, ReadHalf};
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::context::SessionContext;
use super::dialect::{self, Choice};
use super::receive::{Received, Receiver};
use super::turns::Baton;
use tessera_admission::{Admission, Arrival, Connection, OUTBOX_BYTES_MAX, Place};
use tessera_metrics::{ConnectionClosed, FrameRefused, Label};

static CLOSED: Limit = Limit::new("connection closed");

/// What is asked of the socket at once: a little for a connection of one request at a time, much for
/// one that sends hundreds.
const READ_BYTES_MIN: usize = 2 * 1024;
const READ_BYTES_MAX: usize = 64 * 1024;

/// What a connection may send before it has signed on: a sign-on as long as a frame may be, and keep-alives.
const UNSIGNED_BYTES_MAX: usize = 8 * 1024;

/// After so many turns in which there was always something to read, the others have theirs.
const TURNS_MAX: u32 = 4;

/// Why a session ends.
pub(super) type Ending = ConnectionClosed;

/// The reading half of a connection with TLS.
pub(super) type Reading = ReadHalf<TlsStream<TcpStream>>;

/// One connection's reading side.
pub(super) struct Session {
    keeper: Rc<SessionContext>,
    connection: Arc<Connection>,
    /// `None` where the connection's own socket is read.
    reading: Option<Reading>,
    receiver: Receiver,
    /// What the first bytes have shown, or what everybody speaks.
    dialect_is_known: bool,
    buffer: BytesMut,
    read_bytes: usize,
    /// Since when nobody is signed on, where nobody is.
    unsigned_since: Instant,
    last_received: Instant,
    /// How many turns there were without a wait.
    turns: u32,
    /// Since when an unfinished frame has been there.
    unfinished_since: Option<Instant>,
    /// What was taken out of the buffer before the first sign-on.
    unsigned_bytes: usize,
    /// Its turn, where it had to wait for one.
    baton: Option<Baton>,
}

impl Session {
    pub(super) fn new(
        keeper: Rc<SessionContext>,
        connection: Arc<Connection>,
        reading: Option<Reading>,
        arrival: Arrival,
        place: Place,
    ) -> Self {
        let now = Instant::now();
        Self {
            receiver: Receiver::new(Rc::clone(&keeper), Arc::clone(&connection), arrival, place),
            dialect_is_known: false,
            keeper,
            connection,
            reading,
            buffer: BytesMut::new(),
            read_bytes: READ_BYTES_MIN,
            unsigned_since: now,
            last_received: now,
            turns: 0,
            unfinished_since: None,
            unsigned_bytes: 0,
            baton: None,
        }
    }

    /// Whether it comes with TLS.
    pub(super) fn is_sealed(&self) -> bool {
        self.reading.is_some()
    }

    /// Reads until the connection ends, or has to.
    pub(super) async fn read(&mut self) -> Ending {
        loop {
            let handled = self.handle_frames().await;
            self.baton = None;
            if let Err(ending) = handled {
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
            if !self.buffer.is_empty() {
                self.take_turn().await?;
            }
            let before = self.buffer.len();
            let frame = self.cut()?;
            self.spend(before - self.buffer.len())?;
            let Some(frame) = frame else {
                break;
            };
            // A frame is never dropped for lack of capacity: it waits here, and so do all frames after it.
            let mut received = self.receiver.receive(frame, now);
            while let Received::Full(frame, limit) = received {
                self.end_turn();
                self.baton = None;
                self.wait_for(limit).await?;
                received = self.receiver.receive(frame, now);
            }
            if let Received::Close(ending) = received {
                return Err(ending);
            }
            if !self.receiver.is_bound() && !self.receiver.has_tried_to_sign_on() {
                return Err(Ending::FirstMessage);
            }
            if let Some(pause) = self.receiver.pause() {
                self.end_turn();
                self.baton = None;
                self.rest(pause).await?;
                // The time of the pause is not the peer's.
                now = Instant::now();
                self.unfinished_since = None;
            }
        }
        if was_on && !self.receiver.has_signed_on() {
            self.unsigned_since = now;
        }
        // What is left behind a whole frame has only begun to come.
        let same = self.buffer.len() == bytes;
        self.unfinished_since = match self.buffer.is_empty() {
            true => None,
            false => self.unfinished_since.filter(|_| same).or(Some(now)),
        };
        self.end_turn();
        self.baton = None;
        while self.connection.waiting_bytes() > OUTBOX_BYTES_MAX {
            self.connection.drained.notified().await;
            self.connection.check_open()?;
        }
        Ok(())
    }

    /// Waits until the party has its turn, where it has had much of this round already.
    #[inline]
    async fn take_turn(&mut self) -> Result<(), Ending> {
        let (share, turns) = (self.receiver.share(), &self.keeper.turns);
        if self.baton.is_some() || share.is_free(turns) {
            return Ok(());
        }
        let share = Rc::clone(share);
        self.end_turn();
        tokio::select! {
            baton = share.wait(&self.keeper.turns) => self.baton = baton,
            () = self.connection.ended.notified() => {}
        }
        self.connection.check_open()
    }

    /// So much of the buffer was taken out.
    #[inline]
    fn spend(&mut self, bytes: usize) -> Result<(), Ending> {
        if !self.receiver.share().spend(&self.keeper.turns, bytes) {
            self.baton = None;
        }
        if !self.receiver.is_bound() {
            self.unsigned_bytes += bytes;
            if self.unsigned_bytes > UNSIGNED_BYTES_MAX {
                return Err(Ending::FirstMessage);
            }
        }
        Ok(())
    }

    /// The next whole frame.
    #[inline]
    fn cut(&mut self) -> Result<Option<Bytes>, Ending> {
        if !self.dialect_is_known {
            match dialect::choose(&self.buffer, &self.keeper.parties()) {
                Choice::Is(dialect) => self.receiver.set_dialect(dialect),
                Choice::More => return Ok(None),
                Choice::None => {
                    self.keeper
                        .neighbours
                        .metrics
                        .frame_refused(FrameRefused::Dialect);
                    let address = self.receiver.address();
                    dialect::diagnose(&self.buffer, None, address);
                    if CLOSED.allows(address) {
                        let address = address.map(display);
                        tracing::warn!(
                            address,
                            "a connection is closed: no party has this dialect"
                        );
                    }
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
        self.keeper.neighbours.metrics.frame_refused(reason);
        let address = self.receiver.address();
        dialect::diagnose(&self.buffer, Some(dialect), address);
        if CLOSED.allows(address) {
            tracing::warn!(%error, address = address.map(display), "a connection is closed");
        }
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

    async fn wait_for(&self, limit: Arc<Admission>) -> Result<(), Ending> {
        tokio::select! {
            () = limit.capacity() => {}
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
                        self.last_received = Instant::now();
                        self.connection.activity.receive(self.last_received);
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
                    self.last_received = Instant::now();
                    self.connection.activity.receive(self.last_received);
                    if read >= self.read_bytes && self.receiver.is_bound() {
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
                .neighbours
                .metrics
                .frame_refused(FrameRefused::Unfinished);
        }
        if !self.receiver.has_signed_on() {
            // It may wait for the answer to what is a whole frame to it.
            let known = self.dialect_is_known.then(|| self.receiver.dialect());
            dialect::diagnose(&self.buffer, known, self.receiver.address());
        }
        let address = self.receiver.address();
        if CLOSED.allows(address) {
            let (reason, address) = (ending.name(), address.map(display));
            tracing::warn!(reason, address, "a connection is closed");
        }
        ending
    }

    /// Until when something has to come, and what it is called if it does not (section 8).
    fn deadline(&self) -> (Instant, Ending) {
        let settings = &self.keeper.settings;
        let mut deadline = (self.last_received + settings.idle_for, Ending::Idle);
        if !self.receiver.has_signed_on() {
            deadline = sooner(
                deadline,
                (
                    self.unsigned_since + settings.sign_on_within,
                    Ending::NoSignOn,
                ),
            );
        }
        if let Some(since) = self.unfinished_since {
            deadline = sooner(deadline, (since + settings.frame_within, Ending::Frame));
        }
        deadline
    }

    /// Takes leave for the party.
    pub(super) fn leave(&mut self, ending: Ending) {
        self.receiver.sign_off();
        let listed = self.connection.listed();
        tracing::debug!(
            reason = ending.name(),
            party = listed.map(|listed| listed.party.code.number()),
            party_name = listed.map(|listed| listed.party.name.as_str()),
            "a connection ended"
        );
        self.keeper.neighbours.metrics.disconnected(ending);
    }
}

fn sooner(one: (Instant, Ending), other: (Instant, Ending)) -> (Instant, Ending) {
    if other.0 < one.0 { other } else { one }
}
