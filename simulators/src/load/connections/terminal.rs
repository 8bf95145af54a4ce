//! The life of one connection: connect to the first address that serves, sign on, ask and listen; when it is cut or
//! silent, connect to the next address and ask again what is unanswered, until everything is answered or patience has
//! ended. When no address serves, back off.
//!
//! One read takes whatever has come, all of it is judged, as many new requests are written into one buffer, one
//! write sends them: the system is called twice per batch, however large the batch is.

use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use tessera_common::addresses::{HostPort, Unreached, reach};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::back_off::BackOff;
use super::line::Line;
use super::sign_on::{Network, SignOnError, network, sign_on};
use super::stream::Stream;
use crate::load::clock::Stamp;
use crate::load::session::Session;
use crate::load::shared::Shared;

/// What one read may take: as much as the answers of a full window.
const READ_BYTES_MAX: usize = 64 * 1024;
const ANSWER_BYTES: usize = 192;

/// How often what is overdue is looked for, at least.
const TICK: Duration = Duration::from_millis(500);

/// One connection, with its memory.
pub struct Terminal {
    pub(in crate::load) shared: Rc<Shared>,
    pub(in crate::load) session: Session,
    /// Notified when a planned instant has come, an order was announced, or the run is stopped.
    pub(in crate::load) wake: Rc<Notify>,
    /// Where this connection's orders are announced.
    pub(in crate::load) line: Option<Rc<Line>>,
}

/// A connection that has signed on.
enum Opened {
    /// The binary packing over TCP.
    Plain(TcpStream),
    /// Another packing, another framing, or TLS.
    Converted(Box<dyn Stream>),
}

/// How a connection ended.
enum End {
    /// Everything asked has been answered, and nothing more is to be asked.
    Finished,
    /// Patience has ended with requests unanswered.
    GivenUp,
    /// The other side is gone.
    Cut,
    /// The plan has it cut here.
    CutOnPurpose,
    /// The plan does not need it now.
    Dismissed,
    /// Nothing comes any more, and the other side may be gone without a word.
    Silent,
}

/// How long nothing has come although something was asked.
struct Quiet {
    since: u64,
    /// When an echo was sent.
    tried: Option<u64>,
}

/// What follows from it.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Wait,
    Echo,
    GiveUp,
}

impl Terminal {
    /// Runs to the end; the number of requests that stayed unanswered.
    pub async fn run(mut self) -> u32 {
        let mut back_off = BackOff::new(self.session.connection, self.shared.options.connections);
        loop {
            self.wait_until_wanted().await;
            if self.shared.began.get() > 0 && self.over(self.shared.clock.now()) {
                return self.session.unfinished(&self.shared);
            }
            match self.serve().await {
                Ok(End::Cut | End::Silent) => {
                    self.shared.live.statistics.borrow_mut().lost_connections += 1;
                    back_off.reset();
                }
                Ok(End::CutOnPurpose | End::Dismissed) => back_off.reset(),
                Ok(End::Finished | End::GivenUp) => return self.session.unfinished(&self.shared),
                Err(error) => *self.shared.fault.borrow_mut() = Some(error),
            }
            if self.shared.began.get() > 0 && self.over(self.shared.clock.now()) {
                return self.session.unfinished(&self.shared);
            }
            self.session.lose();
            back_off.wait().await;
        }
    }

    /// Waits until the plan needs this connection, or nothing is asked any more.
    async fn wait_until_wanted(&self) {
        let shared = &self.shared;
        // Those that are there from the beginning connect before it.
        let at_first = shared.plan.stays(self.session.connection, 0);
        if shared.began.get() == 0 && at_first {
            return;
        }
        shared.begun().await;
        let now = shared.of_plan(shared.clock.now());
        // What is unanswered is asked for again, whatever the plan says.
        if self.session.slots.under_way() > 0 || shared.plan.stays(self.session.connection, now) {
            return;
        }
        let until = shared.plan.wanted_from(self.session.connection, now);
        let until = until
            .unwrap_or(shared.plan.duration())
            .min(shared.plan.duration());
        tokio::select! {
            () = tokio::time::sleep(Duration::from_nanos(until.saturating_sub(now))) => {}
            () = shared.live.stopping() => {}
        }
    }

    /// Whether the plan has no use for this connection, on which nothing is under way.
    fn is_dismissed(&self, now: u64) -> bool {
        let at = self.shared.of_plan(now);
        self.session.slots.under_way() == 0
            && self.session.is_done(&self.shared)
            && self.shared.asking(now)
            && !self.shared.plan.stays(self.session.connection, at)
    }

    /// Drives a fresh connection to the first address that serves.
    async fn serve(&mut self) -> Result<End, Unreached<SignOnError>> {
        let shared = Rc::clone(&self.shared);
        let target = &shared.options.target;
        let mut round = target.round();
        while let Some(address) = round.next_address() {
            match self.open(address).await {
                Ok((stream, rest)) => {
                    round.worked();
                    shared.live.statistics.borrow_mut().connected += 1;
                    shared.begun().await;
                    let end = match stream {
                        Opened::Plain(stream) => {
                            let (reader, writer) = stream.into_split();
                            self.drive(reader, writer, rest).await
                        }
                        Opened::Converted(stream) => {
                            let (reader, writer) = split(stream);
                            self.drive(reader, writer, rest).await
                        }
                    };
                    shared.live.statistics.borrow_mut().connected -= 1;
                    if matches!(end, End::Silent) {
                        target.hung(address);
                    }
                    return Ok(end);
                }
                Err(error) => round.failed(error),
            }
        }
        Err(round.into_failures())
    }

    /// Connects and signs on.
    async fn open(&self, address: &HostPort) -> Result<(Opened, BytesMut), SignOnError> {
        let (party, key) = (self.session.speaker.party, self.session.key.as_ref());
        if let Some(line) = self.shared.party_line(&self.session.speaker) {
            let mut stream = line.open(address).await?;
            let rest = sign_on(&mut stream, party, key, self.stamp()).await?;
            return Ok((Opened::Converted(stream), rest));
        }
        let mut stream = reach(address).await?;
        let rest = sign_on(&mut stream, party, key, self.stamp()).await?;
        Ok((Opened::Plain(stream), rest))
    }

    async fn drive<R, W>(&mut self, mut reader: R, mut writer: W, rest: BytesMut) -> End
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut flushed = true;
        let read_bytes =
            (self.shared.slots() as usize / 2 * ANSWER_BYTES).clamp(4_096, READ_BYTES_MAX);
        let mut incoming = vec![0; read_bytes + tessera_protocol::FRAME_BYTES_MAX + 2];
        let mut filled = rest.len();
        incoming[..filled].copy_from_slice(&rest);
        let mut out = Vec::with_capacity(read_bytes);
        let mut written = 0;
        let silence = self.shared.options.silence;
        let mut tick = interval(TICK.min(silence / 4));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = self.shared.clock.now();
        self.session.ask_again(&self.shared, now, &mut out);
        let mut quiet = Quiet::since(now);
        loop {
            let now = self.shared.clock.now();
            if self.session.slots.under_way() == 0 {
                quiet = Quiet::since(now);
            }
            self.session.ask(&self.shared, now, &mut out);
            self.order_ahead();
            if let Some(cut_at) = self.session.cut_at.take() {
                out.truncate(cut_at);
                // What the other side does not take now, it would not have read before the cut either.
                let _ = writer.write(&out[written..]).now_or_never();
                let _ = writer.flush().now_or_never();
                return End::CutOnPurpose;
            }
            if written < out.len() {
                match writer.write(&out[written..]).now_or_never() {
                    Some(Ok(sent)) => written += sent,
                    None => {}
                    Some(Err(_)) => return End::Cut,
                }
                // Over TCP there is nothing to flush.
                flushed = match writer.flush().now_or_never() {
                    Some(Ok(())) => true,
                    None => false,
                    Some(Err(_)) => return End::Cut,
                };
            }
            if written == out.len() {
                out.clear();
                written = 0;
            }
            if self.over(now) {
                if self.session.unfinished(&self.shared) > 0 {
                    return End::GivenUp;
                }
                let _ = writer.shutdown().await;
                return End::Finished;
            }
            if self.is_dismissed(now) {
                let _ = writer.shutdown().await;
                return End::Dismissed;
            }
            tokio::select! {
                biased;
                _ = tick.tick() => {
                    self.session.ask_again(&self.shared, now, &mut out);
                    match quiet.step(silence, now) {
                        Step::Wait => {}
                        Step::Echo => self.echo(&mut out),
                        Step::GiveUp => return End::Silent,
                    }
                }
                read = reader.read(&mut incoming[filled..]) => match read {
                    Ok(0) | Err(_) => return End::Cut,
                    Ok(read) => {
                        filled += read;
                        let now = self.shared.clock.now();
                        quiet = Quiet::since(now);
                        let Ok(taken) = self.session.take_answers(&self.shared, &incoming[..filled], now)
                        else {
                            return End::Cut;
                        };
                        incoming.copy_within(taken..filled, 0);
                        filled -= taken;
                    }
                },
                sent = send(&mut writer, &out[written..]), if written < out.len() || !flushed => match sent {
                    Ok(0) => flushed = true,
                    Ok(sent) => {
                        written += sent;
                        flushed = false;
                    }
                    Err(_) => return End::Cut,
                },
                () = self.wake.notified() => {}
            }
        }
    }

    fn echo(&self, out: &mut Vec<u8>) {
        let mut frame = BytesMut::new();
        let (party, key) = (self.session.speaker.party, self.session.key.as_ref());
        network(&mut frame, Network::Echo, party, key, self.stamp());
        out.extend_from_slice(&frame);
    }

    fn stamp(&self) -> Stamp {
        let now = self.shared.clock.now();
        Stamp::at(self.shared.clock.second(now))
    }

    /// Whether nothing more is to be asked, and nothing is unanswered or patience has ended.
    fn over(&self, now: u64) -> bool {
        !self.shared.asking(now)
            && (self.session.is_done(&self.shared) || now > self.shared.patience(now))
    }

    /// Has as many orders announced as will soon be asked for.
    fn order_ahead(&mut self) {
        let (Some(stock), Some(line)) = (&self.session.stock, &self.line) else {
            return;
        };
        if !self.session.asking(&self.shared, self.shared.clock.now()) {
            return;
        }
        let target = match self.shared.plan.rate_max() {
            None => {
                let at = self.shared.of_plan(self.shared.clock.now());
                self.shared.plan.window(self.session.connection, at) * 2
            }
            // A quarter of a second of the plan.
            Some(rate) => (rate / f64::from(self.shared.options.connections) / 4.0) as u32 + 4,
        };
        let stock = Rc::clone(stock);
        for _ in 0..stock.missing(target) {
            let (account, amount) = self.session.draw_purchase(&self.shared);
            let order = stock.order(account, amount);
            line.announce(&stock, order);
        }
    }
}

/// Sends what there is, or else sees to it that what was sent is on its way: then 0.
async fn send<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> std::io::Result<usize> {
    match bytes {
        [] => writer.flush().await.map(|()| 0),
        bytes => writer.write(bytes).await,
    }
}

impl Quiet {
    fn since(now: u64) -> Self {
        Self {
            since: now,
            tried: None,
        }
    }

    /// An echo after half of `silence`, the end after another half: a generator that was held up itself finds what has
    /// come meanwhile before it gives up.
    fn step(&mut self, silence: Duration, now: u64) -> Step {
        let half = silence.as_nanos() as u64 / 2;
        if now.saturating_sub(self.tried.unwrap_or(self.since)) < half {
            return Step::Wait;
        }
        match self.tried.replace(now) {
            None => Step::Echo,
            Some(_) => Step::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_sent_before_a_connection_is_given_up() {
        let silence = Duration::from_nanos(100);
        let mut quiet = Quiet::since(1_000);
        let steps = [1_049, 1_051, 1_100, 1_101].map(|now| quiet.step(silence, now));
        assert_eq!(steps, [Step::Wait, Step::Echo, Step::Wait, Step::GiveUp]);
        // However long nobody looked.
        assert_eq!(Quiet::since(1_000).step(silence, 9_000), Step::Echo);
    }
}
