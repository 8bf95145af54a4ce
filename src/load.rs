//! `tessera load`.

mod compare;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tessera_common::addresses::Addresses;
use tessera_console::print;
use tessera_simulators::certify::{self, Party};
use tessera_simulators::load::{
    self, AmountRange, Display, Faults, Mix, Options, Pace, PartyLine, Profile, Scale, Scenario,
    Threshold,
};

/// The exit code where all answers were right and a threshold does not hold.
const THRESHOLD_FAILED: u8 = 4;

/// Send load as malls and acquirers, and verify every cent
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
No other client may use the same cards meanwhile.

Exit code 0: every request was answered, no answer was wrong, every balance equals the sum of the answers.
4: so it was, but a threshold does not hold. 1: otherwise."
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
    /// A file with stages, mixes, faults and thresholds (docs/load.md, config/load). Other options override it: --duration
    /// stretches its stages, --rate or --connections scales them, keeping their shape
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The run's name in reports [default: made from the scenario and the time]
    #[arg(long, value_name = "NAME", value_parser = load::parse_name)]
    name: Option<String>,
    /// The switch's address for malls and acquirers; of a cluster, the addresses of all nodes, tried in turn
    #[arg(
        long,
        value_name = "HOST:PORT[,HOST:PORT...]",
        default_value = "127.0.0.1:8583"
    )]
    target: Addresses,
    /// The party: the code of a development party, or a profile as in config/parties, with its packing, framing and MAC key
    /// [default: 20000000001]
    #[arg(long, value_name = "CODE | FILE")]
    party: Option<String>,
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
    /// MAC key, 32 hexadecimal digits; known for the development parties
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// Card acceptor (field 42); known for the development parties
    #[arg(long, value_name = "ID")]
    acceptor: Option<String>,
    /// Number of development cards, or of their wallets [default: 1000]
    #[arg(long, value_name = "N")]
    cards: Option<u32>,
    /// Serial number of the first one [default: 1]
    #[arg(long, value_name = "K")]
    first_card: Option<u32>,
    #[command(flatten)]
    pace: PaceArguments,
    /// Connections [default: 8]
    #[arg(long, value_name = "C")]
    connections: Option<u32>,
    /// How long requests are sent: 30s, 500ms, 2m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = load::parse_duration)]
    duration: Option<Duration>,
    /// Shares of the requests: purchases, repeats, reversals, inquiries, authorizations, completions, refunds, and, if
    /// the party's profile allows them, advices and partials [default: purchases=90,repeats=3,reversals=4,inquiries=3]
    #[arg(long, value_name = "SHARES", value_parser = Mix::parse)]
    mix: Option<Mix>,
    /// Shares of requests that go wrong on purpose: duplicates=1%,late_repeats=1%,late_after=5s,disconnects=0.01%
    #[arg(long, value_name = "SHARES", value_parser = Faults::parse)]
    faults: Option<Faults>,
    /// What must hold, as in 'p99 < 50ms', 'errors < 0.1%', 'approved > 95%'; can be repeated. Exit code 4 if it does not
    #[arg(long = "threshold", value_name = "CHECK", value_parser = Threshold::parse)]
    thresholds: Vec<Threshold>,
    /// End the run when a threshold of --threshold does not hold, but not in the first five seconds
    #[arg(long, requires = "thresholds")]
    abort_on_fail: bool,
    /// Send several completions of one authorization: the party's profile has several_completions
    #[arg(long)]
    several_completions: bool,
    /// Range of the amount of a purchase, in minor units, inclusive [default: 1..100]
    #[arg(long, value_name = "MIN..MAX", value_parser = AmountRange::parse)]
    amount: Option<AmountRange>,
    /// Seed of all random choices [default: 1]
    #[arg(long)]
    seed: Option<u64>,
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
        let report = load::run_watched(self.options()?, display)?;
        print(format_args!("{report}\n"))?;
        if let Some(path) = json {
            std::fs::write(&path, report.to_json()).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = html {
            std::fs::write(&path, load::page(&report))
                .with_context(|| path.display().to_string())?;
        }
        Ok(match (report.clean(), report.passed()) {
            (false, _) => ExitCode::FAILURE,
            (true, false) => ExitCode::from(THRESHOLD_FAILED),
            (true, true) => ExitCode::SUCCESS,
        })
    }

    /// The party's code, and its profile where it is not a development party over TCP.
    fn party(&self, scenario: &Scenario) -> anyhow::Result<(u64, Option<Profile>)> {
        let code = scenario.party.unwrap_or(Options::default().party);
        let named = self.party.clone().unwrap_or_else(|| code.to_string());
        let tls = match &self.tls_authority {
            Some(authority) => {
                let pair = self.tls_certificate.as_deref().zip(self.tls_key.as_deref());
                Some((certify::tls(authority, pair)?, self.tls_name.clone()))
            }
            None => None,
        };
        match named.parse() {
            // With --key and --acceptor, any party that has no profile here.
            Ok(code) if tls.is_none() => Ok((code, None)),
            _ => {
                let party = Party::find(&named)?;
                let profile = Profile {
                    code: party.code.parse().context("the party's code")?,
                    acceptor: party.acceptor,
                    is_mall: party.kind == certify::Kind::Mall,
                    line: PartyLine {
                        dialect: party.dialect,
                        tls,
                        key: party.key,
                    },
                };
                Ok((profile.code, Some(profile)))
            }
        }
    }

    fn options(self) -> anyhow::Result<Options> {
        let scenario = match &self.scenario {
            Some(path) => Scenario::read(path).map_err(|why| anyhow!(why))?,
            None => Scenario::default(),
        };
        let (party, profile) = self.party(&scenario)?;
        let usual = Options::default();
        let mut thresholds = scenario.thresholds;
        let abort = self.abort_on_fail;
        let stated = self.thresholds.into_iter();
        thresholds.extend(stated.map(|stated| {
            let after = stated.after;
            stated.ending_the_run(abort, after)
        }));
        let scale = Scale {
            duration: self.duration,
            rate: self.pace.rate,
            window: self.pace.window,
            connections: self.connections,
            mix: self.mix,
            faults: self.faults,
        };
        let stages = scale.apply(scenario.stages).map_err(|why| anyhow!(why))?;
        let connections = self.connections.or(scenario.connections);
        Ok(Options {
            name: self.name,
            command: load::command_line(std::env::args()),
            scenario: scenario.name,
            stages,
            thresholds,
            faults: self.faults.unwrap_or_default(),
            target: self.target,
            party,
            profile,
            key: self.key,
            acceptor: self.acceptor,
            cards: self.cards.or(scenario.cards).unwrap_or(usual.cards),
            first_card: self
                .first_card
                .or(scenario.first_card)
                .unwrap_or(usual.first_card),
            pace: match (self.pace.rate, self.pace.window) {
                (Some(rate), _) => Pace::Rate(rate),
                (None, window) => Pace::Window(window.unwrap_or(64)),
            },
            connections: connections.unwrap_or(usual.connections),
            duration: self.duration.unwrap_or(usual.duration),
            mix: self.mix.unwrap_or(usual.mix),
            several_completions: self.several_completions,
            amount: self.amount.or(scenario.amount).unwrap_or(usual.amount),
            seed: self.seed.or(scenario.seed).unwrap_or(usual.seed),
            orders: self.orders,
            wallet_line: self.wallet_line,
            certificates: self.certs,
            host_tally: self.host_tally,
            silence: self.silence,
            settle: self.settle,
            ..usual
        })
    }
}
