//! `tessera wallet`.

use std::path::PathBuf;

use tessera_console::{print, say, start_logging};
use tessera_wallet::Settings;

/// Runs the wallet server: the payers' pages, the pay window, the extension's interface
#[derive(clap::Args)]
pub struct Wallet {
    /// The configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only check the configuration, with its certificates and keys
    #[arg(long)]
    check: bool,
}

impl Wallet {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.config)?;
        settings.check()?;
        if self.check {
            let malls = settings.malls.len();
            let config = self.config.display();
            print(format_args!("{config} is good: {malls} malls\n"))?;
            return Ok(());
        }
        start_logging(&settings.log)?;
        tessera_wallet::run(settings, &self.config, |addresses| {
            say(format_args!(
                "ready pages={} origin={} metrics={}",
                addresses.pages, addresses.origin, addresses.metrics
            ));
        })
    }
}
