//! Who waits for an answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tessera_common::text::{latin_1, visible};
use tessera_console::Limit;
use tessera_protocol::{Header, MacKey, Message, OriginalData, Stan};

use super::{Admitted, Connection};
use tessera_ledger::{Outcome, Rule, Verdict};
use tessera_metrics::Kind;

static NO_ORIGINAL: Limit = Limit::new("original not found");

/// A request that has not been answered yet. Dropping it answers nothing and gives its place back.
#[derive(Debug)]
pub struct Requester {
    /// Where the answer goes, and its place among the unanswered ones.
    pub admitted: Admitted,
    /// The request in binary packing: the answer echoes parts of it.
    pub frame: Bytes,
    /// What stood in front of it: the answer goes back to where it came from.
    pub header: Header,
    /// When it came.
    pub arrived: Instant,
    /// What it asks for, for the figures.
    pub kind: Kind,
    /// What the request was sealed with, and the answer will be; `None` for the key of the party's profile.
    pub key: Option<Arc<MacKey>>,
    /// How its answer is written.
    pub reply: Reply,
}

/// Writes the answer to a request into an outbox: malls and the wallet server are answered in other
/// messages.
pub type Reply = fn(&Requester, &Outcome, &mut BytesMut);

/// Why a request is declined, where the log is at debug: what the metrics count and tag 09 says. A reversal, completion or
/// refund whose original is not found is a warning, within the rate limit of the address: money may be debited that somebody
/// thinks was given back.
pub fn log_decline(request: &Message<'_>, address: Option<IpAddr>, verdict: Verdict) {
    let Verdict { code, rule } = verdict;
    let text = |field| visible(&latin_1(request.raw(field).unwrap_or_default()));
    if rule == Some(Rule::OriginalNotFound) {
        if !NO_ORIGINAL.allows(address) {
            return;
        }
        let original = request.raw(90).and_then(OriginalData::parse);
        tracing::warn!(
            mti = %request.mti(),
            party = request.number(32),
            trace = request.number(11),
            original_trace = original.map(|original| Stan::digits(original.trace)),
            original_time = original.map(|original| original.transmission),
            retrieval = %text(37),
            terminal = %text(41).trim_end(),
            acceptor = %text(42).trim_end(),
            amount = request.number(4),
            %code,
            "original not found"
        );
        return;
    }
    tracing::debug!(
        mti = %request.mti(),
        party = request.number(32),
        trace = request.number(11),
        retrieval = %text(37),
        acceptor = %text(42).trim_end(),
        %code,
        reason = verdict.reason(),
        "declined"
    );
}

impl Requester {
    /// Logs why it is declined.
    pub fn log_decline(&self, verdict: Verdict) {
        if (verdict.rule == Some(Rule::OriginalNotFound)
            || tracing::enabled!(tracing::Level::DEBUG))
            && let Ok(request) = Message::parse(&self.frame)
        {
            let bound = self.admitted.connection().bound();
            log_decline(
                &request,
                bound.and_then(|bound| bound.arrival.address),
                verdict,
            );
        }
    }

    /// Writes the answer into the connection's outbox and gives the place back. True if the connection must be flushed
    /// and no flush is scheduled yet.
    pub fn answer(self, outcome: &Outcome) -> Option<Arc<Connection>> {
        let connection = self.admitted.connection();
        let first = connection.write(|out| (self.reply)(&self, outcome, out));
        first.then(|| Arc::clone(connection))
    }
}
