//! `tessera host`.

use std::path::PathBuf;

use tessera_common::private;
use tessera_console::{LogSettings, start_logging};
use tessera_simulators::host::{self, Settings};

/// Run the simulated financial system
#[derive(clap::Args)]
pub struct Host {
    /// The configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE", default_value = "config/host.toml")]
    config: PathBuf,
    /// The folder of its data, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Set a key of the configuration, dotted, to a value: faults.drop_share=0.1; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Host {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<()> {
        let mut settings = Settings::read(&self.config, &self.set)?;
        if self.data.is_some() {
            settings.data = self.data;
        }
        if let Some(data) = &settings.data {
            private::check(data)?;
        }
        start_logging(&LogSettings::default())?;
        host::run(&settings)
    }
}
