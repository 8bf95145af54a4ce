//! One attempt at every address.

use std::fmt;
use std::time::Instant;

use super::{Addresses, HostPort};

/// Hands out the addresses one after the other, until one has worked.
pub struct Round<'a, E> {
    addresses: &'a Addresses,
    places: std::vec::IntoIter<usize>,
    /// The address that is being tried, and since when.
    trying: Option<(usize, Instant)>,
    failures: Vec<(HostPort, E)>,
}

impl<'a, E> Round<'a, E> {
    pub(super) fn new(addresses: &'a Addresses, places: Vec<usize>) -> Self {
        Self {
            addresses,
            places: places.into_iter(),
            trying: None,
            failures: Vec::new(),
        }
    }

    /// The next address to try. `None` when all of this round have failed.
    pub fn next_address(&mut self) -> Option<&'a HostPort> {
        let place = self.places.next()?;
        let now = Instant::now();
        self.addresses.try_next(place, now);
        self.trying = Some((place, now));
        Some(&self.addresses.0.all[place])
    }

    /// The address that was handed out last serves: the next rounds of all clones begin with it.
    pub fn worked(self) {
        if let Some((place, _)) = self.trying {
            self.addresses.worked(place);
        }
    }

    /// The address that was handed out last does not serve.
    pub fn failed(&mut self, error: E) {
        if let Some((place, since)) = self.trying.take() {
            let now = Instant::now();
            self.addresses.failed(place, now - since, now);
            let address = self.addresses.0.all[place].clone();
            self.failures.push((address, error));
        }
    }

    /// What every address of the round has said.
    pub fn into_failures(self) -> Unreached<E> {
        Unreached(self.failures)
    }
}

/// No address serves: what each of them said.
#[derive(Debug)]
pub struct Unreached<E>(pub Vec<(HostPort, E)>);

impl<E: fmt::Display> fmt::Display for Unreached<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (address, error)) in self.0.iter().enumerate() {
            let comma = if place > 0 { "; " } else { "" };
            write!(formatter, "{comma}{address}: {error}")?;
        }
        Ok(())
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for Unreached<E> {}
