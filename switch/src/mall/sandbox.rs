//! The sandbox, in the development environment only: payers who agree by themselves to orders of certain numbers, and
//! answers that are lost or late. The other outcomes are the wallet's and the financial system's.

use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use tessera_admission::{Reply, Requester};
use tessera_config::Settings;
use tessera_console::Limit;
use tessera_kit::clock;
use tessera_ledger::{
    Action, Ask, Class, Command, DuplicateKey, KeyFields, KeyPayer, Opening, Outcome, Payer,
    Reference, WalletId,
};
use tessera_protocol::leased::Operation;
use tessera_protocol::sandbox::{self, Agreement, Outcome as Played};
use tessera_protocol::{Amount, CardNumber, Currency, Message, OrderKey, tlv};

use super::answer;
use crate::dispatch::Outgoing;
use crate::message::WalletMessage;
use crate::shared::Directory;

static NO_TEST_CARD: Limit = Limit::new("test card missing");

/// How long after the purchase a payer agrees who agrees late: well within the shipped `order_wait`.
const AGREES_AFTER: Duration = Duration::from_secs(1);
/// What the agreement of such a payer differs by, in minor units.
const AGREED_MORE: u64 = 100;
/// When an answer leaves that is late: after the ten seconds that most clients wait.
const LATE_BY: Duration = Duration::from_secs(12);
/// Field 41 of what payers do by themselves.
const TERMINAL: &[u8; 8] = b"SANDBOX ";

/// What sessions need for it.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox {
    currency: Currency,
    /// Milliseconds.
    order_valid_for: u64,
}

impl Sandbox {
    /// `None` where it is off.
    pub fn of(settings: &Settings) -> Option<Self> {
        settings.sandbox.play.then_some(Self {
            currency: settings.currency,
            order_valid_for: settings.mall.order_valid_for.as_millis() as u64,
        })
    }

    /// How a purchase or authorization is answered, if its answer is lost or late. Repeats are answered as ever.
    pub(super) fn reply(
        message: &Message<'_>,
        opening: &Opening,
        action: &Action,
        card: Option<&CardNumber>,
    ) -> Option<Reply> {
        if !matches!(action, Action::Purchase { .. }) || opening.repeat {
            return None;
        }
        let played = sandbox::of_amount(opening.amount)
            .or_else(|| card.and_then(sandbox::of_card))
            .or_else(|| Some(agreement(message)?.outcome))?;
        match played {
            Played::AnswerLost => Some(lost),
            Played::AnswerLate => Some(late),
            Played::Approved
            | Played::AgreedLate
            | Played::AgreedOtherwise
            | Played::Declined(_)
            | Played::Partial
            | Played::Slow
            | Played::HostIgnores
            | Played::HostSilent
            | Played::HostLate
            | Played::HostTwice
            | Played::HostCuts => None,
        }
    }

    /// The payer who agrees by itself to the order of a purchase, and the announcement of the order.
    pub(super) fn payer(
        &self,
        message: &Message<'_>,
        key: OrderKey,
        asked: &Opening,
    ) -> Option<SandboxPayer> {
        let agreement = agreement(message)?;
        let stated = agreement.amount.unwrap_or(asked.amount);
        let amount = if agreement.outcome == Played::AgreedOtherwise {
            Amount::new(stated.value() + AGREED_MORE)?
        } else {
            stated
        };
        let now = clock::now();
        let opening = Opening {
            key: DuplicateKey::of(KeyFields {
                institution: None,
                terminal: TERMINAL,
                acceptor: &asked.acceptor,
                trace: asked.trace,
                local_time: asked.local_time,
                local_date: asked.local_date,
                class: Class::Administrative.number(),
                processing_code: u32::from(Operation::AnnounceOrder.number()),
                payer: KeyPayer::Order(&key),
            }),
            acceptor: asked.acceptor,
            retrieval: asked.retrieval,
            amount,
            payer: Payer::Order(key),
            ..Opening::by_itself(
                Reference(0),
                Reference(0),
                TERMINAL,
                Operation::AnnounceOrder,
                self.currency,
                now,
            )
        };
        let action = Action::Announce {
            expires_at: now.plus(self.order_valid_for),
            description: Vec::new(),
            reversed: Vec::new(),
        };
        Some(SandboxPayer {
            card: CardNumber::development(agreement.serial),
            after: (agreement.outcome == Played::AgreedLate).then_some(AGREES_AFTER),
            announcement: WalletMessage::unasked(Command::Ask(Box::new(Ask {
                opening,
                action,
                claims: None,
            }))),
        })
    }
}

/// A payer who agrees by itself.
pub(super) struct SandboxPayer {
    card: CardNumber,
    after: Option<Duration>,
    announcement: WalletMessage,
}

impl SandboxPayer {
    /// Announces the order, now or a little later.
    pub(super) fn agree(self, directory: &Directory, outgoing: &Rc<Outgoing>) {
        let wallet = match directory.find(&self.card) {
            Ok(Some(found)) => found.wallet,
            Ok(None) => {
                if NO_TEST_CARD.allows(None) {
                    tracing::warn!(
                        card = %self.card,
                        "no payer agrees to an order of the sandbox: `tessera provision --test-cards` makes its payers"
                    );
                }
                return;
            }
            Err(error) => {
                tracing::error!(%error, "a test card could not be looked up");
                return;
            }
        };
        let outgoing = Rc::clone(outgoing);
        let announce = move |wallet: WalletId| outgoing.dispatch(wallet, self.announcement);
        match self.after {
            None => announce(wallet),
            Some(after) => {
                actix::spawn(async move {
                    tokio::time::sleep(after).await;
                    announce(wallet);
                });
            }
        }
    }
}

/// Who agrees to the order that the message names.
fn agreement(message: &Message<'_>) -> Option<Agreement> {
    let order = tlv::find(message.raw(48)?, tlv::ORDER).ok()??;
    sandbox::of_order(order)
}

/// The answer is lost.
fn lost(_: &Requester, _: &Outcome, _: &mut BytesMut) {}

/// The answer leaves late, over the same connection if it is still there.
fn late(requester: &Requester, outcome: &Outcome, _: &mut BytesMut) {
    let mut answer = BytesMut::new();
    answer::reply_by_profile(requester, outcome, &mut answer);
    let connection = std::sync::Arc::clone(requester.admitted.connection());
    actix::spawn(async move {
        tokio::time::sleep(LATE_BY).await;
        if connection.write(|out| out.extend_from_slice(&answer)) {
            connection.flush();
        }
    });
}
