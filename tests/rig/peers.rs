//! Servers that no one here wrote: mail and short messages, as processes that can be killed and come back.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::PATIENCE;

/// A server, and what it says.
pub struct Peer {
    process: Child,
    lines: Receiver<String>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Peer {
    /// The mail server, in the clear, on this port (0: any).
    pub fn mail(port: u16) -> Self {
        let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
        Self::start(&python, "mail_server.py", &["plain"], port)
    }

    /// The message centre, on this port (0: any).
    pub fn centre(port: u16) -> Self {
        let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
        Self::start(&node, "message_centre.js", &[], port)
    }

    fn start(interpreter: &str, script: &str, arguments: &[&str], port: u16) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut process = Command::new(interpreter)
            .arg(folder.join(script))
            .args(arguments)
            .env("TESSERA_PEER_PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter runs");
        let out = process.stdout.take().expect("a pipe");
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        let first = lines.recv_timeout(PATIENCE).expect("the peer is ready");
        let port = first.strip_prefix("ready ").expect("a port");
        Self {
            process,
            lines,
            address: format!("127.0.0.1:{port}").parse().expect("an address"),
        }
    }

    /// The next thing of this kind; others are passed over.
    pub fn event(&self, kind: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {kind}"));
            let event: Value = serde_json::from_str(&line).expect("a line of JSON");
            if event["event"] == kind {
                return event;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
