//! After a settlement date has ended, the operator wallet sends its totals to the host, and receives the host's.

use super::WalletActor;
use crate::gate::Release;
use crate::message::{Reply, WalletMessage};
use tessera_host::{HostMessage, HostRequest};
use tessera_ledger::{Command, Context, Day, Outcome, Reconciled, Reference, Rule, Verdict};

/// The totals that were sent to the host, and the waiting requester.
pub(super) struct TotalsAsked {
    reference: Reference,
    /// Without theirs.
    compared: Reconciled,
    reply: Reply,
}

impl WalletActor {
    /// Sends an 0520. Where another is under way, nobody waits for that any more.
    pub(super) fn send_totals(&mut self, day: Day, reply: &Reply, context: &Context) {
        let services = &self.services;
        let ours = services.totals.of_all(day);
        let reference = services.numbers.next_reference(context.now);
        let request = HostRequest {
            wallet: self.wallet.id,
            reference,
            trace: services.host.next_trace(),
            transmission: services.numbers.transmission(reference),
            deadline: self.sent_at + services.answer_within,
            message: HostMessage::Reconciliation {
                settlement_date: day.month_and_day(),
                totals: Box::new(ours),
            },
        };
        let asked = TotalsAsked {
            reference,
            compared: Reconciled {
                institution: None,
                trace: Some(request.trace),
                transmission: request.transmission,
                day,
                theirs: ours,
                ours,
            },
            reply: reply.clone(),
        };
        self.totals_asked = Some(Box::new(asked));
        self.hold(Release::Request(request));
    }

    /// Evaluates the host's answer about the totals; every other command is unchanged.
    pub(super) fn with_totals(&mut self, message: WalletMessage) -> Option<WalletMessage> {
        let about = match &message.command {
            Command::HostAnswered(reference, _)
            | Command::HostSilent(reference)
            | Command::HostUnreached(reference)
            | Command::HostTotals(reference, ..) => *reference,
            Command::Ask(_)
            | Command::AskStatus(_)
            | Command::HostIssuedCard(..)
            | Command::AdviceAnswered(..)
            | Command::AdviceRefused(..)
            | Command::Reconcile(_)
            | Command::AskForTotals(_)
            | Command::CompareTotals(_)
            | Command::ChangeKey(_)
            | Command::Direct(_)
            | Command::Inspect
            | Command::Wake
            | Command::Recover
            | Command::Renew
            | Command::Reseal
            | Command::BrowserGone(_) => return Some(message),
        };
        let Some(asked) = self.totals_asked.take_if(|asked| asked.reference == about) else {
            let belated = matches!(message.command, Command::HostTotals(..));
            return (!belated).then_some(message);
        };
        let outcome = match message.command {
            Command::HostTotals(_, agreed, theirs) => {
                let compared = Reconciled {
                    theirs: *theirs,
                    ..asked.compared
                };
                if agreed != compared.agrees() {
                    tracing::info!(
                        day = %compared.day,
                        agreed,
                        "the financial system's field 66 and its net amount contradict each other"
                    );
                }
                return Some(WalletMessage {
                    reply: Some(asked.reply),
                    ..WalletMessage::unasked(Command::CompareTotals(Box::new(compared)))
                });
            }
            Command::HostAnswered(_, code) => {
                Outcome::declined(Verdict::with_code(Rule::HostTotalsRefused, code))
            }
            Command::Ask(_)
            | Command::AskStatus(_)
            | Command::HostIssuedCard(..)
            | Command::HostSilent(_)
            | Command::HostUnreached(_)
            | Command::AdviceAnswered(..)
            | Command::AdviceRefused(..)
            | Command::Reconcile(_)
            | Command::AskForTotals(_)
            | Command::CompareTotals(_)
            | Command::ChangeKey(_)
            | Command::Direct(_)
            | Command::Inspect
            | Command::Wake
            | Command::Recover
            | Command::Renew
            | Command::Reseal
            | Command::BrowserGone(_) => Outcome::declined(Rule::HostTotalsUnanswered),
        };
        self.answer_operator(&asked.reply, outcome);
        None
    }
}
