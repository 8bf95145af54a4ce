//! The options of a run of the load generator: plain data, with the defaults of `tessera load`.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tessera_common::addresses::Addresses;

use super::connections::party_line::PartyLine;
use super::mix::Mix;
use super::scenario::faults::Faults;
use super::scenario::plan::{Course, Plan, Stage};
use super::scenario::threshold::Threshold;

/// The options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the run is called; `None` makes a name of the time.
    pub name: Option<String>,
    /// The command line, for the report; without secrets.
    pub command: String,
    /// Where malls and acquirers connect. All connections of a run share what is known of the addresses.
    pub target: Addresses,
    /// Institution code of the party that asks (field 32).
    pub party: u64,
    /// MAC key as 32 hexadecimal digits. Known for the development parties, `None` means theirs.
    pub key: Option<String>,
    /// The party's profile and line, where it is not a development party over TCP; then `party` and `key` count for nothing.
    pub profile: Option<Profile>,
    /// Card acceptor (field 42); `None` means the development party's own.
    pub acceptor: Option<String>,
    /// How many development cards (or wallets, by order) are used.
    pub cards: u32,
    /// Serial number of the first one.
    pub first_card: u32,
    /// Open or closed loop.
    pub pace: Pace,
    /// Connections, all at once.
    pub connections: u32,
    /// How long requests are generated.
    pub duration: Duration,
    /// What is asked.
    pub mix: Mix,
    /// What is done wrong on purpose.
    pub faults: Faults,
    /// The stages of a scenario, each with its own duration, pace, mix and faults; where there are some, those above count for
    /// nothing. `connections` are then as many as the largest stage needs.
    pub stages: Vec<Stage>,
    /// What must hold.
    pub thresholds: Vec<Threshold>,
    /// The name of the scenario.
    pub scenario: Option<String>,
    /// Whether the party's profile grants several completions of one authorization.
    pub several_completions: bool,
    /// How much a purchase costs.
    pub amount: AmountRange,
    /// Seed of every choice. Printed, so that a run can be had again.
    pub seed: u64,
    /// Share of the connections that buy by order number; `None` means all for a mall, none for an
    /// acquirer.
    pub orders: Option<f64>,
    /// The wallet server's leased line.
    pub wallet_line: Addresses,
    /// Where `wallet-server.pem`, `wallet-server.key` and `ca.pem` are.
    pub certificates: PathBuf,
    /// The financial system's tally, `host:port`; compared when given.
    pub host_tally: Option<String>,
    /// A connection with requests in flight on which nothing comes for this long is given up.
    pub silence: Duration,
    /// How long the balances may take to be read at the start.
    pub opening: Duration,
    /// How long after the end answers, settlement and balances are waited for.
    pub settle: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            command: String::new(),
            target: loopback(8583),
            party: 20_000_000_001,
            key: None,
            profile: None,
            acceptor: None,
            cards: 1_000,
            first_card: 1,
            pace: Pace::Window(64),
            connections: 8,
            duration: Duration::from_secs(30),
            several_completions: false,
            mix: Mix::default(),
            faults: Faults::default(),
            stages: Vec::new(),
            thresholds: Vec::new(),
            scenario: None,
            amount: AmountRange {
                least: 1,
                most: 100,
            },
            seed: 1,
            orders: None,
            wallet_line: loopback(8585),
            certificates: PathBuf::from("config/certs"),
            host_tally: None,
            silence: Duration::from_secs(3),
            opening: Duration::from_secs(60),
            settle: Duration::from_secs(30),
        }
    }
}

/// A party that the generator does not know by itself.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Institution code, field 32.
    pub code: u64,
    /// Card acceptor, field 42.
    pub acceptor: String,
    /// Whether it buys by order, as a mall.
    pub is_mall: bool,
    /// How it connects.
    pub line: PartyLine,
}

impl Options {
    /// The plan of the run.
    pub fn plan(&self) -> Plan {
        Plan::new(match self.stages.is_empty() {
            true => vec![self.only_stage()],
            false => self.stages.clone(),
        })
    }

    /// The whole of a run that has no stages.
    fn only_stage(&self) -> Stage {
        let connections = f64::from(self.connections);
        Stage {
            name: String::new(),
            duration: self.duration,
            course: match self.pace {
                Pace::Rate(rate) => Course::Rate {
                    from: rate,
                    to: rate,
                },
                Pace::Window(window) => Course::Connections {
                    from: connections,
                    to: connections,
                    window,
                },
            },
            mix: self.mix,
            faults: self.faults,
        }
    }
}

fn loopback(port: u16) -> Addresses {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()
}

/// When the next request is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Open loop: so many requests per second over all connections, whether answers come or not.
    /// Latency counts from the planned instant, so that a slow switch cannot hide.
    Rate(f64),
    /// Closed loop: so many requests in flight on every connection.
    Window(u32),
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(formatter, "open loop, {rate} requests/s"),
            Self::Window(window) => write!(formatter, "closed loop, {window} in flight each"),
        }
    }
}

/// Amounts of purchases in minor units, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountRange {
    /// The smallest.
    pub least: u64,
    /// The largest.
    pub most: u64,
}

impl fmt::Display for AmountRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.least, self.most)
    }
}

impl AmountRange {
    /// Reads `100..500` (both included) or `100`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let number = |part: &str| {
            part.trim()
                .parse::<u64>()
                .map_err(|_| format!("`{part}` is not an amount in minor units"))
        };
        let range = Self {
            least: number(least)?,
            most: number(most.trim_start_matches('='))?,
        };
        if range.least == 0 || range.least > range.most || range.most > 999_999_999_999 {
            return Err(format!(
                "`{text}`: need 0 < MIN <= MAX, twelve digits at most"
            ));
        }
        Ok(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_amounts() {
        let range = |least, most| Ok(AmountRange { least, most });
        assert_eq!(AmountRange::parse("100..500"), range(100, 500));
        assert_eq!(AmountRange::parse("100..=500"), range(100, 500));
        assert_eq!(AmountRange::parse("7"), range(7, 7));
        assert!(AmountRange::parse("0..5").is_err());
        assert!(AmountRange::parse("9..5").is_err());
    }
}
