//! A process of etcd. A shell stands beside it that kills it when this process has gone: its standard input ends then.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Endpoint;

/// Says the process's id, and waits until nobody holds the other end of its standard input.
const BESIDE: &str = r#"exec 3<&0
"$@" </dev/null >&2 3<&- &
echo $!
read -r _ <&3
kill -9 $!
wait $!"#;

pub struct Member {
    command: Vec<String>,
    url: String,
    log: PathBuf,
    running: Option<Running>,
}

struct Running {
    beside: Child,
    process: Pid,
}

impl Member {
    pub fn launch(command: Vec<String>, url: String, log: PathBuf) -> Self {
        let mut member = Self {
            command,
            url,
            log,
            running: None,
        };
        member.start_again();
        member
    }

    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "the member runs already");
        let log = File::options().create(true).append(true).open(&self.log);
        let mut beside = Command::new("sh")
            .args(["-c", BESIDE, "sh"])
            .args(&self.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.expect("the log of a member can be written"))
            .spawn()
            .expect("there is a shell");
        let mut line = String::new();
        let output = beside.stdout.take().expect("it is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the shell says an id");
        let process = line.trim().parse().ok().and_then(Pid::from_raw);
        self.running = Some(Running {
            beside,
            process: process.expect("the shell says an id"),
        });
    }

    pub fn kill(&mut self) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        drop(running.beside.stdin.take());
        // The shell has killed and reaped it once it ends.
        let _ = running.beside.wait();
    }

    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let running = self.running.as_ref().expect("the member runs");
        kill_process(running.process, signal).expect("the member runs");
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.url).expect("the rig makes endpoints that can be read")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}
