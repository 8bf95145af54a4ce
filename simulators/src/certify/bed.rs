//! What all cases of a run stand on: the party, the target, the clock, and a connection apart on which balances are asked for.

use std::sync::Mutex;
use std::time::Duration;

use super::connection::{Came, Connection, Target};
use super::fill::{Clock, Filler};
use super::keys::{Key, Keys};
use super::message::{Seal, sign_on};
use super::packing::FilledMessage;
use super::party::Party;
use super::payer::Payer;
use super::seen::Seen;
use super::wallet_line::WalletLine;

/// What all cases of a run share.
pub struct Bed<'a> {
    /// Who is certified.
    pub party: &'a Party,
    /// Its keys.
    pub keys: Keys,
    /// Where.
    pub target: &'a Target,
    /// Field 41.
    pub terminal: &'a str,
    /// Time and trace numbers.
    pub clock: &'a Clock,
    /// Where payers agree to orders.
    pub wallet_line: Option<&'a WalletLine>,
    /// Payers agree to a mall's orders by themselves.
    pub payers_agree: bool,
    /// How long an answer may take.
    pub answer_within: Duration,
    /// Where balances are asked for.
    pub apart: Mutex<Option<Connection>>,
}

impl Bed<'_> {
    /// Asks on a connection of its own, which is signed on and kept.
    pub fn ask_apart(&self, filled: &FilledMessage) -> Result<Seen, String> {
        let mut apart = self
            .apart
            .lock()
            .map_err(|_| "the connection apart is broken".to_owned())?;
        let mut connection = match apart.take() {
            Some(open) => open,
            None => self.signed_on(Key::Profile)?,
        };
        let seen = self.exchange(&mut connection, filled, Some(Key::Profile))?;
        *apart = Some(connection);
        Ok(seen)
    }

    /// A connection that is signed on, with this key.
    pub fn signed_on(&self, key: Key) -> Result<Connection, String> {
        let mut connection = self.connected()?;
        let filled = self.filler(&Payer::default()).fill(&sign_on());
        let seen = self.exchange(&mut connection, &filled, Some(key))?;
        match seen.text(39) {
            Some("00") => Ok(connection),
            code => {
                let code = code.unwrap_or("without a code");
                let why = seen.reason().unwrap_or("no reason");
                Err(format!("the sign-on was answered {code} ({why})"))
            }
        }
    }

    /// A connection on which nothing was said.
    pub fn connected(&self) -> Result<Connection, String> {
        let connected = self.target.connect(self.party.dialect);
        connected.map_err(|error| error.to_string())
    }

    /// What fills in a message that belongs to no case.
    pub fn filler<'a>(&'a self, payer: &'a Payer) -> Filler<'a> {
        Filler {
            party: self.party,
            keys: &self.keys,
            terminal: self.terminal,
            clock: self.clock,
            payer,
            case: "",
            agreed: &[],
            announced_early: 0,
            filled: &[],
            seen: &[],
        }
    }

    /// One message, sealed with this key or not at all, and the answer of its trace number.
    pub fn exchange(
        &self,
        connection: &mut Connection,
        filled: &FilledMessage,
        key: Option<Key>,
    ) -> Result<Seen, String> {
        let dialect = self.party.dialect;
        let key = key.and_then(|key| self.keys.find(key));
        let bytes = filled.pack(dialect.packing, key, Seal::Right, None);
        let frame = connection.frame(&bytes);
        let words = |error: std::io::Error| error.to_string();
        connection.send(&frame, false).map_err(words)?;
        loop {
            match connection.next(self.answer_within).map_err(words)? {
                Came::Message(wire) => {
                    let seen = Seen::read(dialect, &wire);
                    if seen.text(11) == filled.text(11) {
                        return Ok(seen);
                    }
                }
                Came::Nothing => return Err("no answer".to_owned()),
                Came::Closed => return Err("the connection was closed".to_owned()),
                Came::Nonsense(what) => return Err(what),
            }
        }
    }
}
