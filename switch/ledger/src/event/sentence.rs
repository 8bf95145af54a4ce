//! The sentence about an event that `tessera explain` shows an operator.

use tessera_protocol::{Amount, Currency, money_text};

use super::Event;
use crate::Directive;

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
                format!("set aside {} of {}", money(*part), money(opening.amount))
            }
            Self::Held { .. } => "set aside, and sent to the financial system".into(),
            Self::Approved { .. } => "approved by the financial system".into(),
            Self::StoodIn { .. } => "approved in the financial system's stead".into(),
            Self::Released { code, .. } => {
                format!("came to nothing ({code}): what was set aside is free")
            }
            Self::Declined { code, reason, .. } => format!("declined ({code}): {reason}"),
            Self::Reversed { standing, .. } => format!("reversed: {} stands", money(*standing)),
            Self::ReversedFurther { standing, .. } => {
                format!("a refund came to nothing: {} stands", money(*standing))
            }
            Self::ReversalNoted { code, .. } => format!("a reversal that changes nothing ({code})"),
            Self::RefundRequested { .. } => "a refund, sent to the financial system".into(),
            Self::LoadRequested { .. } => "a load, sent to the financial system".into(),
            Self::PayoutRequested { .. } => "a payout, sent to the financial system".into(),
            Self::Advised { .. } => "posted as decided elsewhere".into(),
            Self::Completed {
                debit, from_hold, ..
            } => format!(
                "completed: {} debited, {} of it from what was set aside",
                money(*debit),
                money(*from_hold)
            ),
            Self::Expired { .. } => "its time was over: what was left set aside is free".into(),
            Self::AdviceAcknowledged { .. } => {
                "the financial system has acknowledged that it is undone".into()
            }
            Self::PostingAcknowledged { .. } => {
                "the financial system has acknowledged that it was decided".into()
            }
            Self::Repeated { transmission, .. } => {
                format!("came again, with field 7 {transmission:010}")
            }
            Self::GivenUp { code, .. } => {
                format!("the financial system has refused too often to hear of it ({code})")
            }
            Self::Directed(directed) => {
                let what = match directed.directive {
                    Directive::Retry(..) => "have it told again",
                    Directive::Drop(..) => "have it told never",
                    Directive::Block(_)
                    | Directive::Unblock(_)
                    | Directive::Control(..)
                    | Directive::BeginDay(..)
                    | Directive::ChangeKey(_)
                    | Directive::AcceptReferences(_) => "something else",
                };
                format!("{} decided to {what}: {}", directed.by, directed.reason)
            }
            Self::OrderAnnounced { .. } => "the payer agreed to pay the order".into(),
            Self::OrderCancelled { .. } => "the payer took the order back".into(),
            Self::CardRequested { .. } => "a card was asked for".into(),
            Self::CardIssued { .. } => "the card was issued".into(),
            Self::CardLate { .. } => "the card is late: it is asked for again".into(),
            Self::CardRetired { .. } => "a card number was ended".into(),
            Self::Opened(_) => "the wallet was made".into(),
            Self::Closed { .. } => "the wallet was ended".into(),
            Self::Account { .. } => "the payer's account changed".into(),
            Self::Provisioned { .. } | Self::Reconciled(_) => "of no request".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reference;

    #[test]
    fn amounts_are_written_in_the_currency_of_the_request() {
        for currency in Currency::all() {
            let event = Event::ReversedFurther {
                original: Reference(1),
                stood: Amount::new(5_000).unwrap(),
                standing: Amount::new(1_234).unwrap(),
                at: 0,
            };
            let text = event.sentence(currency);
            let money = money_text(1_234, currency);
            assert!(text.contains(&money), "{money} in {text}");
        }
    }
}
