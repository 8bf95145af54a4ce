//! The two ways of reading balances and, over one of them, announcing orders: an acquirer's, in the
//! clear, and the wallet server's leased line, mutual TLS.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::BytesMut;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tessera_common::addresses::{Addresses, HostPort, reach};
use tessera_common::pem;
use tessera_protocol::{Balances, MacKey, Message, Mti, Packer, tlv};
use tokio_rustls::TlsConnector;

use super::party_line::PartyLine;
use super::stream::Stream;
use crate::load::clock::Stamp;
use crate::load::session::model::Stated;
use crate::load::session::orders::{Order, Stock};
use crate::load::session::shapes::Shape;
use crate::load::session::templates::{Fill, order_number, pack};
use crate::load::shared::base36;
use crate::load::speakers::{Speaker, WALLET_SERVER};

/// Operations of the leased line, field 24.
const ANNOUNCE_ORDER: u64 = 130;
const READ_BALANCE: u64 = 140;

/// Tags of fields 60 and 61.
mod tag {
    pub const WALLET: u8 = 1;
    pub const AMOUNT: u8 = 2;
    pub const CURRENCY: u8 = 3;
    pub const ACCEPTOR: u8 = 4;
    pub const ORDER: u8 = 5;
    pub const DESCRIPTION: u8 = 6;
    pub const LEDGER: u8 = 10;
    pub const AVAILABLE: u8 = 11;
}

/// Which of them, and what is needed to sign on.
pub enum Access {
    /// Balances by card number, 0100/31.
    Acquirer {
        /// Who asks.
        speaker: Speaker,
        /// With which key.
        key: Option<Box<MacKey>>,
        /// Where.
        target: Addresses,
        /// How, where it is not the binary packing over TCP.
        line: Option<Box<PartyLine>>,
    },
    /// Balances by wallet, and orders: 0600.
    WalletServer {
        /// With which certificates.
        tls: Arc<ClientConfig>,
        /// Where.
        target: Addresses,
    },
}

impl Access {
    /// Institution code to sign on with.
    pub fn party(&self) -> u64 {
        match self {
            Self::Acquirer { speaker, .. } => speaker.party,
            Self::WalletServer { .. } => WALLET_SERVER,
        }
    }

    /// Where it is.
    pub fn target(&self) -> &Addresses {
        match self {
            Self::Acquirer { target, .. } | Self::WalletServer { target, .. } => target,
        }
    }

    /// MAC key, where there is one.
    pub fn key(&self) -> Option<&MacKey> {
        match self {
            Self::Acquirer { key, .. } => key.as_deref(),
            Self::WalletServer { .. } => None,
        }
    }

    /// Connects to one of the addresses; the sign-on is still to come.
    pub async fn open(&self, address: &HostPort) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Acquirer {
                line: Some(line), ..
            } => line.open(address).await,
            Self::Acquirer { line: None, .. } => Ok(Box::new(reach(address).await?)),
            Self::WalletServer { tls, .. } => {
                let stream = reach(address).await?;
                let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
                Ok(Box::new(
                    TlsConnector::from(Arc::clone(tls))
                        .connect(name, stream)
                        .await?,
                ))
            }
        }
    }

    /// Asks for the balance of a card or of its wallet, which has the same serial number.
    pub fn ask_balance(&self, out: &mut BytesMut, name: &Name, serial: u32) {
        match self {
            Self::Acquirer { speaker, key, .. } => {
                let fill = Fill {
                    repeat: false,
                    trace: name.trace(),
                    payer: serial,
                    amount: 0,
                    transmission: name.stamp,
                    local: name.stamp,
                    original: None,
                };
                pack(
                    out,
                    Shape::Inquiry,
                    speaker,
                    name.terminal,
                    &fill,
                    key.as_deref(),
                );
            }
            Self::WalletServer { .. } => {
                let mut data = tlv::TlvWriter::new();
                data.add(tag::WALLET, serial.to_string().as_bytes());
                administrative(out, READ_BALANCE, name, &data);
            }
        }
    }

    /// The ledger and available balance in an answer, in minor units.
    pub fn read_balance(&self, message: &Message<'_>) -> Option<Stated> {
        if message.text(39) != Some(b"00") {
            return None;
        }
        match self {
            Self::Acquirer { .. } => {
                let balances = Balances::parse(message.raw(54)?)?;
                Some(Stated {
                    ledger: balances.ledger()?.value() as i64,
                    available: balances.available()?.value() as i64,
                })
            }
            Self::WalletServer { .. } => {
                let data = message.raw(61)?;
                let number = |tag| {
                    let value = tlv::find(data, tag).ok()??;
                    std::str::from_utf8(value).ok()?.parse().ok()
                };
                Some(Stated {
                    ledger: number(tag::LEDGER)?,
                    available: number(tag::AVAILABLE)?,
                })
            }
        }
    }
}

/// What names a request on such a line: the same whenever it is sent again, but for the time.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// The line's terminal id.
    pub terminal: [u8; 8],
    /// How many requests the line has sent.
    pub number: u64,
    /// When it is sent.
    pub stamp: Stamp,
}

impl Name {
    /// Field 11.
    pub fn trace(&self) -> u32 {
        (self.number % 999_999) as u32 + 1
    }

    /// Field 37 of an administrative message, which names it for good: trace numbers come round.
    fn reference(&self) -> [u8; 12] {
        let mut reference = [0; 12];
        reference[..5].copy_from_slice(&self.terminal[..5]);
        reference[5..].copy_from_slice(&base36::<7>(self.number));
        reference
    }
}

/// Announces an order on the leased line.
pub fn announce_order(out: &mut BytesMut, name: &Name, wallet: u32, stock: &Stock, order: Order) {
    let mut data = tlv::TlvWriter::new();
    data.add(tag::WALLET, wallet.to_string().as_bytes());
    data.add(tag::AMOUNT, order.amount.to_string().as_bytes());
    data.add(tag::CURRENCY, b"840");
    data.add(tag::ACCEPTOR, stock.acceptor.as_bytes());
    data.add(tag::ORDER, &order_number(stock.terminal, order.number));
    data.add(tag::DESCRIPTION, b"2 x tea");
    administrative(out, ANNOUNCE_ORDER, name, &data);
}

fn administrative(out: &mut BytesMut, operation: u64, name: &Name, data: &tlv::TlvWriter) {
    let mut packer = Packer::new(out, Mti::ADMINISTRATIVE);
    packer
        .number(7, name.stamp.transmission().into())
        .number(11, name.trace().into())
        .number(24, operation)
        .number(32, WALLET_SERVER)
        .text(37, &name.reference())
        .text(60, data.as_bytes())
        .finish();
}

/// The wallet server's side of the leased line: TLS 1.3, its certificate, and nobody trusted but `ca.pem`.
pub fn wallet_server_tls(folder: &Path) -> io::Result<Arc<ClientConfig>> {
    let named = |name: &str, error: &dyn std::fmt::Display| {
        io::Error::other(format!("{}: {error}", folder.join(name).display()))
    };
    let certificates =
        |name: &str| pem::certificates(&folder.join(name)).map_err(|error| named(name, &error));
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca.pem")? {
        roots
            .add(certificate)
            .map_err(|error| named("ca.pem", &error))?;
    }
    let key = pem::private_key(&folder.join("wallet-server.key"))
        .map_err(|error| named("wallet-server.key", &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates("wallet-server.pem")?, key)
        .map(Arc::new)
        .map_err(|error| named("wallet-server.pem", &error))
}
