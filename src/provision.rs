//! `tessera provision`.

use std::time::Instant;

use anyhow::Context;
use tessera_common::private;
use tessera_console::print;
use tessera_protocol::Amount;
use tessera_switch::provision::{Wanted, provision};

use crate::switch::Configured;

/// Make development cards, each in a funded wallet of its own
///
/// The switch must be stopped. Cards that exist already are kept.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("which").args(["cards", "test_cards"]).required(true).multiple(true))]
pub struct Provision {
    #[command(flatten)]
    configured: Configured,
    /// Number of cards
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    cards: u64,
    /// Also make the test cards of the sandbox (docs/test-cards.md); can be combined with --cards
    #[arg(long)]
    test_cards: bool,
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
        let wanted = Wanted {
            cards: self.cards,
            test_cards: self.test_cards,
            balance,
        };
        let made = provision(&settings, &wanted)?;
        print(format_args!(
            "{made} cards made, {} existed, in {:.1} s\n",
            wanted.count() - made,
            started.elapsed().as_secs_f64()
        ))?;
        Ok(())
    }
}
