//! Asking the running switch at its operators' socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tessera_switch::ops::client;

/// Longer than the switch's own timeout for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

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
        Ok(client::ask(&socket, (method, path), json, PATIENCE)?)
    }
}

/// How far the journal of a switch is durable; `None` where no switch listens at this socket.
///
/// # Errors
/// If a switch refuses, or its answer is not understood.
pub fn durable(socket: &Path) -> anyhow::Result<Option<Option<u64>>> {
    let answer = match client::ask(socket, ("GET", "/journal"), None, PATIENCE) {
        Err(error) if error.is_nobody() => return Ok(None),
        answer => answer?,
    };
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let durable = answer
        .get("durable")
        .context("the switch does not say how far its journal is durable")?;
    Ok(Some(durable.as_u64()))
}
