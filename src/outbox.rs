//! `tessera outbox`: dead letters of notifications.

use anyhow::bail;
use clap::{Args, Subcommand};
use tessera_console::print;

use crate::operations;

/// List messages to payers that were given up, retry them, or drop them.
#[derive(Args)]
pub struct Outbox {
    #[command(flatten)]
    switch: operations::Running,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, oldest first, as JSON: id, time of the event (milliseconds since 1970), number of tries, reason.
    List,
    /// Retry one of them, or all.
    Retry(Letters),
    /// Drop one of them, or all.
    Drop(Letters),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Letters {
    /// The id in the output of `list`.
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
            bail!("`{id}` is not an id: `tessera outbox list` prints them");
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
