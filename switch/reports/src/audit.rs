//! The audit: proves from the journal alone that money is conserved.
//!
//! In comes the journal, read-only, of a running switch too; out comes either the totals or the first violation. It
//! keeps its own accounts of the double entry, and compares them with the wallets that result from the events.

use std::fmt;
use std::path::Path;

use hashbrown::HashMap;
use tessera_protocol::{Currency, Institution, plain_amount};

use tessera_journal::{JournalError, Location, Mark, Position, RecordRef, Sequence};
use tessera_ledger::{
    Account, Broken, Directive, Entry, Event, Irregular, Kind, Reference, Status, Unreadable,
    Wallet, WalletId,
};
use tessera_store::recorded_mark;

/// What the audit found, if it found nothing wrong.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Events read.
    pub events: u64,
    /// The last one; `None` where there is none.
    pub last: Option<Mark>,
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

/// The first thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The journal itself is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record is no event.
    #[error("record {sequence}: {error}")]
    Unreadable {
        /// Of the record.
        sequence: Sequence,
        /// Where.
        error: Unreadable,
    },
    /// An event takes what is not there, or does not follow from what came before.
    #[error("record {sequence}, wallet {wallet}: {error}", wallet = wallet.0)]
    Broken {
        /// Of the record.
        sequence: Sequence,
        /// Whose.
        wallet: WalletId,
        /// In what way.
        error: Broken,
    },
    /// A wallet's chain through the journal is broken.
    #[error(
        "record {sequence}, wallet {wallet}: follows position {}, not {}",
        stored(*previous), stored(*last), wallet = wallet.0
    )]
    OutOfChain {
        /// Of the record.
        sequence: Sequence,
        /// Whose.
        wallet: WalletId,
        /// What it says came before; `None` for nothing.
        previous: Option<Position>,
        /// What did.
        last: Option<Position>,
    },
    /// A wallet's balance is not the sum of its events.
    #[error("wallet {wallet}: {kind} is {balance}, its events sum up to {sum}", wallet = wallet.0)]
    Unequal {
        /// Whose.
        wallet: WalletId,
        /// Which balance.
        kind: &'static str,
        /// The balance.
        balance: i128,
        /// The sum.
        sum: i128,
    },
    /// Debits and credits do not meet.
    #[error("the accounts sum up to {0}, not to nothing")]
    Unbalanced(i128),
}

/// Reads the journal of the switch whose data is in `data` from its beginning. It must reach as far as the store knows.
///
/// # Errors
/// With the first violation.
pub fn audit(data: &Path) -> Result<Totals, Violation> {
    // Before the journal: a switch may be writing both.
    let known = recorded_mark(&data.join("store"));
    let mut replay = Replay::default();
    let mut violation = None;
    let journal = tessera_journal::reader(&Location::in_data(data));
    let read = journal.scan(known, &mut |record| {
        replay.enter(record).map_err(|found| {
            violation = Some(found);
            "the audit found a violation".into()
        })
    });
    match (violation, read) {
        (Some(violation), _) => Err(violation),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => replay.close(),
    }
}

#[derive(Debug, Default)]
struct Replay {
    accounts: HashMap<Account, i128>,
    wallets: HashMap<WalletId, Wallet>,
    /// The highest of each wallet, and whether one of its has not risen.
    references: HashMap<WalletId, (Reference, bool)>,
    parties: HashMap<Option<Institution>, PartyTotals>,
    accepted: Irregular,
    totals: Totals,
}

impl Replay {
    fn enter(&mut self, record: RecordRef<'_>) -> Result<(), Violation> {
        let sequence = record.sequence;
        let entry = Entry::read(record.payload)
            .map_err(|error| Violation::Unreadable { sequence, error })?;
        let id = entry.wallet;
        let broken = |error| Violation::Broken {
            sequence,
            wallet: id,
            error,
        };
        let wallet = self.wallets.entry(id).or_insert_with(|| Wallet::new(id));
        if entry.previous != wallet.last_position {
            let (previous, last) = (entry.previous, wallet.last_position);
            return Err(Violation::OutOfChain {
                sequence,
                wallet: id,
                previous,
                last,
            });
        }
        for posting in wallet.postings(&entry.event).map_err(broken)? {
            let amount = i128::from(posting.amount.value());
            *self.accounts.entry(posting.from).or_default() -= amount;
            *self.accounts.entry(posting.to).or_default() += amount;
            count(
                &mut self.parties,
                &entry.event,
                posting.from,
                posting.to,
                amount,
            );
        }
        if let Some(opening) = entry.event.opening() {
            let known = wallet.transactions.by_reference(opening.reference);
            let (highest, irregular) = self.references.entry(id).or_default();
            if opening.reference <= *highest {
                let found = &mut self.totals.irregular;
                found.wallets += u64::from(!std::mem::replace(irregular, true));
                match known {
                    Some(_) => found.repeated += 1,
                    None => found.fallen += 1,
                }
                found.last_sequence = Some(sequence);
            }
            *highest = opening.reference.max(*highest);
        }
        if let Event::Directed(directed) = &entry.event
            && let Directive::AcceptReferences(accepted) = directed.directive
        {
            self.accepted = accepted;
        }
        wallet
            .apply(&entry, record.position, sequence)
            .map_err(broken)?;
        self.totals.events += 1;
        self.totals.last = Some(record.mark());
        Ok(())
    }

    fn close(mut self) -> Result<Totals, Violation> {
        let sum: i128 = self.accounts.values().sum();
        if sum != 0 {
            return Err(Violation::Unbalanced(sum));
        }
        let of = |account: Account| self.accounts.get(&account).copied().unwrap_or(0);
        for (id, wallet) in &self.wallets {
            let balances = [
                ("available", wallet.available, of(Account::Available(*id))),
                ("held", wallet.held, of(Account::Held(*id))),
                // An asset of the switch's: what is lent stands on its other side.
                ("owed", wallet.owed, -of(Account::Receivable(*id))),
            ];
            for (kind, balance, sum) in balances {
                let balance = i128::from(balance.value());
                if balance != sum {
                    return Err(Violation::Unequal {
                        wallet: *id,
                        kind,
                        balance,
                        sum,
                    });
                }
            }
            self.totals.currency = self.totals.currency.or(wallet.currency);
            self.totals.available += i128::from(wallet.available.value());
            self.totals.held += i128::from(wallet.held.value());
            self.totals.owed += i128::from(wallet.owed.value());
            for transaction in wallet.transactions.iter() {
                let forwarded = transaction.host_trace.is_some()
                    || matches!(transaction.kind, Kind::CardIssue | Kind::Retirement);
                match (transaction.status, transaction.is_open()) {
                    (Status::Pending, _) => self.totals.pending += 1,
                    (_, true) => self.totals.unacknowledged += 1,
                    _ if forwarded => self.totals.settled += 1,
                    _ => {}
                }
            }
        }
        self.totals.accepted = self.accepted == self.totals.irregular;
        self.totals.wallets = self.wallets.len() as u64;
        self.totals.funding = -of(Account::Funding);
        self.totals.parties = self.parties.drain().map(|(_, party)| party).collect();
        for party in &mut self.totals.parties {
            party.payable = self
                .accounts
                .get(&Account::Payable(party.institution))
                .copied()
                .unwrap_or(0);
        }
        self.totals.parties.sort_by_key(|party| party.institution);
        Ok(self.totals)
    }
}

fn count(
    parties: &mut HashMap<Option<Institution>, PartyTotals>,
    event: &Event,
    from: Account,
    to: Account,
    amount: i128,
) {
    enum Of {
        Approved,
        Reversed,
        Refunded,
        ReversedFurther,
        RefundReversed,
    }
    let (institution, of) = match (from, to, event) {
        (
            _,
            Account::Payable(institution),
            Event::Approved { .. }
            | Event::StoodIn { .. }
            | Event::Advised { .. }
            | Event::Completed { .. },
        ) => (institution, Of::Approved),
        (Account::Payable(institution), _, Event::Approved { .. }) => (institution, Of::Refunded),
        (Account::Payable(institution), _, Event::Reversed { .. }) => (institution, Of::Reversed),
        (Account::Payable(institution), _, Event::ReversedFurther { .. }) => {
            (institution, Of::ReversedFurther)
        }
        (_, Account::Payable(institution), Event::Reversed { .. }) => {
            (institution, Of::RefundReversed)
        }
        _ => return,
    };
    let party = parties.entry(institution).or_insert_with(|| PartyTotals {
        institution,
        ..PartyTotals::default()
    });
    let place = match of {
        Of::Approved => &mut party.approved,
        Of::Reversed => &mut party.reversed,
        Of::Refunded => &mut party.refunded,
        // What came of the two, not how many there were.
        Of::ReversedFurther => {
            party.reversed.1 += amount;
            return;
        }
        Of::RefundReversed => {
            party.refunded.1 -= amount;
            return;
        }
    };
    place.0 += 1;
    place.1 += amount;
}

/// As a report shows it: 0 where there is none.
fn number(sequence: Option<Sequence>) -> u64 {
    sequence.map_or(0, Sequence::to_stored)
}

fn stored(position: Option<Position>) -> u64 {
    position.map_or(0, Position::to_stored)
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "events            {:>20}  (last sequence {})",
            self.events,
            number(self.last.map(|last| last.sequence))
        )?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_written_in_the_currency_of_the_wallets() {
        for currency in Currency::all() {
            let totals = Totals {
                currency: Some(currency),
                funding: 1_234_567,
                parties: vec![PartyTotals {
                    approved: (1, 5),
                    payable: -1_234_567,
                    ..PartyTotals::default()
                }],
                ..Totals::default()
            };
            let text = totals.to_string();
            let funding = plain_amount(1_234_567, currency);
            let approved = format!("1 approved {}", plain_amount(5, currency));
            for part in [&funding, &format!("-{funding}"), &approved] {
                assert!(text.contains(part.as_str()), "{part} in {text}");
            }
            assert!(text.contains(currency.letters().unwrap()), "{text}");
        }
    }
}
