//! Runs the command that prints the master key: without a shell, for a bounded time, with a bounded output.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tessera_common::bounded;
use zeroize::Zeroizing;

/// A command that asks over the network, and asks again, is done by then.
const WITHIN: Duration = Duration::from_secs(30);
/// A key is 64 digits.
const BYTES_MAX: usize = 4 << 10;
/// Between two looks at a command that has closed its output and has not ended.
const PAUSE: Duration = Duration::from_millis(10);

/// Why a command gave no key.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no such program, or it may not be run.
    #[error("can't be run: {0}")]
    Start(io::Error),
    /// What it prints can't be read, or is too long.
    #[error("has no readable output: {0}")]
    Output(io::Error),
    /// It says that it failed.
    #[error("failed ({0})")]
    Failed(ExitStatus),
    /// It has not ended.
    #[error("has not ended within {} s", .0.as_secs())]
    Late(Duration),
}

/// What a command prints on its standard output. Its standard error is that of this process.
pub(crate) fn output(words: &[String]) -> Result<Zeroizing<String>, CommandError> {
    output_within(words, WITHIN)
}

fn output_within(words: &[String], within: Duration) -> Result<Zeroizing<String>, CommandError> {
    let ends = Instant::now() + within;
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| CommandError::Start(io::ErrorKind::InvalidInput.into()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, so that all that it starts can be ended with it.
        .process_group(0)
        .spawn()
        .map_err(CommandError::Start)?;
    let output = read_until(&mut child, ends, within).and_then(|output| {
        let status = wait_until(&mut child, ends, within)?;
        match status.success() {
            true => Ok(output),
            false => Err(CommandError::Failed(status)),
        }
    });
    if output.is_err() {
        end(&mut child);
    }
    output
}

fn read_until(
    child: &mut Child,
    ends: Instant,
    within: Duration,
) -> Result<Zeroizing<String>, CommandError> {
    let stdout = child.stdout.take();
    let stdout = stdout.ok_or_else(|| CommandError::Output(io::ErrorKind::BrokenPipe.into()))?;
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("key-command".into())
        .spawn(move || {
            let text = bounded::all_text(stdout, BYTES_MAX).map(Zeroizing::new);
            // Nobody waits any more: it was too late.
            let _ = sender.send(text);
        })
        .map_err(CommandError::Start)?;
    let text = receiver.recv_timeout(ends.saturating_duration_since(Instant::now()));
    let text = text.map_err(|_| CommandError::Late(within))?;
    text.map_err(CommandError::Output)
}

fn wait_until(
    child: &mut Child,
    ends: Instant,
    within: Duration,
) -> Result<ExitStatus, CommandError> {
    loop {
        if let Some(status) = child.try_wait().map_err(CommandError::Output)? {
            return Ok(status);
        }
        if Instant::now() >= ends {
            return Err(CommandError::Late(within));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Ends a command, and what it has started. It may have ended already.
fn end(child: &mut Child) {
    if let Ok(None) = child.try_wait() {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output stays open, or is closed and the command goes on: either way it is ended.
    #[test]
    fn a_command_that_does_not_end_is_ended() {
        for script in ["sleep 1000 & sleep 1000", "exec >&-; sleep 1000"] {
            let words = ["sh", "-c", script].map(str::to_owned);
            let begun = Instant::now();
            let error = output_within(&words, Duration::from_millis(300)).unwrap_err();
            assert!(matches!(error, CommandError::Late(_)), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(100));
        }
    }
}
