//! `tessera saf`: advices that the financial system has refused too often.

use clap::{Args, Subcommand};
use tessera_console::print;
use tessera_switch::ops::operator::{OperatorRequest, Want, Whose};

use crate::control::Why;
use crate::operations;

/// List, show, resend or drop advices that the financial system has refused too often (store and forward).
#[derive(Args)]
pub struct Saf {
    #[command(flatten)]
    switch: operations::Running,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, oldest first, as JSON: id, field 37, creation time (milliseconds since 1970), field 39 of the last
    /// answer.
    List,
    /// Show the message, field by field.
    Show {
        /// The id in the output of `list`.
        id: String,
    },
    /// Resend it until it is acknowledged or refused too often again.
    Retry {
        /// The id in the output of `list`.
        id: String,
        #[command(flatten)]
        why: Why,
    },
    /// Never send it: the totals of both sides differ by it from now on, unless the financial system has posted it by
    /// hand.
    Drop {
        /// The id in the output of `list`.
        id: String,
        #[command(flatten)]
        why: Why,
    },
}

impl Saf {
    pub fn run(self) -> anyhow::Result<()> {
        let switch = &self.switch;
        let (want, id, why) = match self.command {
            Command::List => {
                print(switch.ask("GET", "/saf", None)? + "\n")?;
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
