//! Finds the wallet of a request: by card, by order, or as the operator wallet.

use std::rc::Rc;
use std::sync::Arc;
use tessera_console::Limit;

use tessera_protocol::{CardNumber, Message, OrderKey};

use super::{Received, Receiver};
use crate::message::WalletMessage;
use crate::orders::{OrderRoute, Parked};
use tessera_admission::{ListedParty, Requester};
use tessera_kit::clock;
use tessera_ledger::{Action, Ask, Command, Outcome, Payer, Rule, UnseenOriginal, Verdict};

static NOT_ROUTED: Limit = Limit::new("not routed");

impl Receiver {
    /// Finds the wallet that is asked.
    pub(super) fn route(
        &mut self,
        message: &Message<'_>,
        listed: &Arc<ListedParty>,
        mut ask: Ask,
        card: Option<CardNumber>,
        requester: Requester,
    ) -> Received {
        let directory = &self.keeper.neighbours.directory;
        match (&mut ask.opening.payer, card) {
            (Payer::Card(name, _), Some(card)) => match directory.find(&card) {
                Ok(Some(found)) => {
                    name.serial = found.serial;
                    let message = message_of(ask, requester);
                    self.keeper
                        .neighbours
                        .outgoing
                        .dispatch(found.wallet, message);
                }
                // Nobody's card has paid anything.
                Ok(None) => {
                    let verdict = without_original(&ask.action).unwrap_or(Rule::NoSuchCard.into());
                    return self.say(message, Some(listed), verdict);
                }
                Err(error) => return self.fault(message, listed, &error),
            },
            (Payer::Order(key), _) => {
                let key = *key;
                return self.route_by_order(message, listed, key, ask, requester);
            }
            (Payer::Card(..) | Payer::Wallet, _) => {
                return self.say(message, Some(listed), Rule::NotOffered);
            }
        }
        Received::Done
    }

    fn route_by_order(
        &mut self,
        message: &Message<'_>,
        listed: &Arc<ListedParty>,
        key: OrderKey,
        mut ask: Ask,
        requester: Requester,
    ) -> Received {
        let keeper = Rc::clone(&self.keeper);
        match &mut ask.action {
            Action::Reverse {
                original,
                was_waiting,
                ..
            } => {
                let unseen = UnseenOriginal::named(original, &ask.opening, clock::now());
                let named = |parked: &Parked| {
                    let Command::Ask(waiting) = &parked.message.command else {
                        return false;
                    };
                    unseen.means(&waiting.opening)
                };
                match keeper.neighbours.orders.reversal(key, unseen, named) {
                    Ok((wallet, undone)) => {
                        *was_waiting = !undone.is_empty();
                        keeper
                            .neighbours
                            .outgoing
                            .dispatch(wallet, message_of(ask, requester));
                        keeper
                            .neighbours
                            .purchases
                            .answer(undone, Rule::ReversedWhileWaiting);
                    }
                    Err(error) => return self.fault(message, listed, &error),
                }
            }
            Action::Purchase { .. } => {
                let until = requester.arrived + keeper.settings.order_wait;
                let sandbox = keeper.sandbox.as_ref();
                let payer = sandbox.and_then(|sandbox| sandbox.payer(message, key, &ask.opening));
                let parked = Parked {
                    key: ask.opening.key,
                    until,
                    message: message_of(ask, requester),
                };
                match keeper.neighbours.orders.purchase(key, parked) {
                    Ok(OrderRoute::Wallet(wallet, message)) => {
                        keeper.neighbours.outgoing.dispatch(wallet, message)
                    }
                    Ok(OrderRoute::Parked) => {
                        keeper.neighbours.purchases.wait(key, until);
                        if let Some(payer) = payer {
                            payer.agree(&keeper.neighbours.directory, &keeper.neighbours.outgoing);
                        }
                    }
                    Ok(OrderRoute::Contradicts) => {
                        return self.say(message, Some(listed), Rule::OtherContents);
                    }
                    Err(error) => return self.fault(message, listed, &error),
                }
            }
            // What completes or refunds an order follows a payer's agreement, and has nothing to wait for.
            action @ (Action::Complete { .. }
            | Action::Post { .. }
            | Action::Inquiry
            | Action::Verify { .. }
            | Action::Refund { .. }
            | Action::Open
            | Action::IssueCard
            | Action::RenewCard
            | Action::Load(_)
            | Action::Announce { .. }
            | Action::Cancel
            | Action::History(_)
            | Action::Account(_)
            | Action::Unwatch) => match keeper.neighbours.orders.wallet_of(&key) {
                Ok(Some(wallet)) => keeper
                    .neighbours
                    .outgoing
                    .dispatch(wallet, message_of(ask, requester)),
                Ok(None) => {
                    let verdict = without_original(action).unwrap_or(Rule::NoSuchOrder.into());
                    return self.say(message, Some(listed), verdict);
                }
                Err(error) => return self.fault(message, listed, &error),
            },
        }
        Received::Done
    }

    pub(super) fn fault(
        &mut self,
        message: &Message<'_>,
        listed: &Arc<ListedParty>,
        error: &dyn std::fmt::Display,
    ) -> Received {
        if NOT_ROUTED.allows(None) {
            tracing::error!(%error, "a request could not be routed");
        }
        self.say(message, Some(listed), Rule::StoreUnreadable)
    }
}

fn message_of(ask: Ask, requester: Requester) -> WalletMessage {
    WalletMessage::asked(Command::Ask(Box::new(ask)), requester)
}

/// What is said to a message whose original cannot be there, if it names one.
fn without_original(action: &Action) -> Option<Verdict> {
    let advice = match action {
        Action::Reverse { advice, .. } => *advice,
        Action::Complete {
            elsewhere: false, ..
        } => true,
        Action::Refund { original: Some(_) } => false,
        Action::Purchase { .. }
        | Action::Complete { .. }
        | Action::Post { .. }
        | Action::Inquiry
        | Action::Verify { .. }
        | Action::Refund { .. }
        | Action::Open
        | Action::IssueCard
        | Action::RenewCard
        | Action::Load(_)
        | Action::Announce { .. }
        | Action::Cancel
        | Action::History(_)
        | Action::Account(_)
        | Action::Unwatch => return None,
    };
    Some(Outcome::unmatched(advice).verdict())
}
