//! The rows of a list, by wallet, and why one is left to people.

use hashbrown::HashMap;
use tessera_ledger::{Broken, CardName, Day, Kind, NotImported, Reference, Transaction, Wallet};
use tessera_protocol::Amount;
use tessera_reports::recon::{Booked, Step};

/// A row of the list, and the card of the wallet that it names.
pub(super) struct Row {
    pub step: Step,
    pub booked: Booked,
    pub card: CardName,
}

impl Row {
    /// By date: what was refunded and taken back was so before its purchase was reversed.
    pub fn order(&self) -> (Day, bool, bool, Reference) {
        let Booked {
            day,
            side,
            reference,
            ..
        } = self.booked;
        (day, side.reverses, side.reverses && side.debit, reference)
    }
}

/// A wallet to which rows are imported.
pub(super) struct Importing {
    pub wallet: Wallet,
    /// The same, with events that are tried before they are journaled.
    pub trial: Wallet,
    /// The newest reference that the wallet has given.
    pub newest: Option<Reference>,
    /// What of each request stands by the list, as far as its reversals were looked at.
    pub stands: HashMap<Reference, Amount>,
    pub to_come: Later,
}

/// What the whole list says of a request, whatever the date.
#[derive(Default)]
pub(super) struct Later {
    /// What is reversed of it, and not imported yet.
    pub reversed: HashMap<Reference, u64>,
    /// What refunds of it come to in the end.
    refunded: HashMap<Reference, i64>,
}

impl Later {
    pub fn of(rows: &[Row], wallet: &Wallet) -> Self {
        let mut later = Self::default();
        let known = |reference| wallet.transactions.by_reference(reference);
        let named = rows.iter().filter(|row| !row.booked.side.reverses);
        let purchases: HashMap<_, _> = named
            .map(|row| (row.booked.reference, row.booked.original))
            .collect();
        for row in rows {
            let Booked {
                reference,
                side,
                amount,
                ..
            } = row.booked;
            if side.reverses {
                *later.reversed.entry(reference).or_default() += amount.value();
            }
            let purchase = match known(reference) {
                Some(refund) => refund.more().original,
                None => purchases.get(&reference).copied().flatten(),
            };
            if let Some(purchase) = purchase.filter(|_| !side.debit) {
                let amount = amount.value() as i64;
                let signed = if side.reverses { -amount } else { amount };
                let before = known(purchase).map_or(0, |found| found.more().used.value() as i64);
                *later.refunded.entry(purchase).or_insert(before) += signed;
            }
        }
        later
    }

    /// What stays of it in the end whatever becomes of its refunds; zero where that cannot be separated from what they keep.
    pub fn stays(&self, reference: Reference, stands: Amount) -> Amount {
        let reversed = self.reversed.get(&reference).copied().unwrap_or(0);
        let refunded = self.refunded.get(&reference).copied().unwrap_or(0);
        let left = stands.value().saturating_sub(reversed);
        let stays = Amount::new(left).filter(|_| left as i64 > refunded);
        stays.unwrap_or(Amount::ZERO)
    }
}

pub(super) fn has_side(found: &Transaction, booked: &Booked) -> bool {
    match found.kind {
        Kind::Purchase | Kind::Completion | Kind::Payout => booked.side.debit,
        Kind::Refund | Kind::Load => !booked.side.debit,
        Kind::Authorization
        | Kind::Reversal
        | Kind::CardIssue
        | Kind::Retirement
        | Kind::Administration => false,
    }
}

/// Whether what a reversal leaves suffices for the refunds that are still to come.
pub(super) fn leaves_enough(importing: &Importing, reversal: &Row, to_come: &[Row]) -> bool {
    let of = reversal.booked.reference;
    let refunds = to_come.iter().filter(|row| row.booked.original == Some(of));
    let refunds: u64 = refunds.map(|row| row.booked.amount.value()).sum();
    let stands = importing.stands.get(&of).copied().unwrap_or(Amount::ZERO);
    refunds <= stands.saturating_sub(reversal.booked.amount).value()
}

/// Why a row is left to people.
#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
    #[error(transparent)]
    Rule(NotImported),
    #[error("{0}")]
    Broken(Broken),
    #[error("the list does not have its switch_trace")]
    Advice,
    #[error("its switch_reference is another card's here")]
    OtherCard,
    #[error("more is reversed than what stands of it")]
    TooMuch,
    #[error("here its settlement date is {0}")]
    OtherDay(Day),
    #[error("its settlement date has not begun here")]
    NotBegun,
    #[error(
        "the wallet has newer requests: the switch has run since the restore, or later rows were imported before"
    )]
    Older,
    #[error("the wallet has requests of a later settlement date")]
    Over,
}
