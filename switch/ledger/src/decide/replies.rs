//! How a decision answers the wallet server.

use smallvec::smallvec;

use super::super::{Context, Effect, Event, Opening, Outcome, Wallet};
use super::Decision;
use crate::{Rule, Verdict};

/// Whether the host may be asked for something on the wallet's account.
pub(super) fn may_reach_host(
    wallet: &Wallet,
    opening: &Opening,
    context: &Context,
) -> Result<(), Rule> {
    if let Some(account) = &wallet.account
        && (account.closed || account.closing.is_some())
    {
        return Err(Rule::WalletEnded);
    }
    match wallet.currency {
        None => Err(Rule::NoSuchWallet),
        Some(currency) if currency != opening.currency => Err(Rule::OtherCurrency),
        Some(_) if !context.host_up => Err(Rule::HostDown),
        Some(_) => Ok(()),
    }
}

/// Sends the request to the host, whose answer its asker waits for.
pub(super) fn forward(opening: &Opening) -> smallvec::SmallVec<[Effect; 2]> {
    smallvec![
        Effect::Await(opening.reference),
        Effect::Forward(opening.reference)
    ]
}

pub(super) fn done(event: Event) -> Decision {
    Decision {
        events: smallvec![event],
        effects: smallvec![Effect::Answer(Outcome::approved())],
    }
}

/// Refusals to the wallet server change nothing and are decided afresh when it asks again.
pub(super) fn refuse(why: impl Into<Verdict>) -> Decision {
    Decision::answer(Outcome::declined(why))
}
