//! To which wallet a request goes.

use std::rc::Rc;
use std::sync::Arc;

use tessera_protocol::{Message, ResponseCode};

use super::super::sign_on::Verdict;
use super::{Received, Receiver};
use crate::clock;
use crate::door::{Asker, Guest};
use crate::orders::{Parked, Road};
use crate::wallet::{Action, Ask, Command, Payer, Tell, UnseenOriginal};

impl Receiver {
    /// Finds the wallet that is asked.
    pub(super) fn route(
        &mut self,
        message: &Message<'_>,
        guest: &Arc<Guest>,
        ask: Ask,
        asker: Asker,
    ) -> Received {
        let keeper = Rc::clone(&self.keeper);
        let worker = &keeper.worker;
        let advice = matches!(ask.action, Action::Reverse { advice: true, .. });
        let reversal = matches!(ask.action, Action::Reverse { .. });
        let arrived = asker.arrived;
        match ask.opening.payer.clone() {
            Payer::Card(card, _) => match worker.directory.wallet_of(&card) {
                Ok(Some(wallet)) => worker.dispatch(wallet, told(ask, asker)),
                // Nothing can be there to undo.
                Ok(None) if advice => return self.say(message, Some(guest), DONE),
                Ok(None) if reversal => return self.say(message, Some(guest), NEVER_SEEN),
                Ok(None) => return self.say(message, Some(guest), NO_SUCH_CARD),
                Err(error) => return self.fault(message, guest, &error),
            },
            Payer::Order(key) => match &ask.action {
                Action::Reverse { original, .. } => {
                    let unseen =
                        UnseenOriginal::named(original, &ask.opening, clock::milliseconds());
                    let named = |parked: &Parked| match &parked.tell.command {
                        Command::Ask(waiting) => unseen.means(&waiting.opening, true),
                        _ => false,
                    };
                    match worker.orders.reversal(key, unseen, named) {
                        Ok((wallet, undone)) => {
                            worker.dispatch(wallet, told(ask, asker));
                            worker.answer_parked(undone, REVERSED_WHILE_WAITING);
                        }
                        Err(error) => return self.fault(message, guest, &error),
                    }
                }
                _ => {
                    let until = arrived + keeper.settings.order_wait;
                    let parked = Parked {
                        key: ask.opening.key,
                        until,
                        tell: told(ask, asker),
                    };
                    match worker.orders.purchase(key, parked) {
                        Ok(Road::Wallet(wallet, tell)) => worker.dispatch(wallet, tell),
                        Ok(Road::Parked) => worker.park(key, until),
                        Err(error) => return self.fault(message, guest, &error),
                    }
                }
            },
            Payer::Wallet => return self.say(message, Some(guest), NOT_OFFERED),
        }
        Received::Done
    }

    fn fault(
        &mut self,
        message: &Message<'_>,
        guest: &Arc<Guest>,
        error: &dyn std::fmt::Display,
    ) -> Received {
        tracing::error!(%error, "a request could not be routed");
        self.say(
            message,
            Some(guest),
            (ResponseCode::FAULT, "the store could not be read"),
        )
    }
}

fn told(ask: Ask, asker: Asker) -> Tell {
    Tell {
        command: Command::Ask(Box::new(ask)),
        asker: Some(asker),
    }
}

const DONE: Verdict = (ResponseCode::APPROVED, "");
const NO_SUCH_CARD: Verdict = (ResponseCode::NO_SUCH_CARD, "no such card");
const NEVER_SEEN: Verdict = (ResponseCode::NOT_FOUND, "the original was never seen");
const REVERSED_WHILE_WAITING: Verdict = (
    ResponseCode::DECLINED,
    "reversed while it waited for the order",
);
const NOT_OFFERED: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "not offered on this line",
);
