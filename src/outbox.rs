//! `tessera outbox`: what could not be told to payers.

use anyhow::bail;
use clap::{Args, Subcommand};
use tessera_console::print;

use crate::operations;

/// List messages to payers that were given up, try them again, or drop them.
#[derive(Args)]
pub struct Outbox {
    #[command(flatten)]
    switch: operations::Running,
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
        let (method, path) = match &self.command {
            Command::List => ("GET", "/outbox".to_owned()),
            Command::Retry(letters) => ("POST", letters.path("retry")?),
            Command::Drop(letters) => ("POST", letters.path("drop")?),
        };
        print(self.switch.ask(method, &path, None)? + "\n")?;
        Ok(())
    }
}
