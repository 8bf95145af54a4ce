//! The audit: proves from the journal alone that money is conserved.
//!
//! In comes the journal, read-only, of a running switch too; out comes either the totals or a violation. It
//! keeps its own accounts of the double entry, and compares them with the wallets that result from the events.
//!
//! ```text
//! journal ─▶ the caller's thread ─▶ batches ─▶ workers ─▶ buckets ─▶ totals
//!             (verifies the chain,              (one per core: rules,     └─▶ result file, for the next audit
//!              picks the pass's wallets)         chain and postings of
//!                                                their wallets)
//! ```
//!
//! Wallets fall into 1,024 buckets by the hash of their numbers. A pass over the journal is about a range of buckets: it
//! begins with all that are left and lets go of the last ones whenever the wallets in memory would take more than they may,
//! so that memory is bounded however many wallets there are, and the journal is read as often as that needs.

mod closing;
mod folded;
mod opening;
mod result;
mod result_error;
mod sums;
#[cfg(test)]
mod tests;
mod totals;
mod violation;
mod wallets;
mod workers;

use std::num::NonZero;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use tessera_journal::{JournalError, Location, Mark, Reader, RecordRef, Scanned, Visit};
use tessera_ledger::{Entry, WalletId};
use tessera_store::recorded_mark;

use closing::Closed;
use result::{Proven, Writer};
use wallets::{BUCKETS, bucket_of};
use workers::{Finished, Workers};

pub use opening::Opening;
pub(crate) use opening::{opening_file, openings};
pub use result_error::{ResultError, ResultHash};
pub use totals::{OpeningTotals, PartyTotals, Totals};
pub use violation::Violation;

/// What the wallets in memory may take, in bytes, if nothing else is said: the rest of a process that is to stay below 1 GiB
/// is buffers, wallets that are being looked at, and what the allocator holds.
pub const WALLET_BYTES_MAX: usize = 640 << 20;

/// How far an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which pass over the journal it is in, from 1.
    pub pass: u32,
    /// How much of the journal this pass has read, in bytes.
    pub journal_bytes: u64,
    /// Which share of all wallets this pass and those before it are about, in thousandths.
    pub wallets: u32,
}

/// How to audit.
pub struct Audit<'a> {
    location: Location,
    since: Option<PathBuf>,
    result: Option<PathBuf>,
    until: Option<Mark>,
    attested: Option<ResultHash>,
    wallet_bytes_max: usize,
    workers: usize,
    progress: Box<dyn FnMut(Progress) + 'a>,
    goes_on: Box<dyn FnMut() -> bool + 'a>,
}

/// Proves the journal here, from its beginning.
///
/// # Errors
/// With a violation.
pub fn audit(location: &Location) -> Result<Totals, Violation> {
    Audit::of(location).run()
}

impl<'a> Audit<'a> {
    /// Of the journal here, on all cores. Data of 0.2 has no keys before a switch has opened it.
    pub fn of(location: &Location) -> Self {
        Self {
            location: location.clone(),
            since: None,
            result: None,
            until: None,
            attested: None,
            wallet_bytes_max: WALLET_BYTES_MAX,
            workers: std::thread::available_parallelism().map_or(1, NonZero::get),
            progress: Box::new(|_| {}),
            goes_on: Box::new(|| true),
        }
    }

    /// Begins where the audit ended that wrote this result, and rests on what that has proven.
    #[must_use]
    pub fn since(self, result: Option<PathBuf>) -> Self {
        Self {
            since: result,
            ..self
        }
    }

    /// Writes a result for the next audit. It may take the place of the one that this audit rests on.
    #[must_use]
    pub fn with_result(self, result: Option<PathBuf>) -> Self {
        Self { result, ..self }
    }

    /// Ends after this record, which is in the journal.
    #[must_use]
    pub fn until(self, last: Mark) -> Self {
        Self {
            until: Some(last),
            ..self
        }
    }

    /// Refuses opening balances that have another SHA-256.
    #[must_use]
    pub fn with_attested(self, attested: Option<ResultHash>) -> Self {
        Self { attested, ..self }
    }

    /// Works on so many threads, beside the caller's.
    #[must_use]
    pub fn with_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Is asked again and again whether to go on; it may pause.
    #[must_use]
    pub fn with_pauses(self, goes_on: impl FnMut() -> bool + 'a) -> Self {
        Self {
            goes_on: Box::new(goes_on),
            ..self
        }
    }

    /// The wallets in memory take no more than this, in bytes, if their number allows it.
    #[must_use]
    pub fn with_wallet_bytes_max(self, wallet_bytes_max: usize) -> Self {
        Self {
            wallet_bytes_max,
            ..self
        }
    }

    /// Is called some times per second, on the calling thread.
    #[must_use]
    pub fn with_progress(self, progress: impl FnMut(Progress) + 'a) -> Self {
        Self {
            progress: Box::new(progress),
            ..self
        }
    }

    /// The opening balances of a journal of which segments were deleted, for an operator to sign.
    ///
    /// # Errors
    /// With a violation, or where the journal is whole.
    pub fn opening(mut self) -> Result<Totals, Violation> {
        let journal = tessera_journal::reader(&self.location);
        let opening = Opening::of(&self.location, journal.as_ref())?.ok_or(ResultError::Whole)?;
        self.until = Some(opening.mark());
        self.run()
    }

    /// Reads the journal, which must reach as far as the store knows. One of which segments were deleted is proven from its
    /// opening balances on.
    ///
    /// # Errors
    /// With a violation: of several the one with the lowest sequence among those that the same pass came to.
    pub fn run(mut self) -> Result<Totals, Violation> {
        // Before the journal: a switch may be writing both.
        let known = recorded_mark(&self.location.data().join("store"));
        let journal = tessera_journal::reader(&self.location);
        let location = self.location.clone();
        let keys = || location.keys().ok_or(ResultError::NoKeys);
        let open = |path: &PathBuf| Proven::open(path, keys()?, journal.as_ref(), BUCKETS);
        let opening = match self.since {
            Some(_) => None,
            None => Opening::of(&self.location, journal.as_ref())?,
        };
        let opening = opening.map(|opening| self.rests_on(&opening)).transpose()?;
        let mut proven = self.since.as_ref().map(open).transpose()?;
        let create = |path: &PathBuf| Writer::create(path, keys()?);
        let mut writer = self.result.as_ref().map(create).transpose()?;
        let mut sum = Closed::default();
        let mut range = 0..BUCKETS;
        let mut last = None;
        for pass in 1.. {
            let reading = Reading {
                journal: &journal,
                known,
                // What a switch has appended since the first pass is not proven.
                until: (pass > 1).then_some(last).or(self.until.map(Some)),
                pass,
            };
            let (finished, reached) = reading.run(&mut range, proven.as_mut(), &mut self)?;
            last = reached;
            for Finished {
                number,
                bucket,
                closed,
            } in finished
            {
                sum.add(&closed);
                if let Some(writer) = &mut writer {
                    writer.bucket(number, &bucket)?;
                }
            }
            if range.end == BUCKETS {
                break;
            }
            range = range.end..BUCKETS.min(range.end + range.len());
        }
        let totals = sum.totals()?;
        let finish = |(writer, last): (Writer, Mark)| writer.finish(last, journal.as_ref());
        Ok(Totals {
            last,
            since: proven.map(|proven| (proven.mark, proven.hash)),
            opening,
            result: writer.zip(last).map(finish).transpose()?,
            ..totals
        })
    }
}

impl Audit<'_> {
    /// Begins with these opening balances.
    fn rests_on(&mut self, opening: &Opening) -> Result<OpeningTotals, ResultError> {
        let (found, attested) = (opening.hash(), self.attested);
        if let Some(attested) = attested.filter(|attested| *attested != found) {
            return Err(ResultError::NotAttested { found, attested });
        }
        self.since = Some(opening.path().to_owned());
        Ok(OpeningTotals {
            at: opening.at(),
            is_attested: attested.is_some(),
        })
    }
}

/// One pass over the journal.
struct Reading<'a> {
    journal: &'a Arc<dyn Reader>,
    known: Option<Mark>,
    /// The last record that there is for all passes.
    until: Option<Option<Mark>>,
    pass: u32,
}

impl Reading<'_> {
    /// Proves the wallets of a range of buckets, which becomes shorter where they would take too much memory. Says how far the
    /// journal went.
    fn run(
        &self,
        range: &mut Range<usize>,
        mut proven: Option<&mut Proven>,
        audit: &mut Audit<'_>,
    ) -> Result<(Vec<Finished>, Option<Mark>), Violation> {
        let workers = Workers::start(audit.workers, self.journal);
        let mut workers = workers.map_err(Violation::Threads)?;
        let since = proven.as_ref().map(|proven| proven.mark);
        if let Some(proven) = &mut proven {
            // The wallets grow while events are applied to them.
            let enough = audit.wallet_bytes_max / 8 * 7;
            for number in range.clone() {
                if number > range.start && workers.bytes() > enough {
                    range.end = number;
                    break;
                }
                workers.give(number, proven.bucket(number)?);
            }
        }
        (audit.progress)(Progress {
            pass: self.pass,
            journal_bytes: since.map_or(0, |since| since.position.to_stored()),
            wallets: (range.end * 1000 / BUCKETS) as u32,
        });
        let (mut stopped, mut goes_on) = (false, true);
        let mut last = since;
        let read = self.scan(since, &mut |record| {
            goes_on = goes_on && (audit.goes_on)();
            if !goes_on || workers.failed() || self.is_beyond(&record) {
                stopped = true;
                return Err("the pass is over".into());
            }
            last = Some(record.mark());
            // What is no event is looked at as one of the operator's wallet, which is in the first pass.
            let wallet = Entry::peek(record.payload).map_or(WalletId::OPERATOR, |head| head.wallet);
            let bucket = bucket_of(wallet);
            if range.contains(&bucket) && workers.enter(bucket, &record) {
                (audit.progress)(Progress {
                    pass: self.pass,
                    journal_bytes: record.position.to_stored(),
                    wallets: (range.end * 1000 / BUCKETS) as u32,
                });
                let full = workers.bytes() > audit.wallet_bytes_max && workers.have_narrowed();
                if full && range.len() > 1 {
                    range.end -= (range.len() / 8).max(1);
                    workers.keep_below(range.end);
                }
            }
            Ok(())
        });
        let finished = workers.finish(range)?;
        if !goes_on {
            return Err(JournalError::Stopped.into());
        }
        match read {
            Err(error) if !stopped => Err(error.into()),
            _ => Ok((finished, self.until.unwrap_or(last))),
        }
    }

    fn scan(&self, since: Option<Mark>, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        let known = self.known.filter(|_| self.until.is_none());
        let Some(since) = since else {
            return self.journal.scan(known, visit);
        };
        let scanned = self.journal.scan_after(since, visit)?;
        let last = scanned.last.map(|last| last.sequence);
        match known {
            Some(known) if last < Some(known.sequence) => Err(JournalError::StoreAhead {
                store: known.sequence,
                journal: last,
            }),
            _ => Ok(scanned),
        }
    }

    fn is_beyond(&self, record: &RecordRef<'_>) -> bool {
        self.until
            .is_some_and(|until| Some(record.sequence) > until.map(|last| last.sequence))
    }
}
