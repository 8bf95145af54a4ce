//! `tessera demo`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tessera_common::private;
use tessera_simulators::{demo, load};

/// Runs the whole system without preparation: financial system, switch, wallet server, shops and mail
#[derive(clap::Args)]
pub struct Demo {
    /// Duration: 20s, 5m [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = load::parse_duration)]
    duration: Option<Duration>,
    /// Its folder; created if it does not exist. The data of an earlier demo is used again
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data: PathBuf,
}

impl Demo {
    /// Runs to its summary; the exit code is 0 if all checks passed.
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
