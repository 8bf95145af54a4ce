//! The dialect of a connection that has not signed on yet, recognized from its first frame.

use std::net::IpAddr;

use bytes::BytesMut;
use tessera_console::Limit;
use tessera_protocol::{Dialect, Header, Look, foreign_protocol, recognize};

use tessera_admission::Parties;

/// What the first bytes of a connection say about its dialect.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is this one.
    Is(Dialect),
    /// More bytes are needed to decide.
    More,
    /// It is none that a party speaks.
    None,
}

/// The dialect of a connection that begins like this, among those that parties speak: best that of the party that the
/// message names, then that of a message, then that of a message with a fault.
pub(super) fn choose(stream: &[u8], parties: &Parties) -> Choice {
    // It would look like the length of a long message.
    if stream.starts_with(b"\r\n\r\n\0\r\nQUIT\n") {
        return Choice::None;
    }
    if let [only] = parties.dialects() {
        return Choice::Is(*only);
    }
    let mut whole = None;
    let mut faulty = None;
    let mut more = false;
    for &dialect in parties.dialects() {
        match dialect.look(stream) {
            Look::Message { institution, .. } => {
                let named = institution.and_then(|code| parties.find(code));
                if named.is_some_and(|listed| listed.party.dialect == dialect) {
                    return Choice::Is(dialect);
                }
                whole.get_or_insert(dialect);
            }
            Look::Faulty { .. } => {
                faulty.get_or_insert(dialect);
            }
            Look::More => more = true,
            Look::Rubbish(_) | Look::Never(_) => {}
        }
    }
    match (whole, more, faulty) {
        (Some(dialect), _, _) => Choice::Is(dialect),
        (None, true, _) => Choice::More,
        (None, false, Some(dialect)) => Choice::Is(dialect),
        (None, false, None) => Choice::None,
    }
}

static OTHERWISE: Limit = Limit::new("other dialect or protocol");

/// Says in the log what a stream looks like that can't be followed.
pub(super) fn diagnose(stream: &[u8], spoken: Option<Dialect>, address: Option<IpAddr>) {
    if !OTHERWISE.allows(address) {
        return;
    }
    let other = recognize(stream).find(|dialect| Some(*dialect) != spoken);
    match (other, foreign_protocol(stream)) {
        (Some(dialect), _) => tracing::warn!(
            looks_like = %dialect,
            address = address.map(display),
            "a connection uses another dialect than its profile; see `tessera doctor`"
        ),
        (None, Some(protocol)) => {
            tracing::warn!(
                looks_like = protocol,
                address = address.map(display),
                "a connection uses another protocol"
            );
        }
        (None, None) => {}
    }
}

/// Whether a message that is none in the dialect of its connection is one in another; then the log says in which.
pub(super) fn speaks_otherwise(
    spoken: Dialect,
    header: Header,
    message: &[u8],
    address: Option<IpAddr>,
) -> bool {
    let mut stream = BytesMut::new();
    let header = header.bytes();
    spoken
        .framing
        .begin(header.len() + message.len(), &mut stream);
    stream.extend_from_slice(header);
    stream.extend_from_slice(message);
    let other = recognize(&stream).any(|dialect| dialect != spoken);
    if other {
        diagnose(&stream, Some(spoken), address);
    }
    other
}
