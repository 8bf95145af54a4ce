//! A party that connects: what it may send, and how much of it is under way.

use std::sync::Arc;

use hashbrown::HashMap;
use tessera_protocol::{Dialect, Institution};

use super::Admission;
use tessera_config::Party;
use tessera_metrics::{AdmissionMetrics, PartyMetrics};

/// A party and its counts.
#[derive(Debug)]
pub struct ListedParty {
    /// What its profile says.
    pub party: Party,
    /// Its figures.
    pub figures: PartyMetrics,
    /// Its unanswered requests.
    pub in_flight: Arc<Admission>,
    /// Its signed-on connections.
    pub connections: Arc<Admission>,
}

impl ListedParty {
    fn new(party: Party, figures: PartyMetrics) -> Self {
        Self {
            figures,
            in_flight: Admission::new(party.in_flight_max),
            connections: Admission::new(party.connections_max),
            party,
        }
    }

    /// The same party, as another profile describes it: what it has under way counts on, under the new limits.
    fn renewed(&self, party: Party, figures: PartyMetrics) -> Self {
        self.in_flight.set_max(party.in_flight_max);
        self.connections.set_max(party.connections_max);
        Self {
            figures,
            in_flight: Arc::clone(&self.in_flight),
            connections: Arc::clone(&self.connections),
            party,
        }
    }
}

/// All parties by institution code.
#[derive(Debug)]
pub struct Parties {
    by_code: HashMap<Institution, Arc<ListedParty>>,
    dialects: Vec<Dialect>,
    /// Unanswered requests of all.
    pub in_flight: Arc<Admission>,
}

impl Parties {
    /// These parties, with so many unanswered requests of all of them together.
    pub fn new(parties: Vec<Party>, in_flight_max: usize, figures: &AdmissionMetrics) -> Self {
        Self::of(parties, Admission::new(in_flight_max), |party| {
            let figures = figures.party(&party.name);
            ListedParty::new(party, figures)
        })
    }

    /// These parties in place of what there was.
    pub fn renewed(&self, parties: Vec<Party>, figures: &AdmissionMetrics) -> Self {
        Self::of(parties, Arc::clone(&self.in_flight), |party| {
            let figures = figures.party(&party.name);
            match self.find(party.code) {
                Some(known) => known.renewed(party, figures),
                None => ListedParty::new(party, figures),
            }
        })
    }

    fn of(
        parties: Vec<Party>,
        in_flight: Arc<Admission>,
        listed: impl Fn(Party) -> ListedParty,
    ) -> Self {
        let spoken = |dialect: &Dialect| parties.iter().any(|party| party.dialect == *dialect);
        let dialects = Dialect::all().filter(spoken).collect();
        let parties = parties.into_iter().map(|party| Arc::new(listed(party)));
        Self {
            by_code: parties.map(|listed| (listed.party.code, listed)).collect(),
            dialects,
            in_flight,
        }
    }

    /// The party with this code.
    pub fn find(&self, code: Institution) -> Option<&Arc<ListedParty>> {
        self.by_code.get(&code)
    }

    /// The dialects that they speak, in a fixed order.
    pub fn dialects(&self) -> &[Dialect] {
        &self.dialects
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<ListedParty>> {
        self.by_code.values()
    }
}
