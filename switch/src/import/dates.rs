//! When the settlement dates of a list began.

use std::collections::BTreeMap;

use tessera_config::Cutover;
use tessera_kit::clock::Timestamp;
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{Day, Days};

use crate::settlement::since_midnight;

/// A settlement date lies no further from the day of its requests: there may be holidays in between.
const DAYS_APART: u32 = 7;

/// When the dates of a list began that the journal does not know, or knows to begin later: by the clock, where that agrees with the
/// references of the list, which are made of the time; else with the first of them. Dates without debits and credits are not begun.
pub(super) fn begin(
    known: &Days,
    dates: &BTreeMap<Day, Option<(Timestamp, Timestamp)>>,
    cutover: Cutover,
) -> anyhow::Result<Vec<(Timestamp, Day)>> {
    let mut days = known.clone();
    let mut begin = Vec::new();
    let spans = dates
        .iter()
        .filter_map(|(day, span)| span.map(|(first, last)| (*day, first, last)));
    for (day, first, last) in spans.clone() {
        if days.of(first) < day
            && days
                .newest()
                .is_none_or(|(begins, newest)| newest < day || begins > first)
        {
            let apart = Day::at(first, 0).0.abs_diff(day.0);
            anyhow::ensure!(
                apart <= DAYS_APART,
                "the list has {day} as the settlement date of requests of {}: correct the list",
                rfc_3339(first)
            );
            let by_clock = match cutover {
                Cutover::Clock(cutover) => Some(day.begins(since_midnight(cutover))),
                Cutover::Host => None,
            };
            // Requests of the date before may have come until then.
            let before = spans.clone().filter(|(other, ..)| *other < day);
            let before = before.map(|(.., last)| last).max();
            let fits = |at: &Timestamp| *at <= first && before.is_none_or(|before| before < *at);
            let moment = by_clock.filter(fits).unwrap_or(first);
            days.begin(moment, day);
            begin.push((moment, day));
        }
        for at in [first, last] {
            anyhow::ensure!(
                days.of(at) >= day || known.newest().is_some_and(|(_, newest)| newest > day),
                "the list has {day} as the settlement date of requests of {}, but an earlier one of later requests: correct the list",
                rfc_3339(at)
            );
        }
    }
    Ok(begin)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;
    const MIDNIGHT: Cutover = Cutover::Clock(Duration::ZERO);

    /// So many hours after the day 20,000 began.
    fn at(hours: u64) -> Timestamp {
        Timestamp::from_milliseconds(20_000 * DAY + hours * HOUR)
    }

    fn known(days: &[(u64, u32)]) -> Days {
        let mut known = Days::default();
        for (hours, day) in days {
            known.begin(at(*hours), Day(*day));
        }
        known
    }

    fn list(dates: &[(u32, Option<(u64, u64)>)]) -> BTreeMap<Day, Option<(Timestamp, Timestamp)>> {
        let date = |(day, span): &(u32, Option<(u64, u64)>)| {
            (Day(*day), span.map(|(first, last)| (at(first), at(last))))
        };
        dates.iter().map(date).collect()
    }

    #[test]
    fn a_date_begins_by_the_clock_if_its_requests_agree() {
        let today = known(&[(0, 20_000)]);
        let dates = list(&[
            (20_000, Some((3, 23))),
            (20_001, Some((25, 40))),
            (20_002, Some((50, 60))),
        ]);
        let begun = begin(&today, &dates, MIDNIGHT).unwrap();
        assert_eq!(begun, [(at(24), Day(20_001)), (at(48), Day(20_002))]);
        // The financial system has announced them: they began with the first request at the latest.
        let begun = begin(&today, &dates, Cutover::Host).unwrap();
        assert_eq!(begun, [(at(25), Day(20_001)), (at(50), Day(20_002))]);
        let early = list(&[(20_000, Some((3, 15))), (20_001, Some((16, 40)))]);
        let begun = begin(&today, &early, MIDNIGHT).unwrap();
        assert_eq!(begun, [(at(16), Day(20_001))]);
    }

    #[test]
    fn a_date_that_was_announced_may_have_begun_earlier() {
        let announced = known(&[(0, 20_000), (24, 20_001)]);
        let dates = list(&[(20_000, Some((3, 15))), (20_001, Some((16, 40)))]);
        let begun = begin(&announced, &dates, MIDNIGHT).unwrap();
        assert_eq!(begun, [(at(16), Day(20_001))]);
        let agrees = list(&[(20_000, Some((3, 15))), (20_001, Some((25, 40)))]);
        assert_eq!(begin(&announced, &agrees, MIDNIGHT).unwrap(), []);
    }

    #[test]
    fn a_date_far_from_its_requests_is_refused_and_one_of_reversals_is_not_begun() {
        let today = known(&[(0, 20_000)]);
        let far = list(&[(20_000, Some((3, 15))), (20_030, Some((16, 40)))]);
        let refused = begin(&today, &far, MIDNIGHT).unwrap_err().to_string();
        assert!(refused.contains("correct the list"), "{refused}");
        let reversals = list(&[(20_000, Some((3, 15))), (36_000, None)]);
        assert_eq!(begin(&today, &reversals, MIDNIGHT).unwrap(), []);
    }
}
