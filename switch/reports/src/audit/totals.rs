//! What an audit comes to, as a report shows it.

use std::fmt;

use serde_json::{Value, json};
use tessera_journal::{Mark, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Irregular;
use tessera_ledger::moment::rfc_3339;
use tessera_protocol::{Currency, Institution, plain_amount};

use super::result_error::ResultHash;

/// What the audit found, if it found nothing wrong.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Events read.
    pub events: u64,
    /// The last one; `None` where there is none.
    pub last: Option<Mark>,
    /// Up to where an earlier audit had proven them, whose result this one rests on, and that result.
    pub since: Option<(Mark, ResultHash)>,
    /// What it rests on where segments were deleted.
    pub opening: Option<OpeningTotals>,
    /// The result that was written for the next audit.
    pub result: Option<ResultHash>,
    /// Wallets that have events.
    pub wallets: u64,
    /// The currency of all of them; `None` where there is none yet.
    pub currency: Option<Currency>,
    /// Loaded from outside, minor units.
    pub funding: i128,
    /// What payers can spend.
    pub available: i128,
    /// What is set aside.
    pub held: i128,
    /// What payers owe: refunds that were taken back when their money had been spent.
    pub owed: i128,
    /// What the switch owes each party.
    pub parties: Vec<PartyTotals>,
    /// Requests forwarded to the host that are settled.
    pub settled: u64,
    /// Requests that the host has not answered, and no reversal has undone.
    pub pending: u64,
    /// Advices that the host has not acknowledged.
    pub unacknowledged: u64,
    /// References that do not rise: an earlier build went by a clock that was set back.
    pub irregular: Irregular,
    /// Whether the operator has had that proven and recorded.
    pub accepted: bool,
}

/// The opening balances that an audit rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningTotals {
    /// When the last event was journaled that they reflect.
    pub at: Timestamp,
    /// Whether the operator has named their SHA-256.
    pub is_attested: bool,
}

/// A party's totals.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartyTotals {
    /// Institution code.
    pub institution: Option<Institution>,
    /// Purchases approved, and their amounts.
    pub approved: (u64, i128),
    /// Reversals that undid something, and how much.
    pub reversed: (u64, i128),
    /// Refunds approved, and their amounts.
    pub refunded: (u64, i128),
    /// What the switch owes it.
    pub payable: i128,
}

impl Totals {
    /// Amounts are minor units; what is not known is null.
    pub fn json(&self) -> Value {
        let sequence = |mark: Mark| mark.sequence.to_stored();
        let parties = self.parties.iter().map(|party| {
            json!({
                "party": Institution::digits(party.institution),
                "payable": party.payable,
                "approved": party.approved.0,
                "approved_amount": party.approved.1,
                "reversed": party.reversed.0,
                "reversed_amount": party.reversed.1,
                "refunded": party.refunded.0,
                "refunded_amount": party.refunded.1,
            })
        });
        json!({
            "events": self.events,
            "last_sequence": self.last.map(sequence),
            "proven_before": self.since.map(|(mark, _)| sequence(mark)),
            "proven_before_result": self.since.map(|(_, hash)| hash.to_string()),
            "proven_from": self.opening.map(|opening| rfc_3339(opening.at)),
            "attested": self.opening.map(|opening| opening.is_attested),
            "result": self.result.map(|hash| hash.to_string()),
            "wallets": self.wallets,
            "currency": self.currency.and_then(Currency::letters),
            "loaded": self.funding,
            "available": self.available,
            "held": self.held,
            "owed_by_payers": self.owed,
            "parties": parties.collect::<Vec<_>>(),
            "settled_with_host": self.settled,
            "open_at_host": self.pending,
            "advices_open": self.unacknowledged,
            "references_fallen": self.irregular.fallen,
            "references_repeated": self.irregular.repeated,
            "references_accepted": self.accepted,
        })
    }
}

/// As a report shows it: 0 where there is none.
fn number(sequence: Option<Sequence>) -> u64 {
    sequence.map_or(0, Sequence::to_stored)
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "events            {:>20}  (last sequence {})",
            self.events,
            number(self.last.map(|last| last.sequence))
        )?;
        if let Some((mark, hash)) = self.since {
            let sequence = mark.sequence.to_stored();
            writeln!(out, "proven before     {sequence:>20}  (result {hash})")?;
        }
        if let Some(opening) = self.opening {
            let attested = match opening.is_attested {
                true => "attested",
                false => "not attested",
            };
            let from = rfc_3339(opening.at);
            writeln!(
                out,
                "proven from       {from:>20}  (opening balances, {attested})"
            )?;
        }
        writeln!(out, "wallets           {:>20}", self.wallets)?;
        // A journal without a currency has no amounts.
        let currency = self.currency.unwrap_or(Currency::USD);
        let minor = |amount| plain_amount(amount, currency);
        if let Some(letters) = self.currency.and_then(Currency::letters) {
            writeln!(out, "currency          {letters:>20}")?;
        }
        writeln!(out, "loaded            {:>20}", minor(self.funding))?;
        writeln!(out, "available         {:>20}", minor(self.available))?;
        writeln!(out, "held              {:>20}", minor(self.held))?;
        if self.owed != 0 {
            writeln!(out, "owed by payers    {:>20}", minor(self.owed))?;
        }
        for party in &self.parties {
            writeln!(
                out,
                "party {:<11} {:>20}  ({} approved {}, {} reversed {}, {} refunded {})",
                Institution::digits(party.institution),
                minor(party.payable),
                party.approved.0,
                minor(party.approved.1),
                party.reversed.0,
                minor(party.reversed.1),
                party.refunded.0,
                minor(party.refunded.1),
            )?;
        }
        writeln!(out, "settled with host {:>20}", self.settled)?;
        writeln!(out, "open at host      {:>20}", self.pending)?;
        write!(out, "advices open      {:>20}", self.unacknowledged)?;
        if let Some(hash) = self.result {
            write!(out, "\nresult            {hash}")?;
        }
        let Irregular {
            wallets,
            fallen,
            repeated,
            last_sequence,
        } = self.irregular;
        if wallets == 0 {
            return Ok(());
        }
        let recorded = match self.accepted {
            true => "recorded by the operator",
            false => "see `tessera journal repair`",
        };
        write!(
            out,
            "\nreferences fallen {fallen:>20}  ({repeated} more came twice, in {wallets} wallets, last at sequence {}; {recorded})",
            number(last_sequence)
        )
    }
}
