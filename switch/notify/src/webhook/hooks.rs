//! The parties that have a webhook.

use std::collections::HashMap;
use std::sync::Arc;

use tessera_config::Webhook;
use tessera_protocol::Institution;

/// A party that has a webhook.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its code.
    pub party: Institution,
    /// What people call it: metrics and log lines.
    pub name: String,
    /// The card acceptors that it speaks for by name.
    pub acceptors: Vec<[u8; 15]>,
    /// Where its events go.
    pub webhook: Webhook,
}

/// The parties with a webhook, as their profiles are at the moment.
pub type HookDirectory = Arc<dyn Fn() -> Vec<Hook> + Send + Sync>;

/// The same, to look them up.
#[derive(Default)]
pub(super) struct Hooks {
    pub by_party: HashMap<Institution, Hook>,
    by_acceptor: HashMap<[u8; 15], Institution>,
}

impl Hooks {
    pub fn new(hooks: Vec<Hook>) -> Self {
        let by_acceptor = hooks
            .iter()
            .flat_map(|hook| {
                let acceptors = hook.acceptors.iter();
                acceptors.map(|acceptor| (*acceptor, hook.party))
            })
            .collect();
        let by_party = hooks.into_iter().map(|hook| (hook.party, hook)).collect();
        Self {
            by_party,
            by_acceptor,
        }
    }

    /// The party, if it has a webhook.
    pub fn of(&self, party: Option<Institution>) -> Option<Institution> {
        party.filter(|party| self.by_party.contains_key(party))
    }

    /// The party of a card acceptor.
    pub fn of_acceptor(&self, acceptor: &[u8; 15]) -> Option<Institution> {
        self.by_acceptor.get(acceptor).copied()
    }
}
