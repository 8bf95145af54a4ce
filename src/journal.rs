//! `tessera journal`.

use clap::Subcommand;
use tessera_common::private;
use tessera_console::print;
use tessera_switch::repair::{Repaired, repair};

use crate::operator::signature;
use crate::switch::Configured;

/// Repair the journal of a switch that is stopped
#[derive(clap::Args)]
pub struct Journal {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prove a journal in which references (field 37) fall or repeat, and record that in it
    ///
    /// Earlier builds wrote such journals when the clock was set back. No event is changed.
    Repair {
        #[command(flatten)]
        configured: Configured,
        /// The person for whom you accept it; your own user name is journaled in any case
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
            configured,
            by,
            reason,
        } = self.command;
        let settings = configured.settings()?;
        private::check(&settings.data)?;
        let by = signature(by.as_deref());
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
