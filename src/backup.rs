//! `tessera backup`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tessera_backup::{Copied, Durable, Folder, Stored, expect_apart, yield_to_others};
use tessera_config::Settings;
use tessera_console::{note, print};
use tessera_encryption::DataKeys;
use tessera_journal::{Location, Sequence};
use tessera_ledger::moment::rfc_3339;

use crate::operations;

/// Copies the data of a switch, also while it runs: what is new since the last time, which is verified
#[derive(Args)]
pub struct Backup {
    /// The switch's configuration
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The folder of the backup, best on another disk
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Verify the whole backup, and not only what is new
    #[arg(long)]
    verify: bool,
}

impl Backup {
    pub fn run(self) -> anyhow::Result<()> {
        yield_to_others();
        let settings = crate::switch::read_with_journal(&self.config, self.data)?;
        let location = crate::switch::journal_to_read(&settings)?;
        let keys = keys(&location)?;
        expect_apart(&settings.data, &self.to)?;
        let mut folder = Folder::open(&self.to)?;
        let mut backup = tessera_backup::Backup::new(&location, keys);
        backup.begin(&mut folder, u64::MAX)?;
        let durable = durable(&settings.operations_socket())?;
        let copied = backup.finish(&mut folder, durable)?;
        anyhow::ensure!(copied.last.is_some(), "there is nothing in the journal yet");
        let stored = Stored::open(&self.to)?;
        let only = (!self.verify).then_some(&copied.segments);
        stored.verify(&stored_keys(&settings, &stored)?, only, &mut |_, _| {})?;
        print(report(&copied, &self.to))?;
        Ok(())
    }
}

/// The keys of the data, which has to be encrypted.
fn keys(location: &Location) -> anyhow::Result<DataKeys> {
    location.keys().cloned().with_context(|| {
        format!(
            "{} is data of 0.2, which has no keys: stop the switch, and copy the folder",
            location.data().display()
        )
    })
}

/// The keys of a backup.
pub fn stored_keys(settings: &Settings, stored: &Stored) -> anyhow::Result<DataKeys> {
    let mut settings = settings.clone();
    settings.data = stored.keys_folder()?;
    Ok(settings.data_keys_to_read()?)
}

/// How far the journal is durable: the running switch says so.
pub fn durable(socket: &Path) -> anyhow::Result<Durable> {
    Ok(match operations::durable(socket)? {
        Some(durable) => Durable::To(durable.and_then(Sequence::from_stored)),
        None => {
            note("backup: no switch runs");
            Durable::Stopped
        }
    })
}

fn report(copied: &Copied, to: &Path) -> String {
    let last = copied.last.map_or(0, Sequence::to_stored);
    let until = copied.until.map(rfc_3339).unwrap_or_default();
    format!(
        "copied {} bytes; {} has the journal up to record {last}, of {until}\n",
        copied.bytes,
        to.display()
    )
}
