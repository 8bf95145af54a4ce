//! `tessera keys verify`: the keys, and whether they decrypt what is there.

use std::fmt::Display;

use tessera_common::private;
use tessera_console::print;
use tessera_store::FullSnapshots;
use tessera_switch::journal_location;

use crate::switch::Configured;

/// What can't be decrypted, and how much can.
#[derive(Default)]
struct Found {
    refused: u64,
}

impl Found {
    fn refused(&mut self, error: &dyn Display) -> anyhow::Result<()> {
        self.refused += 1;
        Ok(print(format_args!("{error}\n"))?)
    }
}

/// Unwraps every key of the table, and looks for the key of every segment, full snapshot and wallet.
pub fn verify(configured: &Configured) -> anyhow::Result<()> {
    let settings = configured.settings()?;
    private::check(&settings.data)?;
    let keys = settings.data_keys_to_read()?;
    print(format_args!(
        "{} keys unwrap under the master key from {}\n",
        keys.entries()?.len(),
        settings.encryption.master_key
    ))?;
    let mut found = Found::default();
    let mut refused = Vec::new();
    let journal = journal_location(&settings, Some(&keys));
    let segments = match settings.data.join("journal").is_dir() {
        true => tessera_journal::check_keys(&journal, &mut |error| refused.push(error))?,
        false => 0,
    };
    for error in &refused {
        found.refused(error)?;
    }
    let snapshots = FullSnapshots::in_data(&settings.data, keys.clone());
    let mut whole = 0;
    for path in snapshots.files()? {
        match snapshots.check_key(&path) {
            Ok(()) => whole += 1,
            Err(error) => found.refused(&error)?,
        }
    }
    let wallets = match tessera_vault::check_file(&settings.data, &keys) {
        Ok(wallets) => wallets,
        Err(error) => {
            found.refused(&error)?;
            0
        }
    };
    print(format_args!(
        "they decrypt {segments} segments of the journal, {whole} full snapshots and {wallets} keys of wallets\n"
    ))?;
    anyhow::ensure!(
        found.refused == 0,
        "not everything can be decrypted: restore the newest keys.table"
    );
    Ok(())
}
