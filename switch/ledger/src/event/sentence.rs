//! The sentence about an event that `tessera explain` shows an operator.

use tessera_protocol::{Amount, Currency, money_text};

use super::Event;
use crate::{Change, Directive};

impl Event {
    /// What happened, in one sentence, with amounts in `currency`. It may quote texts of outsiders, which may hold card numbers.
    pub fn sentence(&self, currency: Currency) -> String {
        let money = |amount: Amount| money_text(amount, currency);
        match self {
            Self::Held {
                granted: Some(part),
                opening,
                ..
            } => {
                format!("held {} of {}", money(*part), money(opening.amount))
            }
            Self::Held { .. } => "held, and sent to the financial system".into(),
            Self::Approved { .. } => "approved by the financial system".into(),
            Self::StoodIn { .. } => "approved as stand-in for the financial system".into(),
            Self::Released { code, .. } => {
                format!("failed ({code}): the hold is released")
            }
            Self::Declined { code, reason, .. } => format!("declined ({code}): {reason}"),
            Self::Reversed { standing, .. } => format!("reversed: {} remains", money(*standing)),
            Self::ReversedFurther { standing, .. } => {
                format!(
                    "a refund failed: {} remains of the purchase",
                    money(*standing)
                )
            }
            Self::ReversalNoted { code, .. } => format!("a reversal that changes nothing ({code})"),
            Self::RefundRequested { .. } => "a refund, sent to the financial system".into(),
            Self::LoadRequested { .. } => "a load, sent to the financial system".into(),
            Self::PayoutRequested { .. } => "a payout, sent to the financial system".into(),
            Self::Advised { .. } => "posted as a stand-in advice".into(),
            Self::Completed {
                debit, from_hold, ..
            } => format!(
                "completed: {} debited, {} of it from the hold",
                money(*debit),
                money(*from_hold)
            ),
            Self::Expired { .. } => "the hold expired and was released".into(),
            Self::AdviceAcknowledged { .. } => {
                "the financial system has acknowledged the reversal".into()
            }
            Self::PostingAcknowledged { .. } => {
                "the financial system has acknowledged the advice".into()
            }
            Self::Repeated { transmission, .. } => {
                format!("repeated, with field 7 {transmission:010}")
            }
            Self::GivenUp { code, .. } => {
                format!("the financial system has refused the advice too often ({code})")
            }
            Self::Directed(directed) => {
                let what = match &directed.directive {
                    Directive::Retry(..) => "resend the advice".into(),
                    Directive::Drop(..) => "drop the advice".into(),
                    other @ (Directive::Block(_)
                    | Directive::Unblock(_)
                    | Directive::Control(..)
                    | Directive::BeginDay(..)
                    | Directive::ChangeKey(_)
                    | Directive::AcceptReferences(_)
                    | Directive::Import(_)
                    | Directive::Undelivered(_)
                    | Directive::ConsoleAccount(_)) => other.words(),
                };
                format!("{} decided to {what}: {}", directed.by, directed.reason)
            }
            Self::OrderAnnounced { .. } => "the payer agreed to pay the order".into(),
            Self::OrderCancelled { .. } => "the payer cancelled the order".into(),
            Self::CardRequested { .. } => "a card was requested".into(),
            Self::CardIssued { .. } => "the card was issued".into(),
            Self::CardLate { .. } => "the card is late: it is requested again".into(),
            Self::CardRetired { .. } => "a card number was ended".into(),
            Self::Opened(_) => "the wallet was created".into(),
            Self::Closed { .. } => "the wallet was ended".into(),
            Self::Account {
                change: Change::Disputed(_),
                ..
            } => "the payer does not recognise it: the wallet is frozen".into(),
            Self::Account { .. } => "the payer's account changed".into(),
            Self::Provisioned { .. } | Self::Reconciled(_) => "of no request".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_kit::clock::Timestamp;

    use super::*;
    use crate::Reference;

    #[test]
    fn amounts_are_written_in_the_currency_of_the_request() {
        for currency in Currency::all() {
            let event = Event::ReversedFurther {
                original: Reference(1),
                stood: Amount::new(5_000).unwrap(),
                standing: Amount::new(1_234).unwrap(),
                at: Timestamp::EPOCH,
            };
            let text = event.sentence(currency);
            let money = money_text(1_234, currency);
            assert!(text.contains(&money), "{money} in {text}");
        }
    }
}
