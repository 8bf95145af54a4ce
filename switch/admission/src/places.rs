//! How many connections a port may have, and which one is closed when there are too many.
//!
//! A connection that has not signed on costs its sender nothing, so there are bounds on those, and a new one is never
//! turned away for them: the oldest goes. The addresses of known parties have bounds of their own, so that no crowd from
//! elsewhere can take their places.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use tessera_protocol::Institution;

use hashbrown::HashMap;

use super::{Connection, Parties};
use tessera_config::{LeasedSettings, MallSettings, Network};
use tessera_metrics::ConnectionClosed;

/// Addresses that are remembered because a party has signed on from them.
const LEARNED_MAX: usize = 10_000;

/// How many connections a port may have.
#[derive(Debug, Clone, Copy)]
pub struct PlaceLimits {
    /// All of them.
    pub connections_max: usize,
    /// Those that have not signed on, from addresses of no known party.
    pub unsigned_max: usize,
    /// Those that have not signed on, from addresses of known parties.
    pub unsigned_known_max: usize,
    /// Those that have not signed on, from one address of no known party; of IPv6, from one /64.
    pub unsigned_per_address_max: usize,
}

impl PlaceLimits {
    /// Of malls and acquirers.
    pub fn of_malls(settings: &MallSettings) -> Self {
        Self {
            connections_max: settings.connections_max,
            unsigned_max: settings.unsigned_max,
            unsigned_known_max: settings.unsigned_known_max,
            unsigned_per_address_max: settings.unsigned_per_address_max,
        }
    }

    /// Of wallet servers. Connections that have not signed on are counted beside those that have, so that they take no
    /// wallet server's place.
    pub fn of_wallet_servers(settings: &LeasedSettings) -> Self {
        const UNSIGNED_MAX: usize = 64;
        Self {
            connections_max: settings.connections_max + 2 * UNSIGNED_MAX,
            unsigned_max: UNSIGNED_MAX,
            unsigned_known_max: UNSIGNED_MAX,
            unsigned_per_address_max: UNSIGNED_MAX / 4,
        }
    }
}

/// The connections of a port, from any thread.
#[derive(Debug)]
pub struct Places {
    limits: PlaceLimits,
    /// Load balancers, which are known until they have said from where a connection comes.
    senders: Vec<Network>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Those that count, signed on or not.
    open: usize,
    /// Connections that were asked to close and are still open.
    leaving: usize,
    /// The number of the next that is not signed on: the older, the lower.
    next: u64,
    /// Those that have not signed on, by age: from unknown addresses, and from known ones.
    unknown: BTreeMap<u64, Unsigned>,
    known: BTreeMap<u64, Unsigned>,
    /// The connections of an unknown address.
    by_address: HashMap<IpAddr, BTreeSet<u64>>,
    /// The blocks that the parties' profiles name.
    blocks: Vec<Network>,
    /// From where a party has signed on, and which.
    learned: HashMap<IpAddr, Institution>,
}

#[derive(Debug)]
struct Unsigned {
    address: Option<IpAddr>,
    eviction: Arc<Eviction>,
}

/// How a connection learns that it has to go: before it is served, or while it is.
#[derive(Debug, Default)]
struct Eviction {
    requested: AtomicBool,
    connection: OnceLock<Weak<Connection>>,
}

/// One connection's place. Given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
    /// Its number among those that have not signed on; `None` once it has.
    unsigned: Option<u64>,
    eviction: Arc<Eviction>,
}

impl Places {
    /// None is taken, and no party is known; only these load balancers are.
    pub fn new(limits: PlaceLimits, senders: Vec<Network>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            inner: Mutex::new(Inner {
                blocks: senders.clone(),
                ..Inner::default()
            }),
            senders,
        })
    }

    /// The parties of now: their addresses are known.
    pub fn know(&self, parties: &Parties) {
        let mut inner = self.inner();
        let blocks = parties.all().flat_map(|listed| &listed.party.addresses);
        inner.blocks = blocks.chain(&self.senders).cloned().collect();
        inner
            .learned
            .retain(|_, party| parties.find(*party).is_some());
    }

    /// A place for a new connection; where there is none, the oldest that has not signed on is closed. `None` where
    /// nothing can be closed.
    pub fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut inner = self.inner();
        if inner.leaving >= self.limits.connections_max {
            // Connections are asked to close faster than they close.
            return None;
        }
        let known = inner.knows(address);
        if inner.open >= self.limits.connections_max && !inner.evict_oldest(known) {
            return None;
        }
        inner.open += 1;
        let eviction = Arc::<Eviction>::default();
        let number = inner.add(&self.limits, address, &eviction);
        drop(inner);
        Some(Place {
            places: Arc::clone(self),
            address,
            unsigned: Some(number),
            eviction,
        })
    }

    /// Every statement that changes it leaves it consistent, so that a panic elsewhere does no harm.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn knows(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| {
            self.learned.contains_key(&block(address))
                || self.blocks.iter().any(|block| block.contains(address))
        })
    }

    /// Adds one that has not signed on, and closes the oldest where that makes too many.
    fn add(
        &mut self,
        limits: &PlaceLimits,
        address: Option<IpAddr>,
        eviction: &Arc<Eviction>,
    ) -> u64 {
        let known = self.knows(address);
        let block = address.map(block);
        if known {
            if self.known.len() >= limits.unsigned_known_max {
                self.evict(self.known.keys().next().copied());
            }
        } else {
            let of_address = block.and_then(|block| self.by_address.get(&block));
            let full = of_address.filter(|of| of.len() >= limits.unsigned_per_address_max);
            if let Some(oldest) = full.and_then(BTreeSet::first).copied() {
                self.evict(Some(oldest));
            } else if self.unknown.len() >= limits.unsigned_max {
                self.evict(self.unknown.keys().next().copied());
            }
        }
        let number = self.next;
        self.next += 1;
        let unsigned = Unsigned {
            address: block.filter(|_| !known),
            eviction: Arc::clone(eviction),
        };
        if let Some(block) = unsigned.address {
            self.by_address.entry(block).or_default().insert(number);
        }
        match known {
            true => self.known.insert(number, unsigned),
            false => self.unknown.insert(number, unsigned),
        };
        number
    }

    fn evict_oldest(&mut self, for_known: bool) -> bool {
        let unknown = self.unknown.keys().next().copied();
        let oldest = unknown.or_else(|| self.known.keys().next().copied().filter(|_| for_known));
        self.evict(oldest);
        oldest.is_some()
    }

    fn evict(&mut self, number: Option<u64>) {
        if let Some(gone) = number.and_then(|number| self.remove(number)) {
            self.open -= 1;
            self.leaving += 1;
            gone.eviction.request();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Unsigned> {
        let gone = self
            .unknown
            .remove(&number)
            .or_else(|| self.known.remove(&number))?;
        if let Some(address) = gone.address
            && let Some(of_address) = self.by_address.get_mut(&address)
        {
            of_address.remove(&number);
            if of_address.is_empty() {
                self.by_address.remove(&address);
            }
        }
        Some(gone)
    }
}

impl Eviction {
    fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        if let Some(connection) = self.connection.get().and_then(Weak::upgrade) {
            connection.drain(ConnectionClosed::Crowded);
        }
    }
}

impl Place {
    /// From where the connection comes.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// This is the connection to be closed when others need its place.
    pub fn attach(&self, connection: &Arc<Connection>) {
        // A place is one connection's.
        let _ = self.eviction.connection.set(Arc::downgrade(connection));
        if self.eviction.requested.load(Ordering::SeqCst) {
            connection.drain(ConnectionClosed::Crowded);
        }
    }

    /// A proxy in between has said from where the connection really comes.
    pub fn comes_from(&mut self, address: Option<IpAddr>) {
        self.address = address;
        if let Some(number) = self.unsigned {
            let mut inner = self.places.inner();
            if inner.remove(number).is_some() {
                let number = inner.add(&self.places.limits, address, &self.eviction);
                self.unsigned = Some(number);
            }
        }
    }

    /// A party has signed on: nobody else's arrival closes the connection any more, and its address is known.
    pub fn sign_on(&mut self, party: Institution) {
        let mut inner = self.places.inner();
        if let Some(address) = self.address
            && inner.learned.len() < LEARNED_MAX
        {
            inner.learned.insert(block(address), party);
        }
        // A connection that was asked to close meanwhile closes.
        if let Some(number) = self.unsigned
            && inner.remove(number).is_some()
        {
            self.unsigned = None;
        }
    }

    /// The party has signed off: the connection is one that has not signed on again.
    pub fn sign_off(&mut self) {
        if self.unsigned.is_none() {
            let mut inner = self.places.inner();
            let number = inner.add(&self.places.limits, self.address, &self.eviction);
            self.unsigned = Some(number);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.places.inner();
        let evicted = self
            .unsigned
            .is_some_and(|number| inner.remove(number).is_none());
        match evicted {
            true => inner.leaving -= 1,
            false => inner.open -= 1,
        }
    }
}

/// What one sender has at least of a kind: an IPv4 address, or the IPv6 network in which it chooses the rest.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PlaceLimits = PlaceLimits {
        connections_max: 8,
        unsigned_max: 4,
        unsigned_known_max: 2,
        unsigned_per_address_max: 3,
    };

    fn party_code() -> Institution {
        Institution::new(1).unwrap()
    }

    struct Arrived {
        place: Place,
        connection: Arc<Connection>,
    }

    impl Arrived {
        fn is_asked_to_end(&self) -> bool {
            self.connection.check_open().is_err()
        }
    }

    fn arrive(places: &Arc<Places>, address: &str) -> Option<Arrived> {
        let place = places.admit(Some(address.parse().unwrap()))?;
        let connection = Connection::sealed();
        place.attach(&connection);
        Some(Arrived { place, connection })
    }

    fn crowd(places: &Arc<Places>, addresses: &[&str]) -> Vec<Arrived> {
        let arrive = |address: &&str| arrive(places, address).expect("a place");
        addresses.iter().map(arrive).collect()
    }

    fn asked_to_end(crowd: &[Arrived]) -> Vec<usize> {
        let requested = crowd.iter().enumerate();
        requested
            .filter(|(_, one)| one.is_asked_to_end())
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn the_oldest_of_a_full_address_goes_and_nobody_elses() {
        let places = Places::new(LIMITS, Vec::new());
        let other = arrive(&places, "192.0.2.9").expect("a place");
        let crowd = crowd(&places, &["192.0.2.1"; 9]);
        assert_eq!(asked_to_end(&crowd), [0, 1, 2, 3, 4, 5]);
        assert!(!other.is_asked_to_end());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let places = Places::new(LIMITS, Vec::new());
        let addresses = ["2001:db8::1", "2001:db8::2:1", "2001:db8::3", "2001:db8::4"];
        let crowd = crowd(&places, &addresses);
        assert_eq!(asked_to_end(&crowd), [0]);
    }

    #[test]
    fn the_oldest_of_all_goes_where_many_addresses_make_a_crowd() {
        let places = Places::new(LIMITS, Vec::new());
        let addresses = [
            "192.0.2.1",
            "192.0.2.2",
            "192.0.2.3",
            "192.0.2.4",
            "192.0.2.5",
        ];
        assert_eq!(asked_to_end(&crowd(&places, &addresses)), [0]);
    }

    #[test]
    fn many_unknown_clients_close_no_connection_from_a_known_address() {
        let places = Places::new(LIMITS, Vec::new());
        let mut party = arrive(&places, "198.51.100.7").expect("a place");
        party.place.sign_on(party_code());
        let known = crowd(&places, &["198.51.100.7"; 2]);
        let unknown: Vec<String> = (0..100).map(|n| format!("192.0.2.{n}")).collect();
        let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
        let unknown = crowd(&places, &unknown[..7]);
        assert!(!party.is_asked_to_end());
        assert!(asked_to_end(&known).is_empty());
        assert_eq!(asked_to_end(&unknown), [0, 1, 2]);
        // More of its own do.
        let third = arrive(&places, "198.51.100.7").expect("a place");
        assert_eq!(asked_to_end(&known), [0]);
        assert!(!third.is_asked_to_end());
    }

    #[test]
    fn a_full_port_closes_only_connections_that_have_not_signed_on() {
        let places = Places::new(LIMITS, Vec::new());
        let mut parties = Vec::new();
        for _ in 0..7 {
            let mut party = arrive(&places, "198.51.100.7").expect("a place");
            party.place.sign_on(party_code());
            parties.push(party);
        }
        let unknown = arrive(&places, "192.0.2.1").expect("the last place");
        let known = arrive(&places, "198.51.100.7").expect("the place of the unknown client");
        assert!(unknown.is_asked_to_end());
        assert!(
            arrive(&places, "192.0.2.1").is_none(),
            "an unknown client takes no place of a known address"
        );
        assert!(!known.is_asked_to_end());
        assert!(asked_to_end(&parties).is_empty());
        drop((unknown, known));
        let again = arrive(&places, "192.0.2.1");
        assert!(again.is_some(), "what has gone gives its place back");
    }

    #[test]
    fn a_connection_that_signs_off_counts_as_unsigned_again() {
        let places = Places::new(LIMITS, Vec::new());
        let mut parties = crowd(&places, &["198.51.100.7"; 3]);
        for party in &mut parties {
            party.place.sign_on(party_code());
        }
        for party in &mut parties {
            party.place.sign_off();
        }
        assert_eq!(
            asked_to_end(&parties),
            [0],
            "two places for known addresses"
        );
    }

    #[test]
    fn a_connection_that_is_evicted_before_it_is_served_is_not_served() {
        let places = Places::new(LIMITS, Vec::new());
        let early = places.admit(Some("192.0.2.1".parse().unwrap())).unwrap();
        let _crowd = crowd(&places, &["192.0.2.1"; 3]);
        let connection = Connection::sealed();
        early.attach(&connection);
        assert_eq!(connection.check_open(), Err(ConnectionClosed::Crowded));
    }

    #[test]
    fn a_proxied_connection_counts_for_the_address_that_the_proxy_names() {
        let places = Places::new(LIMITS, Vec::new());
        let mut proxied = crowd(&places, &["10.0.0.1", "10.0.0.1"]);
        for one in &mut proxied {
            one.place.comes_from(Some("203.0.113.7".parse().unwrap()));
        }
        let direct = crowd(&places, &["203.0.113.7", "203.0.113.7"]);
        assert_eq!(asked_to_end(&proxied), [0]);
        assert!(asked_to_end(&direct).is_empty());
    }

    #[test]
    fn evicted_connections_that_have_not_ended_yet_are_bounded() {
        let places = Places::new(LIMITS, Vec::new());
        let mut crowd = Vec::new();
        while let Some(one) = arrive(&places, "192.0.2.1") {
            crowd.push(one);
        }
        assert_eq!(crowd.len(), 3 + LIMITS.connections_max);
        drop(crowd);
        assert_eq!(places.inner().open, 0);
        assert_eq!(places.inner().leaving, 0);
        assert!(places.inner().by_address.is_empty());
    }
}
