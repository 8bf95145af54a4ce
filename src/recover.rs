//! `tessera recover`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tessera_console::{Printer, note};
use tessera_kit::clock;
use tessera_ledger::Day;
use tessera_ledger::moment::rfc_3339;
use tessera_protocol::mask_card_numbers;
use tessera_reports::recon::{self, Plan, Step};
use tessera_switch::import::{self, Imported};

use crate::operator::signature;
use crate::switch::Configured;
use zeroize::Zeroizing;

/// The exit code where it could not be completed.
const INCOMPLETE: u8 = 3;

/// Settle a restored journal with the financial system's list
#[derive(Args)]
pub struct Recover {
    #[command(flatten)]
    configured: Configured,
    #[command(flatten)]
    what: What,
    /// The financial system's list of the settlement dates from the restored time on: CSV with the columns
    /// settlement_date, side, amount and switch_reference (field 37 as the switch sent it), and if it has them party,
    /// reference (field 37) and trace (field 11). For --apply also card, party, switch_trace (field 11 as the switch sent
    /// it), and for debits and credits of parties terminal, acceptor, local_time and local_date (fields 41, 42, 12, 13); if
    /// it has them currency and original
    #[arg(long, value_name = "FILE")]
    host_list: PathBuf,
    /// With --apply: the person for whom you decide; your own user name is journaled in any case
    #[arg(long, value_name = "NAME", requires = "apply")]
    by: Option<String>,
    /// With --apply: the reason
    #[arg(long, value_name = "TEXT", requires = "apply")]
    reason: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Print what differs as CSV, with what to do, and change nothing
    #[arg(long)]
    plan: bool,
    /// Bring into the wallets what they lack, begin the settlement dates that are missing, and print what is left as CSV;
    /// the switch must not run
    #[arg(long, requires = "reason")]
    apply: bool,
}

impl Recover {
    /// Exit code 1 if there is something to settle, [`INCOMPLETE`] where that could not be found out.
    pub fn run(self) -> ExitCode {
        let done = match self.what.apply {
            true => self.apply(),
            false => self.plan(),
        };
        match done {
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
        let settings = self.configured.settings_with_journal()?;
        let list = &self.host_list;
        let list = File::open(list).with_context(|| format!("can't open {}", list.display()))?;
        let journal = tessera_switch::journal_to_read(&settings)?;
        let plan = recon::plan(&journal, list);
        let Plan {
            steps,
            dates: _,
            newest,
            not_begun,
        } = plan.with_context(|| self.host_list.display().to_string())?;
        show(&steps)?;
        if !not_begun.is_empty() {
            let days = list_of(&not_begun);
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

    /// Whether nothing is left to be settled.
    fn apply(self) -> anyhow::Result<bool> {
        let settings = self.configured.settings_with_journal()?;
        let name = self.host_list.display();
        let list = Zeroizing::new(
            std::fs::read(&self.host_list).with_context(|| format!("can't open {name}"))?,
        );
        let by = signature(self.by.as_deref());
        let reason = self.reason.unwrap_or_default();
        let Imported {
            rows,
            debited,
            credited,
            dates,
            left,
        } = import::settle(&settings, &list, &by, &reason).with_context(|| name.to_string())?;
        show(&left)?;
        if !dates.is_empty() {
            let days = list_of(&dates);
            note(format_args!("recover: settlement dates begun: {days}"));
        }
        note(format_args!(
            "recover: {rows} rows imported: wallets debited by {debited} and credited by {credited}, in minor units"
        ));
        Ok(left.is_empty())
    }
}

fn show(steps: &[Step]) -> anyhow::Result<()> {
    recon::write(steps, Printer::default())?;
    for found in ["only theirs", "in flight", "only ours", "another amount"] {
        let count = steps.iter().filter(|step| step.found == found).count();
        note(format_args!("recover: {count} {found}"));
    }
    Ok(())
}

fn list_of(days: &[Day]) -> String {
    let days: Vec<_> = days.iter().map(ToString::to_string).collect();
    days.join(", ")
}
