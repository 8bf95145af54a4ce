//! A node that lacks everything copies from one that has it, over a real socket.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tempfile::TempDir;
use tessera_encryption::DataKeys;
use tessera_journal::{BatchHead, Cut, Follower, Journal, Location, Options, open};

use super::client::Copied;
use super::frames::{BATCH, FRAME_BYTES_MAX, batch_head, batch_of, receive, send};
use super::*;
use crate::changes::{Change, read};
use crate::standing::Standing;
use crate::{AnyError, NodeId, NodeReport, Place, Replica};

const LOG: &str = "000102030405060708090a0b0c0d0e0f";

/// A node's files.
struct Files {
    keys: DataKeys,
    journal: Follower,
    pages: Arc<Mutex<Vec<u64>>>,
}

impl Files {
    fn open(data: &Path, keys: DataKeys) -> Self {
        let location = location(data, &keys);
        let (journal, _) = Follower::open(&location, None, &mut |_| Ok(())).unwrap();
        Self {
            keys,
            journal,
            pages: Arc::default(),
        }
    }
}

impl Replica for Files {
    fn place(&self) -> Cut {
        self.journal.place()
    }

    fn append(&mut self, batch: &BatchHead, plaintext: &[u8]) -> Result<(), AnyError> {
        Ok(self.journal.append(batch, plaintext, &mut |_| Ok(()))?)
    }

    fn change_beside(&mut self, changes: &[u8]) -> Result<(), AnyError> {
        for change in read(changes) {
            if let Change::DataKey { line } = change? {
                self.keys.adopt(line)?;
            }
        }
        Ok(())
    }

    fn adopt_wallet_keys(&mut self, offset: u64, _: &[u8; 4096]) -> Result<(), AnyError> {
        self.pages.lock().unwrap().push(offset);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), AnyError> {
        Ok(self.journal.sync()?)
    }
}

fn location(data: &Path, keys: &DataKeys) -> Location {
    Location::in_data(data, keys).with_segment_bytes(8 << 10)
}

/// A node with a journal of several segments and data keys, that serves.
struct Server {
    folder: TempDir,
    address: String,
    standing: Arc<Standing>,
    last: u64,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let mut last = None;
        for _ in 0..3 {
            let journal = journal(folder.path(), &keys);
            for number in 0..200_u32 {
                last = Some(journal.append(0, &number.to_le_bytes().repeat(20)).sequence);
                if number % 7 == 0 {
                    journal.sync().unwrap();
                }
            }
            journal.close().unwrap();
            keys.rotate().unwrap();
        }
        // Two pages with something in them, and one without.
        let wallet_keys = [[1; 4096], [2; 4096], [0; 4096], [4; 4096]].concat();
        std::fs::write(folder.path().join("wallet.keys"), wallet_keys).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (standing, last) = (Arc::new(Standing::default()), last.unwrap().to_stored());
        PeerServer::new(listener, None)
            .serve(Served {
                data: folder.path().to_owned(),
                journal: location(folder.path(), &keys),
                keys,
                standing: Arc::clone(&standing),
                log: LOG.to_owned(),
                nodes: Vec::new(),
            })
            .unwrap();
        let server = Self {
            folder,
            address,
            standing,
            last,
        };
        server.synced(server.last);
        server
    }

    fn synced(&self, sequence: u64) {
        let place = Place {
            position: 1,
            sequence: sequence + 1,
            chain: 0,
        };
        self.standing.set_synced(77, place);
    }

    fn peers(&self) -> Peers {
        Peers {
            tls: None,
            addresses: vec![self.address.clone()],
        }
    }

    fn report(&self) -> NodeReport {
        NodeReport {
            node: NodeId::parse("n1").unwrap(),
            synced: 77,
            build: String::new(),
            peer: Some(self.address.clone()),
            needs: None,
            state: Default::default(),
        }
    }

    fn copy(&self, log: &str, until: u64, files: &mut Files) -> Result<Copied, PeerError> {
        copy(&self.peers(), log, 77, until, &[self.report()], files).unwrap()
    }
}

fn journal(data: &Path, keys: &DataKeys) -> Arc<dyn Journal> {
    let faults = Box::new(|error: &tessera_journal::JournalError| panic!("{error}"));
    let opened = open(
        &location(data, keys),
        Options::default(),
        None,
        &mut |_| Ok(()),
        faults,
    );
    opened.unwrap().journal
}

fn new_node(server: &Server) -> (TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let lines = key_lines(&server.peers(), LOG).unwrap();
    DataKeys::make_from(folder.path(), &lines).unwrap();
    let keys = DataKeys::for_tests(folder.path());
    let files = Files::open(folder.path(), keys);
    (folder, files)
}

/// Segments, up to where the shorter one ends: the last one of a node that wrote itself was ended.
fn segments(data: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(data.join("journal")).unwrap();
    let mut files: Vec<_> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "journal"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_new_node_gets_keys_and_every_byte_of_the_journal() {
    let server = Server::start();
    let (folder, mut files) = new_node(&server);
    let copied = server.copy(LOG, server.last, &mut files).unwrap();
    assert_eq!(copied.sequence, server.last);
    assert_eq!(files.journal.synced(), files.journal.place());
    assert_eq!(*files.pages.lock().unwrap(), [4096, 2 * 4096, 3 * 4096]);
    let (theirs, ours) = (segments(server.folder.path()), segments(folder.path()));
    assert!(ours.len() > 5);
    let (last, whole) = ours.split_last().unwrap();
    assert!(whole == &theirs[..whole.len()]);
    let same = &theirs[whole.len()].1;
    let (end, ..) = files.journal.place().to_stored();
    let start: u64 = last.0.trim_end_matches(".journal").parse().unwrap();
    let length = (end - start) as usize + 128;
    assert!(last.1[..length] == same[..length]);
}

#[test]
fn a_node_that_has_a_part_gets_the_rest() {
    let server = Server::start();
    server.synced(250);
    let (_folder, mut files) = new_node(&server);
    let first = server.copy(LOG, 200, &mut files).unwrap();
    assert!((200..=250).contains(&first.sequence), "{first:?}");
    server.synced(server.last);
    let rest = server.copy(LOG, server.last, &mut files).unwrap();
    assert_eq!(rest.sequence, server.last);
    assert!(rest.bytes > first.bytes);
}

#[test]
fn a_node_is_refused_what_it_must_not_have() {
    let server = Server::start();
    let (_folder, mut files) = new_node(&server);
    let refused = |copied: Result<Copied, PeerError>, why: &str| {
        let error = copied.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    let other = "ff".repeat(16);
    refused(server.copy(&other, 1, &mut files), "of another log");
    assert!(key_lines(&server.peers(), &other).is_err());
    let later = server.copy(LOG, server.last + 1, &mut files);
    refused(later, "this node has synced up to record");
    // One with another journal.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        server.folder.path().join("keys.table"),
        folder.path().join("keys.table"),
    )
    .unwrap();
    let keys = DataKeys::for_tests(folder.path());
    let foreign = journal(folder.path(), &keys);
    foreign.append(0, b"another record");
    foreign.close().unwrap();
    let mut files = Files::open(folder.path(), keys);
    let place = files.place();
    assert!(server.copy(LOG, server.last, &mut files).is_err());
    assert_eq!(files.place(), place);
}

#[test]
fn nothing_that_an_unknown_client_says_ends_the_server() {
    use std::io::Write as _;
    let server = Server::start();
    for said in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 4],
        &[255; 64],
        &[2, 0, 0, 0, 9, 9],
    ] {
        let mut unknown = TcpStream::connect(&server.address).unwrap();
        unknown.write_all(said).unwrap();
        // The server may have closed the connection before.
        let _ = unknown.shutdown(std::net::Shutdown::Write);
        let mut body = Vec::new();
        let _ = receive(&mut unknown, &mut body, 4096);
    }
    assert!(key_lines(&server.peers(), LOG).is_ok());
}

#[test]
fn silent_connections_keep_no_node_from_copying() {
    let server = Server::start();
    let silent: Vec<_> = (0..10)
        .map(|_| TcpStream::connect(&server.address).unwrap())
        .collect();
    let (_folder, mut files) = new_node(&server);
    let copied = server.copy(LOG, server.last, &mut files).unwrap();
    assert_eq!(copied.sequence, server.last);
    drop(silent);
}

/// Passes on what a server sends, but the tenth batch with another checksum. The address.
fn damaging(server: &Server) -> String {
    let (listener, theirs) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        server.address.clone(),
    );
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut body) = (client.unwrap(), Vec::new());
            let mut server = TcpStream::connect(&theirs).unwrap();
            let kind = receive(&mut client, &mut body, 4096).unwrap();
            send(&mut server, kind, &[&body]).unwrap();
            let mut batches = 0;
            while let Ok(kind) = receive(&mut server, &mut body, FRAME_BYTES_MAX) {
                batches += u32::from(kind == BATCH);
                if kind == BATCH && batches == 10 {
                    body[52] ^= 1;
                }
                if send(&mut client, kind, &[&body]).is_err() {
                    break;
                }
            }
        }
    });
    address
}

#[test]
fn what_a_damaged_node_sends_is_copied_from_another_one() {
    let server = Server::start();
    let damaged = NodeReport {
        peer: Some(damaging(&server)),
        ..server.report()
    };
    let (folder, mut files) = new_node(&server);
    let mut peers = server.peers();
    peers.addresses.extend(damaged.peer.clone());
    let nodes = [damaged, server.report()];
    let mut copy =
        |nodes: &[NodeReport]| copy(&peers, LOG, 77, server.last, nodes, &mut files).unwrap();
    let error = copy(&nodes[..1]).unwrap_err().to_string();
    assert!(error.contains("its bytes are not those"), "{error}");
    assert_eq!(copy(&nodes).unwrap().sequence, server.last);
    let (theirs, ours) = (segments(server.folder.path()), segments(folder.path()));
    assert!(ours.len() > 5 && ours[..ours.len() - 1] == theirs[..ours.len() - 1]);
}

proptest! {
    #[test]
    fn frames_of_batches_survive_noise(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Some((head, rest)) = batch_of(&bytes) {
            let again = [&batch_head(&head)[..], rest].concat();
            let (same, rest_again) = batch_of(&again).unwrap();
            prop_assert_eq!((same, rest_again), (head, rest));
        }
    }
}
