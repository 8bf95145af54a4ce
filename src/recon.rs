//! `tessera recon`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tessera_config::Settings;
use tessera_console::{Printer, note, print};
use tessera_ledger::Day;
use tessera_protocol::{Institution, Totals, money_text};
use tessera_reports::recon;

use crate::switch::Configured;

/// List the items behind a settlement date's totals, or compare them
///
/// As CSV or JSON, also while the switch runs.
#[derive(Args)]
pub struct Recon {
    #[command(flatten)]
    configured: Configured,
    /// The settlement date, as in 2026-11-23
    #[arg(long, value_name = "DATE")]
    date: String,
    /// The institution code of a party; without it, the items of all, and loads and payouts as those of party 0
    #[arg(long, value_name = "CODE")]
    party: Option<u64>,
    /// The other side's list: CSV with the columns side, amount, reference (field 37) and trace (field 11). Only
    /// differences are then listed, and the exit code is 1 if there are any
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Print one JSON object with the rows and the totals, in place of CSV
    #[arg(long)]
    json: bool,
}

impl Recon {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let day = Day::from_text(&self.date);
        let day = day.with_context(|| format!("`{}` is not a date (YYYY-MM-DD)", self.date))?;
        let settings = self.configured.settings_with_journal()?;
        let journal = tessera_switch::journal_to_read(&settings)?;
        let items = recon::items(&journal, day, self.party)?;
        if items.rows.is_empty() {
            self.expect_known(&settings)?;
        }
        let differs = match &self.against {
            None => {
                self.show("items", &items.rows, &items.totals)?;
                false
            }
            Some(path) => {
                let theirs =
                    File::open(path).with_context(|| format!("can't open {}", path.display()))?;
                let differences = recon::differences(&items.rows, theirs)
                    .with_context(|| path.display().to_string())?;
                self.show("differences", &differences, &items.totals)?;
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

    /// A party without items may have none on that date, or may not exist.
    fn expect_known(&self, settings: &Settings) -> anyhow::Result<()> {
        let Some(code) = self.party.filter(|code| *code != 0) else {
            return Ok(());
        };
        let known = settings.parties.iter().map(|party| party.code);
        anyhow::ensure!(
            { known }.any(|known| Institution::digits(Some(known)) == code),
            "no party has the code {code}: neither a profile in the configuration nor an item of {} names it",
            self.date
        );
        Ok(())
    }

    fn show<T: Serialize>(&self, name: &str, rows: &[T], totals: &Totals) -> anyhow::Result<()> {
        if !self.json {
            return Ok(recon::write(rows, Printer::default())?);
        }
        let shown = json!({
            "date": self.date,
            name: rows,
            "totals": {
                "debits": totals.debits,
                "debit_amount": totals.debit_amount,
                "debit_reversals": totals.debit_reversals,
                "debit_reversal_amount": totals.debit_reversal_amount,
                "credits": totals.credits,
                "credit_amount": totals.credit_amount,
                "credit_reversals": totals.credit_reversals,
                "credit_reversal_amount": totals.credit_reversal_amount,
                "net": totals.net,
            },
        });
        print(serde_json::to_string_pretty(&shown)? + "\n")?;
        Ok(())
    }
}
