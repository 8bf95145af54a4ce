//! `tessera provision`.

use std::time::Instant;

use anyhow::Context;
use tessera_common::private;
use tessera_console::print;
use tessera_protocol::Amount;
use tessera_switch::provision::provision;

use crate::switch::Configured;

/// Make development cards, each in a funded wallet of its own
///
/// The switch must be stopped. Cards that exist already are kept.
#[derive(clap::Args)]
pub struct Provision {
    #[command(flatten)]
    configured: Configured,
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
        let settings = self.configured.settings()?;
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
