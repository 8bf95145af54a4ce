//! The switch's side of the line: frames in, frames out, notices, and cuts in the middle of something.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use bytes::BytesMut;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tessera_protocol::leased::{Operation, tag};
use tessera_protocol::{Message, Mti, Packer, cut, tlv};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_rustls::TlsAcceptor;

use super::Files;
use super::wallets::{Reply, Wallets};

/// What was asked: the operation, its MTI, what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    pub operation: Operation,
    pub repeat: bool,
    pub name: (u64, String),
}

/// How the first node of the switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Up,
    /// Its lines are cut, and it refuses others.
    Gone,
    /// A machine without a network: nothing comes, and nothing is closed.
    Hung,
}

/// The address of a node that does not listen: a connection is refused.
pub struct Standby {
    pub address: SocketAddr,
    socket: TcpSocket,
}

impl Standby {
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            address: socket.local_addr().unwrap(),
            socket,
        }
    }
}

pub struct Switch {
    pub address: SocketAddr,
    pub wallets: Mutex<Wallets>,
    pub received: Mutex<Vec<SeenRequest>>,
    /// Applied once, and answered alike.
    done: Mutex<HashMap<(u64, String, u16), Reply>>,
    /// The next operation of this kind is applied, and its line is cut before the answer goes out.
    pub cut_at: Mutex<Option<Operation>>,
    /// An operation of this kind is applied, and never answered: the first after so many others.
    pub silent_at: Mutex<Option<(Operation, usize)>>,
    /// No line is accepted while this is set.
    pub closed: AtomicBool,
    /// Of the node at `address`.
    pub life: watch::Sender<Life>,
    tls: Arc<ServerConfig>,
    cut: broadcast::Sender<()>,
    lines: Mutex<usize>,
    changed: Condvar,
    notices: Mutex<Vec<(u64, mpsc::UnboundedSender<BytesMut>)>>,
}

impl Switch {
    pub fn start(files: &Files, listen: SocketAddr) -> Arc<Self> {
        let listener = std::net::TcpListener::bind(listen).unwrap();
        listener.set_nonblocking(true).unwrap();
        let switch = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            wallets: Mutex::default(),
            received: Mutex::default(),
            done: Mutex::default(),
            cut_at: Mutex::default(),
            silent_at: Mutex::default(),
            closed: AtomicBool::new(false),
            life: watch::Sender::new(Life::Up),
            tls: server_tls(files),
            cut: broadcast::channel(4).0,
            lines: Mutex::default(),
            changed: Condvar::new(),
            notices: Mutex::default(),
        });
        let running = Arc::clone(&switch);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let life = running.life.subscribe();
                running.accept(listener, life).await;
            });
        });
        switch
    }

    /// Another node serves the same wallets, as after a take-over.
    pub fn take_over(self: &Arc<Self>, standby: Standby) {
        let running = Arc::clone(self);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = standby.socket.listen(64).unwrap();
                let life = watch::Sender::new(Life::Up);
                running.accept(listener, life.subscribe()).await;
            });
        });
    }

    /// Waits until so many lines are signed on.
    pub fn wait_for_lines(&self, count: usize) {
        let lines = self.lines.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(lines, super::PATIENCE, |lines| *lines < count)
            .unwrap();
        assert!(*waited.0 >= count, "no line");
    }

    /// Cuts all lines.
    pub fn cut_all(&self) {
        let _ = self.cut.send(());
    }

    /// How often an operation was received, repeats included.
    pub fn count(&self, operation: Operation) -> usize {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .filter(|one| one.operation == operation)
            .count()
    }

    /// Changes a wallet, and notifies its watchers.
    pub fn change(&self, change: impl FnOnce(&mut Wallets) -> u64) {
        let mut wallets = self.wallets.lock().unwrap();
        let wallet = change(&mut wallets);
        self.notify(&wallets, wallet);
    }

    fn notify(&self, wallets: &Wallets, wallet: u64) {
        let Some(state) = wallets.state(wallet) else {
            return;
        };
        let mut data = tlv::TlvWriter::new();
        data.add(tag::WALLET, wallet.to_string().as_bytes());
        data.add(tag::LEDGER, state.0.to_string().as_bytes());
        data.add(tag::AVAILABLE, state.1.to_string().as_bytes());
        data.add(tag::POSITION, state.2.to_string().as_bytes());
        let mut frame = BytesMut::new();
        Packer::new(&mut frame, Mti::ADMINISTRATIVE_ADVICE)
            .number(7, 1_122_094_459)
            .number(11, 1)
            .number(24, 190)
            .number(32, 90_000_000_001)
            .text(60, data.as_bytes())
            .finish();
        for (_, sender) in self
            .notices
            .lock()
            .unwrap()
            .iter()
            .filter(|one| one.0 == wallet)
        {
            let _ = sender.send(frame.clone());
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, mut life: watch::Receiver<Life>) {
        let mut lines = tokio::task::JoinSet::new();
        loop {
            let of_line = life.clone();
            tokio::select! {
                accepted = listener.accept() => if !self.closed.load(Ordering::Relaxed) {
                    let switch = Arc::clone(&self);
                    lines.spawn(switch.line(accepted.unwrap().0, of_line));
                },
                how = changed(&mut life) => break end(how).await,
            }
        }
        drop(listener);
        lines.join_all().await;
    }

    async fn line(self: Arc<Self>, stream: TcpStream, mut life: watch::Receiver<Life>) {
        let mut cut_now = self.cut.subscribe();
        let tls = TlsAcceptor::from(Arc::clone(&self.tls));
        let Ok(mut stream) = tls.accept(stream).await else {
            return;
        };
        let (sender, mut notices) = mpsc::unbounded_channel();
        let mut incoming = BytesMut::new();
        let mut signed_on = false;
        loop {
            while let Ok(Some(frame)) = cut(&mut incoming) {
                let message = Message::parse(&frame).unwrap();
                let mut out = BytesMut::new();
                if message.mti() == Mti::NETWORK {
                    if !signed_on {
                        signed_on = true;
                        self.lines(1);
                    }
                    network(&mut out, &message);
                } else if !self.administrative(&mut out, &message, &sender) {
                    self.lines(-1);
                    return;
                }
                stream.write_all(&out).await.unwrap();
                stream.flush().await.unwrap();
            }
            tokio::select! {
                read = stream.read_buf(&mut incoming) => if read.unwrap_or(0) == 0 { break },
                Some(frame) = notices.recv() => {
                    stream.write_all(&frame).await.unwrap();
                    stream.flush().await.unwrap();
                }
                _ = cut_now.recv() => break,
                how = changed(&mut life) => break end(how).await,
            }
        }
        if signed_on {
            self.lines(-1);
        }
    }

    fn lines(&self, change: isize) {
        let mut lines = self.lines.lock().unwrap();
        *lines = lines.saturating_add_signed(change);
        self.changed.notify_all();
    }

    /// `false`: cut the line now.
    fn administrative(
        &self,
        out: &mut BytesMut,
        message: &Message<'_>,
        notices: &mpsc::UnboundedSender<BytesMut>,
    ) -> bool {
        assert_eq!(message.number(32), Some(90_000_000_001));
        let number = message.number(24).unwrap() as u16;
        let operation = Operation::of(number).unwrap();
        let reference = String::from_utf8(message.raw(37).unwrap().to_vec()).unwrap();
        assert_eq!(reference.len(), 12);
        let name = (message.number(11).unwrap(), reference);
        let key = (name.0, name.1.clone(), number);
        let known = self.done.lock().unwrap().get(&key).cloned();
        let reply = known.unwrap_or_else(|| {
            let data = message.raw(60).unwrap_or_default();
            let secrets = message.raw(62).unwrap_or_default();
            let mut wallets = self.wallets.lock().unwrap();
            let reply = wallets.answer(operation, data, secrets);
            if reply.code == "00" {
                if operation == Operation::Watch {
                    let wallet = reply.wallet.unwrap();
                    self.notices.lock().unwrap().push((wallet, notices.clone()));
                }
                if operation == Operation::Unwatch {
                    let wallet = reply.wallet.unwrap();
                    let mut all = self.notices.lock().unwrap();
                    all.retain(|one| one.0 != wallet || !one.1.same_channel(notices));
                }
                self.done.lock().unwrap().insert(key, reply.clone());
                if let Some(wallet) = reply.wallet.filter(|_| reply.changes) {
                    self.notify(&wallets, wallet);
                }
            }
            reply
        });
        // Once it has been done: who waits for it may go on from there.
        self.received.lock().unwrap().push(SeenRequest {
            operation,
            repeat: message.mti().is_repeat(),
            name,
        });
        let mut cut_at = self.cut_at.lock().unwrap();
        if *cut_at == Some(operation) {
            *cut_at = None;
            return false;
        }
        let mut silent_at = self.silent_at.lock().unwrap();
        match &mut *silent_at {
            Some((silent, 0)) if *silent == operation => {
                *silent_at = None;
                return true;
            }
            Some((silent, others)) if *silent == operation => *others -= 1,
            _ => {}
        }
        administrative(out, message, &reply);
        true
    }
}

/// How the node is once it is not up any more.
async fn changed(life: &mut watch::Receiver<Life>) -> Life {
    let now = life.wait_for(|life| *life != Life::Up).await;
    now.map_or(Life::Gone, |life| *life)
}

/// Never comes back where the node hangs.
async fn end(how: Life) {
    if how == Life::Hung {
        std::future::pending().await
    }
}

fn network(out: &mut BytesMut, message: &Message<'_>) {
    Packer::new(out, Mti::NETWORK.answer())
        .number(7, message.number(7).unwrap())
        .number(11, message.number(11).unwrap())
        .number(32, message.number(32).unwrap())
        .text(39, b"00")
        .number(70, message.number(70).unwrap())
        .finish();
}

fn administrative(out: &mut BytesMut, message: &Message<'_>, reply: &Reply) {
    let mut reason = tlv::TlvWriter::new();
    let why = match reply.reason.as_str() {
        "" => "as the test wants it",
        why => why,
    };
    reason.add(tlv::REASON, why.as_bytes());
    let mut packer = Packer::new(out, Mti::ADMINISTRATIVE.answer());
    packer
        .number(7, message.number(7).unwrap())
        .number(11, message.number(11).unwrap())
        .number(24, message.number(24).unwrap())
        .number(32, message.number(32).unwrap())
        .text(37, message.raw(37).unwrap())
        .text(39, reply.code.as_bytes());
    if reply.code != "00" {
        packer.text(48, reason.as_bytes());
    }
    // A list that is too long goes on in field 63.
    let split = reply.data.len().min(999);
    let (first, more) = reply.data.split_at(split);
    if !first.is_empty() {
        packer.text(61, first);
    }
    if !reply.secrets.is_empty() {
        packer.text(62, &reply.secrets);
    }
    if !more.is_empty() {
        packer.text(63, more);
    }
    packer.finish();
}

fn server_tls(files: &Files) -> Arc<ServerConfig> {
    let chain = |path| -> Vec<CertificateDer<'static>> {
        let read = CertificateDer::pem_file_iter(path).unwrap();
        read.map(Result::unwrap).collect()
    };
    let mut roots = RootCertStore::empty();
    for certificate in chain(&files.authority) {
        roots.add(certificate).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            chain(&files.server.0),
            PrivateKeyDer::from_pem_file(&files.server.1).unwrap(),
        )
        .unwrap();
    Arc::new(config)
}
