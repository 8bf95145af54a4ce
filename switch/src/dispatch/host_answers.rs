//! The host's answers, as commands like any other.

use tessera_host::{AdviceOutcome, HostAnswer, HostOutcome};
use tessera_ledger::{AdviceSubject, Command};
use tessera_protocol::ResponseCode;

use super::Outgoing;

impl Outgoing {
    /// Sends a wallet the host's answer to its request.
    pub fn deliver(&self, answer: HostAnswer) {
        let wallet = answer.wallet;
        self.send(wallet, command(answer));
    }

    /// Sends a wallet the host's answer to its advice, or to its repeated request for a card.
    pub fn deliver_advice(
        &self,
        answer: HostAnswer,
        subject: AdviceSubject,
        outcome: AdviceOutcome,
    ) {
        let wallet = answer.wallet;
        self.send(wallet, command_of_advice(answer, subject, outcome));
    }
}

fn command(answer: HostAnswer) -> Command {
    let reference = answer.reference;
    match answer.outcome {
        HostOutcome::Answered { code, .. } => {
            Command::HostAnswered(reference, ResponseCode::new(code))
        }
        HostOutcome::CardIssued { card, expiry } => {
            Command::HostIssuedCard(reference, card, expiry)
        }
        HostOutcome::Totals { agreed, theirs } => Command::HostTotals(reference, agreed, theirs),
        HostOutcome::Silent => Command::HostSilent(reference),
        HostOutcome::Unsent => Command::HostUnreached(reference),
    }
}

fn command_of_advice(
    answer: HostAnswer,
    subject: AdviceSubject,
    outcome: AdviceOutcome,
) -> Command {
    let reference = answer.reference;
    match answer.outcome {
        HostOutcome::Answered { code, .. } if outcome == AdviceOutcome::Refused => {
            Command::AdviceRefused(reference, subject, ResponseCode::new(code))
        }
        HostOutcome::CardIssued { card, expiry } => {
            Command::HostIssuedCard(reference, card, expiry)
        }
        HostOutcome::Answered { .. }
        | HostOutcome::Totals { .. }
        | HostOutcome::Silent
        | HostOutcome::Unsent => Command::AdviceAnswered(reference, subject),
    }
}
