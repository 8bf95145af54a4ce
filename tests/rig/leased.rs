//! The wallet server's leased line, written by hand: 0600 over mutual TLS.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::Rig;
use super::wire::{Hand, Party, Seen, fresh, network, next_message, time_of};

/// The wallet server, which needs no MAC on its leased line.
pub const WALLET_SERVER: Party = Party {
    code: "90000000001",
    acceptor: "",
    key: None,
    name: "wallet server",
};

/// Its leased line.
pub struct Line {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
}

impl Line {
    /// Connected; with the wallet server's certificate, or with none.
    pub fn connect(rig: &Rig, certificate: bool) -> Self {
        let certificate = certificate.then_some("wallet-server");
        Self::connect_to(rig, rig.addresses.wallet_server, certificate)
    }

    /// Connected with TLS to an address; with the certificate of this name, or with none.
    pub fn connect_to(rig: &Rig, address: SocketAddr, certificate: Option<&str>) -> Self {
        let open = |name: &str| BufReader::new(File::open(rig.path(name)).expect("a file"));
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_reader_iter(open("certs/ca.pem")) {
            roots
                .add(authority.expect("a certificate"))
                .expect("an authority");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots);
        let config = if let Some(name) = certificate {
            let chain = CertificateDer::pem_reader_iter(open(&format!("certs/{name}.pem")));
            let chain = chain.collect::<Result<_, _>>().expect("certificates");
            let key = PrivateKeyDer::from_pem_reader(open(&format!("certs/{name}.key")));
            let key = key.expect("a key");
            builder.with_client_auth_cert(chain, key).expect("a pair")
        } else {
            builder.with_no_client_auth()
        };
        let socket = TcpStream::connect(address).expect("a connection");
        socket
            .set_read_timeout(Some(Duration::from_secs(120)))
            .expect("a socket");
        let name = "localhost".try_into().expect("a name");
        let session = ClientConnection::new(Arc::new(config), name).expect("a session");
        Self {
            stream: StreamOwned::new(session, socket),
            buffer: Vec::new(),
        }
    }

    pub fn signed_on(rig: &Rig) -> Self {
        let mut line = Self::connect(rig, true);
        let answer = line.ask(&network(&WALLET_SERVER, "001"));
        assert_eq!(
            (answer.mti.as_str(), answer.code().as_str()),
            ("0810", "00")
        );
        line
    }

    /// The certificate that the switch has shown.
    pub fn shown(&self) -> Vec<u8> {
        let shown = self.stream.conn.peer_certificates();
        shown.expect("a handshake")[0].to_vec()
    }

    pub fn send(&mut self, message: &Hand) -> std::io::Result<()> {
        self.stream.write_all(&message.frame())
    }

    pub fn try_ask(&mut self, message: &Hand) -> std::io::Result<Seen> {
        self.send(message)?;
        self.next()
    }

    /// What comes next, asked for or not.
    pub fn next(&mut self) -> std::io::Result<Seen> {
        loop {
            if let Some(message) = next_message(&mut self.buffer) {
                return Ok(Seen::read(&message));
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => self.buffer.extend_from_slice(&bytes[..read]),
            }
        }
    }

    pub fn ask(&mut self, message: &Hand) -> Seen {
        let answer = self.try_ask(message).expect("an answer");
        assert_eq!(answer.digits(11), message.field(11));
        answer
    }

    /// A wallet with a card from the host and money on it.
    pub fn wallet_with(&mut self, amount: u64) -> String {
        let wallet = self.ask(&operation("100", &[])).tag(61, 1);
        assert_eq!(self.ask(&operation("110", &[(1, &wallet)])).code(), "00");
        let load = [
            (1, wallet.as_str()),
            (2, &amount.to_string()),
            (3, "840"),
            (7, "IBAN-1"),
        ];
        assert_eq!(self.ask(&operation("120", &load)).code(), "00");
        wallet
    }

    pub fn announce(&mut self, wallet: &str, mall: &Party, order: &str, amount: u64) -> Seen {
        self.ask(&announcement(wallet, mall, order, amount))
    }

    /// Ledger and available.
    pub fn balance(&mut self, wallet: &str) -> (u64, u64) {
        let answer = self.ask(&operation("140", &[(1, wallet)]));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        let number = |tag| answer.tag(61, tag).parse().expect("an amount");
        (number(10), number(11))
    }
}

/// 0600 with this operation and its data.
pub fn operation(code: &str, data: &[(u8, &str)]) -> Hand {
    let number = fresh();
    let message = Hand::new("0600", &WALLET_SERVER)
        .with(7, &time_of(0))
        .with(11, &format!("{number:06}"))
        .with(24, &format!("0{code}"))
        .with(32, &format!("11 {}0", WALLET_SERVER.code))
        .text(37, &format!("{number:012}"));
    if data.is_empty() {
        message
    } else {
        message.tags(60, data)
    }
}

pub fn announcement(wallet: &str, mall: &Party, order: &str, amount: u64) -> Hand {
    let amount = amount.to_string();
    operation(
        "130",
        &[
            (1, wallet),
            (2, &amount),
            (3, "840"),
            (4, mall.acceptor),
            (5, order),
            (6, "2 x tea"),
        ],
    )
}

pub fn cancellation(wallet: &str, mall: &Party, order: &str) -> Hand {
    operation("131", &[(1, wallet), (4, mall.acceptor), (5, order)])
}
