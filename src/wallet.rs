//! `tessera wallet`, and the packages of its browser extension.

pub mod extension;

use std::path::PathBuf;

use tessera_console::{print, say, start_logging};
use tessera_wallet::Settings;

/// Run the wallet server: payers' pages, pay window, extension
#[derive(clap::Args)]
pub struct Wallet {
    /// The configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE", default_value = "config/wallet.toml")]
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
            let noun = if malls == 1 { "mall" } else { "malls" };
            print(format_args!("{config} is good: {malls} {noun}\n"))?;
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
