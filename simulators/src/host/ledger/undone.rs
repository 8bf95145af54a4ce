//! To which settlement dates the undoing of a purchase belongs, of which refunds keep a part back.
//!
//! Reversals and refunds come in any order, because advices of the switch wait while other requests overtake them. What
//! a date comes to must not depend on that. So it follows from their dates alone: on every date from that of the
//! reversal on, there stands what the reversal asked to leave, or what the refunds of up to that date come to, where
//! that is more; and what stands less than the day before was undone on that date.

use super::request::SettlementDate;

/// What has happened to one purchase or completion, by settlement date, in no order.
#[derive(Default)]
pub(super) struct Undone {
    /// What reversals asked to leave.
    asked: Vec<(SettlementDate, u64)>,
    /// What refunds gave back, less what was undone of them.
    refunded: Vec<(SettlementDate, i64)>,
    /// What the dates' totals have of it.
    counted: Vec<(SettlementDate, u64)>,
}

impl Undone {
    /// A reversal asked to leave so much.
    pub(super) fn asked(&mut self, date: SettlementDate, asked: u64) {
        match at(&mut self.asked, date) {
            Some(known) => *known = asked.min(*known),
            None => self.asked.push((date, asked)),
        }
    }

    /// A refund gave so much back, or less than nothing: it was undone.
    pub(super) fn refunded(&mut self, date: SettlementDate, amount: i64) {
        match at(&mut self.refunded, date) {
            Some(known) => *known = known.saturating_add(amount),
            None => self.refunded.push((date, amount)),
        }
    }

    /// Brings what is counted to what follows from all that is known, where `undone` is undone in all of a posting of `amount`:
    /// how much more or less each date has of it.
    pub(super) fn count(&mut self, amount: u64, undone: u64) -> Vec<(SettlementDate, i64)> {
        let counted = self.by_date(amount, undone);
        let former = std::mem::take(&mut self.counted);
        let less = former.iter().map(|&(date, amount)| (date, -signed(amount)));
        let more = counted.iter().map(|&(date, amount)| (date, signed(amount)));
        let moved = less
            .chain(more)
            .filter(|(_, amount)| *amount != 0)
            .collect();
        self.counted = counted;
        moved
    }

    fn by_date(&self, amount: u64, undone: u64) -> Vec<(SettlementDate, u64)> {
        let mut left = undone;
        let mut stands = amount;
        let mut result = Vec::new();
        for date in self.dates() {
            let is_over = |other: SettlementDate| since(date, other) <= 0;
            let asked = self.asked.iter().filter(|(other, _)| is_over(*other));
            let Some(asked) = asked.map(|(_, asked)| *asked).min() else {
                continue;
            };
            let refunded = self.refunded.iter().filter(|(other, _)| is_over(*other));
            let refunded: i64 = refunded.map(|(_, amount)| *amount).sum();
            let stood = stands;
            stands = stands.min(asked.max(refunded.max(0).unsigned_abs()));
            // The ledger knows that a refund which is still to be reversed reduces the reversal; these dates may not
            // know it.
            let here = (stood - stands).min(left);
            left -= here;
            result.push((date, here));
        }
        // Whatever that leaves belongs to the last of them.
        if let Some((_, last)) = result.last_mut() {
            *last += left;
        }
        result
    }

    /// The dates on which something happened, in their order.
    fn dates(&self) -> Vec<SettlementDate> {
        let asked = self.asked.iter().map(|(date, _)| *date);
        let refunded = self.refunded.iter().map(|(date, _)| *date);
        let mut dates: Vec<SettlementDate> = asked.chain(refunded).collect();
        let first = dates.first().copied().unwrap_or(0);
        dates.sort_unstable_by_key(|&date| since(first, date));
        dates.dedup();
        dates
    }
}

fn at<T>(list: &mut [(SettlementDate, T)], date: SettlementDate) -> Option<&mut T> {
    let mut found = list.iter_mut();
    found
        .find(|(known, _)| *known == date)
        .map(|(_, value)| value)
}

/// How many days `date` is after `before`, as if each month had 31: between half a year before and half a year after.
fn since(before: SettlementDate, date: SettlementDate) -> i32 {
    const YEAR: i32 = 12 * 31;
    let days = |date: SettlementDate| i32::from(date / 100) * 31 + i32::from(date % 100);
    (days(date) - days(before) + YEAR / 2).rem_euclid(YEAR) - YEAR / 2
}

fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
