//! `tessera shop`.

use std::path::PathBuf;

use tessera_common::private;
use tessera_simulators::shop::{self, Settings};
use tracing_subscriber::EnvFilter;

/// Runs two demonstration shops: an affiliated one, and one that takes card numbers
#[derive(clap::Args)]
pub struct Shop {
    /// The configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder of its orders, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Shop {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<()> {
        let mut settings = Settings::read(&self.config)?;
        if let Some(data) = self.data {
            settings.data = data;
        }
        private::check(&settings.data)?;
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
            .with_writer(tessera_switch::ops::Masked(std::io::stderr))
            .init();
        shop::run(&settings)
    }
}
