//! A cluster of etcd on this machine, for tests: real processes on ports of the loopback, whose members a test kills, stops and
//! starts again.
//!
//! ```text
//! EtcdRig::start(Options)   one or more members, each with a folder and two ports; waits until all answer
//! kill, start_again         SIGKILL, and the same member from its folder
//! stop, go_on               SIGSTOP and SIGCONT: its kernel still accepts connections
//! start_at(Options, machines) the same with members at other addresses, and in other namespaces
//! drop                      ends all. They end with this process too, however that ends
//! ```

mod member;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use crate::{Endpoint, Etcd, EtcdSettings, LogError, LogStatus, NodeId, ReplicatedLog as _};
use member::Member;

/// What a rig is made of.
pub struct Options {
    /// The program: of the crate `etcd-bin-vendored`, for example.
    pub program: PathBuf,
    /// For the members' folders. It belongs to the caller.
    pub folder: PathBuf,
    /// How many.
    pub members: usize,
    /// Where the database is full.
    pub quota_bytes: u64,
    /// With TLS for clients.
    pub tls: Option<Tls>,
}

/// Files for etcd, and the client's side of them.
pub struct Tls {
    /// Of the servers, for `127.0.0.1`.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Of the clients.
    pub authority: PathBuf,
    /// What clients connect with.
    pub client: Arc<ClientConfig>,
}

/// Where a member runs.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Its address.
    pub address: String,
    /// What goes before its command: `ip netns exec NAME`, for example. It has to become the command, as a process.
    pub enter: Vec<String>,
}

/// See the head of this file.
pub struct EtcdRig {
    members: Vec<Member>,
    client: Option<Arc<ClientConfig>>,
}

/// A busy machine takes a while to start three members.
const STARTED: Duration = Duration::from_secs(30);

impl EtcdRig {
    /// Starts the members, and waits until all answer and one leads.
    ///
    /// # Panics
    /// Where they do not.
    pub fn start(options: &Options) -> Self {
        let here = Machine {
            address: "127.0.0.1".to_owned(),
            enter: Vec::new(),
        };
        Self::start_at(options, &vec![here; options.members])
    }

    /// The same, each member on the machine of its number.
    ///
    /// # Panics
    /// Where they do not start.
    pub fn start_at(options: &Options, machines: &[Machine]) -> Self {
        // Between being found free and being used, a port may be taken by another process.
        for attempt in 0.. {
            let rig = Self::launch(options, machines, &options.folder.join(attempt.to_string()));
            if rig.is_ready(options.members, STARTED) {
                return rig;
            }
            assert!(
                attempt < 2,
                "etcd does not start:\n{}",
                rig.members[0].log()
            );
        }
        unreachable!("the loop above ends by itself")
    }

    fn launch(options: &Options, machines: &[Machine], folder: &Path) -> Self {
        let ports = free_ports(2 * options.members);
        let scheme = match options.tls {
            Some(_) => "https",
            None => "http",
        };
        let peers: Vec<String> = ports
            .chunks(2)
            .zip(machines)
            .enumerate()
            .map(|(number, (ports, at))| format!("m{number}=http://{}:{}", at.address, ports[1]))
            .collect();
        let member = |(number, (ports, at)): (usize, (&[u16], &Machine))| {
            let client = format!("{scheme}://{}:{}", at.address, ports[0]);
            let peer = format!("http://{}:{}", at.address, ports[1]);
            let mut flags: Vec<String> = [
                ("name", format!("m{number}")),
                (
                    "data-dir",
                    folder.join(format!("m{number}")).display().to_string(),
                ),
                ("listen-client-urls", client.clone()),
                ("advertise-client-urls", client.clone()),
                ("listen-peer-urls", peer.clone()),
                ("initial-advertise-peer-urls", peer),
                ("initial-cluster", peers.join(",")),
                ("initial-cluster-token", folder.display().to_string()),
                ("snapshot-count", "500".to_owned()),
                ("snapshot-catchup-entries", "300".to_owned()),
                ("quota-backend-bytes", options.quota_bytes.to_string()),
                ("log-level", "warn".to_owned()),
            ]
            .map(|(name, value)| format!("--{name}={value}"))
            .to_vec();
            flags.extend(options.tls.iter().flat_map(Tls::flags));
            let log = folder.join(format!("m{number}.log"));
            let mut command = at.enter.clone();
            command.push(options.program.display().to_string());
            command.extend(flags);
            Member::launch(command, client, log)
        };
        std::fs::create_dir_all(folder).expect("the caller's folder can be written");
        Self {
            members: ports
                .chunks(2)
                .zip(machines)
                .enumerate()
                .map(member)
                .collect(),
            client: options.tls.as_ref().map(|tls| Arc::clone(&tls.client)),
        }
    }

    /// How to reach the members, for a cluster of nodes of this name. Each test should have its own.
    ///
    /// # Panics
    /// Where it is none.
    pub fn settings(&self, cluster: &str) -> EtcdSettings {
        EtcdSettings {
            endpoints: self.members.iter().map(Member::endpoint).collect(),
            tls: self.client.clone(),
            cluster: NodeId::parse(cluster).expect("a test names a cluster"),
        }
    }

    /// A client of them.
    ///
    /// # Panics
    /// Where the name is none.
    pub fn connect(&self, cluster: &str) -> Etcd {
        Etcd::new(self.settings(cluster)).expect("the rig's settings fit together")
    }

    /// Where a member listens.
    pub fn endpoint(&self, member: usize) -> Endpoint {
        self.members[member].endpoint()
    }

    /// The member that leads, once there is one.
    ///
    /// # Panics
    /// Where there is none for a long time.
    pub fn leader(&self) -> usize {
        let since = Instant::now();
        while since.elapsed() < STARTED {
            let leads = |member: &usize| {
                let settings = EtcdSettings {
                    endpoints: vec![self.endpoint(*member)],
                    ..self.settings("rig")
                };
                Etcd::new(settings).is_ok_and(|client| client.leads())
            };
            if let Some(leader) = (0..self.members.len()).find(leads) {
                return leader;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("no member leads");
    }

    /// Kills a member.
    pub fn kill(&mut self, member: usize) {
        self.members[member].kill();
    }

    /// Starts one that was killed.
    pub fn start_again(&mut self, member: usize) {
        self.members[member].start_again();
    }

    /// Stops a member's process, which keeps its connections.
    pub fn stop(&self, member: usize) {
        self.members[member].stop();
    }

    /// Has one that was stopped go on.
    pub fn go_on(&self, member: usize) {
        self.members[member].go_on();
    }

    /// Waits until so many members answer and one leads.
    pub fn is_ready(&self, members: usize, wait: Duration) -> bool {
        let client = self.connect("rig");
        let ready = |status: Result<LogStatus, LogError>| {
            status.is_ok_and(|status| status.leader != 0 && status.members_up as usize >= members)
        };
        let since = Instant::now();
        while since.elapsed() < wait {
            // A read that goes through a majority, and the status of each.
            if client.head().is_ok() && ready(client.status()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Tls {
    fn flags(&self) -> Vec<String> {
        let file = |name: &str, path: &Path| format!("--{name}={}", path.display());
        vec![
            file("cert-file", &self.certificate),
            file("key-file", &self.key),
            file("trusted-ca-file", &self.authority),
            "--client-cert-auth".to_owned(),
        ]
    }
}

/// Ports that are free now.
fn free_ports(count: usize) -> Vec<u16> {
    let bind = |_| TcpListener::bind(("127.0.0.1", 0)).expect("the loopback has free ports");
    let listeners: Vec<TcpListener> = (0..count).map(bind).collect();
    let port = |listener: &TcpListener| listener.local_addr().expect("it is bound").port();
    listeners.iter().map(port).collect()
}
