//! `tessera demo`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tessera_common::private;
use tessera_simulators::{demo, load};

/// Shows the whole switch at work: financial system, switch, a mall and an acquirer, with nothing prepared
#[derive(clap::Args)]
pub struct Demo {
    /// How long: 20s, 5m. Without it, until Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = load::parse_duration)]
    duration: Option<Duration>,
    /// Its folder: made if it is not there; what an earlier demo left in it is continued
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data: PathBuf,
}

impl Demo {
    /// Runs to its summary; the exit code says whether everything was right.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        private::check(&self.data)?;
        let options = demo::Options {
            duration: self.duration,
            data: self.data,
        };
        Ok(if demo::run(&options)? {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
