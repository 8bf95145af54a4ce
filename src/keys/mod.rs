//! `tessera keys`: the keys of the data, and those of parties.

mod data;
mod party;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Manage the keys that encrypt the data, and make, wrap and compare keys of parties.
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the data keys, and the check value of the master key.
    List(data::Which),
    /// Add a data key. A running switch uses it within seconds: for the next segment of the journal.
    Rotate(data::Which),
    /// Wrap the data keys under another master key. No data is written. Keep the old master key for as long as you keep older backups of the
    /// key table.
    Rewrap(data::Rewrap),
    /// Go on without a file of wallet keys that was lost, or with an older copy of it: the next start of the switch makes an empty one,
    /// or no longer warns. The funding sources and contacts of payers whose keys are missing are lost. Restore the newest copy instead if you can.
    AcceptLostWalletKeys(data::Which),
    /// Check that the master key unwraps every key of the table, and that the key of every journal segment, full snapshot and wallet is
    /// in it.
    Verify(data::Which),
    /// Make a key in a new file that only its owner can read: a master key, a MAC key, or a key-encrypting key.
    Make(party::Make),
    /// Print the check value of a key in a file, by which two people compare their keys.
    Check {
        /// The key's file.
        file: PathBuf,
    },
    /// Wrap a MAC key under a key-encrypting key (RFC 3394), as 0800/101 and `mac_key_wrapped` in a party's profile have it.
    Wrap(party::Wrap),
}

impl Keys {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::List(which) => data::list(&which),
            Command::Rotate(which) => data::rotate(&which),
            Command::Rewrap(rewrap) => data::rewrap(&rewrap),
            Command::AcceptLostWalletKeys(which) => data::accept_lost_wallet_keys(&which),
            Command::Verify(which) => verify::verify(&which),
            Command::Make(make) => party::make(&make),
            Command::Check { file } => party::check(&file),
            Command::Wrap(wrap) => party::wrap(&wrap),
        }
    }
}
