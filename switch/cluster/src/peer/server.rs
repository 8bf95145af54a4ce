//! Serves other nodes, on threads of its own.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::ServerName;
use tessera_encryption::{DataKeyId, DataKeys};
use tessera_journal::{Copies, Cut, JournalError, Location, Mark, Sequence};

use super::frames::{
    self, BATCH, CHANGE, COPY, END, KEY, KEYS, PAGE, QUESTION_BYTES_MAX, Question, REFUSED,
    batch_head, receive, send,
};
use crate::changes::Change;
use crate::standing::Standing;

/// Nodes that are given a copy at the same time: each reads the disk as fast as it can.
const COPIES_MAX: usize = 3;
/// Connections at the same time. Most of them have not said yet who they are.
const CONNECTIONS_MAX: usize = 32;
/// For each piece of what a client says before its question is there.
const QUESTION_WITHIN: Duration = Duration::from_secs(2);
/// A peer that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of `wallet.keys`; the first page has the file's own counts.
const PAGE_BYTES: usize = 4096;
/// As in the entries of the log.
const LEVEL: i32 = 1;

/// What is served.
#[derive(Clone)]
pub struct Served {
    /// The folder of data.
    pub data: PathBuf,
    /// Its journal.
    pub journal: Location,
    /// Its keys.
    pub keys: DataKeys,
    /// How far the journal is synced.
    pub standing: Arc<Standing>,
    /// The id of the log, in hexadecimal digits.
    pub log: String,
    /// Hosts of the cluster's nodes: a client's certificate has to be for one of them.
    pub nodes: Vec<String>,
}

/// The port for other nodes.
pub struct PeerServer {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

impl PeerServer {
    /// On this port, with TLS where a configuration is given.
    pub fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { listener, tls }
    }

    /// Serves from now on, until the process ends.
    ///
    /// # Errors
    /// Where a thread can't be started.
    pub fn serve(self, served: Served) -> io::Result<()> {
        let connections = Arc::new(AtomicUsize::new(0));
        let copies = Arc::new(AtomicUsize::new(0));
        thread::Builder::new()
            .name("cluster-peers".to_owned())
            .spawn(move || {
                for socket in self.listener.incoming() {
                    let Ok(socket) = socket else {
                        // For want of descriptors, for instance.
                        thread::sleep(Duration::from_millis(100));
                        continue;
                    };
                    let Some(place) = Place::take(&connections, CONNECTIONS_MAX) else {
                        continue;
                    };
                    let (tls, served, copies) =
                        (self.tls.clone(), served.clone(), Arc::clone(&copies));
                    let _ = thread::Builder::new()
                        .name("cluster-peer".to_owned())
                        .spawn(move || {
                            let _place = place;
                            if let Err(error) = connection(socket, tls, &served, &copies) {
                                tracing::debug!(%error, "a node was not served to the end");
                            }
                        });
                }
            })?;
        Ok(())
    }
}

/// One of the places for connections, or for copies.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(places: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let taken = places.fetch_add(1, Ordering::AcqRel);
        let place = Self(Arc::clone(places));
        (taken < max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn connection(
    socket: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    served: &Served,
    copies: &Arc<AtomicUsize>,
) -> io::Result<()> {
    socket.set_read_timeout(Some(QUESTION_WITHIN))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.set_nodelay(true)?;
    match tls {
        Some(tls) => {
            let session = ServerConnection::new(tls).map_err(io::Error::other)?;
            let mut line = StreamOwned::new(session, socket);
            line.conn.complete_io(&mut line.sock)?;
            is_a_node(&line.conn, &served.nodes)?;
            answer(line, served, copies)
        }
        None => answer(socket, served, copies),
    }
}

/// The authority has signed other certificates too: those of etcd, for instance.
fn is_a_node(session: &ServerConnection, nodes: &[String]) -> io::Result<()> {
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.map(ParsedCertificate::try_from);
    let Some(Ok(certificate)) = certificate else {
        return Err(io::Error::other("a client without a certificate"));
    };
    let is_named = |node: &String| {
        ServerName::try_from(node.as_str())
            .is_ok_and(|name| verify_server_name(&certificate, &name).is_ok())
    };
    match nodes.iter().any(is_named) {
        true => Ok(()),
        false => Err(io::Error::other(
            "a certificate of no node of cluster.nodes",
        )),
    }
}

fn answer(
    mut line: impl Read + Write,
    served: &Served,
    copies: &Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut body = Vec::new();
    let kind = receive(&mut line, &mut body, QUESTION_BYTES_MAX)?;
    let mut out = BufWriter::with_capacity(1 << 16, line);
    let question: Option<Question> = serde_json::from_slice(&body).ok();
    let answered = match (kind, question) {
        (_, Some(question)) if question.log != served.log => {
            Err("this node is of another log".to_owned())
        }
        (KEYS, Some(_)) => send_keys(&mut out, served),
        (COPY, Some(question)) => match Place::take(copies, COPIES_MAX) {
            Some(_place) => send_copy(&mut out, served, &question),
            None => Err(format!("this node gives {COPIES_MAX} copies already")),
        },
        _ => Err("a question that this build does not understand".to_owned()),
    };
    if let Err(why) = answered {
        // Damaged files may be found here first.
        tracing::warn!(why, "another node could not be given what it asked for");
        send(&mut out, REFUSED, &[why.as_bytes()])?;
    }
    out.flush()
}

fn send_keys(out: &mut impl Write, served: &Served) -> Result<(), String> {
    keys(out, served)?;
    send(out, END, &[]).map_err(text)
}

fn keys(out: &mut impl Write, served: &Served) -> Result<(), String> {
    for entry in served.keys.entries().map_err(text)? {
        let line = served.keys.wrapped(DataKeyId(entry.number)).map_err(text)?;
        send(out, KEY, &[line.as_bytes()]).map_err(text)?;
    }
    Ok(())
}

fn send_copy(out: &mut impl Write, served: &Served, question: &Question) -> Result<(), String> {
    let from = question.from.ok_or("where to begin is missing")?;
    let from = Cut::from_stored((from.position, from.sequence, from.chain))
        .ok_or("where to begin has no sequence")?;
    let synced = served.standing.synced_sequence();
    if synced < question.until {
        return Err(format!(
            "this node has synced up to record {synced}, not {}",
            question.until
        ));
    }
    if from.last().map_or(0, Sequence::to_stored) > synced {
        return Err(format!(
            "this node has synced up to record {synced}, and the other one's journal goes beyond that"
        ));
    }
    keys(out, served)?;
    pages(out, served)?;
    if let Some(mark) = notified(&served.data) {
        let mut change = Vec::new();
        Change::Notified { mark }.append_to(&mut change);
        send(out, CHANGE, &[&change]).map_err(text)?;
    }
    let sent = match Sequence::from_stored(synced) {
        Some(synced) => batches(out, served, from, synced)?,
        None => 0,
    };
    send(out, END, &[sent.to_string().as_bytes()]).map_err(text)
}

/// Up to where payers were notified, as far as this node was informed.
fn notified(data: &Path) -> Option<Mark> {
    let bytes = std::fs::read(data.join("notified")).ok()?;
    Mark::from_bytes(bytes.try_into().ok()?)
}

/// All pages but the first. What is changed meanwhile comes with the log too.
fn pages(out: &mut impl Write, served: &Served) -> Result<(), String> {
    let file = match File::open(served.data.join("wallet.keys")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(text)?,
    };
    let mut page = [0; PAGE_BYTES];
    for offset in (PAGE_BYTES as u64..).step_by(PAGE_BYTES) {
        match file.read_exact_at(&mut page, offset) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(text(error)),
        }
        // Also one that is empty: the other node's may have keys that were destroyed since.
        send(out, PAGE, &[&offset.to_le_bytes(), &page]).map_err(text)?;
    }
    Ok(())
}

/// The batches from a place on, up to a record. The last sequence that was sent.
fn batches(
    out: &mut impl Write,
    served: &Served,
    from: Cut,
    until: Sequence,
) -> Result<u64, String> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(text)?;
    let mut sent = from.last().map_or(0, Sequence::to_stored);
    let copies = Copies::of(&served.journal);
    copies
        .replicate(from, until, &mut |head, plaintext| {
            let compressed = compressor.compress(plaintext)?;
            let length = (plaintext.len() as u32).to_le_bytes();
            send(out, BATCH, &[&batch_head(head), &length, &compressed])?;
            sent = head.last().map_or(sent, Sequence::to_stored);
            Ok(())
        })
        .map_err(|error| match error {
            JournalError::Beginning { .. } => {
                "the oldest segments that it needs are deleted here: copy the data folder of a stopped standby to it"
                    .to_owned()
            }
            error => error.to_string(),
        })?;
    Ok(sent)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

const _: () = assert!(frames::FRAME_BYTES_MAX > PAGE_BYTES + 16);
