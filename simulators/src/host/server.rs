//! Listens, accepts connections, and ends on request or when the log fails.

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tessera_console::Limit;
use tessera_encryption::{DataKeys, KeySource, KeySourceError, KeysError, make_master_key};
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::ledger::{Ledger, LogError};
use super::line::{self, LineError};
use super::ops;
use super::responder::Responder;
use super::rules::Rules;
use super::session::{Session, SessionError};
use super::settings::Settings;
use super::sources::Sources;

/// A handshake that takes longer is none.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// TLS hands over records of up to 16 KiB but reads its socket in pieces of 4; one read of the socket
/// instead should take what a batch takes.
const SOCKET_BYTES: usize = 64 * 1024;
/// After a failed accept (no file descriptors left, say): it would fail again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the host does not serve, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Certificates.
    #[error(transparent)]
    Line(#[from] LineError),
    /// An address that cannot be listened on.
    #[error("{address}: {why}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// There is no master key.
    #[error("{0}")]
    MasterKey(#[from] KeySourceError),
    /// The keys of the log cannot be used.
    #[error("{0}")]
    Keys(#[from] KeysError),
    /// The log cannot be used.
    #[error("{0}")]
    Log(String),
}

/// A data key that is older than this gets a successor at the start.
const DATA_KEY_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys of the log. Those of a new folder are made, and so is the master key.
fn data_keys(data: &Path, key_file: &Path) -> Result<DataKeys, HostError> {
    if !key_file.exists() && !DataKeys::are_in(data) {
        make_master_key(key_file).map_err(KeySourceError::from)?;
    }
    let keys = DataKeys::open(data, KeySource::File(key_file.to_owned()).open()?)?;
    keys.renew(DATA_KEY_AGE_MAX)?;
    Ok(keys)
}

/// A host with its ledger and its ports, ready to serve.
pub struct Host {
    responder: Rc<RefCell<Responder>>,
    acceptor: TlsAcceptor,
    listener: TcpListener,
    ops: TcpListener,
    cut_every: Option<Duration>,
}

impl Host {
    /// Reads the log, takes the ports.
    pub async fn open(settings: &Settings) -> Result<Self, HostError> {
        let acceptor = line::acceptor(&settings.tls)?;
        let mut ledger = match &settings.data {
            Some(data) => {
                let keys = data_keys(data, &settings.key_file)?;
                Ledger::open(data, &keys, settings.remember_max)
                    .map_err(|why: LogError| HostError::Log(why.to_string()))?
            }
            None => Ledger::new(settings.remember_max),
        };
        if settings.keep_items {
            ledger.keep_items();
        }
        let rules = Rules::new(&settings.rules, &settings.faults, settings.seed);
        Ok(Self {
            responder: Rc::new(RefCell::new(Responder::new(
                ledger,
                rules,
                Sources::new(&settings.sources, settings.development_sources),
                settings.currency.0,
            ))),
            acceptor,
            listener: listen(settings.listen).await?,
            ops: listen(settings.ops).await?,
            cut_every: settings.faults.cut_every.map(|every| every.0),
        })
    }

    /// Where the switch connects, and where the tally is served. With port 0 in the settings, the ports that it got.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.listener.local_addr()?, self.ops.local_addr()?))
    }

    /// The tally, as one line of JSON.
    pub fn tally(&self) -> Tallies {
        Tallies(self.responder.clone())
    }

    /// Serves until `stop`. Must run in a [`tokio::task::LocalSet`]: all connections share the ledger on one thread.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), HostError> {
        let (broken, mut breaks) = mpsc::unbounded_channel();
        let responder = self.responder.clone();
        let ops = tokio::task::spawn_local(ops::serve(self.ops, self.responder.clone()));
        let accept = tokio::task::spawn_local(accept(
            self.listener,
            self.acceptor,
            self.responder,
            self.cut_every,
            broken,
        ));
        let ended = tokio::select! {
            () = stop => Ok(()),
            Some(why) = breaks.recv() => Err(HostError::Log(why)),
        };
        ops.abort();
        accept.abort();
        // Every batch has written its changes; this is for one that an error ended half way.
        let written = responder.borrow_mut().ledger.write();
        ended.and(written.map_err(|why| HostError::Log(why.to_string())))
    }
}

/// A view of the sums that outlives the serving.
pub struct Tallies(Rc<RefCell<Responder>>);

impl std::fmt::Display for Tallies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.borrow().ledger.tally().json().fmt(f)
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, HostError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|why| HostError::Listen { address, why })
}

static BROKE: Limit = Limit::new("connection broke");

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    responder: Rc<RefCell<Responder>>,
    cut_every: Option<Duration>,
    broken: mpsc::UnboundedSender<String>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                responder.borrow_mut().ledger.tally_mut().connections += 1;
                let (acceptor, responder, broken) =
                    (acceptor.clone(), responder.clone(), broken.clone());
                tokio::task::spawn_local(async move {
                    match converse(stream, acceptor, responder, cut_every).await {
                        Ok(()) => tracing::debug!(%peer, "connection ended"),
                        Err(SessionError::Log(why)) => {
                            // Nobody listens only where the host is ending already.
                            let _ = broken.send(why.to_string());
                        }
                        Err(error) => {
                            if BROKE.allows(Some(peer.ip())) {
                                tracing::info!(%peer, %error, "connection broke");
                            }
                        }
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    responder: Rc<RefCell<Responder>>,
    cut_every: Option<Duration>,
) -> Result<(), SessionError> {
    stream.set_nodelay(true).map_err(SessionError::Line)?;
    let stream = BufReader::with_capacity(SOCKET_BYTES, stream);
    let handshake = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream));
    let mut stream = handshake
        .await
        .map_err(|_| SessionError::Line(std::io::ErrorKind::TimedOut.into()))?
        .map_err(SessionError::Line)?;
    // A batch of answers may be larger than what rustls buffers by default; the session writes no further
    // batch before this one is gone.
    stream.get_mut().1.set_buffer_limit(None);
    Session::new(stream, responder, cut_every).serve().await
}
