//! The totals of each settlement date (field 15), as sent to the switch.

use hashbrown::HashMap;
use tessera_protocol::Totals;

use super::request::{PostingKind, SettlementDate};

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

    /// One was undone, wholly or in part: it counts as one, and [`Dates::moved`] says how much.
    pub(super) fn undone(&mut self, kind: PostingKind, date: SettlementDate) {
        if let Some((count, _)) = self.reversals(kind, date) {
            *count += 1;
        }
    }

    /// So much more was undone of one, or less than nothing: that belongs to another date.
    pub(super) fn moved(&mut self, kind: PostingKind, date: SettlementDate, amount: i64) {
        if let Some((_, sum)) = self.reversals(kind, date) {
            *sum = sum.saturating_add_signed(amount);
        }
    }

    fn reversals(
        &mut self,
        kind: PostingKind,
        date: SettlementDate,
    ) -> Option<(&mut u64, &mut u64)> {
        let totals = self.0.entry(date).or_default();
        match kind {
            PostingKind::Purchase | PostingKind::Completion | PostingKind::Payout => Some((
                &mut totals.debit_reversals,
                &mut totals.debit_reversal_amount,
            )),
            PostingKind::Load | PostingKind::Refund => Some((
                &mut totals.credit_reversals,
                &mut totals.credit_reversal_amount,
            )),
            PostingKind::Authorization | PostingKind::AuthorizationAdvice => None,
        }
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
