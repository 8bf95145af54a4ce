//! `tessera outbox`: what could not be told to payers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use tessera_switch::config::Settings;

/// List messages to payers that were given up, try them again, or drop them.
#[derive(Args)]
pub struct Outbox {
    /// The configuration of the running switch.
    #[arg(long, default_value = "config/switch.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, oldest first, as JSON: id, when it happened (milliseconds since 1970), how often it was tried, why not.
    List,
    /// Try one again, or all of them.
    Retry(Letters),
    /// Forget one, or all of them.
    Drop(Letters),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Letters {
    /// As `list` says it.
    id: Option<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
}

impl Letters {
    /// An id goes into a request's path.
    fn path(&self, what: &str) -> anyhow::Result<String> {
        let Some(id) = &self.id else {
            return Ok(format!("/outbox/{what}"));
        };
        let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'.';
        if id.is_empty() || !id.bytes().all(plain) {
            bail!("`{id}` is no id: `tessera outbox list` says them");
        }
        Ok(format!("/outbox/{id}/{what}"))
    }
}

impl Outbox {
    pub fn run(self) -> anyhow::Result<()> {
        let listen = Settings::read(&self.config)?.ops.listen;
        let (method, path) = match &self.command {
            Command::List => ("GET", "/outbox".to_owned()),
            Command::Retry(letters) => ("POST", letters.path("retry")?),
            Command::Drop(letters) => ("POST", letters.path("drop")?),
        };
        let mut line = TcpStream::connect(listen)
            .with_context(|| format!("no switch answers at {listen} (its operations port)"))?;
        line.set_read_timeout(Some(Duration::from_secs(10)))?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {listen}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        line.write_all(request.as_bytes())?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        if !head.contains(" 200 ") {
            bail!("{}", body.trim());
        }
        println!("{}", body.trim());
        Ok(())
    }
}
