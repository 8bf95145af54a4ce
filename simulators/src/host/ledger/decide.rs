//! What becomes of a posting that was never seen.

use tessera_protocol::ResponseCode;

use super::Ledger;
use super::accounts::signed;
use super::concern::{Concern, Detail, Named};
use super::request::{Posting, PostingKind};
use super::request_table::{Entry, State};

impl Ledger {
    /// What an approved posting is about, or why it is not approved.
    pub(super) fn decide(
        &mut self,
        posting: &Posting,
        concern: &Concern,
        verdict: impl FnOnce() -> ResponseCode,
    ) -> Result<Option<Detail>, ResponseCode> {
        // An advice reports a decision that has already been made.
        if posting.kind.is_advice() {
            return Ok(None);
        }
        match posting.kind {
            // Money finds its way back also from a card that is dead.
            PostingKind::Refund | PostingKind::Payout => {
                if !self.accounts.existed(posting.card) {
                    return Err(ResponseCode::NO_SUCH_CARD);
                }
            }
            _ => self.accounts.refusal(posting.card).map_or(Ok(()), Err)?,
        }
        let code = verdict();
        if !code.is_approved() {
            return Err(code);
        }
        match *concern {
            Concern::Card => Ok(None),
            Concern::Source { source, balance } => {
                let left = balance.map(|balance| signed(balance) - self.given.of(&source));
                let short = left.is_some_and(|left| left < signed(posting.amount));
                if posting.kind == PostingKind::Load && short {
                    return Err(ResponseCode::NOT_ENOUGH_MONEY);
                }
                Ok(Some(Detail::Source(source)))
            }
            Concern::Original(named) => self.original(posting, &named).map(Some),
        }
    }

    /// The original of a refund, if it bears the amount.
    fn original(&mut self, refund: &Posting, named: &Named) -> Result<Detail, ResponseCode> {
        let accounts = &self.accounts;
        let may_be = |entry: &Entry| {
            let bought = matches!(
                entry.state,
                State::Posted(PostingKind::Purchase | PostingKind::Completion)
            );
            bought && entry.is_approved() && accounts.are_one(entry.card, refund.card)
        };
        let request_table = &mut self.tables[named.request_table as usize];
        let known = named
            .reference
            .and_then(|reference| request_table.find(&reference));
        let original = match known.filter(|entry| may_be(entry)) {
            Some(known) => *known,
            None => *request_table
                .find_named(named, may_be)
                .ok_or(ResponseCode::NOT_FOUND)?,
        };
        if original.kept.saturating_sub(original.refunded) < refund.amount {
            return Err(ResponseCode::INVALID_AMOUNT);
        }
        Ok(Detail::Original {
            request_table: named.request_table,
            reference: original.reference,
        })
    }
}
