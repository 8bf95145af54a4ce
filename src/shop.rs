//! `tessera shop`.

use std::path::PathBuf;

use tessera_common::private;
use tessera_console::{LogSettings, start_logging};
use tessera_simulators::shop::{self, Settings};

/// Run two demonstration shops
///
/// An affiliated one, and one that takes card numbers.
#[derive(clap::Args)]
pub struct Shop {
    /// The configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE", default_value = "config/shop.toml")]
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
        start_logging(&LogSettings::default())?;
        shop::run(&settings)
    }
}
