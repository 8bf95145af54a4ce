//! What is counted while a run goes on. Plain numbers: the handler of a batch borrows them once.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use hdrhistogram::Histogram;

use super::reason::{Reason, Reasons};
use super::seconds::{Counted, Second, Seconds};
use crate::load::mix::Kind;
use crate::load::scenario::faults::FaultCounts;

/// Latencies are kept in microseconds up to this; longer ones count as this.
const LATENCY_MAX_MICROSECONDS: u64 = 600_000_000;

/// The number of recent transactions that are kept for the display.
const RECENT_MAX: usize = 32;

/// How many violations are kept word for word; the rest is only counted.
const VIOLATIONS_KEPT: usize = 20;

/// The counters of a run.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Requests sent for the first time, by [`Kind`].
    pub sent: [u64; Kind::COUNT],
    /// Requests answered, by [`Kind`].
    pub answered: [u64; Kind::COUNT],
    /// Purchases and authorizations approved.
    pub approved: u64,
    /// Purchases and authorizations not approved.
    pub declined: u64,
    /// Requests sent again because no answer came.
    pub resent: u64,
    /// Further answers to requests that were sent again.
    pub extra: u64,
    /// Connections that were lost.
    pub lost_connections: u64,
    /// Connections that are signed on now.
    pub connected: u32,
    /// Orders announced.
    pub announced: u64,
    /// Minor units that payers have paid: debited, less what was given back.
    pub net_approved: i64,
    /// What was done wrong on purpose.
    pub faults: FaultCounts,
    /// What was wrong.
    pub violations: Violations,
    codes: [u64; 100],
    other_codes: BTreeMap<[u8; 2], u64>,
    /// When the last purchase was answered, or asking began, in nanoseconds of the run's clock.
    purchase_answered: u64,
    longest_gap: u64,
    latency: [Histogram<u64>; Kind::COUNT],
    lag: Histogram<u64>,
    seconds: Seconds,
    recent: Option<VecDeque<Seen>>,
}

/// A transaction for the display.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// What was asked.
    pub kind: Kind,
    /// Serial number of the development card or wallet.
    pub serial: u32,
    /// Number of the order, where it was bought by order.
    pub order: Option<u32>,
    /// Minor units.
    pub amount: u64,
    /// Field 39.
    pub code: [u8; 2],
    /// Microseconds from plan to answer.
    pub microseconds: u64,
}

/// Violations: counted, and the first ones described.
#[derive(Debug, Clone, Default)]
pub struct Violations {
    /// How many.
    pub count: u64,
    /// The first ones, in words.
    pub described: Vec<String>,
}

impl Violations {
    /// Counts one; `words` is called only while there is space.
    #[cold]
    pub fn add(&mut self, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.described.len() < VIOLATIONS_KEPT {
            self.described.push(words());
        }
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            sent: [0; Kind::COUNT],
            answered: [0; Kind::COUNT],
            approved: 0,
            declined: 0,
            resent: 0,
            extra: 0,
            lost_connections: 0,
            connected: 0,
            announced: 0,
            net_approved: 0,
            faults: FaultCounts::default(),
            violations: Violations::default(),
            codes: [0; 100],
            other_codes: BTreeMap::new(),
            purchase_answered: 0,
            longest_gap: 0,
            latency: std::array::from_fn(|_| histogram()),
            lag: histogram(),
            seconds: Seconds::new(histogram()),
            recent: None,
        }
    }
}

impl Statistics {
    /// Keeps the last transactions from now on.
    pub fn watch(&mut self) {
        self.recent = Some(VecDeque::with_capacity(RECENT_MAX));
    }

    /// Whether anybody wants to see single transactions.
    pub fn watched(&self) -> bool {
        self.recent.is_some()
    }

    /// Shows a transaction.
    pub fn show(&mut self, seen: Seen) {
        if let Some(recent) = &mut self.recent {
            if recent.len() == RECENT_MAX {
                recent.pop_front();
            }
            recent.push_back(seen);
        }
    }

    /// The last transactions, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Seen> {
        self.recent.iter().flatten()
    }

    /// Asking begins now.
    pub(in crate::load) fn begin(&mut self, now: u64) {
        self.purchase_answered = now;
        self.seconds.begin(now);
    }

    /// Nothing is waited for any more: purchases without an answer had none until now.
    pub(in crate::load) fn end(&mut self, now: u64) {
        let unanswered = |kind: &Kind| self.sent[*kind as usize] > self.answered[*kind as usize];
        if Kind::ALL
            .iter()
            .any(|kind| kind.is_remembered() && unanswered(kind))
        {
            self.gap(now);
        }
        self.seconds.end(now, self.counted(), self.connected);
    }

    /// Ends the current second, if it is over.
    #[inline]
    pub(in crate::load) fn tick(&mut self, now: u64) {
        if self.seconds.is_over(now) {
            self.seconds.end_second(now, self.counted(), self.connected);
        }
    }

    /// The seconds that are over.
    pub fn seconds(&self) -> &[Second] {
        self.seconds.done()
    }

    /// Keeps the latencies of the stages that begin at these instants after the first request.
    pub(in crate::load) fn follow(&mut self, starts: &[u64]) {
        self.seconds.follow(starts);
    }

    /// The latencies of each stage, in microseconds.
    pub(in crate::load) fn stages(&self) -> impl Iterator<Item = &Histogram<u64>> {
        self.seconds.stages()
    }

    /// The latencies of the seconds that are over, in microseconds.
    pub(in crate::load) fn latencies_so_far(&self) -> &Histogram<u64> {
        self.seconds.total()
    }

    /// Everything counted so far.
    pub(in crate::load) fn counted(&self) -> Counted {
        let mut reasons = Reasons::default();
        for (code, count) in (0..).zip(self.codes) {
            let code: u8 = code;
            reasons.add(Reason::of([b'0' + code / 10, b'0' + code % 10]), count);
        }
        for (code, count) in &self.other_codes {
            reasons.add(Reason::of(*code), *count);
        }
        Counted {
            sent: self.sent_total(),
            answered: self.answered_total(),
            approved: self.approved,
            declined: self.declined,
            errors: reasons.of(Reason::Unavailable) + self.violations.count,
            resent: self.resent,
            lost_connections: self.lost_connections,
            reasons,
        }
    }

    /// The longest time without an answer to a purchase or authorization, in nanoseconds.
    pub fn longest_gap(&self) -> u64 {
        self.longest_gap
    }

    fn gap(&mut self, now: u64) {
        let gap = now.saturating_sub(self.purchase_answered);
        self.longest_gap = self.longest_gap.max(gap);
        self.purchase_answered = now;
    }

    /// Counts an answer that came at `now`, and its latency.
    pub fn answer(&mut self, kind: Kind, code: [u8; 2], nanoseconds: u64, now: u64) {
        self.tick(now);
        if kind.is_remembered() {
            self.gap(now);
        }
        self.answered[kind as usize] += 1;
        self.latency[kind as usize].saturating_record(nanoseconds / 1_000);
        self.seconds.latency.saturating_record(nanoseconds / 1_000);
        match code {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                self.codes[usize::from(tens - b'0') * 10 + usize::from(ones - b'0')] += 1;
            }
            other => *self.other_codes.entry(other).or_default() += 1,
        }
    }

    /// Records how late after its planned instant a request was sent: the generator's own share.
    pub fn lag(&mut self, nanoseconds: u64) {
        self.lag.saturating_record(nanoseconds / 1_000);
    }

    /// How late requests were sent, in microseconds.
    pub fn lags(&self) -> &Histogram<u64> {
        &self.lag
    }

    /// The latencies of a kind, in microseconds.
    pub fn latencies(&self, kind: Kind) -> &Histogram<u64> {
        &self.latency[kind as usize]
    }

    /// The latencies of all kinds together.
    pub fn all_latencies(&self) -> Histogram<u64> {
        let mut all = histogram();
        for latency in &self.latency {
            // Cannot fail: all have the same bounds.
            let _ = all.add(latency);
        }
        all
    }

    /// All requests sent.
    pub fn sent_total(&self) -> u64 {
        self.sent.iter().sum()
    }

    /// All requests answered.
    pub fn answered_total(&self) -> u64 {
        self.answered.iter().sum()
    }

    /// Answers by response code, ascending.
    pub fn codes(&self) -> BTreeMap<String, u64> {
        let digits = (0..100).map(|code| (format!("{code:02}"), self.codes[code]));
        let others = self
            .other_codes
            .iter()
            .map(|(code, count)| (String::from_utf8_lossy(code).into_owned(), *count));
        digits
            .chain(others)
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

fn histogram() -> Histogram<u64> {
    let made = Histogram::new_with_bounds(1, LATENCY_MAX_MICROSECONDS, 3);
    // The bounds are constants that satisfy its rules: 1 <= low, 2 * low <= high, 3 digits <= 5.
    made.expect("constant bounds are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_code() {
        let mut statistics = Statistics::default();
        statistics.answer(Kind::Purchase, *b"00", 5_000, 20);
        statistics.answer(Kind::Purchase, *b"51", 7_000, 90);
        statistics.answer(Kind::Reversal, *b"N7", 9_000_000_000_000_000, 500);
        let codes: Vec<_> = statistics.codes().into_iter().collect();
        let expected = [("00", 1), ("51", 1), ("N7", 1)].map(|(code, n)| (code.to_owned(), n));
        assert_eq!(codes, expected);
        assert_eq!(statistics.all_latencies().len(), 3);
        assert_eq!(statistics.latencies(Kind::Purchase).max(), 7);
    }

    #[test]
    fn the_longest_gap_is_between_answers_to_purchases() {
        let mut statistics = Statistics::default();
        statistics.begin(1_000);
        statistics.answer(Kind::Purchase, *b"00", 1, 1_010);
        statistics.answer(Kind::Inquiry, *b"00", 1, 1_100);
        statistics.answer(Kind::Authorization, *b"91", 1, 1_210);
        statistics.answer(Kind::Purchase, *b"00", 1, 1_220);
        statistics.sent[Kind::Purchase as usize] = 2;
        statistics.sent[Kind::Authorization as usize] = 1;
        statistics.end(9_000);
        assert_eq!(statistics.longest_gap(), 200);
        // One of them is never answered.
        statistics.sent[Kind::Purchase as usize] = 3;
        statistics.end(9_000);
        assert_eq!(statistics.longest_gap(), 9_000 - 1_220);
    }

    #[test]
    fn keeps_the_first_violations() {
        let mut violations = Violations::default();
        for number in 0..100 {
            violations.add(|| number.to_string());
        }
        assert_eq!(
            (violations.count, violations.described.len()),
            (100, VIOLATIONS_KEPT)
        );
    }
}
