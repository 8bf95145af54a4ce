//! What a wallet has spent today and this month, to hold against its limits. Days and months are those of UTC.

use tessera_protocol::Amount;
use tessera_protocol::leased::Spent;

use tessera_kit::clock::{self, Timestamp};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Purchases of the day and the month of the newest one; a purchase that came to nothing is taken out again, a
/// refund is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spending {
    /// Days since 1970.
    pub(super) day: u32,
    /// YYMM.
    pub(super) month: u16,
    pub(super) day_amount: u64,
    pub(super) month_amount: u64,
    pub(super) day_count: u32,
    pub(super) month_count: u32,
}

impl Spending {
    /// What was spent on the day and in the month of this time.
    pub fn at(&self, moment: Timestamp) -> Spent {
        let mut then = *self;
        then.turn_to(moment);
        Spent {
            day: then.day_amount,
            month: then.month_amount,
            day_count: u64::from(then.day_count),
            month_count: u64::from(then.month_count),
        }
    }

    /// A purchase of this time.
    pub(super) fn add(&mut self, moment: Timestamp, amount: Amount) {
        self.turn_to(moment);
        self.day_amount = self.day_amount.saturating_add(amount.value());
        self.month_amount = self.month_amount.saturating_add(amount.value());
        self.day_count = self.day_count.saturating_add(1);
        self.month_count = self.month_count.saturating_add(1);
    }

    /// More of a purchase of this time, and the purchase itself if nothing of it stood any more.
    pub(super) fn add_to(&mut self, moment: Timestamp, amount: Amount, anew: bool) {
        let (amount, count) = (amount.value(), u32::from(anew));
        if day_of(moment) == self.day {
            self.day_amount = self.day_amount.saturating_add(amount);
            self.day_count = self.day_count.saturating_add(count);
        }
        if clock::year_month(moment) == self.month {
            self.month_amount = self.month_amount.saturating_add(amount);
            self.month_count = self.month_count.saturating_add(count);
        }
    }

    /// So much of a purchase of this time was undone, and the purchase itself if `whole`.
    pub(super) fn take_out(&mut self, moment: Timestamp, amount: Amount, whole: bool) {
        let (amount, count) = (amount.value(), u32::from(whole));
        if day_of(moment) == self.day {
            self.day_amount = self.day_amount.saturating_sub(amount);
            self.day_count = self.day_count.saturating_sub(count);
        }
        if clock::year_month(moment) == self.month {
            self.month_amount = self.month_amount.saturating_sub(amount);
            self.month_count = self.month_count.saturating_sub(count);
        }
    }

    /// The calendar is asked once a day; a clock that was set back changes nothing.
    fn turn_to(&mut self, moment: Timestamp) {
        let day = day_of(moment);
        if day <= self.day {
            return;
        }
        let month = clock::year_month(moment);
        if month != self.month {
            (self.month, self.month_amount, self.month_count) = (month, 0, 0);
        }
        (self.day, self.day_amount, self.day_count) = (day, 0, 0);
    }
}

fn day_of(moment: Timestamp) -> u32 {
    (moment.milliseconds() / DAY) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 November 2026, noon.
    const NOON: Timestamp = Timestamp::from_milliseconds(1_796_040_000_000);

    fn amount(minor: u64) -> Amount {
        Amount::new(minor).unwrap()
    }

    #[test]
    fn days_and_months_begin_anew() {
        let mut spending = Spending::default();
        spending.add(NOON, amount(100));
        spending.add(NOON.plus(1), amount(50));
        let today = spending.at(NOON);
        assert_eq!((today.day, today.day_count), (150, 2));
        assert_eq!((today.month, today.month_count), (150, 2));
        let tomorrow = spending.at(NOON.plus(DAY));
        assert_eq!((tomorrow.day, tomorrow.month), (0, 0));
        spending.add(NOON.plus(DAY), amount(7));
        spending.add(NOON.plus(2 * DAY), amount(3));
        let later = spending.at(NOON.plus(2 * DAY));
        assert_eq!((later.day, later.day_count), (3, 1));
        assert_eq!((later.month, later.month_count), (10, 2));
    }

    #[test]
    fn what_was_undone_counts_no_more_where_it_had_counted() {
        let mut spending = Spending::default();
        spending.add(NOON.saturating_sub(DAY), amount(100));
        spending.add(NOON, amount(50));
        spending.take_out(NOON.saturating_sub(DAY), amount(30), false);
        let today = spending.at(NOON);
        assert_eq!((today.day, today.day_count), (50, 1));
        assert_eq!((today.month, today.month_count), (120, 2));
        spending.take_out(NOON, amount(50), true);
        let today = spending.at(NOON);
        assert_eq!((today.day, today.day_count), (0, 0));
        assert_eq!((today.month, today.month_count), (70, 1));
    }
}
