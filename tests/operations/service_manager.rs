//! What systemd is notified of, on a socket of our own.

use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::rig::{Rig, Running, free_port};

struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    fn listen(rig: &Rig) -> Self {
        let socket = UnixDatagram::bind(rig.path("notify")).expect("a socket");
        let patience = Some(Duration::from_secs(1));
        socket.set_read_timeout(patience).expect("a socket");
        Self { socket }
    }

    fn start(&self, rig: &Rig, arguments: &[&str]) -> Running {
        let child = rig
            .command(arguments)
            .env("NOTIFY_SOCKET", rig.path("notify"))
            .env("WATCHDOG_USEC", "400000")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tessera starts");
        Running(child)
    }

    /// Waits for a message that has this line; all lines of it.
    fn wait_for(&self, line: &str) -> Vec<String> {
        let began = Instant::now();
        let mut bytes = [0; 4096];
        loop {
            assert!(began.elapsed() < crate::rig::PATIENCE, "no {line}");
            let Ok(length) = self.socket.recv(&mut bytes) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes[..length]);
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            if lines.iter().any(|said| said == line) {
                return lines;
            }
        }
    }

    fn sees_a_whole_life(&self, mut running: Running) {
        self.wait_for("READY=1");
        self.wait_for("WATCHDOG=1");
        self.wait_for("WATCHDOG=1");
        running.signal("-HUP");
        let reloading = self.wait_for("RELOADING=1");
        // Without it systemd takes the reload for failed.
        assert!(
            reloading
                .iter()
                .any(|line| line.starts_with("MONOTONIC_USEC=")),
            "{reloading:?}"
        );
        self.wait_for("READY=1");
        running.signal("-TERM");
        self.wait_for("STOPPING=1");
        let status = running.ended_within(crate::rig::PATIENCE);
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }
}

#[test]
fn the_switch_notifies_the_service_manager() {
    let rig = Rig::new(0, 0);
    let manager = Manager::listen(&rig);
    manager.sees_a_whole_life(manager.start(&rig, &["switch", "--config", "switch.toml"]));
}

#[test]
fn the_wallet_server_notifies_the_service_manager() {
    let mut rig = Rig::new(0, 0);
    rig.start_switch();
    let wallet = rig.start_wallet(free_port(), &[]);
    drop(wallet.running);
    let manager = Manager::listen(&rig);
    manager.sees_a_whole_life(manager.start(&rig, &["wallet", "--config", "wallet.toml"]));
}
