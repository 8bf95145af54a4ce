//! Network management messages: sign-on, sign-off, echo.

use std::sync::Arc;

use tessera_protocol::{NetworkCode, NetworkManagement};

use tessera_admission::{Admission, Arrival, Bound, Connection, ListedParty, Misfit, Permit};
use tessera_ledger::{Rule, Verdict};
use tessera_metrics::ConnectionRefused;

/// Whether the party of a connection has signed on.
#[derive(Debug, Default)]
pub(super) enum Standing {
    /// It has not, or has signed off again.
    #[default]
    NotSignedOn,
    /// It has, and has a place among the party's connections.
    SignedOn(#[expect(dead_code, reason = "held for as long as the connection is open")] Permit),
}

/// The refusals that end the connection.
const ENDING: [(Rule, ConnectionRefused); 5] = [
    (Rule::PartyFull, ConnectionRefused::PartyFull),
    (Rule::OtherDialect, ConnectionRefused::Dialect),
    (Rule::OtherAddress, ConnectionRefused::Address),
    (Rule::OtherTransport, ConnectionRefused::Transport),
    (Rule::OtherCertificate, ConnectionRefused::Certificate),
];

/// Whether the connection has to end after this verdict, and what that is called.
pub(super) fn refuses(verdict: &Verdict) -> Option<ConnectionRefused> {
    let rule = verdict.rule?;
    let found = ENDING.iter().find(|(ending, _)| *ending == rule);
    found.map(|(_, refused)| *refused)
}

/// The refusals of a connection that does not match its party's profile.
fn rule(misfit: Misfit) -> Rule {
    match misfit {
        Misfit::Dialect => Rule::OtherDialect,
        Misfit::Address => Rule::OtherAddress,
        Misfit::Transport => Rule::OtherTransport,
        Misfit::Certificate => Rule::OtherCertificate,
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
        NetworkCode::SignOn if signed_on => Verdict::APPROVED,
        NetworkCode::SignOn => {
            if let Err(misfit) = arrival.check(&listed.party) {
                return rule(misfit).into();
            }
            let Some(permit) = Permit::take(&listed.connections) else {
                return Rule::PartyFull.into();
            };
            connection.bind(Bound {
                listed: Some(Arc::clone(listed)),
                arrival: arrival.clone(),
                limits: [
                    Admission::new(listed.party.in_flight_per_connection_max),
                    Arc::clone(&listed.in_flight),
                    Arc::clone(in_flight),
                ],
            });
            *standing = Standing::SignedOn(permit);
            Verdict::APPROVED
        }
        _ if !signed_on => Rule::NotSignedOn.into(),
        NetworkCode::SignOff => {
            *standing = Standing::NotSignedOn;
            Verdict::APPROVED
        }
        // A key is changed by the operator's wallet, of a party that has signed on.
        NetworkCode::Echo | NetworkCode::KeyChange => Verdict::APPROVED,
    }
}
