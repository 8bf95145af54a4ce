//! What stands around the switch: the wallet server, both shops, a mail server and a message centre that no one here wrote. Each on
//! free ports, with the shipped configuration.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{Rig, Running, free_port, http_get, wait_for};

/// The wallet server, always `localhost`: cookies do not tell ports apart.
pub struct Wallet {
    pub running: Running,
    pub address: SocketAddr,
    pub metrics: SocketAddr,
    pub origin: String,
}

/// Both shops, always `127.0.0.1`; the card frame of the second under another host's name, as a payment service has it.
pub struct Shops {
    pub running: Running,
    pub affiliated: SocketAddr,
    pub unaffiliated: SocketAddr,
    pub frame_origin: String,
}

/// A mail server or a message centre, and what it was sent.
pub struct Peer {
    child: Child,
    pub port: u16,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Rig {
    /// Starts the wallet server, for a mall whose pages are at `mall`, and waits until it has a line to the switch.
    /// `more` are further pieces of its configuration that are replaced.
    pub fn start_wallet(&self, mall: SocketAddr, more: &[(&str, &str)]) -> Wallet {
        let (address, metrics) = (free_port(), free_port());
        let origin = format!("http://localhost:{}", address.port());
        let mut changes = vec![
            ("127.0.0.1:8080", address.to_string()),
            ("http://localhost:8080", origin.clone()),
            ("127.0.0.1:9580", metrics.to_string()),
            ("127.0.0.1:8585", self.addresses.wallet_server.to_string()),
            ("127.0.0.1:8081", mall.to_string()),
            ("level = \"info\"", "level = \"debug\"".to_owned()),
        ];
        changes.extend(
            more.iter()
                .map(|(shipped, changed)| (*shipped, (*changed).to_owned())),
        );
        self.write("wallet.toml", &changes);
        let running = self.spawn(&["wallet", "--config", "wallet.toml"]);
        wait_for("the wallet server's line", || {
            http_get(metrics, "/health").starts_with("HTTP/1.1 200")
        });
        Wallet {
            running,
            address,
            metrics,
            origin,
        }
    }

    /// Starts both shops, which write down everything that they are sent. `affiliated` is where the first one listens.
    pub fn start_shop(&self, affiliated: SocketAddr, wallet: &str) -> Shops {
        let (unaffiliated, frame) = (free_port(), free_port());
        let frame_origin = format!("http://localhost:{}", frame.port());
        let changes = [
            ("127.0.0.1:8583", self.addresses.malls.to_string()),
            ("http://localhost:8080", wallet.to_owned()),
            (
                "#frame_origin = \"http://127.0.0.1:8083\"",
                format!("frame_origin = \"{frame_origin}\""),
            ),
            ("127.0.0.1:8081", affiliated.to_string()),
            ("127.0.0.1:8082", unaffiliated.to_string()),
            ("127.0.0.1:8083", frame.to_string()),
            ("\n#capture", "\ncapture".to_owned()),
        ];
        self.write("shop.toml", &changes);
        Shops {
            running: self.spawn(&["shop", "--config", "shop.toml"]),
            affiliated,
            unaffiliated,
            frame_origin,
        }
    }

    /// A shipped configuration with these changes.
    fn write(&self, name: &str, changes: &[(&str, String)]) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config")
            .join(name);
        let mut text = fs::read_to_string(shipped).expect("shipped configuration");
        for (shipped, changed) in changes {
            assert!(text.contains(shipped), "{shipped} is not in {name}");
            text = text.replace(shipped, changed);
        }
        fs::write(self.path(name), text).expect("a file");
    }
}

/// The mail server on aiosmtpd.
pub fn start_mail() -> Peer {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    Peer::start(&python, "mail_server.py", &["plain"])
}

/// The message centre on node-smpp.
pub fn start_sms() -> Peer {
    let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
    Peer::start(&node, "message_centre.js", &[])
}

impl Peer {
    fn start(program: &str, script: &str, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut child = Command::new(program)
            .arg(folder.join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = lines.next().expect("a line").expect("text");
        let port = ready
            .strip_prefix("ready ")
            .expect("it says that it is ready");
        let port = port.parse().expect("a port");
        let said = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("a line of JSON");
                told.lock().expect("nobody panics here").push(event);
            }
        });
        Self { child, port, said }
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
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
