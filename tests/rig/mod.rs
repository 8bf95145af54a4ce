//! A switch and a financial system of their own for each test: the real binaries, with certificates,
//! data and free ports in a folder that goes away with the test.

#![allow(dead_code, reason = "each test uses its own part of the rig")]

pub mod audit;
pub mod authenticator;
pub mod clock;
pub mod cluster;
pub mod cluster_status;
pub mod dice;
pub mod held_disk;
pub mod hooks;
pub mod http;
pub mod inquiries;
pub mod leased;
pub mod mix;
pub mod mutation;
pub mod operator;
pub mod payer;
pub mod peers;
pub mod proxy;
pub mod segments;
pub mod services;
pub mod shop;
pub mod small_disk;
pub mod totals;
pub mod wire;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tessera_config::Settings;
use tessera_journal::Location;

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The folder, and the two processes while they run.
pub struct Rig {
    pub folder: TempDir,
    pub host: Option<Running>,
    pub switch: Option<Running>,
    pub addresses: Addresses,
    /// Where else a switch may listen, if there are several nodes.
    pub other_nodes: Vec<Addresses>,
    /// What the switch sees in place of the system's clock.
    pub clock: Option<clock::FakeClock>,
    /// What else our programs have in their environment.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// What runs.
    pub build: Build,
}

/// A build of `tessera`, and the configuration that was shipped with it.
pub struct Build {
    pub program: PathBuf,
    pub config: PathBuf,
}

impl Build {
    /// The one that is tested.
    pub fn this() -> Self {
        Self {
            program: env!("CARGO_BIN_EXE_tessera").into(),
            config: Path::new(env!("CARGO_MANIFEST_DIR")).join("config"),
        }
    }
}

/// Where everybody listens: chosen once, kept across restarts.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub malls: SocketAddr,
    pub wallet_server: SocketAddr,
    pub operations: SocketAddr,
    pub host: SocketAddr,
    pub tally: SocketAddr,
    /// Of the wallet server's pages: the switch knows for which site passkeys are.
    pub pages: SocketAddr,
}

/// Puts a program of ours where nothing of this machine's user is known, in a time zone and a language of nobody who writes tests:
/// what depends on them fails everywhere, and not only there.
pub fn elsewhere(command: &mut Command) {
    command
        .env("TZ", "Pacific/Chatham")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("HOME", "/nonexistent");
    for name in ["USER", "LOGNAME", "SUDO_USER", "RUST_LOG", "NO_COLOR"] {
        command.env_remove(name);
    }
}

/// Puts a program that others have written where its settings and messages are the same on every machine.
pub fn at_home(command: &mut Command, home: &Path) {
    command
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .env("LANG", "C.UTF-8")
        .env("HOME", home)
        // Nothing goes farther than this machine, whatever proxy stands in between.
        .env("NO_PROXY", "*")
        .env("no_proxy", "*");
}

/// A process that is killed when it is dropped.
pub struct Running(pub Child);

impl Rig {
    /// Certificates, configurations and `cards` development cards with `balance` minor units each;
    /// nothing runs yet.
    pub fn new(cards: u64, balance: u64) -> Self {
        Self::with(cards, balance, &[])
    }

    /// The same, with these pieces of the switch's configuration replaced.
    pub fn with(cards: u64, balance: u64, changes: &[(&str, &str)]) -> Self {
        Self::of(Build::this(), cards, balance, changes)
    }

    /// As the configuration is shipped, with the sandbox, its test cards and `cards` others; only addresses and sizes are
    /// the test's.
    pub fn sandbox(cards: u64, balance: u64) -> Self {
        let rig = Self::made(Build::this(), &[], true);
        let (cards, balance) = (cards.to_string(), balance.to_string());
        let provision = ["provision", "--config", "switch.toml", "--test-cards"];
        rig.run(&[&provision[..], &["--cards", &cards, "--balance", &balance]].concat());
        rig
    }

    /// The same as [`Rig::with`], of another build.
    pub fn of(build: Build, cards: u64, balance: u64, changes: &[(&str, &str)]) -> Self {
        let rig = Self::made(build, changes, false);
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

    fn made(build: Build, changes: &[(&str, &str)], sandbox: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let addresses = Addresses {
            malls: free_port(),
            wallet_server: free_port(),
            operations: free_port(),
            host: free_port(),
            tally: free_port(),
            pages: free_port(),
        };
        let rig = Self {
            folder,
            host: None,
            switch: None,
            addresses,
            other_nodes: Vec::new(),
            clock: None,
            environment: Vec::new(),
            build,
        };
        rig.write_configurations(changes, sandbox);
        rig.run(&["certs", "certs"]);
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

    /// The load generator knows one more node, where nothing runs yet.
    pub fn add_node(&mut self) {
        self.other_nodes.push(Addresses {
            malls: free_port(),
            wallet_server: free_port(),
            operations: free_port(),
            ..self.addresses
        });
    }

    /// The other node starts with the data of the one that was killed.
    pub fn take_over(&mut self) {
        let other = self.other_nodes.first_mut().expect("two nodes");
        let before = std::mem::replace(&mut self.addresses, *other);
        *other = before;
        let other = self.addresses;
        let text = fs::read_to_string(self.path("switch.toml")).expect("a configuration");
        let text = [
            (before.malls, other.malls),
            (before.wallet_server, other.wallet_server),
            (before.operations, other.operations),
        ]
        .iter()
        .fold(text, |text, (from, to)| {
            text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
        });
        fs::write(self.path("switch.toml"), text).expect("a file");
        self.start_switch();
    }

    /// An address of every node, as clients are given them.
    fn of_every_node(&self, address: impl Fn(&Addresses) -> SocketAddr) -> String {
        let nodes = std::iter::once(&self.addresses).chain(&self.other_nodes);
        let each: Vec<_> = nodes.map(|node| address(node).to_string()).collect();
        each.join(",")
    }

    /// Starts the switch and kills it before it says that it is ready, or a little after, as the clock
    /// will have it.
    pub fn start_switch_and_kill_it_after(&self, life: Duration) {
        let mut command = self.logged(&["switch", "--config", "switch.toml"]);
        let running = Running(
            command
                .stdout(Stdio::null())
                .spawn()
                .expect("tessera starts"),
        );
        std::thread::sleep(life);
        drop(running);
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

    /// SIGHUP; waits until the parties were read again, or were not (`outcome` is `done` or `refused`).
    pub fn reload(&self, outcome: &str) {
        let count = || {
            let figure = format!("tessera_reloads_total{{outcome=\"{outcome}\"}}");
            self.figure(&figure).unwrap_or(0.0)
        };
        let before = count();
        self.switch.as_ref().expect("a switch").signal("-HUP");
        wait_for(&format!("a reload to be {outcome}"), || count() > before);
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

    /// The sum of a figure of `/metrics` over all its labels; 0 where nobody listens.
    pub fn sum(&self, name: &str) -> f64 {
        let text = self.get("/metrics");
        let values = text.lines().filter_map(|line| {
            let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
            (labels.is_empty() || labels.starts_with('{')).then(|| value.parse::<f64>().ok())?
        });
        values.sum()
    }

    /// Starts `tessera load` against this switch and continues when it sends requests; it ends on request.
    pub fn start_load(&self, more: &[&str]) -> Loading {
        let malls = self.of_every_node(|node| node.malls);
        let wallet_line = self.of_every_node(|node| node.wallet_server);
        let tally = self.addresses.tally.to_string();
        let mut arguments = vec![
            "load",
            "--duration",
            "10m",
            "--settle",
            "40s",
            "--certs",
            "certs",
        ];
        arguments.extend([
            "--target",
            &malls,
            "--wallet-line",
            &wallet_line,
            "--host-tally",
            &tally,
        ]);
        arguments.extend(more);
        let report = fs::File::create(self.path("load.report")).expect("a file");
        let child = self
            .logged(&arguments)
            .stdout(report)
            .spawn()
            .expect("tessera starts");
        let mut loading = Loading(Running(child));
        wait_for("the load to begin", || {
            assert!(
                loading.0.0.try_wait().expect("a child").is_none(),
                "{}",
                self.log("load")
            );
            self.log("load").contains("running")
        });
        loading
    }

    /// Stops the load and waits for its final checks, which must agree to the cent.
    pub fn finish_load(&self, loading: Loading) -> String {
        self.finish_load_with(loading, "-INT")
    }

    /// The same with another signal.
    pub fn finish_load_with(&self, mut loading: Loading, signal: &str) -> String {
        loading.0.signal(signal);
        let status = loading.0.ended_within(PATIENCE * 2);
        let report = fs::read_to_string(self.path("load.report")).unwrap_or_default();
        let ended_well = status.is_some_and(|status| status.success());
        assert!(
            ended_well,
            "the load ended with {status:?}\n{report}\n{}",
            self.log("load")
        );
        report
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
        let mut command = Command::new(&self.build.program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("RUST_BACKTRACE", "0");
        elsewhere(&mut command);
        command.envs(self.environment.iter().cloned());
        if let Some(clock) = self.clock.as_ref().filter(|_| arguments[0] == "switch") {
            clock.show(&mut command);
        }
        command
    }

    /// The switch's journal, with its keys, which are made if the switch has not made them.
    pub fn journal(&self) -> Location {
        let settings = Settings::read(&self.path("switch.toml")).expect("settings");
        let keys = settings.data_keys().expect("keys");
        Location::in_data(&settings.data, &keys)
    }

    /// A file in the rig's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, its standard error in a log of its own.
    fn logged(&self, arguments: &[&str]) -> Command {
        self.logged_as(arguments[0], arguments)
    }

    /// The same, in the log of this name.
    pub fn logged_as(&self, name: &str, arguments: &[&str]) -> Command {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path(&format!("{name}.log")))
            .expect("a log");
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stderr(log);
        command
    }

    /// Starts a service and waits for its line `ready`.
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let mut child = self
            .logged(arguments)
            .stdout(Stdio::piped())
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

    /// Adds these lines to a shipped party's file.
    pub fn add_to_party(&self, file: &str, lines: &str) {
        let path = self.path("parties").join(file);
        let text = fs::read_to_string(&path).expect("a party");
        fs::write(path, text + lines).expect("a file");
    }

    /// Writes a party's file.
    pub fn write_party(&self, file: &str, text: &str) {
        fs::write(self.path("parties").join(file), text).expect("a file");
    }

    fn write_configurations(&self, changes: &[(&str, &str)], sandbox: bool) {
        let shipped = &self.build.config;
        let at = &self.addresses;
        let switch =
            fs::read_to_string(shipped.join("switch.toml")).expect("shipped configuration");
        let mut switch = switch
            .replace("127.0.0.1:8583", &at.malls.to_string())
            .replace("127.0.0.1:8585", &at.wallet_server.to_string())
            .replace("127.0.0.1:9583", &at.operations.to_string())
            .replace("127.0.0.1:7583", &at.host.to_string())
            .replace(
                "http://localhost:8080",
                &format!("http://localhost:{}", at.pages.port()),
            )
            // Whatever the machine: commands go from one worker to another in every test.
            .replace("\nworkers = 0\n", "\nworkers = 2\n")
            .replace("\"256MiB\"", "\"4MiB\"")
            .replace(
                "\nreconcile_after = \"1min\"\n",
                "\nreconcile_after = \"100ms\"\n",
            );
        if !sandbox {
            // Amounts mean nothing but themselves. An older build has no such key.
            switch = switch.replace("\nplay = true\n", "\nplay = false\n");
        }
        for (shipped, changed) in changes {
            assert!(
                switch.contains(shipped),
                "{shipped} is not in the shipped configuration"
            );
            switch = switch.replace(shipped, changed);
        }
        fs::write(self.path("switch.toml"), switch).expect("a file");
        fs::create_dir(self.path("parties")).expect("a folder");
        for entry in fs::read_dir(shipped.join("parties")).expect("shipped parties") {
            let entry = entry.expect("a file");
            let copy = self.path("parties").join(entry.file_name());
            let profile = fs::read_to_string(entry.path()).expect("a profile");
            // Nothing is sent to whatever listens at the shop's usual port: a test that wants webhooks names its own server.
            let (profile, _) = profile.split_once("\n[webhook]").unwrap_or((&profile, ""));
            fs::write(copy, profile).expect("a file");
        }
        let host = fs::read_to_string(shipped.join("host.toml")).expect("shipped configuration");
        let host = host
            .replace("127.0.0.1:7583", &at.host.to_string())
            .replace("127.0.0.1:7584", &at.tally.to_string());
        let host = match sandbox {
            true => host,
            false => host.replace("\nsandbox = true\n", "\nsandbox = false\n"),
        };
        let host = host + "\n[[sources]]\nnumber = \"IBAN-1\"\nkind = \"account\"\n";
        fs::write(self.path("host.toml"), host).expect("a file");
    }
}

impl Drop for Rig {
    #[allow(clippy::print_stderr, reason = "for the analysis of a failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!(
                "what there is to look at is in {}",
                self.folder.path().display()
            );
        }
    }
}

/// A load generator at work.
pub struct Loading(Running);

impl Loading {
    pub fn running(&mut self) -> &mut Running {
        &mut self.0
    }
}

impl Running {
    /// SIGTERM, and the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        let status = self.ended_within(PATIENCE).expect("it ends on request");
        status.code()
    }

    /// Waits for its end at most so long.
    pub fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            let status = self.0.try_wait().expect("a child");
            if status.is_some() || started.elapsed() > patience {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal, such as `-TERM`.
    pub fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .expect("kill runs");
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

/// Below the system's ephemeral ports: a listener that is down for a moment finds its port free when it returns, and no
/// client connects to itself meanwhile.
pub fn free_port() -> SocketAddr {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id()
            .wrapping_mul(97)
            .wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed));
        let address = SocketAddr::from(([127, 0, 0, 1], 10_000 + (number % 22_000) as u16));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
