//! Network management: who is speaking, and whether they are still there.

use std::sync::Arc;

use tessera_protocol::{NetworkCode, NetworkManagement, ResponseCode};

use tessera_admission::{Admission, Arrival, Bound, Connection, ListedParty, Misfit, Permit};
use tessera_metrics::ConnectionRefused;

/// Whether the party of a connection has signed on.
#[derive(Debug, Default)]
pub(super) enum Standing {
    /// It has not, or has signed off again.
    #[default]
    Stranger,
    /// It has, and has a place among the party's connections.
    SignedOn(#[expect(dead_code, reason = "held for as long as the connection stands")] Permit),
}

/// What a network management message is answered with, and why.
pub(super) type Verdict = (ResponseCode, &'static str);

/// The party has too many connections.
const TOO_MANY: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "as many connections as the party may have",
);

const WRONG_DIALECT: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "the party's profile has another framing or packing",
);

const WRONG_ADDRESS: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "the party's profile does not have this address",
);

const WRONG_TRANSPORT: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "the party's profile says otherwise whether with TLS",
);
const WRONG_CERTIFICATE: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "the party's profile has another certificate",
);

/// Whether the connection has to end after this verdict, and what that is called.
pub(super) fn refuses(verdict: &Verdict) -> Option<ConnectionRefused> {
    match *verdict {
        TOO_MANY => Some(ConnectionRefused::PartyFull),
        WRONG_DIALECT => Some(ConnectionRefused::Dialect),
        WRONG_ADDRESS => Some(ConnectionRefused::Address),
        WRONG_TRANSPORT => Some(ConnectionRefused::Transport),
        WRONG_CERTIFICATE => Some(ConnectionRefused::Certificate),
        _ => None,
    }
}

/// The refusals of a connection that does not match its party's profile.
fn verdict(misfit: Misfit) -> Verdict {
    match misfit {
        Misfit::Dialect => WRONG_DIALECT,
        Misfit::Address => WRONG_ADDRESS,
        Misfit::Transport => WRONG_TRANSPORT,
        Misfit::Certificate => WRONG_CERTIFICATE,
    }
}

/// Decides a network message of the party that its field 32 names.
pub(super) fn manage(
    standing: &mut Standing,
    connection: &Connection,
    listed: &Arc<ListedParty>,
    in_flight: &Arc<Admission>,
    arrival: &Arrival,
    message: &NetworkManagement<'_>,
) -> Verdict {
    let signed_on = matches!(standing, Standing::SignedOn(_));
    match message.code {
        NetworkCode::SignOn if signed_on => (ResponseCode::APPROVED, ""),
        NetworkCode::SignOn => {
            if let Err(misfit) = arrival.check(&listed.party) {
                return verdict(misfit);
            }
            let Some(permit) = Permit::take(&listed.connections) else {
                return TOO_MANY;
            };
            connection.bind(Bound {
                listed: Some(Arc::clone(listed)),
                arrival: arrival.clone(),
                doors: [
                    Admission::new(listed.party.in_flight_per_connection_max),
                    Arc::clone(&listed.in_flight),
                    Arc::clone(in_flight),
                ],
            });
            *standing = Standing::SignedOn(permit);
            (ResponseCode::APPROVED, "")
        }
        _ if !signed_on => (ResponseCode::NOT_PERMITTED_TO_PARTY, "not signed on"),
        NetworkCode::SignOff => {
            *standing = Standing::Stranger;
            (ResponseCode::APPROVED, "")
        }
        // A key is changed by the operator's wallet, of a party that has signed on.
        NetworkCode::Echo | NetworkCode::KeyChange => (ResponseCode::APPROVED, ""),
    }
}
