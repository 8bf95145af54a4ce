//! The operators' decisions about all wallets, out of a span of the journal.

use std::time::{Duration, Instant};

use tessera_journal::Location;
use tessera_kit::clock::Timestamp;
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{Event, WalletId};
use tessera_reports::index::{Index, IndexError, Walked};

use super::operator::Fact;

/// Decisions of a list: the newest.
pub const DECISIONS_MAX: usize = 200;

/// What was decided, the newest first.
#[derive(Debug)]
pub struct Decisions {
    /// At most [`DECISIONS_MAX`], each with the wallet that it is about.
    pub facts: Vec<(WalletId, Fact)>,
    /// Where the list goes on: what was decided before this moment was not looked at, or did not fit.
    pub goes_on: Option<Timestamp>,
    /// Whether time was up before anything is certain.
    pub gave_up: bool,
}

/// Lists what operators decided from the first moment up to and without the second. Takes little longer than `patience`.
///
/// # Errors
/// When the journal can't be read, or is shorter than the store knows.
pub fn decisions(
    location: &Location,
    (from, to): (Timestamp, Timestamp),
    patience: Duration,
) -> Result<Decisions, IndexError> {
    let until = Instant::now() + patience;
    let mut found: Vec<(Timestamp, WalletId, Fact)> = Vec::new();
    let walked = {
        let found = std::cell::RefCell::new(&mut found);
        Index::open(location)?.walk_back(
            (from, to),
            until,
            &mut |_, _, entry| {
                if let Event::Directed(directed) = &entry.event {
                    let fact = Fact {
                        at: rfc_3339(entry.at),
                        what: directed.directive.words(),
                        by: directed.by.to_string(),
                        reason: directed.reason.to_string(),
                    };
                    found.borrow_mut().push((entry.at, entry.wallet, fact));
                }
            },
            &mut || found.borrow().len() > DECISIONS_MAX,
        )?
    };
    let (reached, gave_up) = match walked {
        Walked::All => (None, false),
        Walked::Enough(at) | Walked::TimeUp(at) => (Some(at), false),
        Walked::Nowhere => (Some(from), true),
    };
    found.retain(|(at, ..)| !gave_up && reached.is_none_or(|reached| *at >= reached));
    found.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let dropped = found.get(DECISIONS_MAX).map(|(at, ..)| at.plus(1));
    found.truncate(DECISIONS_MAX);
    let facts = found.into_iter().map(|(_, wallet, fact)| (wallet, fact));
    Ok(Decisions {
        facts: facts.collect(),
        goes_on: reached.max(dropped),
        gave_up,
    })
}
