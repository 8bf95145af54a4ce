//! Deletes the oldest segments of the archive once they are older than `journal.keep`, and nothing needs them any more.
//!
//! ```text
//! segments that may go ─▶ an audit up to the first record after them ─▶ data/opening, synced
//!                      ─▶ the older full snapshot is read as a whole ─▶ the segments, oldest first
//! ```
//!
//! The audit's result stands for what is deleted. A segment goes when an event after the opening can't be about anything in
//! it, and when its settlement dates are agreed upon and its messages were sent. What never happens here: something is
//! deleted that was not proven.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashSet;
use tessera_journal::{Location, Mark, Part, Position, Reader};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Day, Directive, Event, WalletId};
use tessera_reports::audit::Opening;
use tessera_reports::index::{self, EXTENSION};
use tessera_reports::opening;
use tessera_store::{Store, read_back_kept};

use super::older_snapshot::OlderSnapshot;
use super::{Messages, Others};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// An order is paid at most so long after it was announced.
const ORDER_VALID: Duration = DAY;
/// Opening balances move forward by so much in a day, whatever the clock says: a clock that is years ahead by mistake must not
/// have all deleted before somebody notices.
const STEP_MIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The events of the operator's wallet are looked through each time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What it works with.
pub(crate) struct Retention {
    pub journal: Location,
    pub store: Arc<Store>,
    pub older_snapshot: OlderSnapshot,
    pub messages: Messages,
    /// None where there is no cluster.
    pub others: Option<Others>,
    /// `journal.keep`; zero for ever.
    pub keep: Duration,
    /// `store.transactions_kept`.
    pub transactions_kept: Duration,
    /// What is proven of older segments.
    pub opened: Option<Opened>,
    /// How far openings may move for now.
    pub step: Option<Step>,
    /// Not before, where it waits for something.
    pub look_again: Option<Instant>,
    /// What it waited for when it last looked.
    pub waited: Option<Waits>,
}

/// An opening that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Position of the last record that it reflects.
    position: Position,
    /// When that was journaled.
    at: Timestamp,
    /// No event after it is about an older one than this.
    oldest_needed: Position,
}

/// Openings move up to a segment from behind this timestamp, in one step or in several. The next step begins a day later by the
/// process's own clock. So segments that were not indexed in time, or in no full snapshot, do not wait for another day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    until: Timestamp,
    ends: Instant,
}

/// A closed part of the journal.
struct Old {
    part: Part,
    reach: Reach,
}

/// How far such a part goes.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// When its first event was journaled.
    first: Timestamp,
    /// Where the next one begins.
    end: Position,
    /// When its last event was journaled.
    last: Timestamp,
}

/// What segments have to precede that may go.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// They are older than this.
    older_than: Timestamp,
    /// Position of the older one of the newest two full snapshots.
    below: Position,
    /// The first date that the financial system has not agreed upon.
    unagreed: Option<(Timestamp, Day)>,
    /// The oldest event that a message is about.
    messages: Option<Position>,
}

/// Why segments that are old enough stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    Agreement(Day),
    Messages,
    Others,
}

impl Retention {
    /// Deletes what may be deleted, all of which precedes `below`.
    pub fn retain(
        &mut self,
        below: Position,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> anyhow::Result<()> {
        if self.keep.is_zero() || self.look_again.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        self.look_again = None;
        let older_than = clock::now().saturating_sub(milliseconds(self.keep));
        let journal = tessera_journal::reader(&self.journal);
        let old = self.old(journal.as_ref(), older_than, below)?;
        if old.is_empty() {
            return Ok(());
        }
        if self.opened.is_none() {
            self.opened = self.read_opening(journal.as_ref(), goes_on)?;
        }
        let from = self.opened.map_or(old[0].reach.first, |opened| opened.at);
        let step = step_of(self.step, from, self.step_length(), Instant::now());
        if is_due(self.opened, old[old.len() - 1].reach, step, self.every()) {
            let bounds = Bounds {
                older_than,
                below,
                unagreed: self.first_unagreed(journal.as_ref())?,
                messages: self.messages.oldest_needed()?,
            };
            let reaches: Vec<Reach> = old.iter().map(|one| one.reach).collect();
            let (free, waits) = free(within(&reaches, step), &bounds);
            self.say(waits);
            let next = free.last().map(|last| last.end);
            if let Some(until) = next
                .map(|at| first_after(journal.as_ref(), at))
                .transpose()?
                && let Some(until) = until
                && self
                    .opened
                    .is_none_or(|opened| opened.position < until.position)
            {
                let totals = opening::write(&self.journal, until, goes_on)?;
                self.step = Some(step);
                let hash = totals.result.map(|hash| hash.to_string());
                tracing::info!(
                    sequence = until.sequence.to_stored(),
                    sha256 = hash,
                    "proved the oldest segments and wrote opening balances"
                );
                self.opened = self.read_opening(journal.as_ref(), goes_on)?;
            }
        }
        let Some(opened) = self.opened else {
            return Ok(());
        };
        let kept = self.transactions_kept;
        let ends = |one: &&Old| stands_for(&opened, one.reach, kept);
        let old: Vec<&Old> = old.iter().take_while(ends).collect();
        if !old.is_empty() {
            if self
                .others
                .as_ref()
                .is_some_and(|others| !others.have_all())
            {
                self.say(Some(Waits::Others));
                return Ok(());
            }
            self.older_snapshot
                .verify(journal.as_ref(), below, goes_on)?;
        }
        for one in old {
            if !tessera_journal::remove(&self.journal, &one.part, EXTENSION)? {
                break;
            }
            let (begin, end) = one.part.span();
            tracing::info!(begin, end, "deleted a journal segment");
        }
        Ok(())
    }

    /// The oldest parts, as far as they are closed, indexed, old, and precede the position.
    fn old(
        &self,
        journal: &dyn Reader,
        older_than: Timestamp,
        below: Position,
    ) -> anyhow::Result<Vec<Old>> {
        let mut old = Vec::new();
        let Some(keys) = self.journal.keys() else {
            return Ok(old);
        };
        for part in journal.parts()? {
            let (_, end) = part.span();
            let end = end
                .and_then(Position::from_stored)
                .filter(|end| *end <= below);
            let Some(end) = end else { break };
            let times = index::times(&part, keys)?;
            let Some((first, last)) = times.filter(|(_, last)| *last <= older_than) else {
                break;
            };
            old.push(Old {
                part,
                reach: Reach { first, end, last },
            });
        }
        Ok(old)
    }

    fn every(&self) -> Duration {
        (self.keep / 100).max(DAY)
    }

    /// Faster than time goes, so that a journal from before deletion was switched on is caught up with.
    fn step_length(&self) -> Duration {
        (4 * self.every()).max(STEP_MIN)
    }

    fn read_opening(
        &self,
        journal: &dyn Reader,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> anyhow::Result<Option<Opened>> {
        let Some(mut opening) = Opening::newest(&self.journal, journal)? else {
            return Ok(None);
        };
        let kept = milliseconds(self.transactions_kept);
        Ok(Some(Opened {
            position: opening.mark().position,
            at: opening.at(),
            oldest_needed: opening.oldest_needed(kept, goes_on)?,
        }))
    }

    /// The first settlement date whose totals the financial system has not confirmed, and when it began. The operator's
    /// wallet forgets old ones; its events don't.
    fn first_unagreed(&self, journal: &dyn Reader) -> anyhow::Result<Option<(Timestamp, Day)>> {
        let operator = self.store.wallet(WalletId::OPERATOR)?;
        let mut next = operator.and_then(|operator| operator.last_position);
        let (mut begun, mut agreed) = (Vec::new(), HashSet::new());
        while let Some(position) = next {
            let Some(entry) = read_back_kept(journal.read(position))? else {
                break;
            };
            if let Event::Directed(directed) = &entry.event
                && let Directive::BeginDay(moment, day) = directed.directive
            {
                begun.push((moment, day));
            }
            if let Event::Reconciled(compared) = &entry.event
                && compared.institution.is_none()
                && compared.agrees()
            {
                agreed.insert(compared.day);
            }
            next = entry.previous.filter(|before| *before < position);
        }
        Ok(first_unagreed(begun, &agreed))
    }

    fn say(&mut self, waits: Option<Waits>) {
        match waits {
            Some(Waits::Agreement(day)) if self.waited != waits => tracing::warn!(
                %day,
                "journal segments that are older than `journal.keep` stay until the financial system agrees upon the totals of their settlement dates"
            ),
            Some(Waits::Messages) if self.waited != waits => tracing::warn!(
                "journal segments that are older than `journal.keep` stay until the notifications about their events are sent"
            ),
            Some(Waits::Others) if self.waited != waits => tracing::warn!(
                "journal segments that are older than `journal.keep` stay until two other nodes have the whole journal"
            ),
            _ => {}
        }
        self.waited = waits;
        self.look_again = waits.map(|_| Instant::now() + LOOK_AGAIN);
    }
}

/// The first of these dates that is not agreed upon, and from when on events belong to it: to the first date of all do those from
/// before it too.
fn first_unagreed(
    mut begun: Vec<(Timestamp, Day)>,
    agreed: &HashSet<Day>,
) -> Option<(Timestamp, Day)> {
    begun.sort_unstable();
    let place = begun.iter().position(|(_, day)| !agreed.contains(day));
    match place {
        Some(0) => Some((Timestamp::EPOCH, begun[0].1)),
        Some(place) => Some(begun[place]),
        // Without any date, nothing was agreed upon.
        None => agreed
            .is_empty()
            .then_some((Timestamp::EPOCH, Day::default())),
    }
}

/// The step that has not ended, or a new one from this timestamp on.
fn step_of(begun: Option<Step>, from: Timestamp, length: Duration, now: Instant) -> Step {
    begun
        .filter(|step| now < step.ends)
        .unwrap_or_else(|| Step {
            until: from.plus(milliseconds(length)),
            ends: now + DAY,
        })
}

/// An opening is as long as all wallets, so it is written only for what comes to some time.
fn is_due(opened: Option<Opened>, newest: Reach, step: Step, every: Duration) -> bool {
    opened.is_none_or(|opened| {
        newest.last >= opened.at.plus(milliseconds(every)) && opened.at < step.until
    })
}

/// Those to which the next opening may move: up to the end of the step, and one further.
fn within(old: &[Reach], step: Step) -> &[Reach] {
    let within = old.iter().take_while(|one| one.last <= step.until).count();
    &old[..old.len().min(within + 1)]
}

/// Those that may go as far as is known without an audit, and why no more.
fn free<'a>(old: &'a [Reach], bounds: &Bounds) -> (&'a [Reach], Option<Waits>) {
    let waits = |one: &Reach| {
        if let Some((_, day)) = bounds.unagreed.filter(|(begun, _)| one.last >= *begun) {
            return Some(Waits::Agreement(day));
        }
        (bounds.messages < Some(one.end)).then_some(Waits::Messages)
    };
    for (count, one) in old.iter().enumerate() {
        if one.end > bounds.below || one.last > bounds.older_than {
            return (&old[..count], None);
        }
        if let Some(waits) = waits(one) {
            return (&old[..count], Some(waits));
        }
    }
    (old, None)
}

/// Whether no event after the opening is about an event of this part: a transaction that a wallet still knew, or an order.
fn stands_for(opened: &Opened, one: Reach, transactions_kept: Duration) -> bool {
    let forgotten = one.last.plus(milliseconds(transactions_kept + ORDER_VALID)) < opened.at;
    forgotten && one.end <= opened.oldest_needed && one.end <= opened.position
}

/// The first record of the part that begins here, if it has one.
fn first_after(journal: &dyn Reader, begin: Position) -> anyhow::Result<Option<Mark>> {
    let parts = journal.parts()?;
    let part = parts.iter().find(|part| part.span().0 == begin.to_stored());
    let Some(part) = part else { return Ok(None) };
    let mut first = None;
    let read = journal.scan_part(part, &mut |record| {
        first = Some(record.mark());
        Err("one is enough".into())
    });
    match (first, read) {
        (None, Err(error)) => Err(error.into()),
        (first, _) => Ok(first),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: u64 = 24 * 60 * 60 * 1000;

    fn at(position: u64) -> Position {
        Position::from_stored(position).unwrap()
    }

    fn day(number: u64) -> Timestamp {
        Timestamp::from_milliseconds(number * DAYS)
    }

    /// One segment for each day: segment 1 ends at position 1000 on day 1, and so on.
    fn segments(count: u64) -> Vec<Reach> {
        let reach = |number| Reach {
            first: day(number),
            end: at(number * 1_000),
            last: day(number),
        };
        (1..=count).map(reach).collect()
    }

    const NOTHING: Bounds = Bounds {
        older_than: Timestamp::from_milliseconds(u64::MAX),
        below: Position::MAX,
        unagreed: None,
        messages: Some(Position::MAX),
    };

    #[test]
    fn each_bound_alone_keeps_segments() {
        let segments = segments(9);
        let counts = |bounds: Bounds| {
            let (free, waits) = free(&segments, &bounds);
            (free.len(), waits)
        };
        assert_eq!(counts(NOTHING), (9, None));
        let young = Bounds {
            older_than: day(4),
            ..NOTHING
        };
        assert_eq!(counts(young), (4, None));
        let snapshot = Bounds {
            below: at(2_999),
            ..NOTHING
        };
        assert_eq!(counts(snapshot), (2, None));
        let date = (day(6), Day(6));
        let unagreed = Bounds {
            unagreed: Some(date),
            ..NOTHING
        };
        assert_eq!(counts(unagreed), (5, Some(Waits::Agreement(Day(6)))));
        for (messages, freed) in [(None, 0), (Some(at(3_500)), 3), (Some(at(4_000)), 4)] {
            let bounds = Bounds {
                messages,
                ..NOTHING
            };
            assert_eq!(counts(bounds), (freed, Some(Waits::Messages)));
        }
    }

    #[test]
    fn the_first_date_has_what_is_older_too() {
        let dates: Vec<_> = (3..6)
            .map(|number| (day(number), Day(number as u32)))
            .collect();
        let first = |agreed: &[u32]| {
            let agreed = agreed.iter().map(|number| Day(*number)).collect();
            first_unagreed(dates.clone(), &agreed)
        };
        assert_eq!(first(&[]), Some((Timestamp::EPOCH, Day(3))));
        assert_eq!(first(&[4]), Some((Timestamp::EPOCH, Day(3))));
        assert_eq!(first(&[3, 5]), Some((day(4), Day(4))));
        assert_eq!(first(&[3, 4, 5]), None);
        let nothing = (Timestamp::EPOCH, Day::default());
        assert_eq!(first_unagreed(Vec::new(), &HashSet::new()), Some(nothing));
    }

    fn until(number: u64) -> Step {
        Step {
            until: day(number),
            ends: Instant::now() + DAY,
        }
    }

    #[test]
    fn an_opening_moves_one_step_at_a_time() {
        let segments = segments(100);
        // Always one further: days without events are passed over.
        assert_eq!(within(&segments, until(5)).len(), 6);
        assert_eq!(within(&segments, until(14)).len(), 15);
        assert_eq!(within(&segments[80..], until(11)).len(), 1);
        assert_eq!(within(&segments, until(103)).len(), 100);
        assert!(within(&[], until(1)).is_empty());
    }

    #[test]
    fn what_was_not_ready_in_time_follows_on_the_same_day_up_to_the_end_of_the_step() {
        let segments = segments(100);
        let now = Instant::now();
        let opened = |number: u64| Opened {
            position: at(number * 1_000),
            at: day(number),
            oldest_needed: at(number * 1_000),
        };
        let due = |at: u64, newest: usize, step| {
            is_due(Some(opened(at)), segments[newest - 1], step, DAY)
        };
        let first = step_of(None, day(1), STEP_MIN, now);
        assert_eq!(first.until, day(1 + 7));
        assert!(is_due(None, segments[0], first, DAY));
        // Only the first day was ready.
        let same_day = now + DAY / 2;
        let still = step_of(Some(first), day(1), STEP_MIN, same_day);
        assert_eq!(still, first);
        assert!(!due(1, 1, still), "nothing new");
        assert!(due(1, 2, still) && due(1, 100, still));
        // However often it moves.
        let still = step_of(Some(first), day(5), STEP_MIN, same_day);
        assert_eq!(within(&segments, still).len(), 9);
        assert!(!due(9, 100, still), "it has done the step");
        let next = step_of(Some(first), day(9), STEP_MIN, now + DAY);
        assert_eq!(next.until, day(9 + 7));
        assert!(due(9, 100, next) && !due(9, 9, next));
    }

    #[test]
    fn a_segment_stays_while_an_event_after_the_opening_may_be_about_it() {
        let kept = Duration::from_secs(7 * 24 * 60 * 60);
        let opened = Opened {
            position: at(20_000),
            at: day(20),
            oldest_needed: at(20_000),
        };
        let deleted = |opened: Opened| {
            let segments = segments(25);
            let stands = |one: &&Reach| stands_for(&opened, **one, kept);
            segments.iter().take_while(stands).count()
        };
        // What is kept for 7 days, and an order of a day before it.
        assert_eq!(deleted(opened), 11);
        let pending = Opened {
            oldest_needed: at(4_500),
            ..opened
        };
        assert_eq!(deleted(pending), 4);
        let short = Opened {
            position: at(2_000),
            ..opened
        };
        assert_eq!(deleted(short), 2);
    }
}
