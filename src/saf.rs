//! `tessera saf`: advices that the financial system has refused too often.

use clap::{Args, Subcommand};
use serde_json::Value;
use tessera_console::print;
use tessera_switch::ops::operator::{OperatorRequest, Want, Whose};

use crate::control::Why;
use crate::operations;
use crate::table::of_json;

/// List, show, retry or drop advices that the host has refused
///
/// Store and forward (SAF) resends an advice until the financial system acknowledges it; what was refused too often waits here
/// for a decision.
#[derive(Args)]
pub struct Saf {
    #[command(flatten)]
    switch: operations::Running,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, oldest first: id, field 37, creation time, field 39 of the last answer
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the message, field by field
    Show {
        /// The id in the output of `list`
        id: String,
    },
    /// Resend it until it is acknowledged or refused too often again
    Retry {
        /// The id in the output of `list`
        id: String,
        #[command(flatten)]
        why: Why,
    },
    /// Drop it: never send it
    ///
    /// The totals of both sides differ by it from now on, unless the financial system has posted it by hand.
    Drop {
        /// The id in the output of `list`
        id: String,
        #[command(flatten)]
        why: Why,
    },
}

impl Saf {
    pub fn run(self) -> anyhow::Result<()> {
        let switch = &self.switch;
        let (want, id, why) = match self.command {
            Command::List { json } => {
                let advices: Value = serde_json::from_str(&switch.ask("GET", "/saf", None)?)?;
                let titles = ["id", "reference", "created", "last answer"];
                print(match json {
                    true => serde_json::to_string_pretty(&advices)? + "\n",
                    false => of_json(titles, ["id", "reference", "since", "code"], &advices),
                })?;
                return Ok(());
            }
            Command::Show { id } => {
                anyhow::ensure!(
                    id.bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'),
                    "`{id}` is not an id: `tessera saf list` prints them"
                );
                let path = format!("/saf/{id}");
                print(switch.ask("GET", &path, None)? + "\n")?;
                return Ok(());
            }
            Command::Retry { id, why } => (Want::Retry, id, why),
            Command::Drop { id, why } => (Want::Drop, id, why),
        };
        let (by, reason) = why.user_and_reason();
        let request = OperatorRequest {
            want,
            of: Whose::Letter(id),
            by,
            reason,
        };
        switch.ask("POST", "/operator", Some(&serde_json::to_string(&request)?))?;
        print("done\n")?;
        Ok(())
    }
}
