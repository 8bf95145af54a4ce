//! The data keys, and the master key that wraps them.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tessera_config::Settings;
use tessera_console::print;
use tessera_encryption::{DataKeys, KeyKind, KeySource, Rewrapped};
use tessera_ledger::Day;
use tessera_protocol::KeyEncryptingKey;
use tessera_vault::Accepted;

use crate::switch::Configured;
use crate::table::table;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

#[derive(Args)]
pub struct Rewrap {
    #[command(flatten)]
    configured: Configured,
    /// A copy of the configuration whose `[encryption]` names the new master key
    #[arg(long, value_name = "FILE")]
    new_config: PathBuf,
}

pub fn list(configured: &Configured, as_json: bool) -> anyhow::Result<()> {
    let settings = configured.settings()?;
    let keys = settings.data_keys_to_read()?;
    let source = &settings.encryption.master_key;
    let check_value = check_value(source)?;
    let newest = keys.newest().0;
    let rows: Vec<_> = keys
        .entries()?
        .into_iter()
        .map(|entry| {
            let (kind, used_to) = match entry.kind {
                KeyKind::Index => ("card index", ""),
                KeyKind::Data if entry.number == newest => ("data", "encrypt and decrypt"),
                KeyKind::Data => ("data", "decrypt"),
            };
            let made = u32::try_from(entry.made / SECONDS_PER_DAY).map_or(Day(0), Day);
            [
                entry.number.to_string(),
                kind.to_owned(),
                made.to_string(),
                used_to.to_owned(),
            ]
        })
        .collect();
    print(match as_json {
        true => {
            let keys = rows.iter().map(|[number, kind, made, used_to]| {
                json!({ "number": number.parse::<u64>().ok(), "kind": kind, "made": made, "used_to": used_to })
            });
            let listed = json!({
                "master_key": { "source": source.to_string(), "check_value": check_value },
                "keys": keys.collect::<Vec<_>>(),
            });
            serde_json::to_string_pretty(&listed)? + "\n"
        }
        false => {
            let compared =
                check_value.map_or_else(String::new, |value| format!("  check value {value}"));
            let keys = table(["number", "kind", "made", "used to"], &rows);
            format!("master key from {source}{compared}\n\n{keys}")
        }
    })?;
    Ok(())
}

/// What `tessera keys check` prints of a file with the same key.
fn check_value(source: &KeySource) -> anyhow::Result<Option<String>> {
    let Some(digits) = source.digits()? else {
        return Ok(None);
    };
    let key = KeyEncryptingKey::from_hex(digits.trim())?;
    Ok(Some(super::party::digits(key.check_value())))
}

pub fn rotate(configured: &Configured) -> anyhow::Result<()> {
    let settings = configured.settings()?;
    let added = settings.data_keys_to_read()?.rotate()?;
    print(format_args!(
        "data key {} encrypts new data from now on, and the journal from its next segment on\n",
        added.0
    ))?;
    Ok(())
}

pub fn accept_lost_wallet_keys(configured: &Configured) -> anyhow::Result<()> {
    let settings = configured.settings()?;
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
    let settings = rewrap.configured.settings()?;
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
        rewrap.configured.config.display()
    ))?;
    Ok(())
}
