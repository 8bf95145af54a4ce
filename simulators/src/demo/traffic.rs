//! The demo's customers: an acquirer whose shoppers pay by card, and an affiliated mall whose shoppers pay by order.
//! Each uses half of the cards, so that each can verify its own.

use std::rc::Rc;
use std::time::Duration;

use tessera_common::addresses::Addresses;

use super::folder::Folder;
use super::ports::{Ports, SwitchPorts, address};
use crate::load::{AmountRange, Live, Options, Pace};

/// Development cards that the demo makes.
pub const CARDS: u32 = 1_000;

/// What each holds at first: a hundred thousand, enough for hours.
pub const BALANCE_MINOR: u64 = 10_000_000;

/// When nobody says when to stop.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Requests per second by card, and by order: few enough for a day, see the test below.
const BY_CARD: f64 = 1.0;
const BY_ORDER: f64 = 0.5;

/// The same in a cluster: often enough that a take-over is seen, and how long it takes.
const CLUSTER_BY_CARD: f64 = 20.0;
const CLUSTER_BY_ORDER: f64 = 5.0;

/// What a purchase costs.
const AMOUNT: AmountRange = AmountRange {
    least: 100,
    most: 5_000,
};

/// One kind of customer, and what can be watched of it.
pub struct Customer {
    /// Its name on the screen.
    pub name: &'static str,
    /// Its options.
    pub options: Options,
    /// What it does.
    pub live: Rc<Live>,
}

/// Both customers.
pub fn customers(
    folder: &Folder,
    ports: &Ports,
    duration: Option<Duration>,
    seed: u64,
) -> anyhow::Result<[Customer; 2]> {
    let (card_rate, order_rate) = match ports.others {
        Some(_) => (CLUSTER_BY_CARD, CLUSTER_BY_ORDER),
        None => (BY_CARD, BY_ORDER),
    };
    let common = Options {
        target: listed(ports, |switch| switch.mall)?,
        cards: CARDS / 2,
        connections: 2,
        duration: duration.unwrap_or(ENDLESS),
        amount: AMOUNT,
        seed,
        wallet_line: listed(ports, |switch| switch.leased)?,
        certificates: folder.certificates(),
        settle: Duration::from_secs(15),
        ..Options::default()
    };
    let by_card = Options {
        party: 20_000_000_001,
        pace: Pace::Rate(card_rate),
        ..common.clone()
    };
    let by_order = Options {
        party: 10_000_000_001,
        pace: Pace::Rate(order_rate),
        first_card: 1 + CARDS / 2,
        ..common
    };
    let both = [("by card", by_card), ("by order", by_order)];
    Ok(both.map(|(name, options)| {
        let live = Rc::new(Live::default());
        live.statistics.borrow_mut().watch();
        Customer {
            name,
            options,
            live,
        }
    }))
}

/// A port of the switch, or of every node.
fn listed(ports: &Ports, port: impl Fn(SwitchPorts) -> u16) -> anyhow::Result<Addresses> {
    let all = ports.switches().map(|switch| address(port(switch)));
    Ok(all.collect::<Vec<_>>().join(",").parse()?)
}

#[cfg(test)]
mod tests {
    use super::super::configuration;
    use super::super::ports::USUAL;
    use super::*;

    #[test]
    fn no_amount_of_the_traffic_is_an_outcome_of_the_sandbox() {
        let all = (AMOUNT.least..=AMOUNT.most).filter_map(tessera_protocol::Amount::new);
        assert!(
            all.map(tessera_protocol::sandbox::of_amount)
                .all(|played| played.is_none())
        );
    }

    const DAY: f64 = 24.0 * 3_600.0;
    /// What all programs of the demo take together at first, as docs/performance.md measured it.
    const AT_FIRST: f64 = 87.0 * 1_048_576.0;
    const MOST: f64 = 150.0 * 1_048_576.0;

    /// The switch's own test holds it to what its document states, and the financial system's configuration says what it keeps.
    #[test]
    fn a_day_of_it_stays_below_150_mib() {
        // The document wraps its lines anywhere.
        let stated = include_str!("../../../docs/performance.md")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let (by_card, by_order, by_host) = (48.0, 176.0, 100.0);
        for bytes in [by_card, by_order] {
            assert!(stated.contains(&format!("{bytes} bytes for each purchase")));
        }
        let host = configuration::host(&USUAL).unwrap();
        let host: toml::Table = host.parse().unwrap();
        let remembered = host["remember_max"].as_integer().unwrap() as f64;
        let switch = configuration::switch(&USUAL, "switch", USUAL.switch).unwrap();
        let switch: toml::Table = switch.parse().unwrap();
        assert_eq!(switch["store"]["transactions_kept"].as_str(), Some("1d"));
        let requests = (BY_CARD + BY_ORDER) * DAY;
        let switch = BY_CARD * DAY * by_card + BY_ORDER * DAY * by_order;
        let host = requests.min(remembered) * by_host;
        let all = AT_FIRST + switch + host;
        assert!(all < MOST, "{:.0} MiB after a day", all / 1_048_576.0);
    }
}
