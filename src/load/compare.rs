//! `tessera load compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use tessera_console::print;
use tessera_simulators::load::{Comparison, Report};

/// Compare two runs by their JSON
///
/// Prints both figures, their ratio, and whether the difference is larger than the noise within the runs.
#[derive(clap::Args)]
pub struct Compare {
    /// The JSON of the first run
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// The JSON of the second run
    #[arg(value_name = "B.json")]
    b: PathBuf,
    /// Write a page with both runs, one over the other, to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let comparison = Comparison::new(read(&self.a)?, read(&self.b)?);
        print(match self.json {
            true => comparison.to_json(),
            false => format!("{comparison}\n"),
        })?;
        if let Some(path) = self.html {
            std::fs::write(&path, comparison.page()).with_context(|| path.display().to_string())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Report::from_json(&text).map_err(|why| anyhow!("{}: {why}", path.display()))
}
