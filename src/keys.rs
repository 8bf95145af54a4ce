//! `tessera keys`: the keys of the vault.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use tessera_switch::config::Settings;
use tessera_switch::vault::KeyRing;

/// Manage the keys that seal the payers' funding sources and addresses.
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a key. The switch seals with it from its next start on, and then seals anew what older keys have sealed.
    Rotate(Which),
    /// List the numbers of the keys.
    List(Which),
}

#[derive(Args)]
struct Which {
    /// The switch's configuration.
    #[arg(long, default_value = "config/switch.toml")]
    config: PathBuf,
}

impl Keys {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rotate(which) => {
                let path = Settings::read(&which.config)?.vault.keys;
                let number = KeyRing::rotate(&path)?;
                println!("key {number} is in {}", path.display());
                println!("restart the switch: it then seals everything anew with this key");
            }
            Command::List(which) => {
                let path = Settings::read(&which.config)?.vault.keys;
                let ring = KeyRing::read(&path).context("the keys could not be read")?;
                let newest = ring.numbers().last();
                for number in ring.numbers() {
                    let seals = if newest == Some(number) {
                        "seals and opens"
                    } else {
                        "opens"
                    };
                    println!("{number}  {seals}");
                }
            }
        }
        Ok(())
    }
}
