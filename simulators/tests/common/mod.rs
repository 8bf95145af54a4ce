//! A host on ports of its own, and the switch's side of the line to it.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tessera_protocol::{
    CardNumber, Institution, Message, Mti, OriginalData, Packer, ReplacementAmounts, Stan, cut,
};
use tessera_simulators::host::{Host, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than anything that is waited for here.
pub const PATIENCE: Duration = Duration::from_secs(120);
pub const TRANSMISSION: u32 = 1_122_094_500;
pub const INSTITUTION: u64 = 20_000_000_001;

/// Runs `test` beside a host with development certificates in `folder` and these settings.
pub fn with_host<F: Future<Output = ()>>(
    folder: &Path,
    sets: &[&str],
    test: impl FnOnce(SocketAddr, SocketAddr) -> F,
) -> String {
    tessera_simulators::certs::write(folder, false).unwrap();
    let config = folder.join("host.toml");
    std::fs::write(
        &config,
        "listen = \"127.0.0.1:0\"\nops = \"127.0.0.1:0\"\n[tls]\nauthority = \"ca.pem\"\n\
         certificate = \"host.pem\"\nkey = \"host.key\"\n\
         [[sources]]\nnumber = \"IBAN\"\nkind = \"account\"",
    )
    .unwrap();
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let settings = Settings::read(&config, &sets).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let host = Host::open(&settings).await.unwrap();
        let (address, ops) = host.addresses().unwrap();
        let tally = host.tally();
        host.serve(test(address, ops)).await.unwrap();
        tally.to_string()
    })
}

/// The switch's end of a line.
pub struct Line {
    stream: TlsStream<TcpStream>,
    read: BytesMut,
}

impl Line {
    /// Connects with the certificate of `who`, or with none.
    pub async fn connect(
        address: SocketAddr,
        folder: &Path,
        who: Option<&str>,
    ) -> std::io::Result<Self> {
        let mut authorities = rustls::RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap();
        authorities.add(authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(authorities);
        let config = match who {
            Some(who) => {
                let certificate = folder.join(format!("{who}.pem"));
                let key = folder.join(format!("{who}.key"));
                builder
                    .with_client_auth_cert(
                        vec![CertificateDer::from_pem_file(certificate).unwrap()],
                        PrivateKeyDer::from_pem_file(key).unwrap(),
                    )
                    .unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self {
            stream: connector.connect(name, stream).await?,
            read: BytesMut::new(),
        })
    }

    /// Connects as the switch and signs on.
    pub async fn signed_on(address: SocketAddr, folder: &Path) -> Self {
        let mut line = Self::connect(address, folder, Some("switch"))
            .await
            .unwrap();
        let answer = line.ask(&network(1)).await.unwrap();
        assert_eq!(code(&answer), "00");
        line
    }

    pub async fn send(&mut self, frames: &[u8]) {
        self.stream.write_all(frames).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next answer; `None` where the connection ends.
    pub async fn answer(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = cut(&mut self.read).unwrap() {
                return Some(message);
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
            if read.expect("an answer in time").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Whether nothing comes for a while.
    pub async fn is_silent(&mut self) -> bool {
        let wait = Duration::from_millis(100);
        self.read.is_empty()
            && tokio::time::timeout(wait, self.stream.read_buf(&mut self.read))
                .await
                .is_err()
    }

    pub async fn ask(&mut self, frame: &[u8]) -> Option<Bytes> {
        self.send(frame).await;
        self.answer().await
    }

    /// The answer's code.
    pub async fn code(&mut self, frame: &[u8]) -> String {
        code(&self.ask(frame).await.expect("an answer"))
    }
}

pub fn code(answer: &[u8]) -> String {
    let message = Message::parse(answer).unwrap();
    String::from_utf8(message.text(39).unwrap().to_vec()).unwrap()
}

pub fn network(network_code: u64) -> BytesMut {
    let mut frame = BytesMut::new();
    Packer::new(&mut frame, Mti::NETWORK)
        .number(7, TRANSMISSION.into())
        .number(11, 1)
        .number(32, 90_000_000_000)
        .number(70, network_code)
        .finish();
    frame
}

/// A purchase of card 1; its number is its trace and its reference.
pub fn purchase(number: u32, amount: u64) -> BytesMut {
    let mut frame = BytesMut::new();
    financial(
        &mut Packer::new(&mut frame, Mti::PURCHASE),
        number,
        number,
        amount,
    )
    .finish();
    frame
}

/// The advice that undoes it, down to `down_to`.
pub fn reversal(
    mti: Mti,
    trace: u32,
    original: u32,
    amount: u64,
    down_to: Option<u64>,
) -> BytesMut {
    let mut frame = BytesMut::new();
    let mut packer = Packer::new(&mut frame, mti);
    let data = OriginalData {
        mti: Mti::PURCHASE,
        trace: Stan::new(original),
        transmission: TRANSMISSION,
        institution: Institution::new(INSTITUTION),
        forwarding: None,
    };
    financial(&mut packer, trace, original, amount).raw(90, &data.pack());
    if let Some(minor) = down_to {
        let transaction = tessera_protocol::Amount::new(minor).unwrap();
        packer.raw(95, &ReplacementAmounts { transaction }.pack());
    }
    packer.finish();
    frame
}

fn financial<'a, 'b>(
    packer: &'a mut Packer<'b>,
    trace: u32,
    reference: u32,
    amount: u64,
) -> &'a mut Packer<'b> {
    packer
        .card(&CardNumber::development(1))
        .number(3, 0)
        .number(4, amount)
        .number(7, TRANSMISSION.into())
        .number(11, trace.into())
        .number(12, 94_500)
        .number(13, 1_122)
        .number(14, 3_112)
        .number(32, INSTITUTION)
        .text(37, format!("{reference:012}").as_bytes())
        .text(41, b"TERM0001")
        .text(42, b"MALL-0001")
        .text(49, b"840")
}
