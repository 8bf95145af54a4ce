//! What all cases of a run stand on: the party, the target, the clock, and a connection apart on which balances are asked for.

use std::sync::Mutex;
use std::time::Duration;

use super::connection::{Came, Connection, Target};
use super::fill::{Clock, Filler};
use super::message::{Seal, sign_on};
use super::packing::Told;
use super::party::Party;
use super::run::Payer;
use super::seen::Seen;
use super::wallet_line::WalletLine;

/// What all cases of a run share.
pub struct Bed<'a> {
    /// Who is certified.
    pub party: &'a Party,
    /// Where.
    pub target: &'a Target,
    /// Field 41.
    pub terminal: &'a str,
    /// Time and trace numbers.
    pub clock: &'a Clock,
    /// Where payers agree to orders.
    pub wallet_line: Option<&'a WalletLine>,
    /// How long an answer may take.
    pub answer_within: Duration,
    /// Where balances are asked for.
    pub apart: Mutex<Option<Connection>>,
}

impl Bed<'_> {
    /// Asks on a connection of its own, which is signed on and kept.
    pub fn ask_apart(&self, told: &Told) -> Result<Seen, String> {
        let mut apart = self
            .apart
            .lock()
            .map_err(|_| "the connection apart is broken".to_owned())?;
        let mut connection = match apart.take() {
            Some(open) => open,
            None => self.signed_on()?,
        };
        let seen = self.exchange(&mut connection, told)?;
        *apart = Some(connection);
        Ok(seen)
    }

    /// A connection that is signed on.
    pub fn signed_on(&self) -> Result<Connection, String> {
        let connected = self.target.connect(self.party.dialect);
        let mut connection =
            connected.map_err(|error| format!("{}: {error}", self.target.address))?;
        let filler = Filler {
            party: self.party,
            terminal: self.terminal,
            clock: self.clock,
            payer: &Payer::default(),
            case: "",
            foretold: 0,
            told: &[],
            seen: &[],
        };
        let seen = self.exchange(&mut connection, &filler.fill(&sign_on()))?;
        match seen.text(39) {
            Some("00") => Ok(connection),
            code => {
                let code = code.unwrap_or("without a code");
                let why = seen.reason().unwrap_or("no reason");
                Err(format!("the sign-on was answered {code} ({why})"))
            }
        }
    }

    /// One message, and the answer of its trace number.
    pub fn exchange(&self, connection: &mut Connection, told: &Told) -> Result<Seen, String> {
        let (dialect, key) = (self.party.dialect, self.party.key.as_ref());
        let bytes = told.pack(dialect.packing, key, Seal::Right, None);
        let frame = connection.frame(&bytes);
        let words = |error: std::io::Error| error.to_string();
        connection.send(&frame, false).map_err(words)?;
        loop {
            match connection.next(self.answer_within).map_err(words)? {
                Came::Message(wire) => {
                    let seen = Seen::read(dialect, &wire, key);
                    if seen.text(11) == told.text(11) {
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
