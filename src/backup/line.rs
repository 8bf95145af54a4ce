//! The line to a folder on another machine: `ssh`, which starts `tessera backup --receive` there.

use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use tessera_backup::Remote;

use super::to::Machine;

/// So that a line which is gone is noticed, and nobody is asked for a password.
const OPTIONS: [&str; 3] = [
    "BatchMode=yes",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
];

/// The programs of both sides.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `ssh`, and arguments of its own.
    pub ssh: String,
    /// `tessera` on the other machine.
    pub remote: String,
}

/// `ssh` while it runs; it is ended when this is dropped.
pub struct Line {
    child: Child,
}

/// The folder at the other end of a line.
pub type Remotely = Remote<BufReader<ChildStdout>, ChildStdin>;

impl Line {
    /// Starts `ssh`, and the receiver there.
    pub fn start(machine: &Machine, programs: &Programs) -> anyhow::Result<Self> {
        let mut words = programs.ssh.split_whitespace();
        let program = words.next().context("--ssh-command names no program")?;
        let mut command = Command::new(program);
        command.args(words);
        for option in OPTIONS {
            command.args(["-o", option]);
        }
        if let Some(port) = machine.port {
            command.args(["-p", &port.to_string()]);
        }
        let (remote, folder) = (quoted(&programs.remote), quoted(&machine.folder));
        let receive = format!("{remote} backup --receive {folder}");
        command.args(["-T", "--", &machine.host, &receive]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn();
        let child = child.with_context(|| format!("can't start {program} (--ssh-command)"))?;
        Ok(Self { child })
    }

    /// Greets the receiver.
    pub fn greet(&mut self) -> anyhow::Result<Remotely> {
        let (input, output) = (self.child.stdout.take(), self.child.stdin.take());
        let (input, output) = input.zip(output).context("greeted before")?;
        Ok(Remote::greet(BufReader::new(input), output)?)
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For the shell of the other machine.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_text_as_it_is() {
        for text in ["/b", "a b", "it's $(x) `y` \"z\" \\", "~/b"] {
            let command = format!("printf %s {}", quoted(text));
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
