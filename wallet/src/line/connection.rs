//! The task of one line: connects to the first address that serves, signs on, sends operations, receives answers, and
//! connects again when the line is lost; after a pause where no address serves.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use rustls::pki_types::ServerName;
use tessera_common::addresses::{HostPort, Unreached, reach};
use tessera_common::certificates;
use tessera_protocol::leased::WATCHED;
use tessera_protocol::{Message, Mti, cut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ask::{Ask, Name};
use super::back_off::BackOff;
use super::queue::Queue;
use super::speak::{self, Network};
use super::watch::Watches;
use super::{Answer, Notice};
use crate::metrics::Metrics;
use crate::settings::LineSettings;
use crate::tls::LineTls;

const READ_BYTES: usize = 16 * 1024;
/// Nothing new is taken while this much has not gone out.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// How often the clock is looked at, at least.
const TICK: Duration = Duration::from_millis(500);
/// A line that has stood this long has worked, whether it was asked anything or not.
const STEADY: Duration = Duration::from_secs(1);

/// Numbers of connections, so that no two ever have the same.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What a line's task knows between its connections.
pub(super) struct Connection {
    pub(super) settings: LineSettings,
    pub(super) tls: Arc<LineTls>,
    pub(super) queue: Arc<Queue>,
    pub(super) watches: Arc<Watches>,
    pub(super) metrics: Arc<Metrics>,
}

type Stream = TlsStream<TcpStream>;

impl Connection {
    /// Keeps the line open as long as the process runs.
    pub(super) async fn run(self) {
        let mut back_off = BackOff::new(self.settings.reconnect_min, self.settings.reconnect_max);
        loop {
            let error = match self.open().await {
                Ok((address, stream, rest)) => {
                    let (error, worked) = self.carry(address, stream, rest).await;
                    if worked {
                        back_off.reset();
                    }
                    format!("{address}: {}", certificates::handshake_error(&error))
                }
                Err(unreached) => unreached.to_string(),
            };
            let pause = back_off.pause();
            tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "line to the switch lost");
            tokio::time::sleep(pause).await;
        }
    }

    /// Opens a line to the first address that serves.
    async fn open(&self) -> Result<(&HostPort, Stream, BytesMut), Unreached<io::Error>> {
        let mut round = self.settings.address.round();
        while let Some(address) = round.next_address() {
            let opening = self.open_one(address);
            match tokio::time::timeout(self.settings.connect_within, opening).await {
                Ok(Ok((stream, rest))) => {
                    round.worked();
                    return Ok((address, stream, rest));
                }
                Ok(Err(error)) => round.failed(certificates::explained(error)),
                Err(_) => round.failed(io::ErrorKind::TimedOut.into()),
            }
        }
        Err(round.into_failures())
    }

    /// Connects and signs on. Bytes that came behind the answer are handed on.
    async fn open_one(&self, address: &HostPort) -> io::Result<(Stream, BytesMut)> {
        let tcp = reach(address).await?;
        let name =
            ServerName::try_from(self.settings.server_name.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(self.tls.current());
        let mut stream = connector.connect(name, tcp).await?;
        let mut out = BytesMut::new();
        speak::network(&mut out, Network::SignOn, 1, self.settings.institution);
        stream.write_all(&out).await?;
        stream.flush().await?;
        let mut incoming = BytesMut::with_capacity(READ_BYTES);
        loop {
            if let Some(frame) = cut(&mut incoming).map_err(io::Error::other)? {
                let message = Message::parse(&frame).map_err(io::Error::other)?;
                if message.mti() != Mti::NETWORK.answer() || message.text(39) != Some(b"00") {
                    return Err(io::Error::other("the sign-on was refused"));
                }
                return Ok((stream, incoming));
            }
            if stream.read_buf(&mut incoming).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Carries operations until the connection is lost; says why it was, and whether it has worked: the switch has said
    /// something after the sign-on, or it has stood for a while.
    async fn carry(&self, address: &HostPort, stream: Stream, rest: BytesMut) -> (io::Error, bool) {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (reader, writer) = tokio::io::split(stream);
        let mut talk = Talk {
            line: self,
            number,
            reader,
            writer,
            incoming: rest,
            out: BytesMut::new(),
            unflushed: false,
            pending: Pending::default(),
            last_received: Instant::now(),
            tried: None,
            last_sent: Instant::now(),
            answered: false,
        };
        let begun = Instant::now();
        self.queue.opened(number);
        self.metrics.line_up(1);
        tracing::info!(%address, "line to the switch is up");
        let error = match talk.go_on().await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        if error.kind() == io::ErrorKind::TimedOut {
            self.settings.address.hung(address);
        }
        self.metrics.line_up(-1);
        self.queue.lost(number, talk.pending.into_iter());
        (error, talk.answered || begun.elapsed() >= STEADY)
    }
}

/// One connection while it lasts.
struct Talk<'a> {
    line: &'a Connection,
    number: u64,
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    incoming: BytesMut,
    out: BytesMut,
    unflushed: bool,
    pending: Pending,
    /// When something came last, or was asked while nothing was under way.
    last_received: Instant,
    /// When an echo was sent since then.
    tried: Option<Instant>,
    last_sent: Instant,
    answered: bool,
}

enum Never {}

impl Talk<'_> {
    async fn go_on(&mut self) -> io::Result<Never> {
        let mut bell = self.line.queue.bell();
        let mut tick = tokio::time::interval(TICK.min(self.line.settings.silence / 4));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.take_frames()?;
            self.take_asks();
            let writing = !self.out.is_empty() || self.unflushed;
            self.incoming.reserve(READ_BYTES);
            // Reading never waits for writing: a switch that has stopped reading still gets its answers taken.
            tokio::select! {
                read = self.reader.read_buf(&mut self.incoming) => {
                    if read? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.last_received = Instant::now();
                    self.tried = None;
                    self.answered = true;
                }
                wrote = write(&mut self.writer, &mut self.out, &mut self.unflushed), if writing => wrote?,
                _ = bell.changed() => {}
                _ = tick.tick() => self.look_at_the_clock()?,
            }
        }
    }

    fn take_asks(&mut self) {
        let most = self.line.settings.in_flight_max;
        while self.pending.count < most && self.out.len() < UNSENT_BYTES_MAX {
            let Some(ask) = self.line.queue.pop(self.number) else {
                return;
            };
            speak::administrative(&mut self.out, &ask, self.line.settings.institution);
            ask.sent.store(true, Ordering::Relaxed);
            self.last_sent = Instant::now();
            if self.pending.count == 0 && self.tried.is_none() {
                self.last_received = self.last_sent;
            }
            self.pending.add(ask);
        }
    }

    fn take_frames(&mut self) -> io::Result<()> {
        while let Some(frame) = cut(&mut self.incoming).map_err(io::Error::other)? {
            let message = Message::parse(&frame).map_err(io::Error::other)?;
            if message.mti() == Mti::ADMINISTRATIVE.answer() {
                self.take_answer(&message);
            } else if message.mti() == Mti::ADMINISTRATIVE_ADVICE
                && message.number(24) == Some(WATCHED.into())
                && let Some(notice) = Notice::of(&message)
            {
                self.line.watches.notice(notice);
            }
        }
        Ok(())
    }

    fn take_answer(&mut self, message: &Message<'_>) {
        let reference = message.raw(37).and_then(|text| text.try_into().ok());
        let trace = message.number(11).and_then(|trace| trace.try_into().ok());
        let (Some(reference), Some(trace)) = (reference, trace) else {
            return;
        };
        if let Some(ask) = self.pending.take(Name { reference, trace }) {
            // The caller may have stopped waiting.
            let _ = ask.reply.send(Answer::of(message, self.number));
        }
    }

    fn look_at_the_clock(&mut self) -> io::Result<()> {
        self.pending.forget_overdue();
        let (idle, half) = (
            self.line.settings.echo_after,
            self.line.settings.silence / 2,
        );
        if self.tried.is_some_and(|since| since.elapsed() >= half) {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the switch is silent",
            ));
        }
        let quiet = self.last_received.elapsed();
        let doubtful = quiet >= idle || (self.pending.count > 0 && quiet >= half);
        if self.tried.is_none() && (doubtful || self.last_sent.elapsed() >= idle) {
            let institution = self.line.settings.institution;
            speak::network(&mut self.out, Network::Echo, 2, institution);
            self.last_sent = Instant::now();
            self.tried = Some(self.last_sent);
        }
        Ok(())
    }
}

/// May be given up at any point and begun again.
async fn write(
    writer: &mut WriteHalf<Stream>,
    out: &mut BytesMut,
    unflushed: &mut bool,
) -> io::Result<()> {
    while out.has_remaining() {
        *unflushed = true;
        if writer.write_buf(out).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    writer.flush().await?;
    *unflushed = false;
    Ok(())
}

/// What is on the line without an answer. A form that was sent twice at once is there twice under one name.
#[derive(Default)]
struct Pending {
    by_name: HashMap<Name, VecDeque<Ask>>,
    count: usize,
}

impl Pending {
    fn add(&mut self, ask: Ask) {
        self.by_name.entry(ask.name).or_default().push_back(ask);
        self.count += 1;
    }

    fn take(&mut self, name: Name) -> Option<Ask> {
        let asks = self.by_name.get_mut(&name)?;
        // If the caller has stopped waiting, a repeat of the operation gets the answer.
        let waiting = asks.iter().position(|ask| !ask.reply.is_closed());
        let ask = asks.remove(waiting.unwrap_or(0));
        if asks.is_empty() {
            self.by_name.remove(&name);
        }
        self.count -= usize::from(ask.is_some());
        ask
    }

    fn forget_overdue(&mut self) {
        let now = Instant::now();
        self.by_name.retain(|_, asks| {
            asks.retain(|ask| now < ask.deadline);
            !asks.is_empty()
        });
        self.count = self.by_name.values().map(VecDeque::len).sum();
    }

    fn into_iter(self) -> impl Iterator<Item = Ask> {
        self.by_name.into_values().flatten()
    }
}
