//! A switch in memory that speaks the real frames over real mutual TLS, a wallet server in front of it, and a browser of few words.

pub mod browser;
pub mod certificates;
pub mod line;
pub mod wallets;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use tessera_wallet::{Mall, Settings};

pub use browser::Browser;
pub use line::Switch;
pub use wallets::{CHALLENGE, PUSH_KEY};

/// What anything may take on a slow machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Origin of the mall that may open the pay window.
pub const MALL: &str = "http://127.0.0.1:8081";

/// A wallet server with its switch.
pub struct World {
    pub switch: Arc<Switch>,
    pub pages: SocketAddr,
    pub metrics: SocketAddr,
    pub origin: String,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = certificates::write(folder.path());
        let switch = Switch::start(&files, "127.0.0.1:0".parse().unwrap());
        let mut settings = settings(&files, switch.address);
        change(&mut settings);
        let origin = settings.origin.clone();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let ran =
                tessera_wallet::run(settings, std::path::Path::new("wallet.toml"), |addresses| {
                    sender.send(addresses.clone()).unwrap();
                });
            ran.unwrap();
        });
        let addresses = receiver.recv_timeout(PATIENCE).unwrap();
        let world = Self {
            switch,
            pages: addresses.pages,
            metrics: addresses.metrics,
            origin,
            _folder: folder,
        };
        world.switch.wait_for_lines(1);
        world
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(self.pages, &self.origin)
    }

    /// A browser that has just opened a wallet with this password, and the wallet's identification number.
    pub fn member(&self, password: &str) -> (Browser, String) {
        let mut browser = self.browser();
        browser.get("/register");
        let answer = browser.send(
            "/register",
            "register",
            &[("password", password), ("again", password)],
        );
        let location = answer.header("location");
        assert_eq!(
            (answer.status, location),
            (303, "/welcome"),
            "{}",
            answer.body
        );
        let client = browser.get("/welcome").text_of("client-number");
        (browser, client.replace(' ', ""))
    }
}

/// Paths of PEM files.
pub struct Files {
    pub authority: PathBuf,
    pub server: (PathBuf, PathBuf),
    pub client: (PathBuf, PathBuf),
}

pub fn settings(files: &Files, switch: SocketAddr) -> Settings {
    let mut settings = Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        metrics: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
        malls: vec![Mall {
            acceptor: "MALL-0001".into(),
            name: "Teacup & <b>Co</b>".into(),
            origins: vec![MALL.into()],
            frames: false,
        }],
        ..Settings::default()
    };
    settings.line.address = switch.into();
    settings.line.authority = files.authority.clone();
    (settings.line.certificate, settings.line.key) = files.client.clone();
    settings.line.reconnect_min = Duration::from_millis(10);
    settings.line.reconnect_max = Duration::from_millis(50);
    settings
}
