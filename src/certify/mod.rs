//! `tessera certify`, and the transactions of `tessera simulate`.

pub mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use tessera_common::addresses::Addresses;
use tessera_console::print;
use tessera_simulators::certify::{
    self, Kind, Options, Party, Payer, Target, WalletLineOptions, cases, junit, listing,
    listing_json,
};
use tessera_simulators::load::parse_duration;

/// Test a switch against the wire protocol, case by case
///
/// Plays a mall or an acquirer. Prints one line per case, and for each failed case the bytes, the answers and the expected fields. Cases that the
/// party or the target does not support are skipped, with the reason. Money is moved only on the named cards.
#[derive(Args)]
#[command(after_help = "Exit code 0: no case failed. 1: some did.")]
pub struct Certify {
    /// The switch's address for malls and acquirers; of a cluster, the addresses of all nodes: the first that accepts
    /// is tested
    #[arg(
        long,
        value_name = "HOST:PORT[,HOST:PORT...]",
        default_value = "127.0.0.1:8583"
    )]
    target: Addresses,
    /// The party: the code of a development party, or a profile as in config/parties
    #[arg(long, value_name = "CODE | FILE", default_value = "20000000001")]
    party: String,
    /// Print the cases with this party's messages, and exit
    #[arg(long)]
    list: bool,
    /// Only this case (5.01) or section (5); can be repeated
    #[arg(long = "case", value_name = "NUMBER")]
    cases: Vec<String>,
    /// A card for purchases; can be repeated [default: development cards]
    #[arg(long = "card", value_name = "NUMBER=YYMM", value_parser = parse_card)]
    cards: Vec<Payer>,
    /// Number of development cards, or for a mall of their wallets
    #[arg(long, value_name = "N", default_value_t = 8)]
    payers: u64,
    /// Serial number of the first of them
    #[arg(long, value_name = "K", default_value_t = 1)]
    first_payer: u64,
    /// For a mall: the wallet server's leased line, for the payers' agreements to its orders and their balances; of a
    /// cluster, the addresses of all nodes. Not needed with --sandbox
    #[arg(long, value_name = "HOST:PORT[,HOST:PORT...]")]
    wallet_line: Option<Addresses>,
    /// The folder with wallet-server.pem, wallet-server.key and ca.pem
    #[arg(long, value_name = "DIR", default_value = "config/certs")]
    certs: PathBuf,
    /// The target plays the sandbox (docs/test-cards.md), as the shipped configurations do: amounts select outcomes, and
    /// payers agree to a mall's orders by themselves
    #[arg(long)]
    sandbox: bool,
    /// Timeout of an answer: 10s, 500ms
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    answer_within: Duration,
    /// Also run cases that take minutes
    #[arg(long)]
    long: bool,
    /// Terminal (field 41) [default: unique for each run]
    #[arg(long, value_name = "ID")]
    terminal: Option<String>,
    /// Connect with TLS, trusting these authorities (PEM)
    #[arg(long, value_name = "FILE")]
    tls_authority: Option<PathBuf>,
    /// The name in the switch's certificate [default: the host of the target]
    #[arg(long, value_name = "NAME", requires = "tls_authority")]
    tls_name: Option<String>,
    /// The client certificate (PEM), if the switch requests one
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_authority",
        requires = "tls_key"
    )]
    tls_certificate: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Print the report as JSON, in place of text; with --list, the cases
    #[arg(long)]
    json: bool,
    /// Write the report as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write all messages that were sent and received to this file, case by case
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Certify {
    /// Runs and prints the report; the exit code is 0 if no case failed.
    pub fn run(self) -> Result<ExitCode> {
        let party = Party::find(&self.party)?;
        if self.list {
            let chosen = certify::chosen(cases(), &self.cases).map_err(|why| anyhow!(why))?;
            print(match self.json {
                true => serde_json::to_string_pretty(&listing_json(&chosen))? + "\n",
                false => listing(&chosen, &party),
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        let as_json = self.json;
        let (junit_file, report_file) = (self.junit.clone(), self.report.clone());
        let report = certify::run(&self.options(party)?, cases()).map_err(|why| anyhow!(why))?;
        print(match as_json {
            true => serde_json::to_string_pretty(&report.json())? + "\n",
            false => report.to_string(),
        })?;
        if let Some(path) = junit_file {
            std::fs::write(&path, junit(&report)).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = report_file {
            std::fs::write(&path, report.details()).with_context(|| path.display().to_string())?;
        }
        Ok(match report.clean() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    fn options(self, party: Party) -> Result<Options> {
        let tls = match &self.tls_authority {
            Some(authority) => {
                let pair = self.tls_certificate.as_deref().zip(self.tls_key.as_deref());
                Some((certify::tls(authority, pair)?, self.tls_name))
            }
            None => None,
        };
        let first = self.first_payer;
        let development = (first..first.saturating_add(self.payers)).map(Payer::development);
        Ok(Options {
            target: Target {
                addresses: self.target,
                tls,
            },
            payers: match self.cards.is_empty() || party.kind == Kind::Mall {
                true => development.collect(),
                false => self.cards,
            },
            party,
            wallet_line: self.wallet_line.map(|addresses| WalletLineOptions {
                addresses,
                certificates: self.certs,
            }),
            sandbox: self.sandbox,
            long: self.long,
            answer_within: self.answer_within,
            only: self.cases,
            terminal: self.terminal,
        })
    }
}

fn parse_card(text: &str) -> Result<Payer, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('=') {
        Some((card, expiry))
            if digits(card) && card.len() <= 19 && digits(expiry) && expiry.len() == 4 =>
        {
            Ok(Payer {
                card: card.to_owned(),
                expiry: expiry.to_owned(),
                wallet: 0,
            })
        }
        _ => Err("expected NUMBER=YYMM".to_owned()),
    }
}
