//! Bytes by hand: messages written field by field in hexadecimal, and answers taken apart, without a
//! line of the product's own packing and parsing. Only the MAC is the product's; its arithmetic is
//! proven by the examples of NIST.

mod hand;
mod seen;
pub mod tongue;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub use hand::*;
pub use seen::*;

use super::Rig;

/// How long an answer may take before the test gives up.
const ANSWER_PATIENCE: Duration = Duration::from_secs(120);

/// A plain connection to the switch.
pub struct Wire {
    pub socket: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).expect("a connection"))
    }

    /// Over a connection that stands.
    pub fn of(socket: TcpStream) -> Self {
        socket.set_nodelay(true).expect("a socket");
        socket
            .set_read_timeout(Some(ANSWER_PATIENCE))
            .expect("a socket");
        Self {
            socket,
            buffer: Vec::new(),
        }
    }

    /// Connected and signed on.
    pub fn signed_on(rig: &Rig, party: &Party) -> Self {
        let mut wire = Self::connect(rig.addresses.malls);
        let answer = wire.ask(&network(party, "001"));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        wire
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the switch reads");
    }

    pub fn ask(&mut self, message: &Hand) -> Seen {
        self.send(&message.frame());
        self.answer()
    }

    /// Everything sent before was taken by the switch, and none of it was answered: an echo is answered behind it.
    pub fn has_been_read(&mut self, party: &Party) {
        let echo = network(party, "301");
        let answer = self.ask(&echo);
        assert_eq!(
            (answer.mti.as_str(), answer.code().as_str()),
            ("0810", "00")
        );
    }

    /// The next answer.
    pub fn answer(&mut self) -> Seen {
        self.try_answer()
            .expect("an answer, and the connection was closed")
    }

    /// The next answer; `None` where the switch has closed the connection.
    pub fn try_answer(&mut self) -> Option<Seen> {
        let message = self.try_message(next_message)?;
        Some(Seen::read(&message))
    }

    /// The next message that `next` takes off the front of what has come; `None` where the connection was closed.
    pub fn try_message(
        &mut self,
        next: impl Fn(&mut Vec<u8>) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        loop {
            if let Some(message) = next(&mut self.buffer) {
                return Some(message);
            }
            let mut bytes = [0; 4096];
            match self.socket.read(&mut bytes) {
                Ok(0) => return None,
                Ok(read) => self.buffer.extend_from_slice(&bytes[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// Whether there is something that was not read yet.
    pub fn has_come(&self) -> bool {
        if !self.buffer.is_empty() {
            return true;
        }
        self.socket.set_nonblocking(true).expect("a socket");
        let peeked = self.socket.peek(&mut [0]);
        self.socket.set_nonblocking(false).expect("a socket");
        peeked.is_ok()
    }

    /// Nothing more comes but the end.
    pub fn assert_closed(&mut self, why: &str) {
        assert_eq!(self.try_answer(), None, "{why}");
    }

    /// Nothing comes for so long, and the connection stays.
    pub fn assert_silent(&mut self, how_long: Duration) {
        self.socket
            .set_read_timeout(Some(how_long))
            .expect("a socket");
        let read = self.socket.read(&mut [0; 64]);
        let kind = read.as_ref().map_err(std::io::Error::kind);
        assert!(
            matches!(kind, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)),
            "{read:?}"
        );
        self.socket
            .set_read_timeout(Some(ANSWER_PATIENCE))
            .expect("a socket");
    }

    /// The connection still serves.
    pub fn assert_serves(&mut self, party: &Party) {
        let echo = network(party, "301");
        let answer = self.ask(&echo);
        assert_eq!(answer.code(), "00", "an echo: {}", answer.reason());
        assert_eq!(answer.digits(11), echo.field(11));
    }
}

/// Takes a whole message off the front.
pub fn next_message(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([*buffer.first()?, *buffer.get(1)?]));
    let message = buffer.get(2..2 + length)?.to_vec();
    buffer.drain(..2 + length);
    Some(message)
}

/// A rig whose switch has other settings: lines `key = value` of its configuration.
pub fn rig_with(cards: u64, balance: u64, settings: &[(&str, &str)]) -> Rig {
    let rig = Rig::new(cards, balance);
    let mut text = std::fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    for (key, value) in settings {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")));
        let line = line
            .unwrap_or_else(|| panic!("no setting {key}"))
            .to_owned();
        text = text.replacen(&format!("{line}\n"), &format!("{key} = {value}\n"), 1);
    }
    std::fs::write(rig.path("switch.toml"), text).expect("a file");
    rig
}

/// Runs both, once configured.
pub fn started(mut rig: Rig, host: &[&str]) -> Rig {
    rig.start_host(host);
    rig.start_switch();
    rig.wait_until_ready();
    rig
}

/// Whether it took less than that; the machine may be busy, so be generous.
pub fn within(limit: Duration, work: impl FnOnce()) -> bool {
    let started = Instant::now();
    work();
    started.elapsed() < limit
}
