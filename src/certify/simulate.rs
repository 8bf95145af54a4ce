//! `tessera simulate`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use serde_json::json;
use tessera_common::addresses::Addresses;
use tessera_config::{Environment, Settings};
use tessera_console::print;
use tessera_simulators::certify::{
    self, CaseOutcome, Kind, Options, Party, Payer, Simulation, Target,
};

/// Send a transaction to a development switch, and show all of it
///
/// Plays a mall or an acquirer with the messages of one transaction, prints what went over the wire, in bytes and in words, and whether it ended as
/// the name says. Payers are development cards or, for a mall, payers of the sandbox (docs/test-cards.md).
#[derive(Args)]
#[command(after_help = "Exit code 0: it ended as the name says. 1: it did not.")]
pub struct Simulate {
    /// What is played
    what: What,
    /// The party: the code of a development party, or a profile as in config/parties
    #[arg(long, value_name = "CODE | FILE", default_value = "20000000001")]
    party: String,
    /// The amount in minor units
    #[arg(long, value_name = "MINOR", default_value_t = 1_999, value_parser = clap::value_parser!(u64).range(1..=999_999))]
    amount: u64,
    /// The configuration of the switch: one of a production switch is refused
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The switch's address for malls and acquirers [default: as in the configuration]
    #[arg(long, value_name = "HOST:PORT")]
    target: Option<Addresses>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// A purchase that is approved
    Approve,
    /// A purchase that is declined: more than the payer has; of a mall, another amount than was agreed to
    Decline,
    /// An authorization, and the completion that debits it (acquirers)
    Clear,
    /// A card that has expired; of a mall, an order to which no payer agrees in time
    Expire,
    /// A purchase, and a refund of half of it
    Refund,
    /// A purchase, and its reversal
    Reverse,
}

impl From<What> for Simulation {
    fn from(what: What) -> Self {
        match what {
            What::Approve => Self::Approve,
            What::Decline => Self::Decline,
            What::Clear => Self::Clear,
            What::Expire => Self::Expire,
            What::Refund => Self::Refund,
            What::Reverse => Self::Reverse,
        }
    }
}

impl Simulate {
    /// Plays it and prints what happened; the exit code is 0 if it ended as expected.
    pub fn run(self) -> Result<ExitCode> {
        let settings = Settings::read(&self.config)?;
        if settings.environment != Environment::Development {
            bail!(
                "{} is the configuration of a production switch: transactions are simulated in development only",
                self.config.display()
            );
        }
        let party = Party::find(&self.party)?;
        let case = Simulation::from(self.what).case(party.kind, self.amount);
        let case = case.map_err(|why| anyhow!(why))?;
        let listens = || Addresses::from(settings.mall.listen);
        let addresses = self.target.unwrap_or_else(listens);
        let options = Options {
            target: Target {
                addresses,
                tls: None,
            },
            sandbox: party.kind == Kind::Mall,
            payers: (1..=8).map(Payer::development).collect(),
            party,
            wallet_line: None,
            long: false,
            only: Vec::new(),
            answer_within: Duration::from_secs(15),
            terminal: None,
        };
        let report = certify::run(&options, vec![case]).map_err(|why| anyhow!(why))?;
        let Some(played) = report.results.first() else {
            bail!("nothing was played");
        };
        if let CaseOutcome::Skipped(why) = &played.outcome {
            bail!("{why}");
        }
        let ended = played.outcome == CaseOutcome::Passed;
        print(match self.json {
            true => {
                let shown = json!({
                    "simulation": played.case.title,
                    "party": options.party.code,
                    "as_expected": ended,
                    "messages": played.transcript_json(),
                });
                serde_json::to_string_pretty(&shown)? + "\n"
            }
            false => {
                let words = match ended {
                    true => "It ended as expected.",
                    false => "It did not end as expected.",
                };
                let (title, code) = (played.case.title, &options.party.code);
                format!(
                    "Party {code} plays {title}:\n{}{words}\n",
                    played.transcript_text()
                )
            }
        })?;
        Ok(match ended {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}
