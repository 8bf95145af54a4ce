//! The open connections of malls and acquirers, for operators who look: from where, since when, whose, and what is under way.
//!
//! A connection is entered when it is served and taken out when it ends; what changes in between stands in the connection. So nothing
//! here is on the path of a request.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tessera_kit::clock;
use tessera_kit::clock::Timestamp;
use tessera_protocol::Institution;

use super::{Arrival, Carrier, Connection};

/// All that are open. Bounded by `connections_max`.
#[derive(Debug, Default)]
pub struct Register(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    open: BTreeMap<u64, Entered>,
}

#[derive(Debug)]
struct Entered {
    since: Timestamp,
    address: Option<IpAddr>,
    carrier: Carrier,
    connection: Weak<Connection>,
}

/// A connection in the register, until this is dropped.
#[derive(Debug)]
pub struct Entry {
    register: Arc<Register>,
    number: u64,
}

/// A connection as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// From where; `None` where that is not known.
    pub address: Option<IpAddr>,
    /// Since when.
    pub since: Timestamp,
    /// The party that signed on first, also where it has signed off again.
    pub party: Option<Institution>,
    /// Whether the party is signed on now.
    pub is_signed_on: bool,
    /// Requests that are not answered yet.
    pub in_flight: usize,
    /// For how long nothing has come.
    pub silent: Duration,
    /// Whether it comes with TLS.
    pub is_tls: bool,
    /// The subject of the certificate that was shown.
    pub subject: Option<String>,
}

impl Register {
    /// Enters a connection that has come like this.
    pub fn enter(self: &Arc<Self>, connection: &Arc<Connection>, arrival: &Arrival) -> Entry {
        let mut inner = self.inner();
        let number = inner.next;
        inner.next += 1;
        let entered = Entered {
            since: clock::system(),
            address: arrival.address,
            carrier: arrival.carrier.clone(),
            connection: Arc::downgrade(connection),
        };
        inner.open.insert(number, entered);
        Entry {
            register: Arc::clone(self),
            number,
        }
    }

    /// The first `most` of them, and how many there are: those of one party together, the oldest first, and behind all parties those
    /// that nobody has signed on over.
    pub fn list(&self, most: usize) -> (Vec<Listed>, usize) {
        let mut all: Vec<_> = {
            let inner = self.inner();
            inner.open.values().filter_map(Entered::listed).collect()
        };
        let count = all.len();
        sort(&mut all);
        all.truncate(most);
        (all, count)
    }

    /// Each change is one call: there is no half of one.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sort(all: &mut [Listed]) {
    all.sort_by_key(|listed| (listed.party.is_none(), listed.party, listed.since));
}

impl Entered {
    fn listed(&self) -> Option<Listed> {
        let connection = self.connection.upgrade()?;
        let bound = connection.bound();
        Some(Listed {
            address: self.address,
            since: self.since,
            party: connection.listed().map(|listed| listed.party.code),
            is_signed_on: connection.activity.is_signed_on(),
            in_flight: bound.map_or(0, |bound| bound.limits[0].taken()),
            silent: connection.activity.silent(),
            is_tls: self.carrier.is_tls(),
            subject: self
                .carrier
                .certificate()
                .map(|shown| shown.subject.clone()),
        })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.register.inner().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Admission, Bound};

    fn arrival() -> Arrival {
        Arrival::from(Some(IpAddr::from([10, 0, 0, 1])), Carrier::Plain)
    }

    #[test]
    fn a_connection_is_listed_until_it_ends() {
        let register = Arc::new(Register::default());
        let [first, second] = std::array::from_fn(|_| Connection::sealed());
        let entry = register.enter(&first, &arrival());
        let later = register.enter(&second, &arrival());
        let limits = std::array::from_fn(|_| Admission::new(10));
        let bound = second.bind(Bound {
            listed: None,
            arrival: arrival(),
            limits,
        });
        bound.limits[0].take();
        second.activity.sign_on();
        let (listed, count) = register.list(10);
        let state = |one: &Listed| (one.is_signed_on, one.in_flight);
        let states: Vec<_> = listed.iter().map(state).collect();
        assert_eq!(
            (states.as_slice(), count),
            (&[(false, 0), (true, 1)][..], 2)
        );
        assert_eq!(listed[0].address, Some(IpAddr::from([10, 0, 0, 1])));
        assert_eq!((listed[0].is_tls, &listed[0].subject), (false, &None));
        let (one, count) = register.list(1);
        assert_eq!((one.len(), count), (1, 2));
        second.activity.sign_off();
        assert!(!register.list(10).0[1].is_signed_on);
        drop(entry);
        assert_eq!(register.list(10).1, 1);
        drop(later);
        assert_eq!(register.list(10), (Vec::new(), 0));
    }

    #[test]
    fn those_of_a_party_are_together_and_nobodys_are_last() {
        let party = |code| Institution::new(code).unwrap();
        let listed = |party, since| Listed {
            address: None,
            since: Timestamp::from_milliseconds(since),
            party,
            is_signed_on: false,
            in_flight: 0,
            silent: Duration::ZERO,
            is_tls: false,
            subject: None,
        };
        let [one, other] = [party(10_000_000_001), party(20_000_000_001)].map(Some);
        let mut all = vec![
            listed(None, 1),
            listed(other, 2),
            listed(one, 4),
            listed(other, 1),
            listed(one, 3),
        ];
        sort(&mut all);
        let order: Vec<_> = all
            .iter()
            .map(|one| (one.party, one.since.milliseconds()))
            .collect();
        assert_eq!(
            order,
            [(one, 3), (one, 4), (other, 1), (other, 2), (None, 1)]
        );
    }
}
