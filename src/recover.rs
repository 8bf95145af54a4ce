//! `tessera recover`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tessera_console::{Printer, note};
use tessera_kit::clock;
use tessera_ledger::moment::rfc_3339;
use tessera_protocol::mask_card_numbers;
use tessera_reports::recon::{self, Plan};

/// The exit code where the list could not be made.
const INCOMPLETE: u8 = 3;

/// Compares a restored, older journal with the financial system's list, and prints what to settle. Changes nothing
#[derive(Args)]
pub struct Recover {
    /// The switch's configuration
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder that was restored, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print the list as CSV; the exit code is 1 if there is something to settle
    #[arg(long, required = true)]
    plan: bool,
    /// The financial system's list of the settlement dates from the restored time on: CSV with the columns
    /// settlement_date, side, amount and switch_reference (field 37 as the switch sent it), and if it has them party,
    /// reference (field 37) and trace (field 11)
    #[arg(long, value_name = "FILE")]
    host_list: PathBuf,
}

impl Recover {
    /// Exit code 1 if there is something to settle, [`INCOMPLETE`] where that could not be found out.
    pub fn run(self) -> ExitCode {
        match self.plan() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(1),
            Err(error) => {
                note(mask_card_numbers(&format!(
                    "recover: not completed: {error:#}"
                )));
                ExitCode::from(INCOMPLETE)
            }
        }
    }

    /// Whether nothing is to be settled.
    fn plan(self) -> anyhow::Result<bool> {
        let settings = crate::switch::read_with_journal(&self.config, self.data)?;
        let journal = crate::switch::journal_to_read(&settings)?;
        let name = self.host_list.display();
        let list = File::open(&self.host_list).with_context(|| format!("can't open {name}"))?;
        let plan = recon::plan(&journal, list).with_context(|| name.to_string())?;
        let Plan {
            steps,
            newest,
            not_begun,
        } = plan;
        recon::write(&steps, Printer::default())?;
        for found in ["only theirs", "in flight", "only ours", "another amount"] {
            let count = steps.iter().filter(|step| step.found == found).count();
            note(format_args!("recover: {count} {found}"));
        }
        if !not_begun.is_empty() {
            let days: Vec<_> = not_begun.iter().map(ToString::to_string).collect();
            let days = days.join(", ");
            note(format_args!(
                "recover: settlement dates that have not begun in the journal: {days}"
            ));
        }
        if let Some(newest) = newest.filter(|newest| *newest >= clock::system()) {
            // References are made of the time.
            note(format_args!(
                "recover: the system's clock is behind: references up to {} were given; set the clock before you start the switch",
                rfc_3339(newest)
            ));
        }
        Ok(steps.is_empty())
    }
}
