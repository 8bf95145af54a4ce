//! `tessera load`.

mod compare;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tessera_common::addresses::Addresses;
use tessera_console::print;
use tessera_simulators::load::{self, AmountRange, Display, Mix, Options, Pace};

/// Send load as malls and acquirers, and verify every cent
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
No other client may use the same cards meanwhile.

Exit code 0: every request was answered, no answer was wrong, every balance equals the sum of the answers."
)]
pub struct Load {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(clap::Subcommand)]
enum Command {
    Compare(compare::Compare),
}

#[derive(clap::Args)]
struct Run {
    /// The run's name in reports [default: made from the time]
    #[arg(long, value_name = "NAME", value_parser = load::parse_name)]
    name: Option<String>,
    /// The switch's address for malls and acquirers; of a cluster, the addresses of all nodes, tried in turn
    #[arg(
        long,
        value_name = "HOST:PORT[,HOST:PORT...]",
        default_value = "127.0.0.1:8583"
    )]
    target: Addresses,
    /// Institution code (field 32)
    #[arg(long, value_name = "CODE", default_value_t = 20_000_000_001)]
    party: u64,
    /// MAC key, 32 hexadecimal digits; known for the development parties
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// Card acceptor (field 42); known for the development parties
    #[arg(long, value_name = "ID")]
    acceptor: Option<String>,
    /// Number of development cards, or of their wallets
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    cards: u32,
    /// Serial number of the first one
    #[arg(long, value_name = "K", default_value_t = 1)]
    first_card: u32,
    #[command(flatten)]
    pace: PaceArguments,
    /// Connections
    #[arg(long, value_name = "C", default_value_t = 8)]
    connections: u32,
    /// How long requests are sent: 30s, 500ms, 2m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = load::parse_duration)]
    duration: Duration,
    /// Shares of the requests: purchases, repeats, reversals, inquiries, authorizations, completions, refunds, and, if
    /// the party's profile allows them, advices and partials
    #[arg(long, value_name = "SHARES", value_parser = Mix::parse,
        default_value = "purchases=90,repeats=3,reversals=4,inquiries=3")]
    mix: Mix,
    /// Send several completions of one authorization: the party's profile has several_completions
    #[arg(long)]
    several_completions: bool,
    /// Range of the amount of a purchase, in minor units, inclusive
    #[arg(long, value_name = "MIN..MAX", default_value = "1..100", value_parser = AmountRange::parse)]
    amount: AmountRange,
    /// Seed of all random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of the connections that buy by order number as an affiliated mall: all of them for a mall, none for
    /// an acquirer if not stated
    #[arg(long, value_name = "SHARE")]
    orders: Option<f64>,
    /// The wallet server's leased line, for the payers' agreements; of a cluster, the addresses of all nodes
    #[arg(
        long,
        value_name = "HOST:PORT[,HOST:PORT...]",
        default_value = "127.0.0.1:8585"
    )]
    wallet_line: Addresses,
    /// The folder with wallet-server.pem, wallet-server.key and ca.pem
    #[arg(long, value_name = "DIR", default_value = "config/certs")]
    certs: PathBuf,
    /// Compare with the financial system's tally (its HTTP address); it must have no other clients
    #[arg(long, value_name = "HOST:PORT")]
    host_tally: Option<String>,
    /// A connection on which nothing comes for this time, although requests are in flight, is given up for the next
    /// address; after half of it, an echo is sent
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = load::parse_duration)]
    silence: Duration,
    /// How long to wait for answers, settlement and balances after the end
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = load::parse_duration)]
    settle: Duration,
    /// Write the figures, also those of each second, to this file as JSON (docs/load.md)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with the same figures and charts of them to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show the progress as lines, also on a terminal
    #[arg(long)]
    plain: bool,
}

#[derive(clap::Args)]
#[group(required = false, multiple = false)]
struct PaceArguments {
    /// Open loop: requests per second over all connections, latency counted from the planned instant
    #[arg(long, value_name = "R")]
    rate: Option<f64>,
    /// Closed loop: requests in flight on each connection (64 if neither is stated)
    #[arg(long, value_name = "W")]
    window: Option<u32>,
}

impl Load {
    /// Runs and prints the table; the exit code is 0 if all checks passed.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Command::Compare(compare)) => compare.run(),
            None => self.run.run(),
        }
    }
}

impl Run {
    fn run(self) -> anyhow::Result<ExitCode> {
        let (json, html) = (self.json.clone(), self.html.clone());
        let display = match self.plain {
            true => Display::Lines,
            false => Display::Picture,
        };
        let report = load::run_watched(self.options(), display)?;
        print(format_args!("{report}\n"))?;
        if let Some(path) = json {
            std::fs::write(&path, report.to_json()).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = html {
            std::fs::write(&path, load::page(&report))
                .with_context(|| path.display().to_string())?;
        }
        Ok(if report.clean() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn options(self) -> Options {
        Options {
            name: self.name,
            command: load::command_line(std::env::args()),
            target: self.target,
            party: self.party,
            key: self.key,
            acceptor: self.acceptor,
            cards: self.cards,
            first_card: self.first_card,
            pace: match (self.pace.rate, self.pace.window) {
                (Some(rate), _) => Pace::Rate(rate),
                (None, window) => Pace::Window(window.unwrap_or(64)),
            },
            connections: self.connections,
            duration: self.duration,
            mix: self.mix,
            several_completions: self.several_completions,
            amount: self.amount,
            seed: self.seed,
            orders: self.orders,
            wallet_line: self.wallet_line,
            certificates: self.certs,
            host_tally: self.host_tally,
            silence: self.silence,
            settle: self.settle,
            ..Options::default()
        }
    }
}
