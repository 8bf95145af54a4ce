//! Several addresses of one service, of which one serves at a time: the nodes of a cluster. A client tries them in turn.
//!
//! ```text
//! clones of Addresses ──▶ Round: the address that worked last, then the others in their order
//!        ▲                  │
//!        └── worked, failed, hung ──┘      known to all clones, so that one of them finds the new node for all
//! ```
//!
//! An address that refuses costs no time. One that hangs (a machine that is off the network) costs [`CONNECT_WITHIN`], so
//! it rests for [`REST`] while others can be tried, and then a single client tries it for all.

mod host_port;
mod reach;
mod round;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

pub use host_port::HostPort;
pub use reach::{CONNECT_WITHIN, reach, reach_blocking};
pub use round::{Round, Unreached};

/// How many addresses a list has at most.
pub const ADDRESSES_MAX: usize = 16;

/// How long an address that hung is left out while others can be tried.
pub const REST: Duration = Duration::from_secs(2);

/// One or several addresses. Clones share what they know about them.
#[derive(Clone)]
pub struct Addresses(Arc<Inner>);

struct Inner {
    all: Vec<HostPort>,
    known: Mutex<Known>,
}

/// What attempts have shown.
struct Known {
    /// The place of the address that worked last.
    good: usize,
    /// By place: until when an address that hung is left out.
    rests_until: Vec<Option<Instant>>,
}

/// Why a list of addresses is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressesError {
    /// Not HOST:PORT.
    #[error(
        "{0:?} is not an address: it looks like \"switch.example:8583\", \"10.0.0.1:8583\" or \"[fd00::1]:8583\""
    )]
    Shape(String),
    /// An address twice.
    #[error("{0} is stated twice")]
    Twice(HostPort),
    /// None, or too many.
    #[error("state 1 to {ADDRESSES_MAX} addresses")]
    Count,
}

impl Addresses {
    /// Of these texts, each `HOST:PORT`.
    ///
    /// # Errors
    /// Where one is no address or stated twice, and where there are none or too many.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, AddressesError> {
        let mut all: Vec<HostPort> = Vec::new();
        for text in texts {
            let address = HostPort::from_str(text)?;
            if all.contains(&address) {
                return Err(AddressesError::Twice(address));
            }
            all.push(address);
        }
        if !(1..=ADDRESSES_MAX).contains(&all.len()) {
            return Err(AddressesError::Count);
        }
        let known = Known {
            good: 0,
            rests_until: vec![None; all.len()],
        };
        Ok(Self(Arc::new(Inner {
            all,
            known: Mutex::new(known),
        })))
    }

    /// Every address once, beginning with the one that worked last.
    pub fn round<E>(&self) -> Round<'_, E> {
        Round::new(self, self.places(Instant::now()))
    }

    /// A connection to this address stood, and then nothing came any more: the others are tried first.
    pub fn hung(&self, address: &HostPort) {
        if let Some(place) = self.0.all.iter().position(|one| one == address) {
            self.known().rests_until[place] = Some(Instant::now() + REST);
        }
    }

    /// The places to try, in order: without those that rest, unless all do.
    fn places(&self, now: Instant) -> Vec<usize> {
        let count = self.0.all.len();
        let known = self.known();
        let order = (0..count).map(|step| (known.good + step) % count);
        let awake: Vec<_> = order
            .clone()
            .filter(|&place| known.rests_until[place].is_none_or(|until| until <= now))
            .collect();
        if awake.is_empty() {
            order.collect()
        } else {
            awake
        }
    }

    /// A client begins to try an address: where it hung before, the other clients do not wait for it too.
    fn try_next(&self, place: usize, now: Instant) {
        if let Some(until) = &mut self.known().rests_until[place] {
            *until = now + REST;
        }
    }

    fn worked(&self, place: usize) {
        let mut known = self.known();
        known.good = place;
        known.rests_until[place] = None;
    }

    /// An attempt took so long and came to nothing.
    fn failed(&self, place: usize, took: Duration, now: Instant) {
        let hung = took >= CONNECT_WITHIN / 2;
        self.known().rests_until[place] = hung.then(|| now + REST);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing in here is left half done by a panic.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromStr for Addresses {
    type Err = AddressesError;

    /// Reads `HOST:PORT[,HOST:PORT...]`.
    fn from_str(text: &str) -> Result<Self, AddressesError> {
        Self::new(text.split(',').map(str::trim))
    }
}

impl From<std::net::SocketAddr> for Addresses {
    fn from(address: std::net::SocketAddr) -> Self {
        Self(Arc::new(Inner {
            all: vec![HostPort::from(address)],
            known: Mutex::new(Known {
                good: 0,
                rests_until: vec![None],
            }),
        }))
    }
}

/// As it was stated, with commas.
impl fmt::Display for Addresses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, address) in self.0.all.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(formatter, "{comma}{address}")?;
        }
        Ok(())
    }
}

/// The addresses alone.
impl fmt::Debug for Addresses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A text, or a list of texts.
impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrSeveral)
    }
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Addresses;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an address, HOST:PORT, or a list of addresses")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Addresses, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Addresses, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(text) = list.next_element()? {
            if texts.len() == ADDRESSES_MAX {
                return Err(A::Error::custom(AddressesError::Count));
            }
            texts.push(text);
        }
        Addresses::new(texts.iter().map(String::as_str)).map_err(A::Error::custom)
    }
}
