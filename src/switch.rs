//! `tessera switch`.

use std::path::{Path, PathBuf};

use tessera_common::private;
use tessera_config::{JournalSettings, Settings};
use tessera_console::{print, say, start_logging};
use tessera_switch::check_cluster;

use crate::findings::show;

/// Run the switch
///
/// Says `ready` with its addresses once it serves, and ends in order at SIGTERM or SIGINT.
#[derive(clap::Args)]
pub struct Switch {
    #[command(flatten)]
    configured: Configured,
    /// Only check the configuration, with its certificates and keys; in a cluster also etcd, and what the other nodes have
    #[arg(long)]
    check: bool,
}

/// Which switch a command is about, by its configuration.
#[derive(clap::Args, Clone)]
pub struct Configured {
    /// The switch's configuration; relative paths in it are relative to this file
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    pub config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Configured {
    /// The settings, with the other data folder if one was given.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        read(&self.config, self.data.clone())
    }

    /// The settings of a switch whose data is to be read.
    pub fn settings_with_journal(&self) -> anyhow::Result<Settings> {
        let settings = self.settings()?;
        let journal = settings.data.join("journal");
        anyhow::ensure!(
            journal.is_dir(),
            "there is no journal at {}: has a switch run with this configuration? --data names another folder",
            journal.display()
        );
        Ok(settings)
    }
}

impl Switch {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<()> {
        let settings = self.configured.settings()?;
        settings.check()?;
        tessera_notify::check(&settings.notify, settings.environment)?;
        private::check(&settings.data)?;
        if self.check {
            let (config, parties) = (self.configured.config.display(), settings.parties.len());
            for outdated in &settings.outdated_keys {
                print(format_args!("warning: {outdated}\n"))?;
            }
            let noun = if parties == 1 { "party" } else { "parties" };
            print(format_args!("{config} is good: {parties} {noun}\n"))?;
            if settings.cluster.is_some() {
                show(&check_cluster(&settings)?)?;
            }
            return Ok(());
        }
        start_logging(&settings.log)?;
        tessera_switch::run(settings, |addresses| {
            let sealed = addresses.sealed_malls;
            let sealed = sealed.map_or_else(String::new, |at| format!(" malls-tls={at}"));
            say(format_args!(
                "ready malls={} wallet-server={} operations={}{sealed}",
                addresses.malls, addresses.wallet_server, addresses.operations
            ));
        })
    }
}

/// The settings of a switch, with another data folder if one was given.
pub fn read(config: &Path, data: Option<PathBuf>) -> anyhow::Result<Settings> {
    let mut settings = Settings::read(config)?;
    if let Some(data) = data {
        // A restored copy has its archive with it, wherever the switch has that of the original.
        let own = JournalSettings::default().archive_folder;
        if data.join(&own).is_dir() {
            settings.journal.archive_folder = own;
        }
        settings.data = data;
    }
    Ok(settings)
}
