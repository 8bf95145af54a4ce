//! The demo's customers: an acquirer whose shoppers pay by card, and an affiliated mall whose shoppers pay by order.
//! Each uses half of the cards, so that each can verify its own.

use std::rc::Rc;
use std::time::Duration;

use super::folder::Folder;
use super::ports::{Ports, address};
use crate::load::{AmountRange, Live, Options, Pace};

/// Development cards that the demo makes.
pub const CARDS: u32 = 1_000;

/// What each holds at first: a hundred thousand, enough for hours.
pub const BALANCE_MINOR: u64 = 10_000_000;

/// When nobody says when to stop.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 3_600);

/// One kind of customer, and what can be watched of it.
pub struct Customer {
    /// Its name on the screen.
    pub name: &'static str,
    /// What it is told.
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
) -> [Customer; 2] {
    let common = Options {
        target: address(ports.mall),
        cards: CARDS / 2,
        connections: 2,
        duration: duration.unwrap_or(ENDLESS),
        amount: AmountRange {
            least: 100,
            most: 5_000,
        },
        seed,
        wallet_line: address(ports.leased),
        certificates: folder.certificates(),
        settle: Duration::from_secs(15),
        ..Options::default()
    };
    let by_card = Options {
        party: 20_000_000_001,
        pace: Pace::Rate(150.0),
        ..common.clone()
    };
    let by_order = Options {
        party: 10_000_000_001,
        pace: Pace::Rate(50.0),
        first_card: 1 + CARDS / 2,
        ..common
    };
    [("by card", by_card), ("by order", by_order)].map(|(name, options)| {
        let live = Rc::new(Live::default());
        live.statistics.borrow_mut().watch();
        Customer {
            name,
            options,
            live,
        }
    })
}
