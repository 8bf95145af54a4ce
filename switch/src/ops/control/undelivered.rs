//! Messages that were given up are sent again or dropped: who does it, and why, is journaled first.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use tessera_journal::Position;
use tessera_ledger::Outbox;

use super::caller::{Caller, Right};
use super::{Operator, forbidden, starting, text};

/// Who wants something done to messages, and why.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stated {
    /// The name of the person who decides; empty for the user of the socket.
    pub by: String,
    /// The reason.
    pub reason: String,
}

/// A request that a caller may make.
pub(super) struct Request<'a> {
    operator: &'a OnceLock<Operator>,
    by: String,
    reason: String,
}

impl<'a> Request<'a> {
    /// A request of this caller; or what refuses it.
    #[allow(
        clippy::result_large_err,
        reason = "made once for a request of an operator, and answered at once"
    )]
    pub(super) fn of(
        caller: &Caller,
        stated: Option<Json<Stated>>,
        operator: &'a Data<OnceLock<Operator>>,
    ) -> Result<Self, HttpResponse> {
        if let Some(refused) = forbidden(caller, Right::Settle) {
            return Err(refused);
        }
        let stated = stated.map(Json::into_inner).unwrap_or_default();
        Ok(Self {
            operator,
            by: caller.signature(&stated.by),
            reason: stated.reason.trim().to_owned(),
        })
    }

    /// Journals it. `one` is the message, or all that were given up.
    pub(super) async fn journal(
        &self,
        outbox: Outbox,
        sends: bool,
        one: Option<(String, Position)>,
    ) -> Result<(), HttpResponse> {
        let why = (self.by.as_str(), self.reason.as_str());
        let operator = self.operator.get().ok_or_else(starting)?;
        let journaled = operator.journal_undelivered((outbox, sends), one, why);
        journaled
            .await
            .map_err(|refusal| text(HttpResponse::Conflict(), refusal.0 + "\n"))
    }

    /// What came of it goes to the log.
    pub(super) fn log(&self, id: Option<&str>, count: &Result<usize, String>, what: &str) {
        let (by, reason) = (&self.by, &self.reason);
        let letter = id.unwrap_or("all");
        let (count, error) = (count.as_ref().ok(), count.as_ref().err());
        tracing::info!(by, reason, letter, count, error, "{what}");
    }
}
