//! `tessera export`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tessera_console::{Printer, note};
use tessera_kit::clock::Timestamp;
use tessera_reports::export::{Format as Rows, export};

use crate::switch::Configured;

/// Export the journal's events as rows for a data warehouse
///
/// Card numbers are masked. Also while the switch runs.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    configured: Configured,
    /// Events from this moment on (UTC), as in 2026-11-23 or 2026-11-23T10:30:00Z
    #[arg(long, value_name = "TIME", value_parser = crate::moment::parse)]
    from: Timestamp,
    /// Up to and without this moment
    #[arg(long, value_name = "TIME", value_parser = crate::moment::parse)]
    to: Timestamp,
    /// How rows are written
    #[arg(long)]
    format: Format,
    /// The file to write, in place of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Comma-separated, with a line of titles
    Csv,
    /// A JSON object in each line
    Jsonl,
    /// Apache Parquet
    Parquet,
}

impl Export {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        anyhow::ensure!(self.from < self.to, "--from must be before --to");
        let settings = self.configured.settings_with_journal()?;
        let journal = tessera_switch::journal_to_read(&settings)?;
        let format = match self.format {
            Format::Csv => Rows::Csv,
            Format::Jsonl => Rows::Jsonl,
            Format::Parquet => Rows::Parquet,
        };
        let span = (self.from, self.to);
        let events = match &self.out {
            None => export(&journal, span, format, Printer::default())?,
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("can't write {}", path.display()))?;
                let written = export(&journal, span, format, &file)
                    .with_context(|| path.display().to_string())?;
                file.sync_all()
                    .with_context(|| format!("can't write {}", path.display()))?;
                written
            }
        };
        note(format_args!("export: {events} events"));
        Ok(ExitCode::SUCCESS)
    }
}
