//! A TCP proxy that counts bytes, and can lose an answer or be cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// How long after a request its answer is swallowed before the connection is cut: by then the server has done what it was asked.
const SWALLOWS_FOR: Duration = Duration::from_millis(200);

/// In front of one server. It ends with the test program.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    /// From the node that connected.
    to_server: AtomicU64,
    /// From the server.
    to_client: AtomicU64,
    /// Connections that stand.
    open: AtomicU64,
    /// The next request of at least so many bytes gets no answer; 0: each gets one.
    loses_answer_from: AtomicU64,
    /// Answers that were lost.
    lost: AtomicU64,
    /// Nothing passes any more.
    is_cut: AtomicBool,
}

impl Proxy {
    /// Listens at a port of its own.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(super::free_port()).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server,
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
            open: AtomicU64::new(0),
            loses_answer_from: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
        });
        let serves = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serves = Arc::clone(&serves);
                thread::spawn(move || serves.carry(client));
            }
        });
        Self { address, shared }
    }

    /// Bytes that came from those who connected.
    pub fn to_server(&self) -> u64 {
        self.shared.to_server.load(SeqCst)
    }

    /// Bytes that came from the server.
    pub fn to_client(&self) -> u64 {
        self.shared.to_client.load(SeqCst)
    }

    /// Connections that stand, and whose end was not seen yet.
    pub fn open(&self) -> u64 {
        self.shared.open.load(SeqCst)
    }

    /// The next piece of a request that has so many bytes is passed on, its answer is not, and the connection is cut.
    pub fn lose_answer_from(&self, bytes: u64) {
        self.shared.loses_answer_from.store(bytes, SeqCst);
    }

    /// From now on each byte is lost, and its connection with it; or no more.
    pub fn cut(&self, is_cut: bool) {
        self.shared.is_cut.store(is_cut, SeqCst);
    }

    /// Answers that were lost.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(SeqCst)
    }
}

impl Shared {
    fn carry(&self, client: TcpStream) {
        if self.is_cut.load(SeqCst) {
            return;
        }
        let patience = Duration::from_secs(1);
        let Ok(server) = TcpStream::connect_timeout(&self.server, patience) else {
            return;
        };
        self.open.fetch_add(1, SeqCst);
        let swallows = AtomicBool::new(false);
        thread::scope(|both| {
            both.spawn(|| self.requests(&client, &server, &swallows));
            self.answers(&server, &client, &swallows);
        });
        self.open.fetch_sub(1, SeqCst);
    }

    fn requests(&self, mut client: &TcpStream, mut server: &TcpStream, swallows: &AtomicBool) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(bytes @ 1..) = client.read(&mut buffer)
            && !self.is_cut.load(SeqCst)
        {
            self.to_server.fetch_add(bytes as u64, SeqCst);
            let from = self.loses_answer_from.load(SeqCst);
            let loses = from > 0 && bytes as u64 >= from;
            // One of several connections.
            let loses = loses
                && (self.loses_answer_from)
                    .compare_exchange(from, 0, SeqCst, SeqCst)
                    .is_ok();
            if loses {
                swallows.store(true, SeqCst);
            }
            if server.write_all(&buffer[..bytes]).is_err() {
                break;
            }
            if loses {
                // What else belongs to the request is passed on meanwhile.
                let until = Instant::now() + SWALLOWS_FOR;
                let _ = client.set_read_timeout(Some(SWALLOWS_FOR / 10));
                while Instant::now() < until {
                    if let Ok(bytes @ 1..) = client.read(&mut buffer) {
                        let _ = server.write_all(&buffer[..bytes]);
                    }
                }
                self.lost.fetch_add(1, SeqCst);
                let _ = client.shutdown(Shutdown::Both);
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    }

    fn answers(&self, mut server: &TcpStream, mut client: &TcpStream, swallows: &AtomicBool) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(bytes @ 1..) = server.read(&mut buffer)
            && !self.is_cut.load(SeqCst)
        {
            self.to_client.fetch_add(bytes as u64, SeqCst);
            if !swallows.load(SeqCst) && client.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }
}
