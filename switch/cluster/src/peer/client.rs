//! Asks another node.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use tessera_encryption::KeysError;
use tessera_journal::JournalError;
use zeroize::Zeroizing;

use super::PeerError;
use super::frames::{
    BATCH, CHANGE, COPY, END, FRAME_BYTES_MAX, KEY, KEYS, PAGE, Question, REFUSED, batch_of,
    receive, send,
};
use crate::changes::Change;
use crate::replica::{AnyError, Replica};
use crate::{NodeReport, Place};

/// A node that does not answer for so long is tried again later.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// What was copied is synced when it is this much.
const SYNC_BYTES: usize = 8 << 20;
/// The longest batch in plaintext.
const BATCH_BYTES_MAX: usize = 64 << 20;

/// How other nodes are reached.
#[derive(Clone, Default)]
pub struct Peers {
    /// This node's side of TLS, where the cluster has certificates.
    pub tls: Option<Arc<ClientConfig>>,
    /// Where the other nodes are, as `host:port`.
    pub addresses: Vec<String>,
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Up to this record.
    pub sequence: u64,
    /// Bytes that came.
    pub bytes: u64,
}

trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

/// The lines of the key table of any other node that answers.
///
/// # Errors
/// Where none does.
pub fn key_lines(peers: &Peers, log: &str) -> Result<Vec<String>, PeerError> {
    let question = Question {
        log: log.to_owned(),
        from: None,
        until: 0,
    };
    let mut reasons = String::new();
    for peer in &peers.addresses {
        match ask_keys(peers, peer, &question) {
            Ok(lines) => return Ok(lines),
            Err(error) => reasons = format!("{reasons}; {error}"),
        }
    }
    Err(PeerError::Nobody(reasons))
}

fn ask_keys(peers: &Peers, peer: &str, question: &Question) -> Result<Vec<String>, PeerError> {
    let mut line = connect(peers, peer, KEYS, question)?;
    let (mut body, mut lines) = (Vec::new(), Vec::new());
    loop {
        match next(&mut line, peer, &mut body)? {
            KEY => lines.push(line_of(&body, peer)?.to_owned()),
            END => return Ok(lines),
            _ => return Err(unknown(peer, "a frame that does not belong here")),
        }
    }
}

/// Has the replica take what another node has and it lacks, up to this record at least, from one of the nodes that say they have
/// so many entries.
///
/// # Errors
/// Where no node can give it; or where the replica refuses, which is an error of its own.
pub(crate) fn copy(
    peers: &Peers,
    log: &str,
    entry: u64,
    until: u64,
    nodes: &[NodeReport],
    replica: &mut dyn Replica,
) -> Result<Result<Copied, PeerError>, AnyError> {
    let mut reasons = String::new();
    let has_it = nodes.iter().filter(|node| node.synced >= entry);
    let peers_with_it = has_it.filter_map(|node| node.peer.as_deref());
    for peer in peers_with_it.filter(|peer| peers.addresses.iter().any(|known| known == peer)) {
        let cut = replica.place();
        let question = Question {
            log: log.to_owned(),
            from: Some(Place::of(cut)),
            until,
        };
        match copy_from(peers, peer, &question, replica)? {
            Ok(copied) => return Ok(Ok(copied)),
            Err(error) => {
                tracing::warn!(%error, "nothing more could be copied from this node");
                reasons = format!("{reasons}; {error}");
            }
        }
    }
    Ok(Err(PeerError::Nobody(reasons)))
}

fn copy_from(
    peers: &Peers,
    peer: &str,
    question: &Question,
    replica: &mut dyn Replica,
) -> Result<Result<Copied, PeerError>, AnyError> {
    let mut line = match connect(peers, peer, COPY, question) {
        Ok(line) => line,
        Err(error) => return Ok(Err(error)),
    };
    let mut body = Zeroizing::new(Vec::new());
    let (mut bytes, mut unsynced) = (0_u64, 0);
    loop {
        let kind = match next(&mut line, peer, &mut body) {
            Ok(kind) => kind,
            Err(error) => {
                // What has come stays: the next try goes on there.
                replica.sync()?;
                return Ok(Err(error));
            }
        };
        bytes += body.len() as u64;
        unsynced += body.len();
        let taken = match kind {
            END => {
                replica.sync()?;
                let sequence = std::str::from_utf8(&body).ok();
                let sequence = sequence.and_then(|text| text.parse().ok());
                return Ok(sequence
                    .map(|sequence| Copied { sequence, bytes })
                    .ok_or(unknown(peer, "an end without a sequence")));
            }
            KEY => match line_of(&body, peer) {
                Ok(line) => {
                    let mut change = Vec::new();
                    Change::DataKey { line }.append_to(&mut change);
                    replica.change_beside(&change).map(Some)
                }
                Err(error) => return Ok(Err(error)),
            },
            CHANGE => replica.change_beside(&body).map(Some),
            PAGE => match page_of(&body) {
                Some((offset, page)) => replica.adopt_wallet_keys(offset, page).map(Some),
                None => Ok(None),
            },
            BATCH => match batch_of(&body).and_then(|(head, rest)| Some((head, restored(rest)?))) {
                Some((head, plaintext)) => replica.append(&head, &plaintext).map(Some),
                None => Ok(None),
            },
            _ => Ok(None),
        };
        match taken {
            Ok(Some(())) => {}
            Ok(None) => return Ok(Err(unknown(peer, "a frame that does not belong here"))),
            // Another node may have it right.
            Err(error) if is_of_the_sender(&error) => {
                replica.sync()?;
                return Ok(Err(PeerError::Content {
                    peer: peer.to_owned(),
                    why: error.to_string(),
                }));
            }
            Err(error) => return Err(error),
        }
        if unsynced >= SYNC_BYTES {
            replica.sync()?;
            unsynced = 0;
        }
    }
}

/// Whether this node's own files are as they were before.
fn is_of_the_sender(error: &AnyError) -> bool {
    let journal = error.downcast_ref::<JournalError>();
    let keys = error.downcast_ref::<KeysError>();
    matches!(journal, Some(JournalError::NotReplicated { .. }))
        || matches!(keys, Some(KeysError::NotAdopted { .. }))
}

fn restored(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (length, compressed) = bytes.split_first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > BATCH_BYTES_MAX {
        return None;
    }
    let mut plaintext = Zeroizing::new(vec![0; length]);
    let restored = zstd::bulk::decompress_to_buffer(compressed, &mut plaintext[..]).ok()?;
    (restored == length).then_some(plaintext)
}

fn page_of(body: &[u8]) -> Option<(u64, &[u8; 4096])> {
    let (offset, page) = body.split_first_chunk()?;
    Some((u64::from_le_bytes(*offset), page.try_into().ok()?))
}

fn line_of<'a>(body: &'a [u8], peer: &str) -> Result<&'a str, PeerError> {
    std::str::from_utf8(body).map_err(|_| unknown(peer, "a key that is no text"))
}

fn next(line: &mut dyn Line, peer: &str, body: &mut Vec<u8>) -> Result<u8, PeerError> {
    let mut line = line;
    let kind = receive(&mut line, body, FRAME_BYTES_MAX).map_err(|why| PeerError::Line {
        peer: peer.to_owned(),
        why,
    })?;
    if kind == REFUSED {
        let why = String::from_utf8_lossy(body).into_owned();
        let peer = peer.to_owned();
        return Err(PeerError::Refused { peer, why });
    }
    Ok(kind)
}

fn connect(
    peers: &Peers,
    peer: &str,
    kind: u8,
    question: &Question,
) -> Result<Box<dyn Line>, PeerError> {
    let open = || -> io::Result<Box<dyn Line>> {
        let address = peer
            .to_socket_addrs()?
            .next()
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        let socket = TcpStream::connect_timeout(&address, CONNECT_WITHIN)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        let mut line: Box<dyn Line> = match &peers.tls {
            Some(tls) => {
                let host = peer.rsplit_once(':').map_or(peer, |(host, _)| host);
                let host = host
                    .trim_start_matches('[')
                    .trim_end_matches(']')
                    .to_owned();
                let name = ServerName::try_from(host).map_err(io::Error::other)?;
                let session = ClientConnection::new(Arc::clone(tls), name);
                Box::new(StreamOwned::new(session.map_err(io::Error::other)?, socket))
            }
            None => Box::new(socket),
        };
        let question = serde_json::to_vec(question).map_err(io::Error::other)?;
        send(&mut line, kind, &[&question])?;
        line.flush()?;
        Ok(line)
    };
    open().map_err(|why| PeerError::Line {
        peer: peer.to_owned(),
        why,
    })
}

fn unknown(peer: &str, what: &'static str) -> PeerError {
    PeerError::Protocol {
        peer: peer.to_owned(),
        what,
    }
}
