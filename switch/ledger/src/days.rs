//! Settlement dates: which one a moment belongs to.
//!
//! A date begins at a moment that is journaled before it comes, so that a moment's date is the same for ever, on every
//! worker and after every restart, whatever the configuration says by then.

use tessera_kit::clock::Timestamp;
use time::{Date, Month};

/// A settlement date, in days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub u32);

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;
/// So many dates are known at the same time: reconciliation of older ones is over.
pub const DAYS_KEPT: usize = 62;
/// A month and day that is further away from today than this is one of another year.
const HALF_A_YEAR: i64 = 183;

impl Day {
    /// The date of a moment where dates begin so many milliseconds after midnight (UTC): what comes after that belongs to
    /// the next date, as an evening's purchases do that are settled the day after.
    pub fn at(moment: Timestamp, cutover: u64) -> Self {
        let ahead = match cutover % DAY {
            0 => 0,
            cutover => DAY - cutover,
        };
        Self((moment.plus(ahead).milliseconds() / DAY) as u32)
    }

    /// When it begins by that clock.
    pub fn begins(self, cutover: u64) -> Timestamp {
        let midnight = Timestamp::from_milliseconds(u64::from(self.0) * DAY);
        match cutover % DAY {
            0 => midnight,
            cutover => midnight.saturating_sub(DAY - cutover),
        }
    }

    /// The one with this field 15 (MMDD) that is nearest to this one; `None` where there is none.
    pub fn named(self, month_and_day: u32) -> Option<Self> {
        let month = Month::try_from((month_and_day / 100) as u8).ok()?;
        let year = self.date().year();
        (year - 1..=year + 1)
            .filter_map(|year| {
                let date = Date::from_calendar_date(year, month, (month_and_day % 100) as u8);
                let days = date.ok()?.to_julian_day() - EPOCH;
                u32::try_from(days).ok().map(Self)
            })
            .find(|day| (i64::from(day.0) - i64::from(self.0)).abs() <= HALF_A_YEAR)
    }

    /// From year, month and day, as in 2026-11-23.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.parse::<u16>().ok()
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let month = Month::try_from(month as u8).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, day as u8).ok()?;
        let whole = text.len() == 10;
        u32::try_from(date.to_julian_day() - EPOCH)
            .ok()
            .map(Self)
            .filter(|_| whole)
    }

    /// Field 15: MMDD.
    pub fn month_and_day(self) -> u32 {
        let date = self.date();
        u32::from(u8::from(date.month())) * 100 + u32::from(date.day())
    }

    fn date(self) -> Date {
        let days = i32::try_from(self.0).unwrap_or(i32::MAX - EPOCH);
        Date::from_julian_day(EPOCH + days).unwrap_or(Date::MAX)
    }
}

/// 1970-01-01 as a Julian day.
const EPOCH: i32 = 2_440_588;

impl std::fmt::Display for Day {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = self.date();
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

/// When dates begin, and which of them the financial system has the same totals of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Days {
    /// The newest at the end.
    begin: Vec<(Timestamp, Day)>,
    agreed: Vec<Day>,
}

impl Days {
    /// The date of a moment.
    pub fn of(&self, moment: Timestamp) -> Day {
        let begun = |(begins, _): &&(Timestamp, Day)| *begins <= moment;
        let found = self.begin.iter().rev().find(begun).or(self.begin.first());
        found.map_or_else(|| Day::at(moment, 0), |(_, day)| *day)
    }

    /// The newest, and when it begins.
    pub fn newest(&self) -> Option<(Timestamp, Day)> {
        self.begin.last().copied()
    }

    /// All that are known, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Timestamp, Day)> + '_ {
        self.begin.iter().copied()
    }

    /// Those that are over by this moment and not agreed upon yet, each with when it was over; oldest first.
    pub fn unsettled(&self, moment: Timestamp) -> impl Iterator<Item = (Day, Timestamp)> + '_ {
        let spans = self.begin.windows(2).map(|pair| (pair[0].1, pair[1].0));
        spans.filter(move |(day, over)| *over <= moment && !self.is_agreed(*day))
    }

    /// Whether the financial system has the same totals of this date.
    pub fn is_agreed(&self, day: Day) -> bool {
        self.agreed.contains(&day)
    }

    /// It has the same totals of it.
    pub fn agree(&mut self, day: Day) {
        let known = self.begin.iter().any(|(_, known)| *known == day);
        if known && !self.is_agreed(day) {
            self.agreed.push(day);
        }
    }

    /// From then on it is this date. Neither goes back; but the newest may begin earlier than it was said it would.
    pub fn begin(&mut self, moment: Timestamp, day: Day) {
        let earlier = |&(begins, last): &(Timestamp, Day)| last == day && moment < begins;
        if self.newest().is_some_and(|newest| earlier(&newest)) {
            self.begin.pop();
        }
        let goes_on = |(begun, last): (Timestamp, Day)| begun < moment && last < day;
        if self.newest().is_none_or(goes_on) {
            self.begin.push((moment, day));
            let surplus = self.begin.len().saturating_sub(DAYS_KEPT);
            self.begin.drain(..surplus);
            let oldest = self.begin.first().map(|(_, oldest)| *oldest);
            self.agreed.retain(|agreed| Some(*agreed) >= oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = moment(1_790_000_000_000 / DAY * DAY + DAY / 2);

    const fn moment(milliseconds: u64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn what_comes_after_the_cutover_belongs_to_the_next_date() {
        let today = Day((NOON.milliseconds() / DAY) as u32);
        assert_eq!(Day::at(NOON, 0), today);
        assert_eq!(today.begins(0), NOON.saturating_sub(DAY / 2));
        let ten = 10 * 3_600_000;
        assert_eq!(Day::at(NOON, ten), Day(today.0 + 1));
        assert_eq!(
            Day::at(NOON.saturating_sub(DAY / 2).plus(ten - 1), ten),
            today
        );
        for cutover in [0, ten, DAY - 1] {
            let begins = today.begins(cutover);
            assert_eq!(Day::at(begins, cutover), today);
            assert_eq!(Day::at(begins.saturating_sub(1), cutover), Day(today.0 - 1));
        }
    }

    #[test]
    fn field_15_means_the_nearest_date() {
        let new_year = Day::from_text("2026-01-01").unwrap();
        assert_eq!(new_year.to_string(), "2026-01-01");
        assert_eq!(new_year.named(1231), Day::from_text("2025-12-31"));
        assert_eq!(new_year.named(102), Day::from_text("2026-01-02"));
        assert_eq!(new_year.named(1231).unwrap().month_and_day(), 1231);
        for wrong in [0, 1301, 230, 100] {
            assert_eq!(new_year.named(wrong), None, "{wrong}");
        }
        for wrong in ["", "2026-1-01", "2026-02-30", "2026-01-01-", "20260101"] {
            assert_eq!(Day::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_date_begins_once_and_never_earlier() {
        let mut days = Days::default();
        days.begin(moment(1_000), Day(5));
        days.begin(moment(2_000), Day(6));
        days.begin(moment(1_500), Day(7));
        days.begin(moment(3_000), Day(6));
        days.begin(moment(9_500), Day(7));
        days.begin(moment(9_000), Day(7));
        assert_eq!(days.iter().len(), 3);
        let of = |at| days.of(moment(at)).0;
        assert_eq!([0, 999, 1_000, 1_999].map(of), [5; 4]);
        assert_eq!([2_000, 8_999, 9_000].map(of), [6, 6, 7]);
    }

    #[test]
    fn a_date_that_is_over_is_unsettled_until_both_sides_agree() {
        let mut days = Days::default();
        for day in 1..=3 {
            days.begin(moment(u64::from(day) * 1_000), Day(day));
        }
        let unsettled = |days: &Days, at| days.unsettled(moment(at)).collect::<Vec<_>>();
        assert_eq!(unsettled(&days, 1_999), []);
        let both = [(Day(1), moment(2_000)), (Day(2), moment(3_000))];
        assert_eq!(unsettled(&days, 3_000), both);
        days.agree(Day(1));
        days.agree(Day(1));
        assert_eq!(unsettled(&days, 9_000), [both[1]]);
        for day in 4..=200 {
            days.begin(moment(u64::from(day) * 1_000), Day(day));
        }
        assert_eq!((days.iter().len(), days.agreed.len()), (DAYS_KEPT, 0));
    }
}
