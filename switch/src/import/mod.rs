//! Imports into wallets what the financial system has booked and a restored, older journal lacks; the switch does not run.
//!
//! ```text
//! plan ──▶ who has decided it, why, which list ──▶ settlement dates that had begun
//!      ──▶ for each wallet and date: debits and credits in the order of their references, then reversals ──▶ plan of what is left
//! ```
//! Only the journal is written: the next start brings the store up to it. Whatever ends this in the middle, a second run goes on
//! where the first one ended, as it compares anew. The rules are the ledger's (`import`).
//!
//! References of a wallet rise, and a reversal needs one that the financial system does not know: it gets one of the worker with
//! the highest number, of the moment of the wallet's newest request on its date.

mod dates;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use hashbrown::HashMap;
use sha2::{Digest as _, Sha256};
use tessera_config::Settings;
use tessera_journal::{Journal, Position, Reader, Sequence};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{
    About, BookedRequest, Booking, Broken, CardName, Day, Days, Directed, Directive, Entry, Event,
    NotImported, Reference, Wallet, WalletId, import,
};
use tessera_protocol::Institution;
use tessera_reports::recon::{self, Booked, Plan, Step, SwitchTrace};
use tessera_store::{ReadBackError, Store, read_back_kept};

use crate::cluster::open_data;
use crate::ops::operator;
use crate::recovery::{Data, journal_location};
use dates::begin;
use rows::{Importing, Later, Row, Why, has_side, leaves_enough};

/// No worker gives so many references in a millisecond that it comes to these, which reversals get.
const REVERSALS: u64 = 0xF000;
const REVERSALS_COUNT: u64 = 0x1000;
const HIGHEST_WORKER: usize = 15;

/// What was done, and what is left to people.
#[derive(Debug, Default)]
pub struct Imported {
    /// Rows of the list.
    pub rows: u64,
    /// What wallets were debited, less what of that was reversed, in minor units.
    pub debited: i64,
    /// What wallets were credited, likewise.
    pub credited: i64,
    /// The settlement dates that were begun.
    pub dates: Vec<Day>,
    /// The plan of what differs now; where a row could not be imported, its action says why.
    pub left: Vec<Step>,
}

/// Imports all that can be imported of what `list` has and the journal lacks: `by` has decided it, for this reason.
///
/// # Errors
/// When the list can't be understood, its dates contradict the journal's, a switch is running on the data, or these can't be read
/// or written. What was imported before stays.
pub fn settle(
    settings: &Settings,
    list: &[u8],
    by: &str,
    reason: &str,
) -> anyhow::Result<Imported> {
    let [by, reason] = [operator::text("by", by), operator::text("reason", reason)]
        .map(|text| text.map_err(|refusal| anyhow::anyhow!(refusal.0)));
    let (by, reason) = (by?, reason?);
    let decided = |directive| {
        Event::Directed(Box::new(Directed {
            directive,
            by: by.clone(),
            reason: reason.clone(),
        }))
    };
    let digest = Sha256::digest(list);
    let list_digest = std::array::from_fn(|place| digest[place]);
    let (
        Data {
            lock: _lock,
            keys,
            journal,
            store,
            recovered: _,
        },
        member,
    ) = open_data(settings)?;
    let location = journal_location(settings, Some(&keys));
    let Plan {
        mut steps,
        dates,
        newest,
        not_begun: _,
    } = recon::plan(&location, list)?;
    if let Some(newest) = newest.filter(|newest| *newest >= clock::system()) {
        anyhow::bail!(
            "the system's clock is behind the list's newest reference, of {}: set the clock first",
            rfc_3339(newest)
        );
    }
    let mut running = Import {
        store: &store,
        journal: journal.as_ref(),
        reader: tessera_journal::reader(&location),
        partitions: settings.partitions,
        own: settings.host.institution,
        days: Days::default(),
        reversals: 0,
        done: Imported::default(),
        refused: HashMap::new(),
    };
    let mut operator = running.wallet(WalletId::OPERATOR)?;
    if let Some(policy) = &operator.supervision {
        running.days = policy.days.clone();
    }
    for step in &steps {
        running.check(step)?;
    }
    let begin = begin(&running.days, &dates, settings.mall.settlement_cutover)?;
    let mut of_wallets: BTreeMap<WalletId, Vec<Row>> = BTreeMap::new();
    for step in steps.drain(..) {
        if let Some((wallet, row)) = running.row(step)? {
            of_wallets.entry(wallet).or_default().push(row);
        }
    }
    if !of_wallets.is_empty() {
        running.append(&mut operator, decided(Directive::Import(list_digest)))?;
        for (moment, day) in begin {
            running.append(&mut operator, decided(Directive::BeginDay(moment, day)))?;
            running.days.begin(moment, day);
            running.done.dates.push(day);
        }
    }
    for (wallet, rows) in of_wallets {
        running.settle(wallet, rows)?;
    }
    let Import { done, refused, .. } = running;
    journal.close()?;
    if let Some(member) = member {
        member.end();
    }
    // What was imported may have settled more than its own row.
    let mut left = recon::plan(&location, list)?.steps;
    for step in &mut left {
        if let Some(why) = refused.get(&name(step)) {
            step.action = format!("not imported: {why}; {}", step.by_people).into();
        }
    }
    Ok(Imported { left, ..done })
}

/// Which row of a list it is.
fn name(step: &Step) -> [String; 3] {
    [&step.switch_reference, &step.side, &step.settlement_date].map(Clone::clone)
}

struct Import<'a> {
    store: &'a Store,
    journal: &'a dyn Journal,
    reader: Arc<dyn Reader>,
    partitions: u16,
    /// The switch's own, which the financial system has in field 32 of loads and payouts.
    own: Institution,
    days: Days,
    /// References for reversals that were given.
    reversals: u64,
    done: Imported,
    /// Why rows were not imported.
    refused: HashMap<[String; 3], String>,
}

impl Import<'_> {
    fn wallet(&self, id: WalletId) -> anyhow::Result<Wallet> {
        let stored = self.store.wallet(id)?;
        Ok(stored.unwrap_or_else(|| Wallet::new(id)))
    }

    /// Refuses a list that lacks what a row needs: what is imported without it can't be mended later.
    fn check(&self, step: &Step) -> anyhow::Result<()> {
        let Some(booked) = step.booked.as_ref().filter(|booked| !booked.side.reverses) else {
            return Ok(());
        };
        let by_party = booked
            .party
            .is_some_and(|party| party != 0 && party != self.own.number());
        // Without these of a party's request, its repeat would be taken for a new one.
        let lacks = [
            ("party", booked.party.is_none()),
            ("switch_trace", booked.switch_trace == SwitchTrace::Missing),
            ("local_time", by_party && booked.local_time.is_none()),
            ("local_date", by_party && booked.local_date.is_none()),
            ("terminal", by_party && booked.terminal.is_none()),
            ("acceptor", by_party && booked.acceptor.is_none()),
        ];
        match lacks.into_iter().find(|(_, lacks)| *lacks) {
            Some((column, _)) => anyhow::bail!(
                "the list does not have {column} of {} {}: ask for a list that has it; nothing was imported",
                step.side,
                step.switch_reference
            ),
            None => Ok(()),
        }
    }

    /// The row and its wallet; `None` where it is left to people.
    fn row(&mut self, mut step: Step) -> anyhow::Result<Option<(WalletId, Row)>> {
        let Some(booked) = step.booked.take() else {
            return Ok(None);
        };
        let why = match &booked.card {
            None => "the list does not have its card",
            Some(number) => match self.store.card(self.store.indexed(number))? {
                None => "no wallet has the card",
                Some(found) => {
                    let card = CardName::new(found.serial, number);
                    return Ok(Some((found.wallet, Row { step, booked, card })));
                }
            },
        };
        self.refused.insert(name(&step), why.to_owned());
        Ok(None)
    }

    fn settle(&mut self, id: WalletId, mut rows: Vec<Row>) -> anyhow::Result<()> {
        rows.sort_by_key(Row::order);
        let mut importing = self.importing(id, &rows)?;
        while let Some(day) = rows.first().map(|row| row.booked.day) {
            let of_day = rows.partition_point(|row| row.booked.day == day);
            let later = rows.split_off(of_day);
            self.settle_day(&mut importing, std::mem::replace(&mut rows, later))?;
        }
        Ok(())
    }

    fn importing(&self, id: WalletId, rows: &[Row]) -> anyhow::Result<Importing> {
        let mut wallet = self.wallet(id)?;
        let named = rows
            .iter()
            .flat_map(|row| [Some(row.booked.reference), row.booked.original]);
        for reference in named.flatten() {
            wallet.recall::<ReadBackError>(About::Reference(reference), None, |position| {
                read_back_kept(self.reader.read(position))
            })?;
        }
        let stands = rows.iter().filter_map(|row| {
            let found = wallet.transactions.by_reference(row.booked.reference)?;
            Some((found.reference, found.standing))
        });
        Ok(Importing {
            to_come: Later::of(rows, &wallet),
            stands: stands.collect(),
            newest: self.newest_reference(&wallet)?,
            trial: wallet.clone(),
            wallet,
        })
    }

    /// Debits and credits first, as a list does not say when a reversal came. Where one needs what was reversed before it, that is
    /// imported earlier.
    fn settle_day(&mut self, importing: &mut Importing, rows: Vec<Row>) -> anyhow::Result<()> {
        let (mut reversals, requests): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.booked.side.reverses);
        for (at, row) in requests.iter().enumerate() {
            let to_come = &requests[at..];
            let mut imported = self.import(importing, row)?;
            let debits = match imported {
                Err(Why::Rule(NotImported::Money)) => Some(true),
                Err(Why::Rule(NotImported::Purchase | NotImported::TooMuch)) => Some(false),
                _ => None,
            };
            if let Some(debits) = debits {
                let mut waiting = Vec::new();
                for reversal in reversals {
                    let now = reversal.booked.side.debit == debits
                        && leaves_enough(importing, &reversal, to_come);
                    if !now || self.import(importing, &reversal)?.is_err() {
                        waiting.push(reversal);
                    }
                }
                reversals = waiting;
                imported = self.import(importing, row)?;
            }
            self.note(row, imported);
        }
        for row in &reversals {
            let imported = self.import(importing, row)?;
            self.note(row, imported);
        }
        Ok(())
    }

    fn note(&mut self, row: &Row, imported: Result<(), Why>) {
        if let Err(why) = imported {
            self.refused.insert(name(&row.step), why.to_string());
        }
    }

    /// Journals what brings the row into its wallet, if it fits.
    fn import(&mut self, importing: &mut Importing, row: &Row) -> anyhow::Result<Result<(), Why>> {
        let (request, booking) = match self.place(row, importing) {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        let events = match import(&importing.wallet, &request.opening(booking), booking) {
            Ok(events) => events,
            Err(rule) => return Ok(Err(Why::Rule(rule))),
        };
        if let Err(broken) = try_on(&mut importing.trial, &events) {
            importing.trial = importing.wallet.clone();
            return Ok(Err(Why::Broken(broken)));
        }
        if !events.is_empty() {
            self.count(&row.booked);
        }
        for event in events {
            self.append(&mut importing.wallet, event)?;
        }
        match booking {
            Booking::Awaited(_) => {}
            Booking::Left { of, left, .. } => {
                importing.stands.insert(of, left);
                if let Some(reversed) = importing.to_come.reversed.get_mut(&of) {
                    *reversed = reversed.saturating_sub(request.amount.value());
                }
                importing.newest = importing.newest.max(Some(request.reference));
            }
            Booking::Debit { .. } | Booking::Credit { .. } | Booking::Load(_) => {
                importing.stands.insert(request.reference, request.amount);
                importing.newest = importing.newest.max(Some(request.reference));
            }
        }
        Ok(Ok(()))
    }

    /// The request of a row, and what it is to its wallet.
    fn place(&mut self, row: &Row, importing: &Importing) -> Result<(BookedRequest, Booking), Why> {
        let booked = &row.booked;
        let known = importing.wallet.transactions.by_reference(booked.reference);
        if known.is_some_and(|found| !has_side(found, booked)) {
            return Err(Why::Rule(NotImported::Side));
        }
        let party = booked.party.filter(|party| *party != self.own.number());
        let institution = party.and_then(Institution::new);
        let mut reference = booked.reference;
        let booking = match (booked.side.reverses, known) {
            (true, _) => {
                let stands = importing.stands.get(&reference);
                let stands = stands.ok_or(Why::Rule(NotImported::Unknown))?;
                let left = stands.checked_sub(booked.amount).ok_or(Why::TooMuch)?;
                reference = self.reversal_at(booked, importing.newest)?;
                Booking::Left {
                    of: booked.reference,
                    left,
                    stays: importing.to_come.stays(booked.reference, *stands),
                }
            }
            (false, Some(_)) => Booking::Awaited(reference),
            (false, None) if row.step.found == "in flight" => return Err(Why::OtherCard),
            (false, None) => {
                let day = self.days.of(reference.given_at());
                if day != booked.day {
                    return Err(Why::OtherDay(day));
                }
                if Some(reference) <= importing.newest {
                    return Err(Why::Older);
                }
                self.anew(booked, institution)?
            }
        };
        let currency = booked.currency.or(importing.wallet.currency);
        let request = BookedRequest {
            reference,
            institution,
            local_time: booked.local_time.unwrap_or_default(),
            local_date: booked.local_date.unwrap_or_default(),
            terminal: booked.terminal.unwrap_or([b' '; 8]),
            acceptor: booked.acceptor.unwrap_or([b' '; 15]),
            amount: booked.amount,
            currency: currency.ok_or(Why::Rule(NotImported::Currency))?,
            card: row.card,
        };
        Ok((request, booking))
    }

    /// What a debit or credit is that the journal does not have.
    fn anew(&self, booked: &Booked, institution: Option<Institution>) -> Result<Booking, Why> {
        let host_trace = match booked.switch_trace {
            SwitchTrace::Of(trace) => Some(trace),
            SwitchTrace::OfAdvice | SwitchTrace::Missing => None,
        };
        Ok(match (booked.side.debit, institution) {
            (true, _) => Booking::Debit {
                authorization: booked.original,
                host_trace,
            },
            (false, Some(_)) => Booking::Credit {
                purchase: booked.original,
                host_trace: host_trace.ok_or(Why::Advice)?,
            },
            (false, None) => Booking::Load(host_trace.ok_or(Why::Advice)?),
        })
    }

    /// A reference for a reversal of this date.
    fn reversal_at(
        &mut self,
        booked: &Booked,
        newest: Option<Reference>,
    ) -> Result<Reference, Why> {
        let day = booked.day;
        let mut dates = self.days.iter().skip_while(|(_, known)| *known != day);
        let (begins, _) = dates.next().ok_or(Why::NotBegun)?;
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
            true => Err(Why::Over),
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

    fn count(&mut self, booked: &Booked) {
        let amount = booked.amount.value() as i64;
        let signed = if booked.side.reverses {
            -amount
        } else {
            amount
        };
        self.done.rows += 1;
        match booked.side.debit {
            true => self.done.debited += signed,
            false => self.done.credited += signed,
        }
    }

    fn append(&self, wallet: &mut Wallet, event: Event) -> anyhow::Result<()> {
        let entry = next_entry(wallet, event);
        let mut payload = Vec::with_capacity(256);
        entry.write(&mut payload);
        let partition = wallet.id.partition(self.partitions);
        let appended = self.journal.append(partition, &payload);
        wallet
            .apply(&entry, appended.position, appended.sequence)
            .with_context(|| format!("wallet {}", wallet.id.0))
    }
}

/// Applies all of them to a copy: what does not fit must not be journaled.
fn try_on(trial: &mut Wallet, events: &[Event]) -> Result<(), Broken> {
    /// Above all positions and sequences that there are.
    const TRIAL: u64 = 1 << 62;
    for event in events {
        let last = trial.last_position.map_or(0, Position::to_stored);
        let stored = last.max(TRIAL) + 1;
        let entry = next_entry(trial, event.clone());
        if let Some(position) = Position::from_stored(stored) {
            trial.apply(&entry, position, Sequence::FIRST.after(stored))?;
        }
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
