//! Status inquiries: what has become of an order, or of a request.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tessera_protocol::{CardNumber, Extras, Message, ResponseCode, StatusInquiry, StatusReport};

use super::super::answer;
use super::{Received, Receiver, asks};
use crate::message::WalletMessage;
use tessera_admission::ListedParty;
use tessera_ledger::{Command, Payer, Rule, StatusQuery, Verdict, WalletId};
use tessera_store::StoreError;

impl Receiver {
    /// The wallet answers, if there is one; a purchase that waits for its order is known here only. It takes its place among
    /// the unanswered requests of the party like any other, and moves and journals nothing.
    pub(super) fn report(
        &mut self,
        listed: &Arc<ListedParty>,
        message: &Message<'_>,
        inquiry: &StatusInquiry<'_>,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        let (mut query, card) = match asks::read_status(&listed.party, message, inquiry) {
            Ok(read) => read,
            Err((why, rule)) => {
                self.refused(why);
                return self.say(message, Some(listed), rule);
            }
        };
        match self.wallet_in_question(&mut query, card) {
            Ok(Some(wallet)) => {
                let reply = answer::reply_as(&listed.party.quirks);
                let requester = match self.requester(listed, message, frame, now, reply) {
                    Ok(requester) => requester,
                    Err(received) => return received,
                };
                let command = Command::AskStatus(Box::new(query));
                let outgoing = &self.keeper.neighbours.outgoing;
                outgoing.dispatch(wallet, WalletMessage::asked(command, requester));
                Received::Done
            }
            Ok(None) => match self.waiting(&query) {
                Some(report) => self.report_at_once(message, listed, &report, now),
                None => self.say(message, Some(listed), Rule::StatusUnknown),
            },
            Err(error) => self.fault(message, listed, &error),
        }
    }

    /// The wallet of the card or order, whose serial number is put in.
    fn wallet_in_question(
        &self,
        query: &mut StatusQuery,
        card: Option<CardNumber>,
    ) -> Result<Option<WalletId>, StoreError> {
        let neighbours = &self.keeper.neighbours;
        match (&mut query.payer, card) {
            (Payer::Order(key), _) => neighbours.orders.wallet_of(key),
            (Payer::Card(name, _), Some(card)) => {
                let found = neighbours.directory.find(&card)?;
                if let Some(found) = &found {
                    name.serial = found.serial;
                }
                query.name_payer();
                Ok(found.map(|found| found.wallet))
            }
            (Payer::Card(..) | Payer::Wallet, _) => Ok(None),
        }
    }

    /// The purchase in question, if it waits for the payer to agree.
    fn waiting(&self, query: &StatusQuery) -> Option<StatusReport> {
        let key = query.order()?;
        let orders = &self.keeper.neighbours.orders;
        orders.waiting(&key, |parked| {
            let Command::Ask(ask) = &parked.message.command else {
                return None;
            };
            query.report_waiting(&ask.opening)
        })
    }

    fn report_at_once(
        &self,
        message: &Message<'_>,
        listed: &Arc<ListedParty>,
        report: &StatusReport,
        now: Instant,
    ) -> Received {
        let metrics = &self.keeper.neighbours.metrics;
        metrics.answered(self.kind, Verdict::APPROVED, now.elapsed());
        let key = self.key(Some(listed));
        self.write(key, |out, key| {
            let extras = Extras {
                status: Some(report),
                ..Extras::default()
            };
            tessera_protocol::answer(message, out, ResponseCode::APPROVED, &extras, key);
        });
        Received::Done
    }
}
