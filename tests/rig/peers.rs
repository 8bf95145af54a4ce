//! Servers that no one here wrote: mail and short messages, as processes that can be killed and come back.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{at_home, free_port, wait_for};

/// A server, and what it was sent.
pub struct Peer {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    said: Arc<Mutex<Vec<Value>>>,
    /// How much of it [`Peer::event`] has looked at.
    received: Cell<usize>,
}

impl Peer {
    /// The mail server on aiosmtpd, in the clear, on this port (0: a free one).
    pub fn mail(port: u16) -> Self {
        let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
        Self::start(&python, "mail_server.py", &["plain"], port)
    }

    /// The message centre on node-smpp, on this port (0: a free one).
    pub fn centre(port: u16) -> Self {
        let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
        Self::start(&node, "message_centre.js", &[], port)
    }

    /// The push service on http_ece and py_vapid, on this port (0: a free one).
    pub fn push_service(port: u16) -> Self {
        let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
        Self::start(&python, "push_service.py", &[], port)
    }

    /// Says a line to it, and waits for its event of this kind.
    pub fn ask(&self, line: &str, kind: &str) -> Value {
        use std::io::Write as _;
        let mut input = self.process.stdin.as_ref().expect("a pipe");
        writeln!(input, "{line}").expect("it reads");
        self.event(kind)
    }

    fn start(interpreter: &str, script: &str, arguments: &[&str], port: u16) -> Self {
        let port = match port {
            0 => free_port().port(),
            port => port,
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut command = Command::new(interpreter);
        at_home(&mut command, &folder);
        let mut process = command
            .arg(folder.join(script))
            .args(arguments)
            .env("TESSERA_PEER_PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter runs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let ready = lines.next().expect("a line").expect("text");
        let port = ready.strip_prefix("ready ").expect("a port");
        let said = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("a line of JSON");
                events.lock().expect("nobody panics here").push(event);
            }
        });
        Self {
            process,
            address: format!("127.0.0.1:{port}").parse().expect("an address"),
            said,
            received: Cell::new(0),
        }
    }

    /// The next thing of this kind; others are passed over.
    pub fn event(&self, kind: &str) -> Value {
        let is_it = |event: &Value| (event["event"] == kind).then(|| event.clone());
        let (event, received) = self.wait_for(kind, self.received.get(), is_it);
        self.received.set(received);
        event
    }

    /// Waits for the first event from place `from` on that `choose` takes something out of; with the place behind it.
    pub fn wait_for<T>(
        &self,
        what: &str,
        from: usize,
        choose: impl Fn(&Value) -> Option<T>,
    ) -> (T, usize) {
        let mut found = None;
        wait_for(what, || {
            let said = self.said.lock().expect("nobody panics here");
            let events = said.iter().enumerate().skip(from);
            found = events
                .filter_map(|(place, event)| Some((choose(event)?, place + 1)))
                .next();
            found.is_some()
        });
        found.expect("found")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
