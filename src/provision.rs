//! `tessera provision`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use tessera_common::private;
use tessera_console::print;
use tessera_protocol::Amount;
use tessera_switch::provision::provision;

/// Makes development cards 1 to N, each in a funded wallet of its own, while the switch is stopped
#[derive(clap::Args)]
pub struct Provision {
    /// The switch's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Number of cards
    #[arg(long, value_name = "N")]
    cards: u64,
    /// Initial balance of each wallet, in minor units
    #[arg(long, value_name = "MINOR")]
    balance: u64,
}

impl Provision {
    /// Makes the cards that do not exist yet.
    pub fn run(self) -> anyhow::Result<()> {
        let settings = crate::switch::read(&self.config, self.data)?;
        private::check(&settings.data)?;
        let balance = Amount::new(self.balance).context("a balance has at most 12 digits")?;
        let started = Instant::now();
        let made = provision(&settings, self.cards, balance)?;
        print(format_args!(
            "{made} cards made, {} existed, in {:.1} s\n",
            self.cards - made,
            started.elapsed().as_secs_f64()
        ))?;
        Ok(())
    }
}
