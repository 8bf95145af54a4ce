//! The data keys, and the master key that wraps them.

use std::path::PathBuf;

use clap::Args;
use tessera_config::Settings;
use tessera_console::print;
use tessera_encryption::{DataKeys, KeyKind, KeySource, Rewrapped};
use tessera_ledger::Day;
use tessera_protocol::KeyEncryptingKey;
use tessera_vault::Accepted;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

#[derive(Args)]
pub struct Which {
    /// The switch's configuration.
    #[arg(long, default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Which {
    /// The settings, with the other data folder where one was given.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        crate::switch::read(&self.config, self.data.clone())
    }
}

#[derive(Args)]
pub struct Rewrap {
    /// The switch's configuration, whose `[encryption]` names the master key that the table has now.
    #[arg(long, default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A copy of the configuration whose `[encryption]` names the new master key.
    #[arg(long, value_name = "FILE")]
    new_config: PathBuf,
}

pub fn list(which: &Which) -> anyhow::Result<()> {
    let settings = which.settings()?;
    let keys = settings.data_keys_to_read()?;
    let source = &settings.encryption.master_key;
    print(format_args!(
        "master key from {source}{}\n",
        compared(source)?
    ))?;
    let newest = keys.newest().0;
    for entry in keys.entries()? {
        let (kind, use_of_it) = match entry.kind {
            KeyKind::Index => ("card index", ""),
            KeyKind::Data if entry.number == newest => ("data", "  encrypts and decrypts"),
            KeyKind::Data => ("data", "  decrypts"),
        };
        let made = u32::try_from(entry.made / SECONDS_PER_DAY).map_or(Day(0), Day);
        print(format_args!(
            "{:>5}  {kind:10}  {made}{use_of_it}\n",
            entry.number
        ))?;
    }
    Ok(())
}

/// What `tessera keys check` prints of a file with the same key.
fn compared(source: &KeySource) -> anyhow::Result<String> {
    let Some(digits) = source.digits()? else {
        return Ok(String::new());
    };
    let key = KeyEncryptingKey::from_hex(digits.trim())?;
    let value = super::party::digits(key.check_value());
    Ok(format!("  check value {value}"))
}

pub fn rotate(which: &Which) -> anyhow::Result<()> {
    let settings = which.settings()?;
    let added = settings.data_keys_to_read()?.rotate()?;
    print(format_args!(
        "data key {} encrypts new data from now on, and the journal from its next segment on\n",
        added.0
    ))?;
    Ok(())
}

pub fn accept_lost_wallet_keys(which: &Which) -> anyhow::Result<()> {
    let settings = which.settings()?;
    let file = settings.data.join("wallet.keys");
    let keys = settings.data_keys_to_read()?;
    match tessera_vault::accept_lost_wallet_keys(&settings.data, &keys)? {
        Accepted::Lost => print(format_args!(
            "the next start of the switch makes an empty {}; payers have to add their funding sources and contacts again\n",
            file.display()
        ))?,
        Accepted::Older => print(format_args!(
            "the next start of the switch goes on with the older copy {}; payers whose keys it lacks have to add their funding \
             sources and contacts again\n",
            file.display()
        ))?,
        Accepted::Nothing => anyhow::bail!(
            "{} is there, and no older copy: nothing was changed",
            file.display()
        ),
    }
    Ok(())
}

pub fn rewrap(rewrap: &Rewrap) -> anyhow::Result<()> {
    let settings = crate::switch::read(&rewrap.config, rewrap.data.clone())?;
    let new = Settings::read(&rewrap.new_config)?.encryption.master_key;
    let new_key = new.open()?;
    let old_key = match settings.encryption.master_key.open() {
        Ok(old_key) => old_key,
        // Where this is done once more, the old one may be gone.
        Err(_) if DataKeys::read(&settings.data, new.open()?).is_ok() => new.open()?,
        Err(error) => return Err(error.into()),
    };
    let done = tessera_encryption::rewrap(&settings.data, old_key.as_ref(), new_key.as_ref())?;
    match done {
        Rewrapped::Now(keys) => print(format_args!(
            "{keys} keys are wrapped under the master key from {new}\n"
        ))?,
        Rewrapped::Before => print(format_args!(
            "the keys were wrapped under the master key from {new} already\n"
        ))?,
    }
    print(format_args!(
        "put this source into the [encryption] of {} and restart the switch\n",
        rewrap.config.display()
    ))?;
    Ok(())
}
