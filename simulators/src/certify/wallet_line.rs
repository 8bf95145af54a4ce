//! The wallet server's leased line, for a mall's certification: here the payer agrees to orders, and balances are read.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use tessera_common::addresses::Addresses;
use tessera_protocol::{Dialect, MessagePacking};

use super::connection::{Came, Connection, Target};
use super::fill::{Clock, transmission_time};
use super::message::Seal;
use super::packing::{Body, FilledMessage};
use super::seen::Seen;
use crate::load::access::wallet_server_tls;
use crate::load::speakers::WALLET_SERVER;

/// How long the switch may take for an answer on this line.
const PATIENCE: Duration = Duration::from_secs(10);

/// Operations, field 24.
const AGREE: &str = "130";
const READ_BALANCE: &str = "140";

/// The line, opened once and shared by the cases.
pub struct WalletLine {
    target: Target,
    connection: Mutex<Option<Connection>>,
}

impl WalletLine {
    /// At the first of these addresses that accepts, with the wallet server's certificate of this folder.
    pub fn new(addresses: Addresses, certificates: &Path) -> io::Result<Self> {
        Ok(Self {
            target: Target {
                addresses,
                tls: Some((
                    wallet_server_tls(certificates)?,
                    Some("localhost".to_owned()),
                )),
            },
            connection: Mutex::new(None),
        })
    }

    /// The payer of a wallet agrees to an order.
    pub fn agree(
        &self,
        clock: &Clock,
        wallet: u64,
        acceptor: &str,
        order: &str,
        amount: u64,
    ) -> Result<(), String> {
        let (wallet, amount) = (wallet.to_string(), amount.to_string());
        let data = [
            ("01", wallet.as_str()),
            ("02", &amount),
            ("03", "840"),
            ("04", acceptor),
            ("05", order),
        ];
        self.ask(clock, AGREE, &data).map(|_| ())
    }

    /// Ledger and available balance of a wallet.
    pub fn balance(&self, clock: &Clock, wallet: u64) -> Result<(i64, i64), String> {
        let answer = self.ask(clock, READ_BALANCE, &[("01", &wallet.to_string())])?;
        let number = |wanted: &str| -> Option<i64> { tag(answer.text(61)?, wanted)?.parse().ok() };
        match (number("10"), number("11")) {
            (Some(ledger), Some(available)) => Ok((ledger, available)),
            _ => Err("no balance on the wallet server's line".to_owned()),
        }
    }

    fn ask(&self, clock: &Clock, operation: &str, data: &[(&str, &str)]) -> Result<Seen, String> {
        let Ok(mut connection) = self.connection.lock() else {
            return Err("the wallet server's line is broken".to_owned());
        };
        if connection.is_none() {
            let fresh = self.target.connect(Dialect::CANONICAL);
            let mut fresh = fresh.map_err(|error| error.to_string())?;
            let sign_on = administrative("0800", clock, &[(70, "001".to_owned())]);
            exchange(&mut fresh, &sign_on).map_err(|why| format!("sign-on: {why}"))?;
            *connection = Some(fresh);
        }
        let data: String = data
            .iter()
            .map(|(tag, value)| format!("{tag}{:03}{value}", value.len()))
            .collect();
        let number = format!("{:012}", clock.fresh());
        let fields = [(24, operation.to_owned()), (37, number), (60, data)];
        let message = administrative("0600", clock, &fields);
        let answer = match connection.as_mut() {
            Some(open) => exchange(open, &message),
            None => Err("the wallet server's line is closed".to_owned()),
        };
        if answer.is_err() {
            *connection = None;
        }
        answer.map_err(|why| format!("wallet server's line, operation {operation}: {why}"))
    }
}

/// Asks, and takes the answer of the same trace number, which has to be 00.
fn exchange(connection: &mut Connection, message: &FilledMessage) -> Result<Seen, String> {
    let bytes = message.pack(MessagePacking::Binary, None, Seal::None, None);
    let frame = connection.frame(&bytes);
    connection
        .send(&frame, false)
        .map_err(|error| error.to_string())?;
    loop {
        let came = connection
            .next(PATIENCE)
            .map_err(|error| error.to_string())?;
        let Came::Message(answer) = came else {
            return Err(format!("no answer: {came:?}"));
        };
        let seen = Seen::read(Dialect::CANONICAL, &answer);
        if seen.text(11) != message.text(11) {
            continue;
        }
        return match seen.text(39) {
            Some("00") => Ok(seen),
            code => Err(format!("answered {}", code.unwrap_or("without a code"))),
        };
    }
}

fn administrative(mti: &str, clock: &Clock, more: &[(u8, String)]) -> FilledMessage {
    let mut fields: std::collections::BTreeMap<u8, Body> = [
        (7, transmission_time(clock.now())),
        (11, format!("{:06}", clock.fresh() % 1_000_000)),
        (32, WALLET_SERVER.to_string()),
    ]
    .map(|(field, text)| (field, text.into()))
    .into();
    fields.extend(
        more.iter()
            .map(|(field, text)| (*field, text.clone().into())),
    );
    FilledMessage {
        mti: mti.to_owned(),
        fields,
    }
}

fn tag<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let (tag, length) = (rest.get(..2)?, rest.get(2..5)?.parse::<usize>().ok()?);
        let value = rest.get(5..5 + length)?;
        if tag == wanted {
            return Some(value);
        }
        rest = &rest[5 + length..];
    }
}
