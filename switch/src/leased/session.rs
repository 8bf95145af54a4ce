//! A connection of the wallet server: handshake, sign-on, operations.

use std::net::TcpStream as StdStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tessera_common::certificates::handshake_error;
use tessera_console::Limit;

use bytes::{Bytes, BytesMut};
use tessera_protocol::{Message, NetworkCode, Request, cut};
use tokio::io::{AsyncReadExt, ReadHalf, split};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::field::display;

use super::data::Reading;
use super::operation::Operation;
use super::{answer, passkey};
use crate::dispatch::Outgoing;
use crate::message::WalletMessage;

use tessera_admission::{
    Admission, Admitted, Arrival, Bound, Carrier, Connection, Connections, NotAdmitted,
    OUTBOX_BYTES_MAX, Permit, Place, Requester, write_sealed,
};
use tessera_config::{Identity, MallSettings, NamedCertificates};
use tessera_kit::clock;
use tessera_ledger::{Command, Rule, Verdict};
use tessera_metrics::{ConnectionClosed, ConnectionRefused, Kind, Label, WorkerMetrics};

static NO_HANDSHAKE: Limit = Limit::new("wallet server handshake");

const READ_BYTES: usize = 16 * 1024;

/// What all of the wallet server's connections on a worker share.
pub struct LineKeeper {
    /// Our certificate, and whose certificates are accepted.
    pub acceptor: TlsAcceptor,
    /// What operations are read with.
    pub reading: Reading,
    /// Whose certificates are wallet servers'.
    pub certificates: NamedCertificates,
    /// Connections that are signed on, on all workers.
    pub signed_on: Arc<Admission>,
    /// Unanswered operations of one connection.
    pub in_flight_max: usize,
    /// The limit of unanswered requests on all ports together.
    pub in_flight: Arc<Admission>,
    /// How long what may take.
    pub times: MallSettings,
    /// Takes commands for wallets.
    pub outgoing: Rc<Outgoing>,
    /// The worker's own figures.
    pub metrics: Rc<WorkerMetrics>,
    /// Who is in.
    pub connections: Connections,
}

type Ending = ConnectionClosed;

/// Serves a connection until it ends.
pub async fn serve(socket: StdStream, place: Place, keeper: Rc<LineKeeper>) {
    let connection = Connection::sealed();
    place.attach(&connection);
    let shaken = tokio::select! {
        shaken = handshake(socket, &keeper) => shaken,
        reason = connection.asked_to_end() => {
            if reason == Ending::Crowded {
                let crowded = ConnectionRefused::Crowded;
                keeper.metrics.connection_refused(crowded);
            }
            return;
        }
    };
    let stream = match shaken {
        Ok(stream) => stream,
        Err(error) => {
            keeper
                .metrics
                .connection_refused(ConnectionRefused::Handshake);
            let address = place.address();
            if NO_HANDSHAKE.allows(address) {
                let address = address.map(display);
                let error = handshake_error(&error);
                tracing::warn!(error, address, "the wallet server's line: no handshake");
            }
            return;
        }
    };
    let shown = stream.get_ref().1.peer_certificates();
    let shown = shown.and_then(|chain| Identity::of(chain.first()?));
    if !shown
        .as_ref()
        .is_some_and(|shown| keeper.certificates.include(shown))
    {
        keeper
            .metrics
            .connection_refused(ConnectionRefused::Certificate);
        tracing::warn!(
            certificate = shown.as_ref().map(display),
            address = place.address().map(display),
            "the wallet server's line: a certificate that [leased] does not name was refused"
        );
        return;
    }
    let (reading, writing) = split(stream);
    connection.bind(Bound {
        listed: None,
        arrival: Arrival::from(None, Carrier::Tls(None)),
        limits: [
            Admission::new(keeper.in_flight_max),
            Admission::new(usize::MAX),
            Arc::clone(&keeper.in_flight),
        ],
    });
    let number = keeper.connections.add(&connection);
    let writing = write_sealed(writing, Arc::clone(&connection), keeper.times.write_stall);
    let writer = actix::spawn(writing);
    let mut session = Session {
        keeper: Rc::clone(&keeper),
        connection: Arc::clone(&connection),
        place,
        signed_on: None,
    };
    let ending = session.read(reading).await;
    tracing::info!(
        reason = ending.name(),
        "the wallet server's line: a connection ended"
    );
    if ending == Ending::Stopping {
        connection.all_answered().await;
    }
    connection.all_written().await;
    connection.close();
    // It ends by itself: closing rings its bell.
    let _ = writer.await;
    keeper.connections.remove(number);
}

async fn handshake(
    socket: StdStream,
    keeper: &LineKeeper,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::from_std(socket)?;
    timeout(keeper.times.sign_on_within, keeper.acceptor.accept(socket)).await?
}

struct Session {
    keeper: Rc<LineKeeper>,
    connection: Arc<Connection>,
    place: Place,
    /// Its place among those that are signed on.
    signed_on: Option<Permit>,
}

impl Session {
    async fn read(&mut self, mut reading: ReadHalf<TlsStream<TcpStream>>) -> Ending {
        let mut buffer = BytesMut::new();
        loop {
            let patience = match (self.signed_on.is_some(), buffer.is_empty()) {
                (false, _) => self.keeper.times.sign_on_within,
                (true, false) => self.keeper.times.frame_within,
                (true, true) => self.keeper.times.idle_for,
            };
            buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                read = timeout(patience, reading.read_buf(&mut buffer)) => read,
                () = self.connection.ended.notified() => {
                    if let Err(ending) = self.connection.check_open() {
                        return ending;
                    }
                    continue;
                }
            };
            match read {
                Ok(Ok(0)) => return Ending::Peer,
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Ending::Lost,
                Err(_) => return Ending::Idle,
            }
            let now = Instant::now();
            loop {
                match cut(&mut buffer) {
                    Ok(Some(frame)) => {
                        if let Err(ending) = self.receive(frame, now).await {
                            return ending;
                        }
                    }
                    Ok(None) => break,
                    Err(_) => return Ending::Frame,
                }
            }
            while self.connection.waiting_bytes() > OUTBOX_BYTES_MAX {
                self.connection.drained.notified().await;
                if self.connection.is_closed() {
                    return Ending::WriteStall;
                }
            }
        }
    }

    async fn receive(&mut self, frame: Bytes, now: Instant) -> Result<(), Ending> {
        let message = match Message::parse(&frame) {
            Ok(message) if message.mti().is_answer() => return Ok(()),
            Ok(message) => message,
            Err(error) => {
                // The wallet server is ours: what it sends is well-formed, or it is not the wallet server.
                tracing::warn!(%error, "the wallet server's line: a format error");
                return Err(Ending::Frame);
            }
        };
        match Request::read(&message) {
            Err(refusal) => {
                let (code, reason) = (refusal.code(), refusal.to_string());
                self.write(|out| answer::at_once(&message, code, Some(&reason), out));
            }
            Ok(_) if message.institution() != Some(self.keeper.reading.institution) => {
                self.say(&message, Rule::OtherWalletServer);
            }
            Ok(Request::Network(network)) => match network.code {
                NetworkCode::SignOn => return self.sign_on(&message),
                NetworkCode::SignOff => {
                    self.signed_on = None;
                    self.place.sign_off();
                    self.say(&message, Verdict::APPROVED);
                }
                NetworkCode::Echo if self.signed_on.is_some() => {
                    self.say(&message, Verdict::APPROVED)
                }
                NetworkCode::KeyChange | NetworkCode::Echo => self.say(&message, Rule::NotSignedOn),
            },
            Ok(_) if self.signed_on.is_none() => {
                self.say(&message, Rule::NotSignedOn);
            }
            Ok(Request::Administrative(administrative)) => {
                let reading = &self.keeper.reading;
                let now_is = clock::now();
                match passkey::challenge(&message, &administrative, reading, now_is) {
                    Some(Ok(challenge)) => {
                        self.write(|out| answer::challenge(&message, &challenge, out));
                        return Ok(());
                    }
                    Some(Err(rule)) => {
                        self.say(&message, rule);
                        return Ok(());
                    }
                    None => {}
                }
                let operation = Operation::read(
                    &message,
                    &administrative,
                    &self.keeper.reading,
                    clock::now(),
                );
                match operation {
                    Ok(operation) => self.admit(operation, &frame, now).await?,
                    Err(rule) => self.say(&message, rule),
                }
            }
            Ok(_) => self.say(&message, Rule::NotOffered),
        }
        Ok(())
    }

    /// As many may be signed on as the configuration says, on all workers together.
    fn sign_on(&mut self, message: &Message<'_>) -> Result<(), Ending> {
        if self.signed_on.is_none() {
            self.signed_on = Permit::take(&self.keeper.signed_on);
        }
        if self.signed_on.is_none() {
            let metrics = &self.keeper.metrics;
            metrics.connection_refused(ConnectionRefused::PartyFull);
            self.say(message, Rule::LineFull);
            return Err(Ending::SignOnRefused);
        }
        self.place.sign_on(self.keeper.reading.institution);
        self.say(message, Verdict::APPROVED);
        Ok(())
    }

    async fn admit(
        &mut self,
        operation: Operation,
        frame: &Bytes,
        now: Instant,
    ) -> Result<(), Ending> {
        let wallet = operation.wallet;
        let admitted = self.take_place().await?;
        self.keeper.metrics.request(Kind::Administrative);
        let requester = Requester {
            key: None,
            admitted,
            frame: frame.clone(),
            header: Default::default(),
            arrived: now,
            kind: Kind::Administrative,
            reply: answer::reply,
        };
        let command = Command::Ask(Box::new(operation.ask));
        let message = WalletMessage::asked(command, requester);
        self.keeper.outgoing.dispatch(wallet, message);
        Ok(())
    }

    /// Stops reading until there is capacity: a full switch drops nothing.
    async fn take_place(&self) -> Result<Admitted, Ending> {
        loop {
            match Admitted::take(&self.connection) {
                Ok(admitted) => return Ok(admitted),
                Err(NotAdmitted::NotSignedOn) => return Err(Ending::Lost),
                Err(NotAdmitted::Full(full)) => {
                    tokio::select! {
                        () = full.capacity() => {}
                        () = self.connection.ended.notified() => self.connection.check_open()?,
                    }
                }
            }
        }
    }

    fn say(&self, message: &Message<'_>, verdict: impl Into<Verdict>) {
        let verdict = verdict.into();
        self.write(|out| answer::at_once(message, verdict.code, verdict.reason(), out));
    }

    fn write(&self, write: impl FnOnce(&mut BytesMut)) {
        if self.connection.write(write) {
            self.connection.flush();
        }
    }
}
