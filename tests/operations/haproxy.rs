//! A real HAProxy with the shipped configuration, in front of two switches of which one is ready at a time.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::rig::wire::{PLAIN, Wire, network, rig_with};
use crate::rig::{Rig, Running, at_home, free_port, wait_for};

/// Debian has it here, which is not in the path of every user.
const PROGRAM: &str = "/usr/sbin/haproxy";
/// Where the mall comes from, which is not where HAProxy comes from.
const MALL: &str = "127.0.0.2:0";
/// Two checks of half a second, a second for a busy machine, and as much again.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);

struct Balancer {
    folder: TempDir,
    malls: SocketAddr,
    running: Running,
}

impl Balancer {
    fn start(nodes: [&Rig; 2]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let malls = free_port();
        let path = folder.path().join("haproxy.cfg");
        fs::write(&path, configuration(malls, nodes)).expect("a file");
        let log = File::create(folder.path().join("haproxy.log")).expect("a file");
        let mut command = Command::new(PROGRAM);
        command
            .args(["-db", "-f"])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log);
        at_home(&mut command, folder.path());
        let running = Running(command.spawn().expect("haproxy: `make setup`"));
        Self {
            folder,
            malls,
            running,
        }
    }

    /// A mall's connection through the balancer, which the switch lets sign on. `None` where there is none, or it is closed.
    fn sign_on(&mut self) -> Option<Wire> {
        let ended = self.running.0.try_wait().expect("a child");
        assert!(ended.is_none(), "{ended:?}\n{}", self.log());
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let mall: SocketAddr = MALL.parse().expect("an address");
        socket.bind(&mall.into()).expect("an address of ours");
        socket.connect(&self.malls.into()).ok()?;
        let mut wire = Wire::of(socket.into());
        let sign_on = network(&PLAIN, "001").frame();
        std::io::Write::write_all(&mut wire.socket, &sign_on).ok()?;
        let answer = wire.try_answer()?;
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        Some(wire)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("haproxy.log")).unwrap_or_default()
    }
}

/// The shipped one, with the addresses of these nodes.
fn configuration(malls: SocketAddr, nodes: [&Rig; 2]) -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy.cfg");
    let mut text = fs::read_to_string(shipped).expect("a configuration");
    let mut changes = vec![
        // Whatever limit of open files the machine has.
        ("maxconn 5000".to_owned(), "maxconn 100".to_owned()),
        (
            "log /dev/log local0".to_owned(),
            "log stdout format raw local0".to_owned(),
        ),
        (
            "    stats socket /run/haproxy/admin.sock mode 660 level admin\n".to_owned(),
            String::new(),
        ),
        ("bind :8583".to_owned(), format!("bind {malls}")),
        ("bind :8584".to_owned(), format!("bind {}", free_port())),
        (
            "bind 127.0.0.1:8405".to_owned(),
            format!("bind {}", free_port()),
        ),
        ("    server n3 10.0.0.3:8583\n".to_owned(), String::new()),
    ];
    for (number, node) in (1..).zip(nodes) {
        let server = format!("server n{number}");
        let port = node.addresses.operations.port();
        for (shipped, address) in [
            ("8583", node.addresses.malls),
            // These switches have no port with TLS: nobody connects to that side of the balancer.
            ("8584", node.addresses.malls),
        ] {
            changes.push((
                format!("{server} 10.0.0.{number}:{shipped}\n"),
                format!("{server} {address} port {port}\n"),
            ));
        }
    }
    for (shipped, changed) in changes {
        assert!(
            text.contains(&shipped),
            "{shipped} is not in the shipped configuration"
        );
        text = text.replace(&shipped, &changed);
    }
    text
}

/// A switch that believes the balancer, with a party that may come from the mall's address only. It has no financial system yet:
/// it is not ready.
fn node() -> Rig {
    let mut rig = rig_with(0, 0, &[("proxy_protocol_from", "[\"127.0.0.1\"]")]);
    rig.add_to_party(
        "development-acquirer-2.toml",
        "[line]\naddresses = [\"127.0.0.2\"]\n",
    );
    rig.start_switch();
    rig
}

fn connections(rig: &Rig) -> f64 {
    rig.sum("tessera_party_connections")
}

#[test]
fn every_connection_goes_to_the_switch_that_is_ready() {
    let (mut first, mut second) = (node(), node());
    first.start_host(&[]);
    first.wait_until_ready();
    let mut balancer = Balancer::start([&first, &second]);
    // It takes every switch for ready until it has asked. A standby refuses connections; this one does not.
    wait_for("the second one to be found not ready", || {
        balancer.log().contains("Server switch/n2 is DOWN")
    });
    let sessions = (0..5).map(|_| balancer.sign_on().expect("a session"));
    let mut sessions: Vec<_> = sessions.collect();
    assert_eq!((connections(&first), connections(&second)), (5.0, 0.0));

    // The first one lives and its sessions stand, but it is not ready any more: the balancer closes them.
    second.start_host(&[]);
    first.kill_host();
    wait_for("the first one not to be ready", || {
        !first.get("/readyz").starts_with("HTTP/1.1 200")
    });
    let began = Instant::now();
    for session in &mut sessions {
        session.assert_closed("the session of a switch that is not ready");
    }
    let noticed = began.elapsed();
    wait_for("a session on the other one", || {
        balancer.sign_on().is_some_and(|mut session| {
            session.assert_serves(&PLAIN);
            connections(&second) == 1.0
        })
    });
    assert!(noticed < NOTICED_WITHIN, "{noticed:?}\n{}", balancer.log());
    wait_for("the sessions to end at the first one", || {
        connections(&first) == 0.0
    });

    // Back again, when the second one dies.
    let mut session = balancer.sign_on().expect("a session");
    first.start_host(&[]);
    second.kill_switch();
    session.assert_closed("the session of a switch that is dead");
    wait_for("a session on the first one", || {
        balancer.sign_on().is_some_and(|mut session| {
            session.assert_serves(&PLAIN);
            connections(&first) == 1.0
        })
    });
}
