//! What a restored, older journal must settle with the financial system: where its list of the dates since differs, and what to do
//! about each difference.
//!
//! Rows are the same that agree in side and in the reference of the switch (field 37 towards the financial system), which no two
//! requests share.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::{Deserialize, Serialize};
use tessera_common::bounded::Lines;
use tessera_journal::Location;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Day, Reference};

use super::error::ReconError;
use super::items;
use super::list::{LINE_BYTES_MAX, Row, text_record};
use crate::index::{Index, Name};

/// What a row of the financial system's list must have; more columns do no harm.
#[derive(Debug, Deserialize)]
struct TheirRow {
    settlement_date: String,
    side: String,
    amount: u64,
    switch_reference: String,
    #[serde(default)]
    party: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    trace: String,
}

/// A difference, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `only theirs`, `in flight`, `only ours` or `another amount`.
    pub found: &'static str,
    /// Field 15, with its year.
    pub settlement_date: String,
    /// Field 32, where it is known.
    pub party: String,
    /// `debit`, `debit_reversal`, `credit` or `credit_reversal`.
    pub side: String,
    /// Minor units here; empty where only the other side has it.
    pub ours: Option<u64>,
    /// Minor units there; empty where only we have it.
    pub theirs: Option<u64>,
    /// Field 37 of the request, where it is known.
    pub reference: String,
    /// Field 11 of the request, where it is known.
    pub trace: String,
    /// Field 37 towards the financial system.
    pub switch_reference: String,
    /// What to do.
    pub action: &'static str,
}

/// What there is to settle.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of references.
    pub steps: Vec<Step>,
    /// When the newest reference of the list was given. References are made of the time: a switch must not start before it.
    pub newest: Option<Timestamp>,
    /// Dates of the list that have not begun in the journal.
    pub not_begun: Vec<Day>,
}

/// Compares the journal with the financial system's list of whole settlement dates: from that of the restored time on, up to
/// the newest.
///
/// # Errors
/// When it is no list with the columns `settlement_date`, `side`, `amount` and `switch_reference`, or the journal can't be read.
pub fn plan(location: &Location, theirs: impl Read) -> Result<Plan, ReconError> {
    let mut plan = Plan::default();
    let mut both: BTreeMap<(Reference, String), [Vec<Found>; 2]> = BTreeMap::new();
    let mut days = BTreeSet::new();
    for row in read(theirs)? {
        let (day, reference) = (row.day, row.reference);
        days.insert(day);
        plan.newest = plan.newest.max(Some(reference.given_at()));
        let key = (reference, row.found.side.clone());
        both.entry(key).or_default()[1].push(row.found);
    }
    for day in days {
        let ours = items(location, day, None)?;
        if ours.rows.is_empty() && !ours.begun {
            plan.not_begun.push(day);
        }
        for row in ours.rows {
            let Some(reference) = Reference::from_text(row.switch_reference.as_bytes()) else {
                continue;
            };
            let key = (reference, row.side.clone());
            both.entry(key).or_default()[0].push(Found::from(row));
        }
    }
    let index = Index::open(location)?;
    for ((reference, _), [mut ours, mut theirs]) in both {
        ours.retain(|one| {
            let same = theirs.iter().position(|other| other.amount == one.amount);
            same.map(|place| theirs.swap_remove(place)).is_none()
        });
        for place in 0..ours.len().max(theirs.len()) {
            let (ours, theirs) = (ours.get(place), theirs.get(place));
            let known =
                || Ok::<_, ReconError>(!index.find(&Name::Reference(reference))?.is_empty());
            let is_known = ours.is_none() && known()?;
            plan.steps.extend(step(ours, theirs, is_known));
        }
    }
    Ok(plan)
}

/// A row of either side.
struct Found {
    settlement_date: String,
    party: String,
    side: String,
    amount: u64,
    reference: String,
    trace: String,
    switch_reference: String,
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        Self {
            settlement_date: row.settlement_date,
            party: row.party,
            side: row.side,
            amount: row.amount,
            reference: row.reference,
            trace: row.trace,
            switch_reference: row.switch_reference,
        }
    }
}

struct Theirs {
    day: Day,
    reference: Reference,
    found: Found,
}

fn read(list: impl Read) -> Result<Vec<Theirs>, ReconError> {
    let mut list = csv::Reader::from_reader(Lines::new(list, LINE_BYTES_MAX));
    let titles = text_record(list.byte_headers()?.clone());
    let mut rows = Vec::new();
    for record in list.byte_records() {
        let row: TheirRow = text_record(record?).deserialize(Some(&titles))?;
        let unusable = |what| ReconError::Row {
            row: rows.len() as u64 + 1,
            what,
        };
        let day = Day::from_text(row.settlement_date.trim());
        // Twelve digits, whatever a spreadsheet made of them.
        let text = format!("{:0>12}", row.switch_reference.trim());
        let reference = Reference::from_text(text.as_bytes());
        rows.push(Theirs {
            day: day.ok_or_else(|| unusable("settlement_date is not a date (YYYY-MM-DD)"))?,
            reference: reference
                .ok_or_else(|| unusable("switch_reference is not a reference of this switch"))?,
            found: Found {
                settlement_date: row.settlement_date,
                party: row.party,
                side: row.side,
                amount: row.amount,
                reference: row.reference,
                trace: row.trace,
                switch_reference: text,
            },
        });
    }
    Ok(rows)
}

fn step(ours: Option<&Found>, theirs: Option<&Found>, is_known: bool) -> Option<Step> {
    let shown = ours.or(theirs)?;
    let (found, action) = match (ours, theirs, shown.side.as_str()) {
        (Some(_), Some(_), _) => (
            "another amount",
            "compare both with the party's records; correct the side that is wrong",
        ),
        (Some(_), None, _) => (
            "only ours",
            "the list lacks it: have the financial system post it, or confirm when it was reversed",
        ),
        (None, _, _) if is_known => (
            "in flight",
            "the start has the financial system reverse it; the party may have an approval: settle with the party",
        ),
        (None, _, "debit") => (
            "only theirs",
            "the party has an approval and the wallet was not debited: settle with the party, or have the financial system reverse it",
        ),
        (None, _, "credit") => (
            "only theirs",
            "the wallet lacks this credit: have the payer's load or the refund sent again, or the financial system reverse it",
        ),
        (None, _, _) => (
            "only theirs",
            "reversed after the restored time: have the party reverse it again, so that the wallet follows",
        ),
    };
    Some(Step {
        found,
        settlement_date: shown.settlement_date.clone(),
        party: shown.party.clone(),
        side: shown.side.clone(),
        ours: ours.map(|one| one.amount),
        theirs: theirs.map(|one| one.amount),
        reference: shown.reference.clone(),
        trace: shown.trace.clone(),
        switch_reference: shown.switch_reference.clone(),
        action,
    })
}
