//! The MAC keys that are valid for a party now: that of its profile, or those of its changes.

use std::sync::Arc;
use std::time::Duration;
use tessera_console::Limit;

use tessera_protocol::{Institution, MacKey, WrappedKey};

use tessera_config::Party;
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{ChangedKey, Supervision};

static NOT_OPENED: Limit = Limit::new("key not opened");

/// As a connection last looked them up.
#[derive(Default)]
pub(super) struct Keys {
    /// The party, and the version of the directory.
    read: (Option<Institution>, u64),
    /// `None`: only that of the profile.
    changed: Option<Changed>,
}

/// The key that a message is sealed with; `None` for that of the profile.
pub(super) type Used = Option<Arc<MacKey>>;

/// A message without a MAC under a key that counts.
pub(super) struct WrongMac;

struct Changed {
    /// `None` where it can't be unwrapped: then it is no message's.
    newest: Used,
    before: Before,
    /// Until when the one before is good.
    until: Timestamp,
}

enum Before {
    Profile,
    Changed(Used),
}

impl Keys {
    /// Whether they must be looked up: they belong to another party, or there is a newer version of the directory.
    #[inline]
    pub(super) fn are_stale(&self, party: Institution, policy: u64) -> bool {
        self.read != (Some(party), policy)
    }

    /// Those of a party in this version of the directory; after a change its old key is valid for this long.
    #[cold]
    pub(super) fn look_up(
        party: &Party,
        number: u64,
        operator_policy: &Supervision,
        overlap: Duration,
    ) -> Self {
        let profile = party.mac_key.as_ref().map(MacKey::check_value);
        let known = profile.and_then(|profile| operator_policy.key_of(party.code, profile));
        Self {
            read: (Some(party.code), number),
            changed: known.map(|known| Changed::of(party, known, overlap)),
        }
    }

    /// Which of the keys a message is sealed with, where `check` says whether it is with one. The old one is only
    /// tried where it is not the newest.
    #[inline]
    pub(super) fn verify(
        &self,
        profile: &MacKey,
        check: impl Fn(&MacKey) -> bool,
    ) -> Result<Used, WrongMac> {
        match &self.changed {
            None if check(profile) => Ok(None),
            None => Err(WrongMac),
            Some(changed) => changed.verify(profile, check),
        }
    }

    /// Whether this is the newest of them.
    pub(super) fn is_newest(&self, used: &Used) -> bool {
        match (&self.changed, used) {
            (None, _) => true,
            (Some(changed), Some(used)) => {
                let newest = changed.newest.as_ref();
                newest.is_some_and(|newest| Arc::ptr_eq(newest, used))
            }
            (Some(_), None) => false,
        }
    }

    /// What an answer is sealed with, where the request does not say it.
    pub(super) fn newest(&self) -> Used {
        self.changed.as_ref()?.newest.clone()
    }
}

impl Changed {
    fn of(party: &Party, known: &ChangedKey, overlap: Duration) -> Self {
        Self {
            newest: unwrap(party, &known.newest.wrapped),
            before: match &known.before {
                None => Before::Profile,
                Some(before) => Before::Changed(unwrap(party, before)),
            },
            until: known.since.plus(overlap.as_millis() as u64),
        }
    }

    fn verify(&self, profile: &MacKey, check: impl Fn(&MacKey) -> bool) -> Result<Used, WrongMac> {
        if let Some(newest) = &self.newest
            && check(newest)
        {
            return Ok(Some(Arc::clone(newest)));
        }
        if clock::now() >= self.until {
            return Err(WrongMac);
        }
        match &self.before {
            Before::Profile if check(profile) => Ok(None),
            Before::Changed(Some(before)) if check(before) => Ok(Some(Arc::clone(before))),
            Before::Profile | Before::Changed(_) => Err(WrongMac),
        }
    }
}

fn unwrap(party: &Party, wrapped: &WrappedKey) -> Used {
    let wrapping = party.key_encrypting_key.as_ref();
    let key = wrapping.and_then(|wrapping| wrapping.unwrap(wrapped).ok());
    if key.is_none() {
        // An older key in its place would bring back one that was given up.
        if NOT_OPENED.allows(None) {
            tracing::error!(
                party = party.code.number(),
                party_name = party.name,
                "a key that the party has set cannot be unwrapped with the key-encrypting key of its profile: \
             put that back, or a new MAC key into the profile"
            );
        }
    }
    key.map(Arc::new)
}
