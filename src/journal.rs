//! `tessera journal`.

use std::path::PathBuf;

use clap::Subcommand;
use tessera_common::private;
use tessera_console::print;
use tessera_switch::repair::{Repaired, repair};

/// Works on the journal of a switch that is stopped
#[derive(clap::Args)]
pub struct Journal {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Proves a journal in which references (field 37) fall or repeat, and records that in it. Earlier builds wrote
    /// such journals when the clock was set back. No event is changed
    Repair {
        /// The switch's configuration
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The folder of journal and store, in place of the configured one
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// The operator who accepts it [default: your user name]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// The reason
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl Journal {
    pub fn run(self) -> anyhow::Result<()> {
        let Command::Repair {
            config,
            data,
            by,
            reason,
        } = self.command;
        let settings = crate::switch::read(&config, data)?;
        private::check(&settings.data)?;
        let by = by.or_else(user).unwrap_or_default();
        match repair(&settings, &by, &reason)? {
            Repaired::Nothing => print("all references rise: no repair is needed\n")?,
            Repaired::Before(totals) => {
                print(format_args!("{totals}\nthis was recorded before\n"))?;
            }
            Repaired::Recorded(totals) => {
                print(format_args!(
                    "{totals}\nthe totals agree; recorded as accepted by {by}: {reason}\n"
                ))?;
            }
        }
        Ok(())
    }
}

/// The user according to the environment; under `sudo`, the user who called it.
fn user() -> Option<String> {
    let named = ["SUDO_USER", "USER", "LOGNAME"].map(std::env::var);
    named.into_iter().find_map(Result::ok)
}
