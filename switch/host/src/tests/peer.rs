//! The financial system's end of a line, frame by frame.

use std::sync::Arc;

use bytes::BytesMut;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tessera_protocol::{CardNumber, Extras, Message, Mti, Packer, ResponseCode, answer, cut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub struct FinancialSystem {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    pub client: Arc<ClientConfig>,
}

impl FinancialSystem {
    pub fn new() -> Self {
        let (server, client) = configurations();
        // A small window, so that a test can fill it.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            listener: socket.listen(16).unwrap(),
            acceptor: TlsAcceptor::from(server),
            client,
        }
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// The next connection, before its sign-on.
    pub async fn accept(&self) -> Peer {
        let (socket, _) = self.listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        Peer {
            stream: self.acceptor.accept(socket).await.unwrap(),
            read: BytesMut::new(),
        }
    }

    /// The next connection, signed on.
    pub async fn line(&self) -> Peer {
        let mut peer = self.accept().await;
        let sign_on = peer.expect(Mti::NETWORK).await;
        assert_eq!(field(&sign_on, 70), 1);
        assert_eq!(field(&sign_on, 32), 90_000_000_000);
        peer.answer(&sign_on, "00").await;
        peer
    }
}

pub struct Peer {
    stream: TlsStream<TcpStream>,
    read: BytesMut,
}

impl Peer {
    /// The next message; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = cut(&mut self.read).unwrap() {
                return Some(frame.to_vec());
            }
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub async fn expect(&mut self, mti: Mti) -> Vec<u8> {
        let frame = self.next().await.expect("the line is open");
        assert_eq!(Message::parse(&frame).unwrap().mti(), mti);
        frame
    }

    pub async fn many(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while frames.len() < count {
            frames.push(self.next().await.expect("the line is open"));
        }
        frames
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub async fn answer(&mut self, request: &[u8], code: &str) {
        self.send(&answer_to(request, code)).await;
    }

    /// No goodbye of any kind.
    pub fn cut(self) {
        drop(self);
    }
}

/// A whole frame.
pub fn answer_to(request: &[u8], code: &str) -> Vec<u8> {
    let request = Message::parse(request).unwrap();
    let code = ResponseCode::new(code.as_bytes().try_into().unwrap());
    let extras = Extras {
        approval: Some(*b"A1B2C3"),
        ..Extras::default()
    };
    let mut out = BytesMut::new();
    answer(&request, &mut out, code, &extras, None);
    out.to_vec()
}

/// A whole frame with nothing but what it is known by, and field 39 where there is one.
pub fn bare_answer_to(request: &[u8], code: Option<&[u8; 2]>) -> Vec<u8> {
    let request = Message::parse(request).unwrap();
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, request.mti().answer());
    packer
        .copy(&request, 7)
        .copy(&request, 11)
        .copy(&request, 37);
    if let Some(code) = code {
        packer.raw(39, code);
    }
    packer.finish();
    out.to_vec()
}

/// A whole frame, with a new card, or the one that is cancelled.
pub fn card_answer_to(request: &[u8]) -> Vec<u8> {
    let request = Message::parse(request).unwrap();
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, request.mti().answer());
    match request.raw(91) {
        Some(b"3") => packer.copy(&request, 2),
        _ => packer.card(&CardNumber::development(7)),
    };
    packer
        .copy(&request, 7)
        .copy(&request, 11)
        .number(14, 3112)
        .copy(&request, 37)
        .raw(39, b"00")
        .finish();
    out.to_vec()
}

pub fn field(frame: &[u8], number: u8) -> u64 {
    let message = Message::parse(frame).unwrap();
    message.number(number).unwrap()
}

pub fn mti(frame: &[u8]) -> Mti {
    Message::parse(frame).unwrap().mti()
}

fn configurations() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let (host_certificate, host_key) = identity();
    let (switch_certificate, switch_key) = identity();
    let roots = |certificate: &CertificateDer<'static>| {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        Arc::new(roots)
    };
    let verifier = WebPkiClientVerifier::builder(roots(&switch_certificate));
    let server = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![host_certificate.clone()], host_key)
        .unwrap();
    let client = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_root_certificates(roots(&host_certificate))
        .with_client_auth_cert(vec![switch_certificate], switch_key)
        .unwrap();
    (Arc::new(server), Arc::new(client))
}

fn identity() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    (made.cert.der().clone(), key)
}
