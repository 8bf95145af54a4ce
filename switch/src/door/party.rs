//! A party at the door: what it may, and how much of it is under way.

use std::sync::Arc;

use hashbrown::HashMap;
use tessera_protocol::Dialect;

use super::Admission;
use crate::config::Party;

/// A party and its counts.
#[derive(Debug)]
pub struct Guest {
    /// What the configuration says of it.
    pub party: Party,
    /// Its place among the parties, for metrics.
    pub index: usize,
    /// Its unanswered requests.
    pub in_flight: Arc<Admission>,
    /// Its signed-on connections.
    pub connections: Arc<Admission>,
}

/// All parties by institution code.
#[derive(Debug)]
pub struct Guests {
    by_code: HashMap<u64, Arc<Guest>>,
    dialects: Vec<Dialect>,
    /// Unanswered requests of all.
    pub in_flight: Arc<Admission>,
}

impl Guests {
    /// These parties, with so many unanswered requests of all of them together.
    pub fn new(parties: Vec<Party>, in_flight_max: usize) -> Self {
        let guest = |(index, party): (usize, Party)| {
            let guest = Guest {
                index,
                in_flight: Admission::new(party.in_flight_max),
                connections: Admission::new(party.connections_max),
                party,
            };
            (guest.party.code, Arc::new(guest))
        };
        let spoken = |dialect: &Dialect| parties.iter().any(|party| party.dialect == *dialect);
        Self {
            dialects: Dialect::all().filter(spoken).collect(),
            by_code: parties.into_iter().enumerate().map(guest).collect(),
            in_flight: Admission::new(in_flight_max),
        }
    }

    /// The party with this code.
    pub fn find(&self, code: u64) -> Option<&Arc<Guest>> {
        self.by_code.get(&code)
    }

    /// The dialects that they speak, in a fixed order.
    pub fn dialects(&self) -> &[Dialect] {
        &self.dialects
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Guest>> {
        self.by_code.values()
    }
}
