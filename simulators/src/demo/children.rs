//! The programs that the demo starts: each announces itself with a line that begins with `ready`, ends on SIGTERM,
//! and dies with the demo, however that ends.
//!
//! A Ctrl-C in the terminal goes to a whole process group, so children get their own groups: only the demo gets the
//! signal, and stops them in order. Against a demo that is killed, each child asks the system for a signal at its
//! parent's death ([`end_with_parent`]). A program that is not ours can't ask for that: `tessera` does, and becomes it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::folder::Folder;

/// Set for children: the process without which they shall not be.
const PARENT: &str = "TESSERA_ENDS_WITH";

/// Set for children that shall become another program, with the same arguments.
const BECOMES: &str = "TESSERA_BECOMES";

/// Set for children that are killed when the demo has gone, in place of being asked to end.
const AT_ONCE: &str = "TESSERA_ENDS_AT_ONCE";

/// How long a program may take to be ready, and to end.
const READY_WITHIN: Duration = Duration::from_secs(30);
const END_WITHIN: Duration = Duration::from_secs(20);

/// A program under the demo.
pub struct Program {
    /// The subcommand, or what it is in the cluster; its log has this name too.
    pub name: &'static str,
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    log: String,
}

/// What a program does next.
pub enum Said {
    /// It is ready, as this line says.
    Ready(String),
    /// It has ended.
    Ended(io::Result<ExitStatus>),
}

impl Program {
    /// Starts `tessera NAME ARGUMENTS`, and waits for nothing.
    pub fn tessera(
        folder: &Folder,
        name: &'static str,
        arguments: &[OsString],
    ) -> anyhow::Result<Self> {
        let mut command = command(&[name])?;
        command.args(arguments);
        Self::launch(folder, name, command)
    }

    /// Starts a command, and waits for nothing.
    pub fn launch(
        folder: &Folder,
        name: &'static str,
        mut command: Command,
    ) -> anyhow::Result<Self> {
        let log_path = folder.file(&format!("{name}.log"));
        let log = File::options().create(true).append(true).open(&log_path);
        let log = log.with_context(|| log_path.display().to_string())?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("tessera {name}"))?;
        let output = child.stdout.take().context("a pipe was asked for")?;
        Ok(Self {
            name,
            child,
            output: BufReader::new(output).lines(),
            log: log_path.display().to_string(),
        })
    }

    /// Waits until it is ready; its line of readiness.
    pub async fn ready(&mut self) -> anyhow::Result<String> {
        match tokio::time::timeout(READY_WITHIN, self.next()).await {
            Ok(Said::Ready(line)) => Ok(line),
            Ok(Said::Ended(_)) => bail!(
                "tessera {} ended before it was ready: see {}",
                self.name,
                self.log
            ),
            Err(_) => bail!(
                "tessera {} is not ready after {READY_WITHIN:?}: see {}",
                self.name,
                self.log
            ),
        }
    }

    /// The next thing that it does. May be dropped and called again at any time.
    pub async fn next(&mut self) -> Said {
        // What it says is read on, so that its pipe never fills.
        while let Ok(Some(line)) = self.output.next_line().await {
            if line.starts_with("ready") {
                return Said::Ready(line);
            }
        }
        Said::Ended(self.child.wait().await)
    }

    /// Why it has ended, which nobody asked for.
    pub fn ended(&self, status: io::Result<ExitStatus>) -> anyhow::Error {
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        anyhow::anyhow!(
            "tessera {} ended by itself ({status}): see {}",
            self.name,
            self.log
        )
    }

    /// Resolves when it has ended, for whatever reason.
    pub async fn exit(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Said::Ended(status) = self.next().await {
                return status;
            }
        }
    }

    /// SIGKILL, as if its machine had died.
    pub fn kill(&mut self) {
        // It may just have ended.
        let _ = self.child.start_kill();
    }

    /// Asks it to end, and waits.
    pub async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        if let Some(process) = self
            .child
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id as i32))
        {
            // It may just have ended.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        match tokio::time::timeout(END_WITHIN, self.exit()).await {
            Ok(status) => status.context(self.name),
            Err(_) => bail!(
                "tessera {} did not end within {END_WITHIN:?}: it is killed",
                self.name
            ),
        }
    }
}

/// Runs `tessera ARGUMENTS CONFIG MORE` to its end: its output, and whether it succeeded.
pub async fn complete(
    arguments: &[&str],
    config: &Path,
    more: &[&str],
) -> anyhow::Result<(String, bool)> {
    let output = command(arguments)?.arg(config).args(more).output().await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((
        String::from_utf8_lossy(&text).trim().to_owned(),
        output.status.success(),
    ))
}

/// `tessera ARGUMENTS`.
fn command(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env(PARENT, std::process::id().to_string())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// `tessera ARGUMENTS`, a process that can't end in order where the demo is killed: the others, which it would need for
/// that, end too.
pub fn command_of_cluster(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = command(arguments)?;
    command.env(AT_ONCE, "1");
    Ok(command)
}

/// `PROGRAM ARGUMENTS`, which is not ours, likewise.
pub fn foreign_command(program: &Path, arguments: &[String]) -> anyhow::Result<Command> {
    let mut command = command_of_cluster(&[])?;
    command.args(arguments).env(BECOMES, program);
    Ok(command)
}

/// To be called first in `main`: where the demo is the parent, this process gets a signal when that dies, and becomes
/// another program if it shall. Does nothing in a process that was started by anybody else.
pub fn end_with_parent() {
    let parent = std::env::var(PARENT).ok();
    let Some(parent) = parent.and_then(|id| id.parse::<i32>().ok()) else {
        return;
    };
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        let signal = match std::env::var_os(AT_ONCE) {
            Some(_) => Signal::KILL,
            None => Signal::TERM,
        };
        // Where this fails, the demo's own end still ends its children.
        let _ = set_parent_process_death_signal(Some(signal));
    }
    // The parent may have died before this call.
    let now = rustix::process::getppid();
    if now.is_none_or(|now| now.as_raw_nonzero().get() != parent) {
        std::process::exit(1);
    }
    if let Some(program) = std::env::var_os(BECOMES) {
        let mut command = std::process::Command::new(&program);
        command.args(std::env::args_os().skip(1));
        for name in [PARENT, BECOMES, AT_ONCE] {
            command.env_remove(name);
        }
        let error = command.exec();
        tessera_console::note(format_args!("{}: {error}", Path::new(&program).display()));
        tessera_console::finish();
        std::process::exit(1);
    }
}
