//! Finding the original that a reversal, completion or refund names among the transactions at hand.

use super::super::original::NamedOriginal;
use super::super::transaction::{Kind, Transaction};
use super::super::{Opening, Wallet};
use tessera_kit::clock::Timestamp;

/// Why there is no original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// Nothing fits.
    Unseen,
    /// Several fit equally well: whichever was taken might be the wrong one.
    Several,
}

/// The one transaction of these kinds that fits best what `opening` names.
pub(super) fn find<'a>(
    wallet: &'a Wallet,
    opening: &Opening,
    named: &NamedOriginal,
    kinds: impl Fn(Kind) -> bool,
) -> Result<&'a Transaction, Unmatched> {
    find_at(wallet, opening.reference.given_at(), named, kinds)
}

/// The same for a message that came at this time.
pub(super) fn find_at<'a>(
    wallet: &'a Wallet,
    at: Timestamp,
    named: &NamedOriginal,
    kinds: impl Fn(Kind) -> bool,
) -> Result<&'a Transaction, Unmatched> {
    let mut best = None;
    let mut found = Err(Unmatched::Unseen);
    for transaction in wallet.transactions.iter().filter(|one| kinds(one.kind)) {
        let age = at.since(transaction.reference.given_at());
        let fit = match transaction.is_imported() {
            true => named.fit_imported(&transaction.traits(), transaction.transmission),
            false => named.fit(&transaction.traits(), |time| transaction.sent(time), age),
        };
        if fit.is_none() || fit < best {
            continue;
        }
        found = match fit == best {
            true => Err(Unmatched::Several),
            false => Ok(transaction),
        };
        best = fit;
    }
    found
}
