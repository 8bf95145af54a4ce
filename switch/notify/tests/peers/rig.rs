//! The servers, their certificates, and a message.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tessera_notify::channel::{Address, Message, MessageId};
use tessera_notify::texts::Texts;

/// Longer than anything that is waited for here.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A server, and what it says.
pub struct Peer {
    process: Child,
    lines: mpsc::Receiver<String>,
    skipped: VecDeque<Value>,
    pub address: String,
}

impl Peer {
    pub fn start(interpreter: &str, script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/peers")
            .join(script);
        let mut process = Command::new(interpreter)
            .arg(script)
            .args(arguments)
            // As on every machine.
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter runs");
        let out = process.stdout.take().expect("a pipe");
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        let first = lines
            .recv_timeout(PATIENCE)
            .expect("the peer says that it is ready");
        let port = first.strip_prefix("ready ").expect("a port");
        Self {
            process,
            address: format!("127.0.0.1:{port}"),
            lines,
            skipped: VecDeque::new(),
        }
    }

    pub fn mail(arguments: &[&str]) -> Self {
        let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
        Self::start(&python, "mail_server.py", arguments)
    }

    pub fn centre(arguments: &[&str]) -> Self {
        let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
        Self::start(&node, "message_centre.js", arguments)
    }

    /// The next thing of this kind; others are kept. The channel goes on meanwhile.
    pub async fn event(&mut self, kind: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            self.listen();
            let at = self.skipped.iter().position(|event| event["event"] == kind);
            if let Some(event) = at.and_then(|at| self.skipped.remove(at)) {
                return event;
            }
            assert!(Instant::now() < until, "no {kind}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn listen(&mut self) {
        while let Ok(line) = self.lines.try_recv() {
            let event = serde_json::from_str(&line).expect("a line of JSON");
            self.skipped.push_back(event);
        }
    }

    /// How many things of this kind it has said by now, and not been asked for.
    pub fn count(&mut self, kind: &str) -> usize {
        self.listen();
        self.skipped
            .iter()
            .filter(|event| event["event"] == kind)
            .count()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Writes a file that its owner alone can read.
pub fn write_secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).expect("a file");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, mode).expect("a file");
}

/// An authority and the certificate of `localhost` that it has signed.
pub struct Certificates {
    pub folder: tempfile::TempDir,
}

impl Certificates {
    pub fn make() -> Self {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        let folder = tempfile::tempdir().expect("a folder");
        let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names).expect("parameters");
        let certificate = certificate
            .signed_by(&key, &authority)
            .expect("a certificate");
        for (name, text) in [
            ("authority.pem", authority.pem()),
            ("server.pem", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

pub fn message(number: u32, to: &str, sms: &str) -> Message {
    let texts = Texts {
        subject: "Paid: 19.99 USD at Tea & Kettles".to_owned(),
        text: "You have paid 19.99 USD.\n\nGrüße\n".to_owned(),
        html: "<p>You have paid <b>19.99 USD</b>.</p>\n".to_owned(),
        sms: sms.to_owned(),
    };
    let id = MessageId::new(&format!("0ABCDEFGHIJK.{number}")).expect("an id");
    Message::new(id, Address::new(to), texts)
}

pub fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}
