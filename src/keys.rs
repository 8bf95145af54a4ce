//! `tessera keys`: the keys of the vault, and those under which parties change theirs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use tessera_common::key_file;
use tessera_config::Settings;
use tessera_console::print;
use tessera_protocol::{CheckValue, KeyEncryptingKey, MacKey};
use tessera_vault::KeyRing;

/// Manage the vault's keys, which encrypt the payers' funding sources and contacts, and make, wrap and compare keys of
/// parties.
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a key to the vault. The switch encrypts with it from its next start on, and then re-encrypts what older keys
    /// have encrypted.
    Rotate(Which),
    /// List the numbers of the vault's keys.
    List(Which),
    /// Make a key of a party in a new file that only its owner can read: a MAC key, or a key-encrypting key.
    Make(Make),
    /// Print the check value of a key in a file, by which two people compare their keys.
    Check {
        /// The key's file.
        file: PathBuf,
    },
    /// Wrap a MAC key under a key-encrypting key (RFC 3394), as 0800/101 and `mac_key_wrapped` in a party's profile have it.
    Wrap(Wrap),
}

#[derive(Args)]
struct Which {
    /// The switch's configuration.
    #[arg(long, default_value = "config/switch.toml")]
    config: PathBuf,
}

#[derive(Args)]
struct Make {
    /// The key's file; it must not exist yet.
    file: PathBuf,
    /// A MAC key has 128.
    #[arg(long, default_value = "128", value_parser = ["128", "192", "256"])]
    bits: String,
}

#[derive(Args)]
struct Wrap {
    /// The file of the MAC key.
    file: PathBuf,
    /// The file of the key-encrypting key.
    #[arg(long, value_name = "FILE")]
    under: PathBuf,
}

impl Keys {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rotate(which) => {
                let path = Settings::read(&which.config)?.vault.keys;
                let number = KeyRing::rotate(&path)?;
                print(format_args!("key {number} is in {}\n", path.display()))?;
                print(format_args!(
                    "restart the switch: it then seals everything anew with this key\n"
                ))?;
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
                    print(format_args!("{number}  {seals}\n"))?;
                }
            }
            Command::Make(make) => {
                let bits: usize = make.bits.parse()?;
                key_file::make(&make.file, bits / 8)?;
                let check_value = key_encrypting_key(&make.file)?.check_value();
                print(format_args!(
                    "{}  check value {}\n",
                    make.file.display(),
                    digits(check_value)
                ))?;
            }
            Command::Check { file } => {
                let check_value = key_encrypting_key(&file)?.check_value();
                print(format_args!(
                    "{}  check value {}\n",
                    file.display(),
                    digits(check_value)
                ))?;
            }
            Command::Wrap(wrap) => {
                let under = key_encrypting_key(&wrap.under)?;
                let text = key_file::read(&wrap.file)?;
                let named = || wrap.file.display().to_string();
                let key = MacKey::bytes(text.trim()).with_context(named)?;
                let material = under.wrap(&key);
                print(format_args!("{material}\n"))?;
                print(format_args!(
                    "{}  check value {}\n",
                    named(),
                    digits(material.check_value)
                ))?;
                print(format_args!(
                    "under {}  check value {}\n",
                    wrap.under.display(),
                    digits(under.check_value())
                ))?;
            }
        }
        Ok(())
    }
}

/// Any key of a party can be one.
fn key_encrypting_key(file: &Path) -> anyhow::Result<KeyEncryptingKey> {
    let text = key_file::read(file)?;
    KeyEncryptingKey::from_hex(text.trim()).map_err(|_| {
        anyhow::anyhow!(
            "{}: a key is 32, 48 or 64 hexadecimal digits",
            file.display()
        )
    })
}

fn digits(check_value: CheckValue) -> String {
    check_value
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
