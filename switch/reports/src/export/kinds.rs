//! The names of events in an export. They are for ever: a warehouse has them in its queries.

use tessera_ledger::Event;

/// The name of an event's kind.
pub(super) fn kind(event: &Event) -> &'static str {
    match event {
        Event::Opened(_) => "wallet_opened",
        Event::Provisioned { .. } => "wallet_provisioned",
        Event::CardRequested { .. } => "card_requested",
        Event::CardIssued { .. } => "card_issued",
        Event::CardRetired { .. } => "card_retired",
        Event::CardLate { .. } => "card_late",
        Event::LoadRequested { .. } => "load_requested",
        Event::PayoutRequested { .. } => "payout_requested",
        Event::RefundRequested { .. } => "refund_requested",
        Event::Held { .. } => "held",
        Event::Advised { .. } => "advised",
        Event::Completed { .. } => "completed",
        Event::Expired { .. } => "hold_expired",
        Event::StoodIn { .. } => "stood_in",
        Event::PostingAcknowledged { .. } => "posting_acknowledged",
        Event::Approved { .. } => "approved",
        Event::Released { .. } => "released",
        Event::Declined { .. } => "declined",
        Event::Reversed { .. } => "reversed",
        Event::ReversedFurther { .. } => "reversed_further",
        Event::ReversalNoted { .. } => "reversal_noted",
        Event::AdviceAcknowledged { .. } => "advice_acknowledged",
        Event::Repeated { .. } => "repeated",
        Event::OrderAnnounced { .. } => "order_announced",
        Event::OrderCancelled { .. } => "order_cancelled",
        Event::Account { .. } => "account_changed",
        Event::Closed { .. } => "wallet_closed",
        Event::GivenUp { .. } => "advice_given_up",
        Event::Directed(_) => "operator_decided",
        Event::Reconciled(_) => "totals_compared",
    }
}
