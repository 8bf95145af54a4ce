//! What is behind a party's totals: every item of a settlement date, and where another list of them differs.
//!
//! In comes the journal, also of a running switch; out go rows. The index leads to the events of the date and, by the chain
//! of their wallets, to what came before them: nothing else is read. Neither the running totals nor the code that counts
//! them is used (`Wallet::settles`, `Wallet::apply`, `Days`, `Item`), so that these items can check them: `items.rs` counts by
//! rules of its own, `dates.rs` has the settlement dates.

mod booked;
mod dates;
mod error;
mod items;
mod list;
mod plan;
#[cfg(test)]
mod tests;

use tessera_common::csv::cell;
use tessera_common::text::latin_1;
use tessera_journal::Location;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Day, WalletId};
use tessera_protocol::{Institution, Stan, Totals, mask_likely_card_numbers};

use crate::audit::Opening;
use crate::index::Index;
use dates::Dates;
use items::{Item, items_of};

pub use booked::{Booked, BookedSide, SwitchTrace};
pub use error::ReconError;
pub use list::{Difference, Row, differences, write};
pub use plan::{Plan, Step, plan};

/// The items of a date and their sums.
#[derive(Debug, Default)]
pub struct Items {
    /// In the order of the journal.
    pub rows: Vec<Row>,
    /// What they come to.
    pub totals: Totals,
    /// Whether the date has begun in this journal.
    pub begun: bool,
}

/// Lists what a settlement date has, of one party or of all. Data of 0.2 has no keys before a switch has opened it.
///
/// # Errors
/// When the journal is damaged, shorter than the store knows, or can't be read.
pub fn items(location: &Location, day: Day, party: Option<u64>) -> Result<Items, ReconError> {
    let index = Index::open(location)?;
    let mut opening = Opening::of(location, index.journal().as_ref())?;
    let (dates, kept_from) = known_dates(&index, opening.as_mut())?;
    let mut items = Items::default();
    let span = dates.span(day);
    if let Some(kept_from) = kept_from {
        let begins = span.map(|(begins, _)| begins);
        // One that was never begun is in the past too, or still to come.
        let is_past = begins.map_or(day < dates.of(kept_from), |begins| begins <= kept_from);
        if is_past {
            return Err(ReconError::NoLongerKept(kept_from));
        }
    }
    let Some((from, to)) = span else {
        return Ok(items);
    };
    items.begun = true;
    for position in index.items(from, to)? {
        for item in items_of(&index, position)? {
            let asked_for = match party {
                Some(party) => Institution::digits(item.institution) == party,
                None => true,
            };
            if asked_for && dates.of(item.at) == day {
                item.add_to(&mut items.totals);
                items.rows.push(row(&item, day));
            }
        }
    }
    let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    let totals = &mut items.totals;
    let less = |amount, reversed| signed(amount).saturating_sub(signed(reversed));
    let credits = less(totals.credit_amount, totals.credit_reversal_amount);
    let debits = less(totals.debit_amount, totals.debit_reversal_amount);
    totals.net = credits.saturating_sub(debits);
    Ok(items)
}

/// All dates, and from when on their events are kept; `None` for from the beginning on.
fn known_dates(
    index: &Index,
    opening: Option<&mut Opening>,
) -> Result<(Dates, Option<Timestamp>), ReconError> {
    let mut dates = Dates::default();
    let mut known = None;
    if let Some(opening) = opening {
        known = Some((opening.mark().position, opening.at()));
        let operator = opening.wallet(WalletId::OPERATOR)?;
        let decided = operator.supervision.unwrap_or_default();
        for (moment, day) in decided.days.iter() {
            dates.begin(moment, day);
        }
    }
    for position in index.chain(WalletId::OPERATOR)? {
        if known.is_none_or(|(reflected, _)| position > reflected) {
            dates.enter(&index.entry(position)?.event);
        }
    }
    Ok((dates, known.map(|(_, at)| at)))
}

/// As a list shows it.
fn row(item: &Item, day: Day) -> Row {
    let opening = &item.opening;
    let text = |bytes: &[u8]| cell(latin_1(bytes).trim_end_matches(' '));
    let own = item.institution.is_none();
    Row {
        settlement_date: day.to_string(),
        party: Institution::digits(item.institution).to_string(),
        side: item.side.to_string(),
        amount: item.amount,
        currency: opening.currency.to_string(),
        reference: text(&opening.retrieval),
        trace: format!("{:06}", Stan::digits(opening.trace)),
        transmission: format!("{:010}", opening.transmission),
        terminal: if own {
            String::new()
        } else {
            text(&opening.terminal)
        },
        acceptor: if own {
            String::new()
        } else {
            // An identifier of fifteen characters, in which a sender may put anything.
            mask_likely_card_numbers(&text(&opening.acceptor)).into_owned()
        },
        switch_reference: text(&item.about.to_text()),
    }
}
