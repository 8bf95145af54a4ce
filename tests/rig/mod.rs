//! A switch and a financial system of their own for each test: the real binaries, with certificates,
//! data and free ports in a folder that goes away with the test.

#![allow(dead_code, reason = "each test uses its own part of the rig")]

pub mod wire;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The folder, and the two processes while they run.
pub struct Rig {
    pub folder: TempDir,
    pub host: Option<Running>,
    pub switch: Option<Running>,
    pub addresses: Addresses,
}

/// Where everybody listens: chosen once, kept across restarts.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub malls: SocketAddr,
    pub wallet_server: SocketAddr,
    pub operations: SocketAddr,
    pub host: SocketAddr,
    pub tally: SocketAddr,
}

/// A process that is killed when it is dropped.
pub struct Running(pub Child);

impl Rig {
    /// Certificates, configurations and `cards` development cards with `balance` minor units each;
    /// nothing runs yet.
    pub fn new(cards: u64, balance: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let addresses = Addresses {
            malls: free_port(),
            wallet_server: free_port(),
            operations: free_port(),
            host: free_port(),
            tally: free_port(),
        };
        let rig = Self {
            folder,
            host: None,
            switch: None,
            addresses,
        };
        rig.write_configurations();
        rig.run(&["certs", "certs"]);
        if cards > 0 {
            let (cards, balance) = (cards.to_string(), balance.to_string());
            rig.run(&[
                "provision",
                "--config",
                "switch.toml",
                "--cards",
                &cards,
                "--balance",
                &balance,
            ]);
        }
        rig
    }

    /// The same, running, with a line to the host.
    pub fn started(cards: u64, balance: u64) -> Self {
        let mut rig = Self::new(cards, balance);
        rig.start_host(&[]);
        rig.start_switch();
        rig.wait_until_ready();
        rig
    }

    /// Starts the financial system; `settings` are `key=value` of its configuration.
    pub fn start_host(&mut self, settings: &[&str]) {
        let mut arguments = vec!["host", "--config", "host.toml"];
        settings
            .iter()
            .for_each(|setting| arguments.extend(["--set", setting]));
        self.host = Some(self.spawn(&arguments));
    }

    /// Starts the switch and waits for its line `ready`.
    pub fn start_switch(&mut self) {
        self.switch = Some(self.spawn(&["switch", "--config", "switch.toml"]));
    }

    /// Waits until `/readyz` says that a line to the host is up.
    pub fn wait_until_ready(&self) {
        wait_for("the switch to be ready", || {
            self.get("/readyz").starts_with("HTTP/1.1 200")
        });
    }

    /// SIGKILL, as a loss of power would do it.
    pub fn kill_switch(&mut self) {
        self.switch = None;
    }

    /// SIGKILL.
    pub fn kill_host(&mut self) {
        self.host = None;
    }

    /// SIGTERM, and the exit code.
    pub fn stop_switch(&mut self) -> Option<i32> {
        self.switch.take().and_then(Running::stop)
    }

    /// An answer of the operations port, status line and all.
    pub fn get(&self, path: &str) -> String {
        http_get(self.addresses.operations, path)
    }

    /// A figure of `/metrics`, labels written as there.
    pub fn figure(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics");
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        value.parse().ok()
    }

    /// Runs `tessera` to its end in the rig's folder; it must succeed.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.try_run(arguments);
        assert!(
            output.status.success(),
            "tessera {arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        output
    }

    /// Runs `tessera` to its end in the rig's folder.
    pub fn try_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("tessera runs")
    }

    /// The command, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("RUST_BACKTRACE", "0");
        command
    }

    /// A file in the rig's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spawn(&self, arguments: &[&str]) -> Running {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path(&format!("{}.log", arguments[0])))
            .expect("a log");
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("tessera starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert!(
            line.starts_with("ready"),
            "{arguments:?} said {line:?}:\n{}",
            self.log(arguments[0])
        );
        Running(child)
    }

    /// What a process has logged.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.log"))).unwrap_or_default()
    }

    fn write_configurations(&self) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let at = &self.addresses;
        let switch =
            fs::read_to_string(shipped.join("switch.toml")).expect("shipped configuration");
        let switch = switch
            .replace("127.0.0.1:8583", &at.malls.to_string())
            .replace("127.0.0.1:8585", &at.wallet_server.to_string())
            .replace("127.0.0.1:9583", &at.operations.to_string())
            .replace("127.0.0.1:7583", &at.host.to_string())
            .replace("\"256MiB\"", "\"4MiB\"");
        fs::write(self.path("switch.toml"), switch).expect("a file");
        let host = fs::read_to_string(shipped.join("host.toml")).expect("shipped configuration");
        let host = host
            .replace("127.0.0.1:7583", &at.host.to_string())
            .replace("127.0.0.1:7584", &at.tally.to_string());
        fs::write(self.path("host.toml"), host).expect("a file");
    }
}

impl Running {
    /// SIGTERM, and the exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        self.0.wait().expect("the process ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition, not for a time.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An HTTP answer, status line and all; empty where nobody listens.
pub fn http_get(address: SocketAddr, path: &str) -> String {
    use std::io::Write;
    let mut answer = String::new();
    let Ok(mut socket) = TcpStream::connect(address) else {
        return answer;
    };
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    if socket.write_all(request.as_bytes()).is_ok() {
        // What was read before an error is all there is.
        let _ = socket.read_to_string(&mut answer);
    }
    answer
}

fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}
