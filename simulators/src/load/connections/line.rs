//! A connection beside the measured ones: reads balances by the thousand and announces orders, pipelined, and
//! asks again whatever a cut left unanswered. It is not on the hot path, so it uses the protocol crate's packer
//! and parser plainly.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tessera_common::addresses::{HostPort, Unreached};
use tessera_protocol::{Message, Mti, cut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::access::{Access, Name, announce_order};
use super::back_off::BackOff;
use super::sign_on::{SignOnError, sign_on};
use super::stream::Stream;
use crate::load::clock::Stamp;
use crate::load::session::model::Stated;
use crate::load::session::orders::{Order, Stock};
use crate::load::shared::Shared;

/// Requests in flight on the line; whatever else is asked waits in its queue.
const WINDOW: usize = 256;

/// What is asked on the line.
#[derive(Clone)]
enum Ask {
    Balance(u32, Rc<Reading>),
    Order(Rc<Stock>, Order),
}

/// What the switch states of accounts; `None` where it would not.
pub type Readings = Vec<(u32, Option<Stated>)>;

/// Balances on their way.
struct Reading {
    found: RefCell<Readings>,
    missing: Cell<usize>,
    done: Notify,
}

/// The asking side. Requests are queued; a task of its own sends them.
pub struct Line {
    shared: Rc<Shared>,
    access: Access,
    terminal: [u8; 8],
    queue: RefCell<VecDeque<Ask>>,
    /// By number, modulo the window.
    pending: RefCell<Vec<Option<(u64, Ask)>>>,
    /// The next request's.
    number: Cell<u64>,
    wake: Notify,
    /// When something came last, or was asked while nothing was unanswered.
    quiet_since: Cell<Instant>,
    fault: RefCell<Option<String>>,
    /// Whether it ever was signed on, and the bell for when that did not even succeed the first time.
    stood: Cell<bool>,
    refused: Notify,
}

impl Line {
    /// Starts the line's task, which lives as long as the local set does.
    pub fn start(shared: Rc<Shared>, access: Access, number: u32) -> Rc<Self> {
        let line = Rc::new(Self {
            terminal: shared.terminal(number),
            shared,
            access,
            queue: RefCell::default(),
            pending: RefCell::new(vec![None; WINDOW]),
            number: Cell::new(0),
            wake: Notify::new(),
            quiet_since: Cell::new(Instant::now()),
            fault: RefCell::default(),
            stood: Cell::new(false),
            refused: Notify::new(),
        });
        tokio::task::spawn_local(Rc::clone(&line).run());
        line
    }

    /// Announces an order, and adds it to the stock.
    pub fn announce(&self, stock: &Rc<Stock>, order: Order) {
        self.queue
            .borrow_mut()
            .push_back(Ask::Order(Rc::clone(stock), order));
        self.wake.notify_one();
    }

    /// Reads the balances of these accounts: ledger and available, `None` if the switch refused. `Err` where not all
    /// came within `patience`, or the line could not be opened in the first place, with the last trouble on it.
    pub async fn balances(&self, accounts: &[u32], patience: Duration) -> Result<Readings, String> {
        let reading = Rc::new(Reading {
            found: RefCell::new(Vec::with_capacity(accounts.len())),
            missing: Cell::new(accounts.len()),
            done: Notify::new(),
        });
        if !accounts.is_empty() {
            let asks = accounts
                .iter()
                .map(|&account| Ask::Balance(account, Rc::clone(&reading)));
            self.queue.borrow_mut().extend(asks);
            self.wake.notify_one();
            let done = tokio::select! {
                () = reading.done.notified() => true,
                () = self.refused.notified() => false,
                () = tokio::time::sleep(patience) => false,
            };
            if !done {
                let fault = self.fault.borrow().clone();
                let fault = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
                let missing = reading.missing.get();
                return Err(format!("{missing} balances could not be read{fault}"));
            }
        }
        Ok(reading.found.take())
    }

    async fn run(self: Rc<Self>) {
        let mut back_off = BackOff::new(u32::MAX, 1);
        loop {
            match self.serve().await {
                Ok(()) => back_off.reset(),
                Err(error) => {
                    *self.fault.borrow_mut() = Some(error.to_string());
                    if !self.stood.get() {
                        self.refused.notify_one();
                    }
                }
            }
            back_off.wait().await;
        }
    }

    /// Connects to the first address that serves, asks again what is pending, and serves until the connection is gone.
    async fn serve(&self) -> Result<(), Unreached<SignOnError>> {
        let mut round = self.access.target().round();
        while let Some(address) = round.next_address() {
            match self.open(address).await {
                Ok((stream, rest)) => {
                    round.worked();
                    self.carry(address, stream, rest).await;
                    return Ok(());
                }
                Err(error) => round.failed(error),
            }
        }
        Err(round.into_failures())
    }

    async fn open(&self, address: &HostPort) -> Result<(Box<dyn Stream>, BytesMut), SignOnError> {
        let mut stream = self.access.open(address).await?;
        let (party, key) = (self.access.party(), self.access.key());
        let rest = sign_on(&mut stream, party, key, self.stamp()).await?;
        Ok((stream, rest))
    }

    async fn carry(&self, address: &HostPort, stream: Box<dyn Stream>, rest: BytesMut) {
        self.fault.take();
        self.stood.set(true);
        self.quiet_since.set(Instant::now());
        let (reader, writer) = tokio::io::split(stream);
        let answered = Notify::new();
        // Two halves that never wait for each other: a switch that stops reading still gets its answers read.
        tokio::select! {
            () = self.listen(reader, rest, &answered) => {}
            () = self.ask(writer, &answered) => {}
            () = self.silence() => self.access.target().hung(address),
        }
    }

    /// Resolves when nothing has come for long although something is unanswered.
    async fn silence(&self) {
        let silence = self.shared.options.silence;
        while self.is_idle() || self.quiet_since.get().elapsed() < silence {
            tokio::time::sleep(silence / 8).await;
        }
    }

    fn is_idle(&self) -> bool {
        self.pending.borrow().iter().all(Option::is_none)
    }

    async fn ask(&self, mut writer: WriteHalf<Box<dyn Stream>>, answered: &Notify) {
        let mut out = BytesMut::new();
        let mut idle = self.is_idle();
        for (number, ask) in self.pending.borrow().iter().flatten() {
            self.pack(&mut out, *number, ask);
        }
        loop {
            while self.send_next(&mut out) {}
            if !out.is_empty() {
                if std::mem::replace(&mut idle, false) {
                    self.quiet_since.set(Instant::now());
                }
                if writer.write_all(&out).await.is_err() || writer.flush().await.is_err() {
                    return;
                }
                out.clear();
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = answered.notified() => {}
            }
            idle = self.is_idle();
        }
    }

    /// Moves one request from the queue into flight, if there is one and its place is free.
    fn send_next(&self, out: &mut BytesMut) -> bool {
        let number = self.number.get();
        let mut pending = self.pending.borrow_mut();
        let place = &mut pending[number as usize % WINDOW];
        if place.is_some() {
            return false;
        }
        let Some(ask) = self.queue.borrow_mut().pop_front() else {
            return false;
        };
        self.number.set(number + 1);
        self.pack(out, number, &ask);
        *place = Some((number, ask));
        true
    }

    fn pack(&self, out: &mut BytesMut, number: u64, ask: &Ask) {
        let name = Name {
            terminal: self.terminal,
            number,
            stamp: self.stamp(),
        };
        let first = self.shared.options.first_card;
        match ask {
            Ask::Balance(account, _) => self.access.ask_balance(out, &name, first + account),
            Ask::Order(stock, order) => {
                announce_order(out, &name, first + order.account, stock, *order);
            }
        }
    }

    async fn listen(
        &self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        rest: BytesMut,
        answered: &Notify,
    ) {
        let mut incoming = rest;
        loop {
            while let Some(answer) = match cut(&mut incoming) {
                Ok(answer) => answer,
                Err(_) => return,
            } {
                self.take(&answer);
                answered.notify_one();
            }
            incoming.reserve(32 * 1024);
            match reader.read_buf(&mut incoming).await {
                Ok(0) | Err(_) => return,
                Ok(_) => self.quiet_since.set(Instant::now()),
            }
        }
    }

    fn take(&self, answer: &Bytes) {
        let mut statistics = self.shared.live.statistics.borrow_mut();
        let sealed = self.access.key().is_none_or(|key| key.verify(answer));
        let Some(message) = Message::parse(answer).ok().filter(|_| sealed) else {
            statistics
                .violations
                .add(|| "an unreadable answer to a balance or order".to_owned());
            return;
        };
        if message.mti() == Mti::NETWORK.answer() {
            return;
        }
        let trace = message.number(11).unwrap_or_default() as u32;
        let place = self.find(trace);
        let code = message.text(39).unwrap_or_default();
        match place {
            Some((_, Ask::Balance(account, reading))) => {
                if code != b"00" {
                    let code = String::from_utf8_lossy(code);
                    *self.fault.borrow_mut() = Some(format!("a balance was answered {code}"));
                }
                reading
                    .found
                    .borrow_mut()
                    .push((account, self.access.read_balance(&message)));
                reading.missing.set(reading.missing.get() - 1);
                if reading.missing.get() == 0 {
                    reading.done.notify_one();
                }
            }
            // An order that was announced before a cut is known already.
            Some((_, Ask::Order(stock, order))) if code == b"00" || code == b"94" => {
                statistics.announced += 1;
                stock.arrived(order);
            }
            Some((_, Ask::Order(stock, _))) => {
                let code = String::from_utf8_lossy(code);
                statistics
                    .violations
                    .add(|| format!("an order was answered {code}"));
                stock.refused();
            }
            None => {}
        }
    }

    /// Takes what is pending under a trace number.
    fn find(&self, trace: u32) -> Option<(u64, Ask)> {
        // The newest number that has this trace number; nothing in flight is a round older than it.
        let (newest, wanted) = (
            self.number.get().checked_sub(1)?,
            u64::from(trace).checked_sub(1)?,
        );
        let back = (newest % 999_999 + 999_999 - wanted) % 999_999;
        let number = newest.checked_sub(back)?;
        self.pending.borrow_mut()[number as usize % WINDOW].take_if(|(at, _)| *at == number)
    }

    /// The last trouble, where there is one now.
    pub fn fault(&self) -> Option<String> {
        self.fault.borrow().clone()
    }

    fn stamp(&self) -> Stamp {
        Stamp::at(self.shared.clock.second(self.shared.clock.now()))
    }
}
