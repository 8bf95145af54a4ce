//! `tessera wallet`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use tessera_wallet::{LogFormat, LogSettings, Settings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

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
            println!("{} is good: {malls} malls", self.config.display());
            return Ok(());
        }
        start_logging(&settings.log)?;
        tessera_wallet::run(settings, |addresses| {
            println!(
                "ready pages={} origin={} metrics={}",
                addresses.pages, addresses.origin, addresses.metrics
            );
            // Whoever waits for the line reads it through a pipe; a closed one is their business.
            let _ = std::io::stdout().flush();
        })
    }
}

/// Crates of others never say more than `info`: what they print at `debug` is not ours to vouch for.
fn start_logging(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(value) if !value.is_empty() => EnvFilter::try_new(value)?,
        _ => EnvFilter::new(format!("info,tessera_wallet={}", settings.level.word())),
    };
    let base = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(tessera_switch::ops::Masked(std::io::stderr))
        .with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => base.finish().try_init()?,
        LogFormat::Json => base
            .json()
            .flatten_event(true)
            .with_ansi(false)
            .finish()
            .try_init()?,
    }
    Ok(())
}
