//! `tessera recon`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tessera_console::{Printer, note};
use tessera_ledger::Day;
use tessera_protocol::money_text;
use tessera_reports::recon;

/// List the items behind the totals of a settlement date as CSV, or the differences from another list; also while the
/// switch runs
#[derive(Args)]
pub struct Recon {
    /// The switch's configuration
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The settlement date, as in 2026-11-23
    #[arg(long)]
    date: String,
    /// The institution code of a party; without it, the items of all, and loads and payouts as those of party 0
    #[arg(long)]
    party: Option<u64>,
    /// The other side's list: CSV with the columns side, amount, reference (field 37) and trace (field 11). Only
    /// differences are then listed, and the exit code is 1 if there are any
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

impl Recon {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let day = Day::from_text(&self.date);
        let day = day.with_context(|| format!("`{}` is not a date (YYYY-MM-DD)", self.date))?;
        let settings = crate::switch::read_with_journal(&self.config, self.data)?;
        let journal = crate::switch::journal_to_read(&settings)?;
        let items = recon::items(&journal, day, self.party)?;
        let out = Printer::default();
        let differs = match &self.against {
            None => {
                recon::write(&items.rows, out)?;
                false
            }
            Some(path) => {
                let theirs =
                    File::open(path).with_context(|| format!("can't open {}", path.display()))?;
                let differences = recon::differences(&items.rows, theirs)
                    .with_context(|| path.display().to_string())?;
                recon::write(&differences, out)?;
                !differences.is_empty()
            }
        };
        let totals = items.totals;
        let money = |minor: i128| money_text(minor, settings.currency);
        note(format_args!(
            "recon: {} debits of {}, {} reversed of {}; {} credits of {}, {} reversed of {}; net {}",
            totals.debits,
            money(totals.debit_amount.into()),
            totals.debit_reversals,
            money(totals.debit_reversal_amount.into()),
            totals.credits,
            money(totals.credit_amount.into()),
            totals.credit_reversals,
            money(totals.credit_reversal_amount.into()),
            money(totals.net.into()),
        ));
        Ok(match differs {
            true => ExitCode::from(1),
            false => ExitCode::SUCCESS,
        })
    }
}
