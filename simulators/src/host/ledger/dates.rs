//! What each settlement date (field 15) comes to, as the switch is told it.

use hashbrown::HashMap;
use tessera_protocol::Totals;

use super::PostingKind;

/// Field 15, MMDD; 0 where it was not said. The same month and day of another year is the same date here.
pub(in crate::host) type SettlementDate = u16;

/// The later of two dates that are less than half a year apart.
pub(super) fn later(one: SettlementDate, other: SettlementDate) -> SettlementDate {
    // As if each month had 31 days.
    let days = |date: SettlementDate| i32::from(date / 100) * 31 + i32::from(date % 100);
    match (days(one) - days(other)).rem_euclid(12 * 31) < 6 * 31 {
        true => one,
        false => other,
    }
}

/// Sums by date.
#[derive(Default)]
pub(super) struct Dates(HashMap<SettlementDate, Totals>);

impl Dates {
    /// A posting was approved.
    pub(super) fn posted(&mut self, kind: PostingKind, amount: u64, date: SettlementDate) {
        let totals = self.0.entry(date).or_default();
        let (count, sum) = match kind {
            PostingKind::Purchase | PostingKind::Completion | PostingKind::Payout => {
                (&mut totals.debits, &mut totals.debit_amount)
            }
            PostingKind::Load | PostingKind::Refund => {
                (&mut totals.credits, &mut totals.credit_amount)
            }
            // Money that is held has not moved.
            PostingKind::Authorization | PostingKind::AuthorizationAdvice => return,
        };
        *count += 1;
        *sum += amount;
    }

    /// So much of one was undone; `further` where it goes on with an undoing that was counted.
    pub(super) fn undone(
        &mut self,
        kind: PostingKind,
        amount: u64,
        date: SettlementDate,
        further: bool,
    ) {
        let totals = self.0.entry(date).or_default();
        let (count, sum) = match kind {
            PostingKind::Purchase | PostingKind::Completion | PostingKind::Payout => (
                &mut totals.debit_reversals,
                &mut totals.debit_reversal_amount,
            ),
            PostingKind::Load | PostingKind::Refund => (
                &mut totals.credit_reversals,
                &mut totals.credit_reversal_amount,
            ),
            PostingKind::Authorization | PostingKind::AuthorizationAdvice => return,
        };
        *count += u64::from(!further);
        *sum += amount;
    }

    /// What a date comes to.
    pub(super) fn of(&self, date: SettlementDate) -> Totals {
        with_net(self.0.get(&date).copied().unwrap_or_default())
    }

    /// What each comes to.
    pub(super) fn all(&self) -> impl Iterator<Item = (SettlementDate, Totals)> {
        self.0
            .iter()
            .map(|(&date, &totals)| (date, with_net(totals)))
    }
}

fn with_net(mut totals: Totals) -> Totals {
    totals.net = totals.net_of_amounts();
    totals
}
