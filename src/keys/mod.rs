//! `tessera keys`: the keys of the data, and those of parties.

mod data;
mod party;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::switch::Configured;

/// Manage the keys of the data; make, compare and wrap parties' keys
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the data keys, and the check value of the master key
    List {
        #[command(flatten)]
        configured: Configured,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a data key
    ///
    /// A running switch uses it within seconds: for the next segment of the journal.
    Rotate(Configured),
    /// Wrap the data keys under another master key
    ///
    /// No data is written. Keep the old master key for as long as you keep older backups of the key table.
    Rewrap(data::Rewrap),
    /// Continue without a file of wallet keys that was lost, or with an older copy
    ///
    /// The next start of the switch makes an empty one, or no longer warns. The funding sources and contacts of payers whose keys are
    /// missing are lost. Restore the newest copy instead if you can.
    AcceptLostWalletKeys(Configured),
    /// Check that every key unwraps, and that each is there that the data needs
    ///
    /// The master key has to unwrap every key of the table, and the key of every journal segment, full snapshot and wallet has to be
    /// in it.
    Verify(Configured),
    /// Make a key in a new file that only its owner can read
    ///
    /// A master key, a MAC key, or a key-encrypting key.
    Make(party::Make),
    /// Print the check value of a key, by which two people compare their keys
    Check {
        /// The key's file
        file: PathBuf,
    },
    /// Wrap a MAC key under a key-encrypting key (RFC 3394)
    ///
    /// As 0800/101 and `mac_key_wrapped` in a party's profile have it.
    Wrap(party::Wrap),
}

impl Keys {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::List { configured, json } => data::list(&configured, json),
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
