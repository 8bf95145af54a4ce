//! What a restored, older journal must settle with the financial system: where its list of the dates since differs, and what to do
//! about each difference.
//!
//! Rows are the same that agree in side and amount, summed up by date, and in the reference of the switch (field 37 towards the financial system),
//! which no two requests share. What came to nothing on the same date is no difference, whether or not the financial system has
//! seen it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Serialize;
use tessera_journal::Location;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Day, Reference};

use super::booked::{Booked, BookedSide, Theirs, read};
use super::error::ReconError;
use super::items;
use super::list::Row;
use crate::index::{Index, Name};

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
    pub action: Cow<'static, str>,
    /// What the financial system has, where only it has it.
    #[serde(skip)]
    pub booked: Option<Booked>,
    /// What people can do about a row that can't be imported.
    #[serde(skip)]
    pub by_people: &'static str,
}

/// What there is to settle.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of references.
    pub steps: Vec<Step>,
    /// The dates of the list, each with when the references of its debits and credits were given: the first and the last.
    pub dates: BTreeMap<Day, Option<(Timestamp, Timestamp)>>,
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
    let mut both: BTreeMap<Reference, Requests> = BTreeMap::new();
    for row in read(theirs)? {
        let reference = row.booked.reference;
        let given_at = reference.given_at();
        plan.newest = plan.newest.max(Some(given_at));
        let span = plan.dates.entry(row.booked.day).or_default();
        if !row.booked.side.reverses {
            let (first, last) = span.unwrap_or((given_at, given_at));
            *span = Some((first.min(given_at), last.max(given_at)));
        }
        both.entry(reference).or_default().theirs.push(row);
    }
    let days: BTreeSet<Day> = plan.dates.keys().copied().collect();
    for day in days {
        let ours = items(location, day, None)?;
        if ours.rows.is_empty() && !ours.begun {
            plan.not_begun.push(day);
        }
        for row in ours.rows {
            if let Some(reference) = Reference::from_text(row.switch_reference.as_bytes()) {
                both.entry(reference).or_default().ours.push(row);
            }
        }
    }
    let index = Index::open(location)?;
    for (reference, requests) in both {
        let known = || Ok::<_, ReconError>(!index.find(&Name::Reference(reference))?.is_empty());
        plan.steps.extend(requests.steps(known)?);
    }
    Ok(plan)
}

/// What both sides have under one reference.
#[derive(Default)]
struct Requests {
    ours: Vec<Row>,
    theirs: Vec<Theirs>,
}

impl Requests {
    fn steps(
        mut self,
        known: impl Fn() -> Result<bool, ReconError>,
    ) -> Result<Vec<Step>, ReconError> {
        if self.ours.is_empty() && self.came_to_nothing() && known()? {
            return Ok(Vec::new());
        }
        self.sum_up();
        let theirs = &mut self.theirs;
        self.ours.retain(|one| {
            let same = theirs.iter().position(|other| {
                is_same_side(one, other) && other.booked.amount.value() == one.amount
            });
            same.map(|place| theirs.remove(place)).is_none()
        });
        let mut steps = Vec::new();
        for ours in self.ours {
            let other = self
                .theirs
                .iter()
                .position(|other| is_same_side(&ours, other));
            steps.push(match other.map(|place| self.theirs.remove(place)) {
                Some(theirs) => Step::another_amount(ours, &theirs),
                None => Step::only_ours(ours),
            });
        }
        for theirs in self.theirs {
            let in_flight = !theirs.booked.side.reverses && known()?;
            steps.push(Step::only_theirs(theirs, in_flight));
        }
        Ok(steps)
    }

    /// What was undone in two steps here may have been undone in one there.
    fn sum_up(&mut self) {
        let mut sums: Vec<Row> = Vec::new();
        for row in self.ours.drain(..) {
            let together = |sum: &&mut Row| {
                (&sum.settlement_date, &sum.side) == (&row.settlement_date, &row.side)
            };
            match sums.iter_mut().find(together) {
                Some(sum) => sum.amount = sum.amount.saturating_add(row.amount),
                None => sums.push(row),
            }
        }
        self.ours = sums;
    }

    /// The financial system has debited and reversed it on one date.
    fn came_to_nothing(&self) -> bool {
        let mut left: BTreeMap<Day, i128> = BTreeMap::new();
        for row in &self.theirs {
            let amount = i128::from(row.booked.amount.value());
            *left.entry(row.booked.day).or_default() += match row.booked.side.reverses {
                true => -amount,
                false => amount,
            };
        }
        left.values().all(|left| *left == 0)
    }
}

fn is_same_side(ours: &Row, theirs: &Theirs) -> bool {
    BookedSide::from_text(&ours.side) == Some(theirs.booked.side)
}

impl Step {
    fn only_ours(ours: Row) -> Self {
        Self {
            found: "only ours",
            settlement_date: ours.settlement_date,
            party: ours.party,
            side: ours.side,
            ours: Some(ours.amount),
            theirs: None,
            reference: ours.reference,
            trace: ours.trace,
            switch_reference: ours.switch_reference,
            action: "an advice that is still open is sent at the start; else have the financial system post it".into(),
            booked: None,
            by_people: "",
        }
    }

    fn another_amount(ours: Row, theirs: &Theirs) -> Self {
        Self {
            found: "another amount",
            theirs: Some(theirs.booked.amount.value()),
            action: "compare both with the party's records; correct the side that is wrong".into(),
            ..Self::only_ours(ours)
        }
    }

    fn only_theirs(theirs: Theirs, in_flight: bool) -> Self {
        let booked = theirs.booked;
        let BookedSide { debit, reverses } = booked.side;
        let (action, by_people) = match (debit, reverses) {
            _ if in_flight => (
                "--apply approves it",
                "the start has the financial system reverse it: settle with the party, which may have an approval",
            ),
            (true, false) => (
                "--apply debits the wallet",
                "settle with the party, which has an approval, or have the financial system reverse it",
            ),
            (false, false) => (
                "--apply credits the wallet",
                "have it sent again, or the financial system reverse it",
            ),
            (_, true) => (
                "--apply reverses it here too",
                "have the party reverse it again",
            ),
        };
        Self {
            found: if in_flight {
                "in flight"
            } else {
                "only theirs"
            },
            settlement_date: theirs.settlement_date,
            party: theirs.party,
            side: booked.side.text().to_owned(),
            ours: None,
            theirs: Some(booked.amount.value()),
            reference: theirs.reference,
            trace: theirs.trace,
            switch_reference: theirs.switch_reference,
            action: action.into(),
            booked: Some(booked),
            by_people,
        }
    }
}
