//! Requests for the operator wallet: reconciliation, and changes of the MAC key.

use std::sync::Arc;
use std::time::Instant;
use tessera_console::Limit;

use bytes::Bytes;
use tessera_protocol::{Message, NetworkManagement, Reconciliation, Totals};

use super::super::key_change::{self, NotChanged};
use super::super::{answer, permission};
use super::{Received, Receiver};
use crate::message::WalletMessage;
use tessera_admission::{ListedParty, Requester};
use tessera_kit::clock;
use tessera_ledger::{Command, DAYS_KEPT, Reconciled, Rule, WalletId};
use tessera_metrics::FrameRefused;

static KEY_NOT_CHANGED: Limit = Limit::new("key change refused");

impl Receiver {
    /// A party's new key goes to the operator's wallet, which keeps it as it came: wrapped.
    pub(super) fn change_key(
        &mut self,
        listed: &Arc<ListedParty>,
        message: &Message<'_>,
        network: &NetworkManagement<'_>,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        let operator_policy = self.keeper.neighbours.policy.read();
        let under_newest = self.keys.is_newest(&self.used);
        let directed =
            match key_change::read(&listed.party, network, under_newest, &operator_policy) {
                Ok(directed) => directed,
                Err(why) => {
                    if KEY_NOT_CHANGED.allows(self.address()) {
                        tracing::warn!(
                            party = listed.party.code.number(),
                            party_name = listed.party.name,
                            reason = why.text(),
                            "the party's MAC key was not changed"
                        );
                    }
                    listed.figures.key_changes_refused.inc();
                    return match why {
                        NotChanged::Format(refusal) => self.refuse(message, Some(listed), &refusal),
                        NotChanged::Rule(rule) => self.say(message, Some(listed), rule),
                    };
                }
            };
        let requester =
            match self.requester(listed, message, frame, now, answer::reply_to_key_change) {
                Ok(requester) => requester,
                Err(received) => return received,
            };
        self.send_to_operator_wallet(Command::ChangeKey(Box::new(directed)), requester)
    }

    /// A party's totals go to the operator's wallet, which keeps what was compared.
    pub(super) fn reconcile(
        &mut self,
        listed: &Arc<ListedParty>,
        message: &Message<'_>,
        totals: &Reconciliation,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        if let Err(rule) = permission::check(&listed.party, message) {
            self.refused(FrameRefused::NotPermitted);
            return self.say(message, Some(listed), rule);
        }
        let today = self.keeper.neighbours.policy.read().days.of(clock::now());
        let day = match today.named(totals.settlement_date) {
            Some(day) if day > today => return self.say(message, Some(listed), Rule::DayNotBegun),
            Some(day) if today.0 - day.0 < DAYS_KEPT as u32 => day,
            _ => return self.say(message, Some(listed), Rule::DayTooOld),
        };
        let reconciled = Reconciled {
            institution: Some(listed.party.code),
            trace: totals.trace,
            transmission: totals.transmission,
            day,
            theirs: totals.totals,
            ours: Totals::default(),
        };
        let reply = answer::reply_as(&listed.party.quirks);
        let requester = match self.requester(listed, message, frame, now, reply) {
            Ok(requester) => requester,
            Err(received) => return received,
        };
        self.send_to_operator_wallet(Command::Reconcile(Box::new(reconciled)), requester)
    }

    fn send_to_operator_wallet(&self, command: Command, requester: Requester) -> Received {
        let outgoing = &self.keeper.neighbours.outgoing;
        outgoing.dispatch(WalletId::OPERATOR, WalletMessage::asked(command, requester));
        Received::Done
    }
}
