//! What stands around the switch: the wallet server and both shops. Each on free ports, with the shipped configuration.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::{Rig, Running, free_port, http_get, wait_for};

/// The wallet server, always `localhost`: cookies are shared by all ports of a host.
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

/// The operators' console, always `localhost`.
pub struct Console {
    pub running: Running,
    pub address: SocketAddr,
    pub origin: String,
}

impl Rig {
    /// Starts the operators' console. `more` are pieces of its configuration that are replaced.
    pub fn start_console(&self, more: &[(&str, &str)]) -> Console {
        let address = free_port();
        let origin = format!("http://localhost:{}", address.port());
        let mut changes = vec![
            ("127.0.0.1:9180", address.to_string()),
            ("http://localhost:9180", origin.clone()),
        ];
        changes.extend(
            more.iter()
                .map(|(shipped, changed)| (*shipped, (*changed).to_owned())),
        );
        self.write("console.toml", &changes);
        Console {
            running: self.spawn(&["console", "--config", "console.toml"]),
            address,
            origin,
        }
    }

    /// Makes an operator's account; its token. There must have been a console.
    pub fn operator(&self, name: &str, role: &str) -> String {
        let add = [
            "console",
            "--config",
            "console.toml",
            "add",
            name,
            "--role",
            role,
            "--reason",
            "works here",
        ];
        let printed = self.run(&add).stdout;
        String::from_utf8(printed)
            .expect("a token")
            .trim()
            .to_owned()
    }

    /// Starts the wallet server, for a mall whose pages are at `mall`, and waits until it has a line to the switch.
    /// `more` are further pieces of its configuration that are replaced.
    pub fn start_wallet(&self, mall: SocketAddr, more: &[(&str, &str)]) -> Wallet {
        let (address, metrics) = (self.addresses.pages, free_port());
        let origin = self.pages_origin();
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

    /// The origin of the wallet server's pages.
    pub fn pages_origin(&self) -> String {
        format!("http://localhost:{}", self.addresses.pages.port())
    }

    /// Starts it again where it was, after it was killed.
    pub fn restart_wallet(&self, wallet: &mut Wallet) {
        wallet.running = self.spawn(&["wallet", "--config", "wallet.toml"]);
        wait_for("the wallet server's line", || {
            http_get(wallet.metrics, "/health").starts_with("HTTP/1.1 200")
        });
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

    /// Starts the mail server of the demonstration, which takes every mail and shows it: where mail goes, and its page.
    pub fn start_mail(&self) -> (Running, SocketAddr, SocketAddr) {
        let (smtp, page) = (free_port(), free_port());
        let (smtp_text, page_text) = (smtp.to_string(), page.to_string());
        let running = self.spawn(&["mail", "--smtp", &smtp_text, "--page", &page_text]);
        (running, smtp, page)
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
