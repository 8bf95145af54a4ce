//! Asking the running switch at its operators' socket.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tessera_common::bounded;

/// Longer than the switch's own timeout for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// A list of 100,000 decisions with their reasons is smaller.
const ANSWER_BYTES_MAX: usize = 128 << 20;

/// The switch to connect to.
#[derive(Args)]
#[command(next_help_heading = "Running switch")]
pub struct Running {
    /// The configuration of the running switch
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/switch.toml",
        global = true
    )]
    config: PathBuf,
    /// The folder of its data, in place of the configured one
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Its socket, for operators who may not read its configuration
    #[arg(long, value_name = "FILE", global = true)]
    socket: Option<PathBuf>,
}

impl Running {
    /// Sends a request; the body of its answer.
    ///
    /// # Errors
    /// If no switch answers, or it refuses.
    pub fn ask(&self, method: &str, path: &str, json: Option<&str>) -> anyhow::Result<String> {
        let socket = match &self.socket {
            Some(socket) => socket.clone(),
            None => crate::switch::read(&self.config, self.data.clone())?.operations_socket(),
        };
        let line = UnixStream::connect(&socket)
            .with_context(|| format!("no switch answers at {} (ops.socket)", socket.display()))?;
        exchange(line, method, path, json)
    }
}

/// How far the journal of a switch is durable; `None` where no switch listens at this socket.
///
/// # Errors
/// If a switch refuses, or its answer is not understood.
pub fn durable(socket: &Path) -> anyhow::Result<Option<Option<u64>>> {
    let line = match UnixStream::connect(socket) {
        Ok(line) => line,
        Err(error) if is_nobody(&error) => return Ok(None),
        Err(error) => return Err(error).with_context(|| socket.display().to_string()),
    };
    let answer = exchange(line, "GET", "/journal", None)?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let durable = answer
        .get("durable")
        .context("the switch does not say how far its journal is durable")?;
    Ok(Some(durable.as_u64()))
}

/// Whether there is no socket, or one that an ended process has left.
fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

/// Sends a request; the body of its answer.
fn exchange(
    mut line: UnixStream,
    method: &str,
    path: &str,
    json: Option<&str>,
) -> anyhow::Result<String> {
    line.set_read_timeout(Some(PATIENCE))?;
    line.set_write_timeout(Some(PATIENCE))?;
    let kind = match json {
        Some(_) => "content-type: application/json\r\n",
        None => "",
    };
    let body = json.unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{kind}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes())?;
    let answer = bounded::all_text(line, ANSWER_BYTES_MAX).map_err(|why| match why.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => why,
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.lines().next().unwrap_or_default();
    if !status.contains(" 200 ") {
        match body.trim() {
            "" => bail!("the switch answered {status:?}"),
            why => bail!("{why}"),
        }
    }
    Ok(body.trim_end().to_owned())
}
