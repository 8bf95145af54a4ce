//! `tessera restore`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use tessera_backup::{Restored, Stored};
use tessera_console::print;
use tessera_journal::Sequence;
use tessera_kit::clock::Timestamp;
use tessera_ledger::moment::rfc_3339;

use crate::backup::stored_keys;

/// Make a new data folder from a backup
///
/// As of the end of the backup, or of an earlier time.
#[derive(Args)]
pub struct Restore {
    /// The switch's configuration: it names the master key
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The folder to make; one that is there must be empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Leave out what was journaled after this time (UTC), as in 2026-11-23T10:30:00Z
    #[arg(long, value_name = "TIME", value_parser = crate::moment::parse)]
    at: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub fn run(self) -> anyhow::Result<()> {
        let settings = crate::switch::read(&self.config, None)?;
        let restored = Stored::read(&self.from, &mut |stored| -> anyhow::Result<_> {
            let keys = stored_keys(&settings, stored)?;
            Ok(stored.restore(&keys, &self.to, self.at, &mut |_, _| {})?)
        })?;
        print(match self.json {
            true => serde_json::to_string_pretty(&in_json(&restored, &self))? + "\n",
            false => report(&restored, &self),
        })?;
        Ok(())
    }
}

/// What was restored, for programs.
fn in_json(restored: &Restored, of: &Restore) -> Value {
    json!({
        "to": of.to,
        "last_record": restored.last.map(Sequence::to_stored),
        "until": rfc_3339(restored.until),
        "backup_last_record": restored.backup_last.map(Sequence::to_stored),
        "full_snapshots": restored.snapshots,
    })
}

fn report(restored: &Restored, of: &Restore) -> String {
    let Restored {
        last,
        until,
        backup_last,
        snapshots,
    } = *restored;
    let [last, backup_last] = [last, backup_last].map(|it| it.map_or(0, Sequence::to_stored));
    let (to, config) = (of.to.display(), of.config.display());
    let left_out = match backup_last - last {
        0 => String::new(),
        records => format!(", {records} records of the backup are left out"),
    };
    format!(
        "restored {to}: the journal up to record {last}, of {}{left_out}; {snapshots} full snapshots\n\
         \n\
         Before you start a switch on it:\n\
         1. tessera audit --config {config} --data {to}\n\
         2. tessera recover --plan --config {config} --data {to} --host-list FILE\n\
         \x20  with the financial system's list of the settlement dates since. Settle what it prints, and keep malls and wallet\n\
         \x20  servers away until then.\n\
         3. Put the folder in the place of the old one, which you keep.\n\
         The operator's guide has the whole drill (Backup).\n",
        rfc_3339(until)
    )
}
