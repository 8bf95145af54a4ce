//! `tessera export`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tessera_console::{Printer, note};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Day;
use tessera_reports::export::{Format as Rows, export};

/// Writes the events of the journal as rows for a data warehouse, masked; also while the switch runs
#[derive(Args)]
pub struct Export {
    /// The switch's configuration
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Events from this moment on (UTC), as in 2026-11-23 or 2026-11-23T10:30:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Timestamp,
    /// Up to and without this moment
    #[arg(long, value_name = "TIME", value_parser = moment)]
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
        let settings = crate::switch::read_with_journal(&self.config, self.data)?;
        let journal = crate::switch::journal_to_read(&settings)?;
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

/// A date, or a date and a time, UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    parse(text).ok_or_else(|| {
        format!("`{text}` is not a time (2026-11-23, or 2026-11-23T10:30:00Z in UTC)")
    })
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let midnight = Day::from_text(date)?.begins(0);
    let mut seconds = 0;
    let mut parts = time.split(':');
    for (most, scale) in [(23, 3600), (59, 60), (59, 1)] {
        let part = parts.next().filter(|part| part.len() == 2)?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = part.parse().ok().filter(|number| *number <= most)?;
        seconds += digits.then_some(number)? * scale;
    }
    parts
        .next()
        .is_none()
        .then(|| midnight.plus(seconds * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_a_date_and_a_time() {
        let midnight = Day::from_text("2026-11-23").unwrap().begins(0);
        assert_eq!(moment("2026-11-23"), Ok(midnight));
        assert_eq!(moment("2026-11-23T00:00:00Z"), Ok(midnight));
        assert_eq!(
            moment("2026-11-23T23:59:59Z"),
            Ok(midnight.plus(86_399_000))
        );
        for wrong in [
            "",
            "2026-11-23T",
            "2026-11-23T10:30:00",
            "2026-11-23T24:00:00Z",
            "2026-11-23T1:00:00Z",
            "2026-11-23T+1:00:00Z",
            "2026-11-23T10:30Z",
            "2026-13-01",
            "2026-11-23T10:30:00:00Z",
        ] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
