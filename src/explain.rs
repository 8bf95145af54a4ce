//! `tessera explain`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use tessera_console::print;
use tessera_protocol::{Institution, OrderKey, Stan};
use tessera_switch::explain::{Named, explain};

use crate::switch::Configured;

/// Explain the decision about a transaction
///
/// A summary first, then its messages, the rule, the events with balances, and the times. Reads the journal, also while the
/// switch runs.
#[derive(Args)]
pub struct Explain {
    #[command(flatten)]
    configured: Configured,
    /// Field 37: the party's, or the switch's own in messages to the financial system
    #[arg(long, conflicts_with_all = ["party", "order"])]
    reference: Option<String>,
    /// Field 32, with --trace and --date
    #[arg(long, requires_all = ["trace", "date"], value_parser = clap::value_parser!(u64).range(..=Institution::MAX))]
    party: Option<u64>,
    /// Field 11
    #[arg(long, requires = "party", value_parser = clap::value_parser!(u32).range(..=i64::from(Stan::MAX)))]
    trace: Option<u32>,
    /// Field 13, MMDD
    #[arg(long, requires = "party")]
    date: Option<u32>,
    /// The order number, with --mall
    #[arg(long, requires = "mall", conflicts_with = "party")]
    order: Option<String>,
    /// The mall's card acceptor, field 42
    #[arg(long, requires = "order")]
    mall: Option<String>,
    /// Print a JSON array with an object for each transaction
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let named = self.named()?;
        let settings = self.configured.settings_with_journal()?;
        let found = explain(&tessera_switch::journal_to_read(&settings)?, &named)?;
        if self.json {
            let list: Value = found.into_iter().map(|one| one.json).collect();
            print(serde_json::to_string_pretty(&list)? + "\n")?;
            return Ok(ExitCode::SUCCESS);
        }
        let pages: Vec<_> = found.into_iter().map(|one| one.page).collect();
        print(format_args!("{}\n", pages.join("\n").trim_end()))?;
        Ok(ExitCode::SUCCESS)
    }

    fn named(&self) -> anyhow::Result<Named> {
        Ok(match self {
            Self {
                reference: Some(reference),
                ..
            } => Named::Reference(reference.trim().to_owned()),
            Self {
                party: Some(institution),
                trace: Some(trace),
                date: Some(local_date),
                ..
            } => Named::Trace {
                institution: Institution::new(*institution),
                trace: Stan::new(*trace),
                local_date: *local_date,
            },
            Self {
                order: Some(order),
                mall: Some(mall),
                ..
            } => {
                let mut acceptor = [b' '; 15];
                let place = acceptor.get_mut(..mall.len());
                let place = place.context("a card acceptor has at most 15 characters")?;
                place.copy_from_slice(mall.as_bytes());
                Named::Order(OrderKey::of(&acceptor, order.as_bytes()))
            }
            _ => {
                bail!("say --reference, or --party with --trace and --date, or --order with --mall")
            }
        })
    }
}
