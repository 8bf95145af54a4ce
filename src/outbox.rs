//! `tessera outbox`: dead letters of notifications.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::Value;
use tessera_console::print;
use tessera_switch::ops::control::Stated;

use crate::control::Why;
use crate::operations;
use crate::table::of_json;

/// List, retry or drop messages and events that were given up
#[derive(Args)]
pub struct Outbox {
    #[command(flatten)]
    switch: operations::Running,
    /// Events for parties in place of messages to payers
    #[arg(long, global = true)]
    webhooks: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, oldest first: id, time of the event, number of tries, reason
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Retry one of them, or all
    Retry {
        #[command(flatten)]
        letters: Letters,
        #[command(flatten)]
        why: Why,
    },
    /// Drop one of them, or all
    Drop {
        #[command(flatten)]
        letters: Letters,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Letters {
    /// The id in the output of `list`
    id: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
}

impl Letters {
    /// An id goes into a request's path.
    fn path(&self, folder: &str, what: &str) -> anyhow::Result<String> {
        let Some(id) = &self.id else {
            return Ok(format!("{folder}/{what}"));
        };
        let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'.';
        if id.is_empty() || !id.bytes().all(plain) {
            bail!("`{id}` is not an id: `tessera outbox list` prints them");
        }
        Ok(format!("{folder}/{id}/{what}"))
    }
}

impl Outbox {
    pub fn run(self) -> anyhow::Result<()> {
        let folder = if self.webhooks {
            "/webhooks"
        } else {
            "/outbox"
        };
        let (path, why) = match self.command {
            Command::List { json } => {
                let answer = self.switch.ask("GET", folder, None)?;
                let letters: Value = serde_json::from_str(&answer)?;
                return list(&letters, json, self.webhooks);
            }
            Command::Retry { letters, why } => (letters.path(folder, "retry")?, why),
            Command::Drop { letters, why } => (letters.path(folder, "drop")?, why),
        };
        let (by, reason) = why.user_and_reason();
        let stated = serde_json::to_string(&Stated { by, reason })?;
        Ok(print(
            self.switch.ask("POST", &path, Some(&stated))? + "\n",
        )?)
    }
}

fn list(letters: &Value, json: bool, webhooks: bool) -> anyhow::Result<()> {
    print(match (json, webhooks) {
        (true, _) => serde_json::to_string_pretty(letters)? + "\n",
        (false, false) => {
            let titles = ["id", "time of the event", "tries", "reason"];
            of_json(titles, ["id", "since", "attempts", "why"], letters)
        }
        (false, true) => {
            let titles = ["id", "party", "time of the event", "tries", "reason"];
            of_json(titles, ["id", "party", "since", "attempts", "why"], letters)
        }
    })?;
    Ok(())
}
