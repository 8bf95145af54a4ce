//! The host's own sums, with which the load generator compares its figures.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tessera_protocol::ResponseCode;

use super::ledger::{CardOperation, PostingKind};
use super::rules::Fault;

/// How many, and how much in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    pub(super) count: u64,
    pub(super) amount: u64,
}

impl Sum {
    fn add(&mut self, amount: u64) {
        self.count += 1;
        self.amount += amount;
    }

    fn json(self) -> Value {
        json!({ "count": self.count, "amount": self.amount })
    }
}

/// Everything that is counted. What concerns money is rebuilt from the log at start; the rest counts from start.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Purchases.
    pub(super) approved: Sum,
    pub(super) declined: BTreeMap<ResponseCode, Sum>,
    pub(super) authorized: Sum,
    pub(super) completed: Sum,
    pub(super) refunded: Sum,
    pub(super) loads: Sum,
    /// What reversals took back of purchases, refunds and completions.
    pub(super) reversed: Sum,
    pub(super) loads_reversed: Sum,
    /// Money that went back to its source.
    pub(super) payouts: Sum,
    pub(super) payouts_reversed: Sum,
    /// The parts of `reversed`: purchases and completions, and refunds.
    pub(super) purchases_reversed: Sum,
    pub(super) refunds_reversed: Sum,
    pub(super) authorizations_reversed: Sum,
    /// What all cards together have spent: purchases and completions, less refunds and what was undone of them.
    pub(super) net: i64,
    cards_issued: u64,
    cards_cancelled: u64,
    /// Requests that had been answered before.
    pub(super) repeats: u64,
    /// Reversals of what had not been seen.
    pub(super) reversals_unseen: u64,
    /// One reference, two contents; or field 90 and field 37 naming different things. A fault of the switch.
    pub(super) contradictions: u64,
    /// Requests that could not be understood.
    pub(super) refused: u64,
    pub(super) requests: u64,
    pub(super) connections: u64,
    dropped: u64,
    late: u64,
    doubled: u64,
    cut: u64,
    pub(super) ignored: u64,
}

impl Tally {
    pub(super) fn posted(&mut self, kind: PostingKind, code: ResponseCode, amount: u64) {
        if !code.is_approved() {
            self.declined.entry(code).or_default().add(amount);
            return;
        }
        match kind {
            PostingKind::Purchase => self.approved.add(amount),
            PostingKind::Load => self.loads.add(amount),
            PostingKind::Payout => self.payouts.add(amount),
            PostingKind::Refund => self.refunded.add(amount),
            PostingKind::Authorization | PostingKind::AuthorizationAdvice => {
                self.authorized.add(amount)
            }
            PostingKind::Completion => self.completed.add(amount),
        }
        self.net += in_net(kind, amount);
    }

    pub(super) fn undone(&mut self, kind: PostingKind, amount: u64) {
        match kind {
            PostingKind::Purchase | PostingKind::Completion => {
                self.reversed.add(amount);
                self.purchases_reversed.add(amount);
            }
            PostingKind::Refund => {
                self.reversed.add(amount);
                self.refunds_reversed.add(amount);
            }
            PostingKind::Payout => self.payouts_reversed.add(amount),
            PostingKind::Load => self.loads_reversed.add(amount),
            PostingKind::Authorization | PostingKind::AuthorizationAdvice => {
                self.authorizations_reversed.add(amount)
            }
        }
        self.net -= in_net(kind, amount);
    }

    pub(super) fn card(&mut self, operation: CardOperation) {
        match operation {
            CardOperation::Issue => self.cards_issued += 1,
            CardOperation::Cancel => self.cards_cancelled += 1,
            CardOperation::Replace => {
                self.cards_issued += 1;
                self.cards_cancelled += 1;
            }
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Dropped => self.dropped += 1,
            Fault::Late => self.late += 1,
            Fault::Doubled => self.doubled += 1,
            Fault::Cut => self.cut += 1,
        }
    }

    /// What a replay of the log must give again.
    pub(super) fn money(&self) -> Value {
        let declined: serde_json::Map<_, _> = self
            .declined
            .iter()
            .map(|(code, sum)| (code.to_string(), sum.json()))
            .collect();
        json!({
            "approved": self.approved.json(),
            "declined": declined,
            "authorized": self.authorized.json(),
            "completed": self.completed.json(),
            "refunded": self.refunded.json(),
            "reversed": self.reversed.json(),
            "loads": self.loads.json(),
            "loads_reversed": self.loads_reversed.json(),
            "payouts": self.payouts.json(),
            "payouts_reversed": self.payouts_reversed.json(),
            "purchases_reversed": self.purchases_reversed.json(),
            "refunds_reversed": self.refunds_reversed.json(),
            "authorizations_reversed": self.authorizations_reversed.json(),
            "net": self.net,
            "cards_issued": self.cards_issued,
            "cards_cancelled": self.cards_cancelled,
        })
    }

    /// All of it.
    pub(super) fn json(&self) -> Value {
        let mut all = self.money();
        all["repeats"] = self.repeats.into();
        all["reversals_unseen"] = self.reversals_unseen.into();
        all["contradictions"] = self.contradictions.into();
        all["refused"] = self.refused.into();
        all["requests"] = self.requests.into();
        all["connections"] = self.connections.into();
        all["faults"] = json!({
            "dropped": self.dropped,
            "late": self.late,
            "doubled": self.doubled,
            "cut": self.cut,
            "ignored": self.ignored,
        });
        all
    }
}

/// Amounts have twelve digits, far below the sign.
fn in_net(kind: PostingKind, amount: u64) -> i64 {
    match kind {
        PostingKind::Purchase | PostingKind::Completion => amount as i64,
        PostingKind::Refund => -(amount as i64),
        PostingKind::Load
        | PostingKind::Payout
        | PostingKind::Authorization
        | PostingKind::AuthorizationAdvice => 0,
    }
}
