//! The money, at the end: every balance that was touched is read back over the wire and must be what the model
//! says, to the cent, with nothing held that should not be.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tessera_protocol::CardNumber;

use crate::load::connections::line::Line;
use crate::load::session::model::Stated;
use crate::load::shared::Shared;

/// Between two readings of what did not agree.
const PAUSE: Duration = Duration::from_millis(250);

/// Readings after which a difference is believed where nothing is held that could explain it.
const ROUNDS: u32 = 4;

/// What the comparison found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Accounts whose balance was compared.
    pub compared: u64,
    /// Of those, how many differ from the model or still hold money.
    pub differing: u64,
    /// Accounts that could not be compared because a request on them stayed unanswered.
    pub uncertain: u64,
}

/// Reads and compares until everything agrees or patience ends. A difference is reported as a violation.
pub async fn verify(shared: &Rc<Shared>, line: &Line) -> Verified {
    let patience = shared.options.settle.max(Duration::from_secs(1));
    let deadline = Instant::now() + patience;
    let touched = shared.model.borrow().touched();
    let (mut open, uncertain): (Vec<u32>, Vec<u32>) = {
        let model = shared.model.borrow();
        touched
            .into_iter()
            .partition(|&account| model.quiet_mark(account).is_some())
    };
    let compared = open.len() as u64;
    for round in 1.. {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        let balances = match line.balances(&open, left).await {
            Ok(balances) => balances,
            Err(fault) => {
                let mut statistics = shared.live.statistics.borrow_mut();
                statistics.violations.add(|| format!("at the end, {fault}"));
                break;
            }
        };
        let differing: Vec<_> = balances
            .into_iter()
            .filter(|&(account, found)| found != Some(shared.model.borrow().stated(account)))
            .collect();
        open = differing.iter().map(|(account, _)| *account).collect();
        // Money that is still held may come free; money that is gone does not come back.
        let held = differing
            .iter()
            .any(|(_, found)| found.is_none_or(|found| found.ledger != found.available));
        if open.is_empty() || Instant::now() >= deadline || (round >= ROUNDS && !held) {
            report(shared, &differing);
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Verified {
        compared,
        differing: open.len() as u64,
        uncertain: uncertain.len() as u64,
    }
}

fn report(shared: &Shared, differing: &[(u32, Option<Stated>)]) {
    let mut statistics = shared.live.statistics.borrow_mut();
    for &(account, found) in differing {
        let expected = shared.model.borrow().stated(account);
        let card = CardNumber::development((shared.options.first_card + account).into());
        statistics.violations.add(|| match found {
            None => format!("card {card}: its balance cannot be read"),
            Some(Stated { ledger, .. }) if ledger != expected.ledger => {
                let (should, by) = (expected.ledger, ledger - expected.ledger);
                format!("card {card}: the switch says {ledger}, should be {should} ({by:+})")
            }
            Some(Stated { ledger, available }) => {
                let (held, should) = (ledger - available, expected.ledger - expected.available);
                format!("card {card}: {held} of {ledger} are still held, should be {should}")
            }
        });
    }
}
