//! `tessera switch`.

use std::io::Write;
use std::path::PathBuf;

use tessera_common::private;
use tessera_switch::config::Settings;
use tessera_switch::ops::start_logging;

/// Runs the switch
#[derive(clap::Args)]
pub struct Switch {
    /// The configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only check the configuration, with its certificates and keys
    #[arg(long)]
    check: bool,
}

impl Switch {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<()> {
        let settings = read(&self.config, self.data)?;
        settings.check()?;
        private::check(&settings.data)?;
        if self.check {
            println!(
                "{} is good: {} parties",
                self.config.display(),
                settings.parties.len()
            );
            return Ok(());
        }
        start_logging(&settings.log)?;
        tessera_switch::run(settings, |addresses| {
            let sealed = addresses.sealed_malls;
            let sealed = sealed.map_or_else(String::new, |at| format!(" malls-tls={at}"));
            println!(
                "ready malls={} wallet-server={} operations={}{sealed}",
                addresses.malls, addresses.wallet_server, addresses.operations
            );
            // Whoever waits for the line reads it through a pipe; a closed one is their business.
            let _ = std::io::stdout().flush();
        })
    }
}

/// The settings of a switch, with its data somewhere else where that was asked for.
pub fn read(config: &std::path::Path, data: Option<PathBuf>) -> anyhow::Result<Settings> {
    let mut settings = Settings::read(config)?;
    if let Some(data) = data {
        settings.data = data;
    }
    Ok(settings)
}
