//! A cluster for a test: three members of etcd, three nodes with a supervisor, the financial system and the load generator, all
//! real processes on this machine.
//!
//! ```text
//! folder of the rig    certs, parties, host.toml, load.report
//! ├─ n1, n2, n3        a node each: switch.toml, keys, data
//! ├─ n1.log ...        what they say
//! └─ etcd              the members' folders
//! ```

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use tessera_cluster::testing::Machine;
use tessera_cluster::testing::{EtcdRig, Options};

use super::audit::is_settled;
use super::cluster_status::Status;
use super::segments;
use super::{Addresses, Loading, PATIENCE, Rig, Running, free_port, http_get};

/// Exit code of a process whose role another node has: its supervisor starts it again.
pub const SUPERSEDED: i32 = 75;
/// Exit code of a process that its disk has ended.
pub const DISK: i32 = 74;
const NODES: usize = 3;

/// One cluster at a time: they would disturb each other's measured times.
static ALONE: Mutex<()> = Mutex::new(());

pub struct Cluster {
    /// The folder, the host, and the load generator's view of the nodes.
    pub rig: Rig,
    pub nodes: Vec<Node>,
    /// Gone when a test has ended it.
    pub etcd: Option<EtcdRig>,
    name: &'static str,
    host_settings: Vec<&'static str>,
    _alone: MutexGuard<'static, ()>,
}

/// A node, whether it runs or not.
pub struct Node {
    pub name: String,
    pub addresses: Addresses,
    pub process: Option<Running>,
    /// Exit codes of its processes that ended by themselves.
    pub ended: Vec<i32>,
    /// Exit codes after which it is not started again, and that are no failure.
    pub may_end_with: Vec<i32>,
    machine: Machine,
}

impl Cluster {
    /// Certificates, data and a log that has begun; nothing runs but etcd. The second and third node have a copy of the first
    /// one's data.
    pub fn laid_out(name: &'static str, changes: &[(&str, &str)]) -> Self {
        let here = Machine {
            address: "127.0.0.1".to_owned(),
            enter: Vec::new(),
        };
        Self::on_machines(name, changes, &vec![here; NODES], "127.0.0.1")
    }

    /// The same, with members of etcd that take so many bytes.
    pub fn with_quota(name: &'static str, quota_bytes: u64) -> Self {
        let here = Machine {
            address: "127.0.0.1".to_owned(),
            enter: Vec::new(),
        };
        Self::laid_out_with(name, &[], &vec![here; NODES], "127.0.0.1", quota_bytes)
    }

    /// The same, each node and its member on a machine of theirs, the financial system at another address.
    pub fn on_machines(
        name: &'static str,
        changes: &[(&str, &str)],
        machines: &[Machine],
        host: &str,
    ) -> Self {
        Self::laid_out_with(name, changes, machines, host, QUOTA_BYTES)
    }

    fn laid_out_with(
        name: &'static str,
        changes: &[(&str, &str)],
        machines: &[Machine],
        host: &str,
        quota_bytes: u64,
    ) -> Self {
        let alone = alone();
        let mut rig = Rig::with(CARDS, BALANCE, &[&IN_A_HURRY, changes].concat());
        move_host(&mut rig, host.parse().expect("an address"));
        rig.add_to_party("development-acquirer-1.toml", PERMISSIONS);
        let etcd = EtcdRig::start_at(
            &Options {
                program: etcd_bin_vendored::etcd_bin_path()
                    .expect("an etcd for this machine")
                    .to_owned(),
                folder: rig.path("etcd"),
                members: NODES,
                quota_bytes,
                tls: None,
            },
            machines,
        );
        let at = |address: &str| -> SocketAddr {
            SocketAddr::new(address.parse().expect("an address"), free_port().port())
        };
        let nodes: Vec<_> = machines
            .iter()
            .enumerate()
            .map(|(index, machine)| Node {
                name: format!("n{}", index + 1),
                addresses: Addresses {
                    malls: at(&machine.address),
                    wallet_server: at(&machine.address),
                    operations: at(&machine.address),
                    ..rig.addresses
                },
                process: None,
                ended: Vec::new(),
                may_end_with: Vec::new(),
                machine: machine.clone(),
            })
            .collect();
        lay_out(&rig, &nodes, &etcd);
        rig.addresses = nodes[0].addresses;
        rig.other_nodes = nodes[1..].iter().map(|node| node.addresses).collect();
        Self {
            rig,
            nodes,
            etcd: Some(etcd),
            name,
            host_settings: vec![HOST_DATA],
            _alone: alone,
        }
    }

    /// All of it runs, and every node follows.
    pub fn started(name: &'static str) -> Self {
        let mut cluster = Self::laid_out(name, &[]);
        cluster.start();
        cluster
    }

    /// The financial system and all nodes; returns when the first one is active and the others follow.
    pub fn start(&mut self) {
        self.start_from(0);
    }

    /// The same, and this node is active.
    pub fn start_from(&mut self, first: usize) {
        self.start_host();
        self.start_node(first);
        self.active();
        for node in (0..NODES).filter(|node| *node != first) {
            self.start_node(node);
        }
        self.all_follow();
    }

    pub fn start_host(&mut self) {
        let settings = self.host_settings.clone();
        self.rig.start_host(&settings);
    }

    pub fn etcd(&mut self) -> &mut EtcdRig {
        self.etcd.as_mut().expect("etcd")
    }

    /// A file in a node's folder.
    pub fn path(&self, node: usize, name: &str) -> PathBuf {
        self.rig.path(&self.nodes[node].name).join(name)
    }

    /// Changes a node's configuration.
    pub fn configure(&self, node: usize, change: impl FnOnce(String) -> String) {
        let path = self.path(node, "switch.toml");
        let text = fs::read_to_string(&path).expect("a configuration");
        fs::write(path, change(text)).expect("a file");
    }

    /// The node is a new one: it has the configuration and the master key.
    pub fn empty(&self, node: usize) {
        assert!(self.nodes[node].process.is_none(), "it runs");
        fs::remove_dir_all(self.path(node, "data")).expect("data");
    }

    /// Starts it, and does not wait for anything.
    pub fn start_node(&mut self, node: usize) {
        let Node { name, machine, .. } = &self.nodes[node];
        let config = format!("{name}/switch.toml");
        let command = self.rig.logged_as(name, &["switch", "--config", &config]);
        let child = within(command, machine)
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .stderr(log(&self.rig.path(&format!("{name}.log"))))
            .spawn()
            .expect("tessera starts");
        self.nodes[node].process = Some(Running(child));
    }

    /// SIGKILL.
    pub fn kill(&mut self, node: usize) {
        assert!(self.nodes[node].process.take().is_some(), "it runs");
    }

    /// SIGTERM, and the exit code.
    pub fn stop(&mut self, node: usize) -> Option<i32> {
        let process = self.nodes[node].process.take().expect("it runs");
        process.stop()
    }

    /// Another signal.
    pub fn signal(&self, node: usize, signal: &str) {
        let process = self.nodes[node].process.as_ref().expect("it runs");
        process.signal(signal);
    }

    /// What a supervisor does: a node that another one has superseded is started again.
    pub fn supervise(&mut self) {
        for index in 0..self.nodes.len() {
            let node = &mut self.nodes[index];
            let Some(process) = &mut node.process else {
                continue;
            };
            let Some(status) = process.0.try_wait().expect("a child") else {
                continue;
            };
            node.process = None;
            let code = status.code().unwrap_or(-1);
            node.ended.push(code);
            if node.may_end_with.contains(&code) {
                continue;
            }
            let name = node.name.clone();
            assert_eq!(
                code,
                SUPERSEDED,
                "{name} has ended:\n{}",
                self.last_words(index)
            );
            self.start_node(index);
        }
    }

    /// Waits for a condition, and supervises meanwhile.
    pub fn wait(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> bool) {
        let started = Instant::now();
        loop {
            self.supervise();
            if condition(self) {
                return;
            }
            if started.elapsed() > PATIENCE {
                let said: Vec<_> = (0..self.nodes.len())
                    .map(|node| self.last_words(node))
                    .collect();
                panic!(
                    "{}: waited too long for {what}: {:?}\n{}",
                    self.name,
                    self.status(),
                    said.join("\n")
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The end of a node's log.
    pub fn last_words(&self, node: usize) -> String {
        let name = &self.nodes[node].name;
        let log = self.rig.log(name);
        let lines: Vec<_> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(12)..].join("\n");
        format!("{name}: {}\n{last}", self.readiness(node))
    }

    /// What the node's `/readyz` answers; empty where it does not.
    pub fn readiness(&self, node: usize) -> String {
        get(self.nodes[node].addresses.operations, "/readyz")
    }

    /// Whether purchases are approved there.
    pub fn is_active(&self, node: usize) -> bool {
        self.nodes[node].process.is_some() && self.readiness(node).starts_with("HTTP/1.1 200")
    }

    /// The node that approves, once there is one.
    pub fn active(&mut self) -> usize {
        let mut found = None;
        self.wait("an active node", |cluster| {
            found = (0..cluster.nodes.len()).find(|node| cluster.is_active(*node));
            found.is_some()
        });
        found.expect("it was waited for")
    }

    /// Another node than this one that approves, once there is one; prints how long that took.
    #[allow(clippy::print_stderr, reason = "the measured time is wanted")]
    pub fn taken_over_from(&mut self, former: usize) -> usize {
        let since = Instant::now();
        let mut found = None;
        self.wait("another node to be active", |cluster| {
            let mut others = (0..cluster.nodes.len()).filter(|node| *node != former);
            found = others.find(|node| cluster.is_active(*node));
            found.is_some()
        });
        let active = found.expect("it was waited for");
        let (name, took) = (&self.nodes[active].name, since.elapsed().as_millis());
        eprintln!("{}: {name} is active after {took} ms", self.name);
        active
    }

    /// A node that runs and is not active.
    pub fn standby(&mut self) -> usize {
        let active = self.active();
        let mut others = (0..self.nodes.len()).filter(|node| *node != active);
        others
            .find(|node| self.nodes[*node].process.is_some())
            .expect("a standby")
    }

    /// Waits until all nodes that run have on their disks what the log has now.
    pub fn all_follow(&mut self) {
        let active = self.active();
        let mut wanted = None;
        self.wait("all nodes to follow", |cluster| {
            let Some(status) = cluster.status() else {
                return false;
            };
            let entry = *wanted.get_or_insert(status.entry);
            let running = (0..cluster.nodes.len())
                .filter(|node| cluster.nodes[*node].process.is_some())
                .collect::<Vec<_>>();
            running.iter().all(|node| {
                let (_, synced) = match status.nodes.get(&cluster.nodes[*node].name) {
                    Some(found) => found,
                    None => return false,
                };
                let follows = *node == active || cluster.readiness(*node).contains("standby of n");
                follows && *synced >= entry
            })
        });
    }

    /// What `tessera cluster status` says; `None` while etcd does not answer.
    pub fn status(&self) -> Option<Status> {
        Status::read(&self.printed_status())
    }

    /// The same, as it was printed.
    pub fn printed_status(&self) -> String {
        let output = self
            .rig
            .try_run(&["cluster", "status", "--config", "n1/switch.toml"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Answers that the node has given since it was started.
    pub fn answers(&self, node: usize) -> f64 {
        let text = get(self.nodes[node].addresses.operations, "/metrics");
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix("tessera_answers_total")?;
            rest.rsplit_once(' ')?.1.parse::<f64>().ok()
        });
        values.sum()
    }

    /// Waits until the active node has given some more answers.
    pub fn let_pass(&mut self, answers: f64) {
        let active = self.active();
        let wanted = self.answers(active) + answers;
        self.wait("answers", |cluster| cluster.answers(active) >= wanted);
    }

    /// Requests begin.
    pub fn start_load(&self) -> Loading {
        self.rig.start_load(&LOAD)
    }

    /// The end of every scenario, with all nodes running: each request was answered, every balance and the financial system
    /// agree, nothing is held or open, all journals are the same, and so many epochs have begun, that of the first node included.
    #[allow(clippy::print_stderr, reason = "the measured gap is wanted")]
    pub fn settle(&mut self, loading: Loading, epochs: RangeInclusive<u64>) -> f64 {
        let active = self.active();
        self.all_follow();
        let printed = self.rig.finish_load(loading);
        let report = fs::read(self.rig.path("load.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(report["host_tally_agrees"], true, "{printed}");
        assert_eq!(report["accounts_uncertain"], 0, "{printed}");
        let tally = http_get(self.rig.addresses.tally, "/tally");
        assert!(tally.contains("\"contradictions\":0"), "{tally}");
        self.wait("nothing to be open", |cluster| {
            is_settled(&cluster.audit(active))
        });
        self.all_follow();
        self.compare_journals();
        let audited = self.audit(active);
        for node in 0..self.nodes.len() {
            let audit = self.audit(node);
            assert!(is_settled(&audit), "{}:\n{audit}", self.nodes[node].name);
            assert_eq!(sums(&audit), sums(&audited), "{}", self.nodes[node].name);
        }
        let begun = self.epochs();
        assert!(epochs.contains(&begun), "{begun} epochs, not {epochs:?}");
        let gap = report["longest_gap_ms"].as_f64().expect("a figure");
        eprintln!("{}: longest gap without answers {gap:.0} ms", self.name);
        gap
    }

    /// How many epochs have begun: each by one node, which has said so.
    pub fn epochs(&self) -> u64 {
        let mut begun = Vec::new();
        for node in &self.nodes {
            let log = self.rig.log(&node.name);
            let lines = log
                .lines()
                .filter(|line| line.contains("took over: this node owns"));
            begun.extend(lines.map(|line| {
                let words = line.split_whitespace();
                let mut epochs = words.filter_map(|word| word.strip_prefix("epoch="));
                let epoch = epochs.next().expect("an epoch");
                epoch.parse::<u64>().expect("a number")
            }));
        }
        begun.sort_unstable();
        let last = self.status().expect("a status").epoch;
        assert_eq!(
            begun,
            (1..=last).collect::<Vec<_>>(),
            "one node for each epoch"
        );
        last
    }

    /// What the audit of a node's folder says.
    pub fn audit(&self, node: usize) -> String {
        let config = format!("{}/switch.toml", self.nodes[node].name);
        let audit = self.rig.run(&["audit", "--config", &config]);
        String::from_utf8_lossy(&audit.stdout).into_owned()
    }

    /// All nodes have the same bytes, up to the end of the shortest journal.
    #[allow(
        clippy::print_stderr,
        reason = "nothing that was compared would be the same, too"
    )]
    pub fn compare_journals(&self) {
        let of = |node: usize| segments::written(&self.path(node, "data/journal"));
        let journals: Vec<_> = (0..self.nodes.len()).map(of).collect();
        let same = segments::compare(&journals);
        let same = same.unwrap_or_else(|why| panic!("{}: {why}", self.name));
        eprintln!("{}: the journals are the same: {same}", self.name);
    }
}

const CARDS: u64 = 100;
/// As the documentation asks for.
const QUOTA_BYTES: u64 = 4 << 30;
/// Some cards run dry in a long run.
const BALANCE: u64 = 50_000;
const HOST_DATA: &str = "data=\"host-data\"";
/// What the acquirer's profile has to grant for the load.
const PERMISSIONS: &str =
    "several_completions = true\nstand_in_advices = true\npartial_approval = true\n";
const LOAD: [&str; 13] = [
    "--cards",
    "100",
    "--rate",
    "400",
    "--connections",
    "6",
    "--silence",
    "2s",
    "--several-completions",
    "--json",
    "load.json",
    "--mix",
    "purchases=35,repeats=8,reversals=15,inquiries=8,authorizations=12,completions=10,refunds=6,advices=2,partials=4",
];

const IN_A_HURRY: [(&str, &str); 5] = [
    ("order_wait = \"3s\"", "order_wait = \"1s\""),
    ("repeat_min = \"1s\"", "repeat_min = \"100ms\""),
    ("repeat_max = \"60s\"", "repeat_max = \"1s\""),
    ("reconnect_max = \"10s\"", "reconnect_max = \"300ms\""),
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"1s\""),
];

/// For any node that starts a cluster.
pub fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The financial system is at this address.
fn move_host(rig: &mut Rig, address: IpAddr) {
    for at in [&mut rig.addresses.host, &mut rig.addresses.tally] {
        let before = at.to_string();
        at.set_ip(address);
        for file in ["switch.toml", "host.toml"] {
            let path = rig.folder.path().join(file);
            let text = fs::read_to_string(&path).expect("a configuration");
            fs::write(path, text.replace(&before, &at.to_string())).expect("a file");
        }
    }
}

/// A folder for each node, and the log begun with the data of the first one, which the others get a copy of.
fn lay_out(rig: &Rig, nodes: &[Node], etcd: &EtcdRig) {
    let written = fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let peers: Vec<_> = nodes
        .iter()
        .map(|node| {
            let at = SocketAddr::new(node.addresses.operations.ip(), free_port().port());
            format!("{} = \"{at}\"", node.name)
        })
        .collect();
    let cluster = rig.addresses;
    for (index, node) in nodes.iter().enumerate() {
        let folder = rig.path(&node.name);
        fs::create_dir(&folder).expect("a folder");
        copy(&rig.path("certs"), &folder);
        copy(&rig.path("parties"), &folder);
        copy(&rig.path("keys"), &folder);
        // Its own member first.
        let members: Vec<_> = (0..nodes.len())
            .map(|ahead| {
                let member = etcd.endpoint((index + ahead) % nodes.len());
                format!("\"http://{member}\"")
            })
            .collect();
        let text = written
            .replace(
                &cluster.malls.to_string(),
                &node.addresses.malls.to_string(),
            )
            .replace(
                &cluster.wallet_server.to_string(),
                &node.addresses.wallet_server.to_string(),
            )
            .replace(
                &cluster.operations.to_string(),
                &node.addresses.operations.to_string(),
            );
        let text = format!(
            "{text}\n[cluster]\nnode = \"{}\"\nnodes = {{ {} }}\netcd = [{}]\n",
            node.name,
            peers.join(", "),
            members.join(", ")
        );
        fs::write(folder.join("switch.toml"), text).expect("a file");
    }
    let first = rig.path(&nodes[0].name);
    fs::rename(rig.path("data"), first.join("data")).expect("data");
    rig.run(&["cluster", "begin", "--config", "n1/switch.toml"]);
    for node in &nodes[1..] {
        copy(&first.join("data"), &rig.path(&node.name));
    }
}

/// A folder with all that is in it, into another one.
pub fn copy(from: &Path, into: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(into).status();
    assert!(copied.is_ok_and(|copied| copied.success()), "a copy");
}

/// The command on this machine.
fn within(command: Command, machine: &Machine) -> Command {
    let Some((program, arguments)) = machine.enter.split_first() else {
        return command;
    };
    let mut inside = Command::new(program);
    inside
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        inside.current_dir(folder);
    }
    inside
}

fn log(path: &Path) -> fs::File {
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    file.expect("a log")
}

/// An HTTP answer of a process that may be stopped, or cut off; empty where there is none soon.
pub fn get(address: SocketAddr, path: &str) -> String {
    let patience = Duration::from_millis(700);
    let ask = || -> std::io::Result<String> {
        let mut socket = TcpStream::connect_timeout(&address, patience)?;
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        write!(
            socket,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().unwrap_or_default()
}

/// The lines of an audit that do not depend on the node: what it read may be in more or fewer files.
fn sums(audit: &str) -> Vec<&str> {
    let is_of_files = |line: &&str| line.contains("segment") || line.contains("bytes");
    audit.lines().filter(|line| !is_of_files(line)).collect()
}
