//! Brings into wallets what the financial system has booked and a restored, older journal lacks; the switch does not run.
//!
//! ```text
//! plan ──▶ settlement dates that had begun ──▶ for each wallet, in the order of dates: debits and credits, then reversals
//!      ──▶ one event of the operator's wallet: how much, who had it done, why
//! ```
//! Only the journal is written: the next start brings the store up to it. Whatever ends this in the middle, a second run goes on
//! where the first one ended, as it compares anew. The rules are the ledger's (`adopt`).
//!
//! References of a wallet rise, and a reversal needs one that the financial system does not know: it gets one of the worker with
//! the highest number, of the moment of the wallet's newest request on its date.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use hashbrown::HashMap;
use tessera_config::{Cutover, Settings};
use tessera_journal::{Journal, Position, Reader, Sequence};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{
    About, Adopted, BookedRequest, Booking, Broken, CardName, Day, Days, Directed, Directive,
    Entry, Event, Reference, Status, Wallet, WalletId, adopt,
};
use tessera_protocol::{Amount, Institution};
use tessera_reports::recon::{self, Booked, Plan, Step};
use tessera_store::{ReadBackError, Store, read_back_kept};

use crate::recovery::{self, Data, journal_location};
use crate::settlement::since_midnight;

/// No worker gives so many references in a millisecond that it comes to these, which reversals get.
const REVERSALS: u64 = 0xF000;
const REVERSALS_COUNT: u64 = 0x1000;
const HIGHEST_WORKER: usize = 15;

/// What was done, and what is left to people.
#[derive(Debug)]
pub struct Settled {
    /// What came into wallets.
    pub adopted: Adopted,
    /// The settlement dates that were begun.
    pub dates: Vec<Day>,
    /// The plan of what differs now; where a row could not be adopted, its action says why.
    pub left: Vec<Step>,
}

/// Adopts all that can be adopted of what `list` has and the journal lacks: `by` has decided it, for this reason.
///
/// # Errors
/// When the list can't be understood, its dates contradict the journal's, a switch is running on the data, or these can't be read
/// or written. What was adopted before stays.
pub fn settle(settings: &Settings, list: &Path, by: &str, reason: &str) -> anyhow::Result<Settled> {
    anyhow::ensure!(!by.is_empty(), "state who decides it: --by");
    anyhow::ensure!(!reason.is_empty(), "state why: --reason");
    let Data {
        lock: _lock,
        keys,
        journal,
        store,
        recovered: _,
    } = recovery::open(settings, None)?;
    let location = journal_location(settings, Some(&keys));
    let Plan {
        steps,
        dates,
        newest,
        not_begun: _,
    } = recon::plan(&location, open(list)?).with_context(|| list.display().to_string())?;
    if let Some(newest) = newest.filter(|newest| *newest >= clock::system()) {
        anyhow::bail!(
            "the system's clock is behind the list's newest reference, of {}: set the clock first",
            tessera_ledger::moment::rfc_3339(newest)
        );
    }
    let mut adoption = Adoption {
        store: &store,
        journal: journal.as_ref(),
        reader: tessera_journal::reader(&location),
        partitions: settings.partitions,
        own: settings.host.institution,
        days: Days::default(),
        reversals: 0,
        adopted: Adopted::default(),
        refused: HashMap::new(),
    };
    let directed = |directive| {
        Event::Directed(Box::new(Directed {
            directive,
            by: by.into(),
            reason: reason.into(),
        }))
    };
    let mut operator = adoption.wallet(WalletId::OPERATOR)?;
    if let Some(decided) = &operator.supervision {
        adoption.days = decided.days.clone();
    }
    let begin = begin(&adoption.days, &dates, settings.mall.settlement_cutover)?;
    for (moment, day) in &begin {
        adoption.append(&mut operator, directed(Directive::BeginDay(*moment, *day)))?;
        adoption.days.begin(*moment, *day);
    }
    let mut of_wallets: BTreeMap<WalletId, Vec<Row>> = BTreeMap::new();
    for step in steps {
        if let Some((wallet, row)) = adoption.row(step)? {
            of_wallets.entry(wallet).or_default().push(row);
        }
    }
    for (wallet, rows) in of_wallets {
        adoption.settle(wallet, rows)?;
    }
    let Adoption {
        adopted,
        mut refused,
        ..
    } = adoption;
    if adopted.rows > 0 {
        append(
            journal.as_ref(),
            settings.partitions,
            &mut operator,
            directed(Directive::Adopt(adopted)),
        )?;
    }
    journal.close()?;
    // What was adopted may have settled more than its own row.
    let mut left = recon::plan(&location, open(list)?)?.steps;
    for step in &mut left {
        let row = (step.switch_reference.clone(), step.side.clone());
        if let Some(why) = refused.remove(&row) {
            step.action = format!("not applied: {why}; {}", step.action).into();
        }
    }
    Ok(Settled {
        adopted,
        dates: begin.into_iter().map(|(_, day)| day).collect(),
        left,
    })
}

fn open(list: &Path) -> anyhow::Result<File> {
    File::open(list).with_context(|| format!("can't open {}", list.display()))
}

/// When the dates of a list began that the journal does not know: by the clock, where that agrees with the references of the list,
/// which are made of the time; else with the first of them.
fn begin(
    known: &Days,
    dates: &BTreeMap<Day, Option<(Timestamp, Timestamp)>>,
    cutover: Cutover,
) -> anyhow::Result<Vec<(Timestamp, Day)>> {
    let mut begin = Vec::new();
    let mut newest = known.newest();
    // The last reference of the date before.
    let mut last_given = None;
    for (&day, span) in dates {
        let first = span.map(|(first, _)| first);
        // It was announced, and then began earlier.
        let earlier = newest
            .filter(|(begins, known)| *known == day && first.is_some_and(|first| first < *begins));
        if newest.is_none_or(|(_, newest)| newest < day) || earlier.is_some() {
            let mut before = known.iter().map(|(begins, _)| begins);
            let begun = match earlier {
                Some(_) => known
                    .iter()
                    .len()
                    .checked_sub(2)
                    .and_then(|at| before.nth(at)),
                None => newest.map(|(begun, _)| begun),
            };
            let after = begun
                .max(last_given)
                .map_or(Timestamp::EPOCH, |at| at.plus(1));
            let by_clock = match cutover {
                Cutover::Clock(cutover) => Some(day.begins(since_midnight(cutover))),
                Cutover::Host => None,
            };
            let fits = |at: &Timestamp| *at >= after && first.is_none_or(|first| *at <= first);
            let moment = by_clock.filter(fits).or(first).unwrap_or(after);
            anyhow::ensure!(
                moment >= after,
                "the list has references of the date before {day} that are newer than the first of {day}: correct the dates of the list"
            );
            begin.push((moment, day));
            newest = Some((moment, day));
        }
        last_given = last_given.max(span.map(|(_, last)| last));
    }
    Ok(begin)
}

/// A row of the list, and the card of the wallet that it names.
struct Row {
    step: Step,
    booked: Booked,
    card: CardName,
}

impl Row {
    fn is_reversal(&self) -> bool {
        self.booked.side.ends_with("_reversal")
    }

    /// By date; the refund is reversed before the purchase, of which it keeps a part.
    fn order(&self) -> (Day, bool, bool, Reference) {
        let debits = self.booked.side.starts_with("debit");
        let reverses = self.is_reversal();
        (
            self.booked.day,
            reverses,
            reverses && debits,
            self.booked.reference,
        )
    }
}

struct Adoption<'a> {
    store: &'a Store,
    journal: &'a dyn Journal,
    reader: Arc<dyn Reader>,
    partitions: u16,
    /// The switch's own, which the financial system has in field 32 of loads and payouts.
    own: Institution,
    days: Days,
    /// References for reversals that were given.
    reversals: u64,
    adopted: Adopted,
    /// Why a row was not adopted, by reference and side.
    refused: HashMap<(String, String), String>,
}

impl Adoption<'_> {
    fn wallet(&self, id: WalletId) -> anyhow::Result<Wallet> {
        let stored = self.store.wallet(id)?;
        Ok(stored.unwrap_or_else(|| Wallet::new(id)))
    }

    fn append(&self, wallet: &mut Wallet, event: Event) -> anyhow::Result<()> {
        append(self.journal, self.partitions, wallet, event)
    }

    /// The row and its wallet; `None` where it is left to people.
    fn row(&mut self, mut step: Step) -> anyhow::Result<Option<(WalletId, Row)>> {
        let Some(booked) = step.booked.take() else {
            return Ok(None);
        };
        let Some(number) = &booked.card else {
            self.leave(step, "the list does not name the card");
            return Ok(None);
        };
        let Some(found) = self.store.card(self.store.indexed(number))? else {
            self.leave(step, "no wallet has the card");
            return Ok(None);
        };
        let card = CardName::new(found.serial, number);
        let row = Row { step, booked, card };
        Ok(Some((found.wallet, row)))
    }

    fn leave(&mut self, step: Step, why: &str) {
        let row = (step.switch_reference, step.side);
        self.refused.insert(row, why.to_owned());
    }

    fn settle(&mut self, id: WalletId, mut rows: Vec<Row>) -> anyhow::Result<()> {
        rows.sort_by_key(Row::order);
        let mut wallet = self.wallet(id)?;
        let mut newest = self.newest_reference(&wallet)?;
        // What of each request stands that a row reverses; of what is new, what is booked.
        let mut stands: HashMap<Reference, Amount> = HashMap::new();
        for row in &rows {
            let booked = &row.booked;
            for reference in [Some(booked.reference), booked.original]
                .into_iter()
                .flatten()
            {
                wallet.recall::<ReadBackError>(About::Reference(reference), None, |position| {
                    read_back_kept(self.reader.read(position))
                })?;
            }
            if let Some(found) = wallet.transactions.by_reference(booked.reference) {
                stands.insert(booked.reference, found.standing);
            }
        }
        for row in rows {
            let booked = &row.booked;
            let known = wallet.transactions.by_reference(booked.reference);
            let known = known.map(|found| found.status);
            let (booking, reference) = match self.place(&row, known, &stands, newest) {
                Ok(found) => found,
                Err(why) => {
                    self.leave(row.step, &why);
                    continue;
                }
            };
            let request = BookedRequest {
                reference,
                institution: booked.institution.filter(|party| *party != self.own),
                local_time: booked.local_time,
                local_date: booked.local_date,
                terminal: booked.terminal,
                acceptor: booked.acceptor,
                amount: booked.amount,
                currency: match booked.currency.or(wallet.currency) {
                    Some(currency) => currency,
                    None => {
                        self.leave(row.step, "the wallet is not open");
                        continue;
                    }
                },
                card: row.card,
            };
            let events = match adopt(&wallet, &request.opening(booking), booking) {
                Ok(events) => events,
                Err(rule) => {
                    self.leave(row.step, rule.text());
                    continue;
                }
            };
            if let Err(broken) = try_on(&wallet, &events) {
                self.leave(row.step, &broken.to_string());
                continue;
            }
            for event in events {
                self.append(&mut wallet, event)?;
            }
            self.count(&row);
            match booking {
                Booking::Left(of, left) => {
                    stands.insert(of, left);
                    newest = newest.max(Some(reference));
                }
                Booking::Awaited(_) => {}
                Booking::Debit { .. } | Booking::Credit { .. } | Booking::Load(_) => {
                    stands.insert(reference, booked.amount);
                    newest = newest.max(Some(reference));
                }
            }
        }
        Ok(())
    }

    /// What a row is to its wallet, and the reference of its request; or why it can't be adopted.
    fn place(
        &mut self,
        row: &Row,
        known: Option<Status>,
        stands: &HashMap<Reference, Amount>,
        newest: Option<Reference>,
    ) -> Result<(Booking, Reference), String> {
        let booked = &row.booked;
        let reference = booked.reference;
        if row.is_reversal() {
            let stands = stands.get(&reference).copied().unwrap_or(Amount::ZERO);
            let left = stands.checked_sub(booked.amount);
            let left = left.ok_or("more than what stands of it is reversed")?;
            let at = self.reversal_at(booked, newest)?;
            return Ok((Booking::Left(reference, left), at));
        }
        if known.is_some() {
            return Ok((Booking::Awaited(reference), reference));
        }
        let day = self.days.of(reference.given_at());
        if day != booked.day {
            return Err(format!("here its settlement date is {day}"));
        }
        if Some(reference) <= newest {
            return Err("the wallet has newer requests".to_owned());
        }
        let by_party = booked.institution.filter(|party| *party != self.own);
        let booking = match (booked.side.as_str(), by_party) {
            ("credit", by_party) => {
                let missing = "the list does not have its switch_trace";
                let host_trace = booked.switch_trace.ok_or(missing)?;
                match by_party {
                    None => Booking::Load(host_trace),
                    Some(_) => Booking::Credit {
                        purchase: booked.original,
                        host_trace,
                    },
                }
            }
            _ => Booking::Debit {
                authorization: booked.original,
                host_trace: booked.switch_trace,
            },
        };
        Ok((booking, reference))
    }

    /// A reference for a reversal of this date.
    fn reversal_at(
        &mut self,
        booked: &Booked,
        newest: Option<Reference>,
    ) -> Result<Reference, String> {
        let day = booked.day;
        let mut dates = self.days.iter().skip_while(|(_, known)| *known != day);
        let (begins, _) = dates
            .next()
            .ok_or("its settlement date has not begun here")?;
        let ends = dates.next().map(|(ends, _)| ends);
        let after = newest.map_or(Timestamp::EPOCH, Reference::given_at);
        let at = begins.max(booked.reference.given_at()).max(after);
        self.reversals += 1;
        let of_moment = |at| {
            let first = Reference::first(at, HIGHEST_WORKER);
            Reference(first.0 + REVERSALS + self.reversals % REVERSALS_COUNT)
        };
        let found = match of_moment(at) {
            used if Some(used) <= newest => of_moment(at.plus(1)),
            free => free,
        };
        match ends.is_some_and(|ends| found.given_at() >= ends) {
            true => Err("the wallet has requests of a later settlement date".to_owned()),
            false => Ok(found),
        }
    }

    /// The newest that the wallet has given.
    fn newest_reference(&self, wallet: &Wallet) -> anyhow::Result<Option<Reference>> {
        let mut next = wallet.last_position;
        while let Some(position) = next {
            let Some(entry) = read_back_kept(self.reader.read(position))? else {
                break;
            };
            if let Some(opening) = entry.event.opening() {
                return Ok(Some(opening.reference));
            }
            next = entry.previous;
        }
        Ok(None)
    }

    fn count(&mut self, row: &Row) {
        let amount = row.booked.amount.value() as i64;
        let signed = if row.is_reversal() { -amount } else { amount };
        self.adopted.rows += 1;
        match row.booked.side.starts_with("debit") {
            true => self.adopted.debited += signed,
            false => self.adopted.credited += signed,
        }
    }
}

/// Whether all of them fit, one after the other: what does not fit must not be journaled.
fn try_on(wallet: &Wallet, events: &[Event]) -> Result<(), Broken> {
    let mut copy = wallet.clone();
    // Above all that there are.
    for (stored, event) in (1_u64 << 62..).zip(events) {
        let Some(position) = Position::from_stored(stored) else {
            break;
        };
        let entry = next_entry(&copy, event.clone());
        copy.apply(&entry, position, Sequence::FIRST.after(stored))?;
    }
    Ok(())
}

fn next_entry(wallet: &Wallet, event: Event) -> Entry {
    Entry {
        wallet: wallet.id,
        previous: wallet.last_position,
        at: clock::now(),
        available: wallet.available,
        held: wallet.held,
        owed: wallet.owed,
        event,
    }
}

fn append(
    journal: &dyn Journal,
    partitions: u16,
    wallet: &mut Wallet,
    event: Event,
) -> anyhow::Result<()> {
    let entry = next_entry(wallet, event);
    let mut payload = Vec::with_capacity(256);
    entry.write(&mut payload);
    let appended = journal.append(wallet.id.partition(partitions), &payload);
    wallet
        .apply(&entry, appended.position, appended.sequence)
        .with_context(|| format!("wallet {}", wallet.id.0))
}
