//! The wallet server's leased line, as far as a shop's tests need it: a payer agrees to an order.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::rig::Rig;
use crate::rig::wire::{Hand, Party, Seen, fresh, network, next_message, time_of};

/// The wallet server, which needs no MAC on its leased line.
const WALLET_SERVER: Party = Party {
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
    pub fn signed_on(rig: &Rig) -> Self {
        let open = |name: &str| BufReader::new(File::open(rig.path(name)).expect("a file"));
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_reader_iter(open("certs/ca.pem")) {
            roots
                .add(authority.expect("a certificate"))
                .expect("an authority");
        }
        let chain = CertificateDer::pem_reader_iter(open("certs/wallet-server.pem"));
        let chain = chain.collect::<Result<_, _>>().expect("certificates");
        let key = PrivateKeyDer::from_pem_reader(open("certs/wallet-server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .expect("a pair");
        let socket = TcpStream::connect(rig.addresses.wallet_server).expect("a connection");
        socket
            .set_read_timeout(Some(Duration::from_secs(15)))
            .expect("a socket");
        let name = "localhost".try_into().expect("a name");
        let session = ClientConnection::new(Arc::new(config), name).expect("a session");
        let mut line = Self {
            stream: StreamOwned::new(session, socket),
            buffer: Vec::new(),
        };
        assert_eq!(line.ask(&network(&WALLET_SERVER, "001")).code(), "00");
        line
    }

    /// The payer of a wallet agrees.
    pub fn announce(&mut self, wallet: u64, mall: &Party, order: &str, amount: u64) {
        let (wallet, amount) = (wallet.to_string(), amount.to_string());
        let data = [
            (1, wallet.as_str()),
            (2, &amount),
            (3, "840"),
            (4, mall.acceptor),
            (5, order),
            (6, "tea"),
        ];
        let answer = self.ask(&operation("130", &data));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
    }

    /// Ledger and available.
    pub fn balance(&mut self, wallet: u64) -> (u64, u64) {
        let answer = self.ask(&operation("140", &[(1, &wallet.to_string())]));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        let number = |tag| answer.tag(61, tag).parse().expect("an amount");
        (number(10), number(11))
    }

    fn ask(&mut self, message: &Hand) -> Seen {
        self.stream.write_all(&message.frame()).expect("a line");
        loop {
            if let Some(message) = next_message(&mut self.buffer) {
                return Seen::read(&message);
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).expect("an answer") {
                0 => panic!("no answer, and the line was closed"),
                read => self.buffer.extend_from_slice(&bytes[..read]),
            }
        }
    }
}

/// 0600 with this operation and its data.
fn operation(code: &str, data: &[(u8, &str)]) -> Hand {
    let number = fresh();
    Hand::new("0600", &WALLET_SERVER)
        .with(7, &time_of(0))
        .with(11, &format!("{number:06}"))
        .with(24, &format!("0{code}"))
        .with(32, &format!("11 {}0", WALLET_SERVER.code))
        .text(37, &format!("{number:012}"))
        .tags(60, data)
}
