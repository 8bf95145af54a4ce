//! Asking the running switch at its operators' socket.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
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
pub struct Running {
    /// The configuration of the running switch.
    #[arg(long, default_value = "config/switch.toml", global = true)]
    config: PathBuf,
    /// The folder of its data, in place of the configured one.
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Its socket: for operators who may not read its configuration.
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
        let mut line = UnixStream::connect(&socket)
            .with_context(|| format!("no switch answers at {} (ops.socket)", socket.display()))?;
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
}
