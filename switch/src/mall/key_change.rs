//! 0800/101: checks a change of a party's MAC key.

use tessera_protocol::{Flaw, KeyMaterial, NetworkManagement, Refusal, UnwrapError};

use tessera_config::Party;
use tessera_ledger::{Directed, Directive, KeyChange, Rule, Supervision};

/// Why a key is not changed.
pub(super) enum NotChanged {
    /// The message lacks something.
    Format(Refusal),
    /// What it has does not fit.
    Rule(Rule),
}

impl NotChanged {
    /// For the log.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::Format(refusal) => refusal.flaw.text(),
            Self::Rule(rule) => rule.text(),
        }
    }
}

impl From<Rule> for NotChanged {
    fn from(rule: Rule) -> Self {
        Self::Rule(rule)
    }
}

/// What the operator's wallet has to keep; or what the party is answered. A client that knows only the old key may
/// repeat the change, but cannot undo it with a recorded message.
pub(super) fn read(
    party: &Party,
    message: &NetworkManagement<'_>,
    under_newest: bool,
    operator_policy: &Supervision,
) -> Result<Directed, NotChanged> {
    let (Some(wrapping), Some(profile)) = (&party.key_encrypting_key, &party.mac_key) else {
        return Err(Rule::NoKeyEncryptingKey.into());
    };
    let material = message.key_material.and_then(KeyMaterial::read);
    let material = material.ok_or(NotChanged::Format(Refusal::of(48, Flaw::NoKeyMaterial)))?;
    let known = operator_policy.key_of(party.code, profile.check_value());
    let repeats = known.is_some_and(|known| known.newest.wrapped == material.wrapped);
    match wrapping.open(&material) {
        Ok(_) if !under_newest && !repeats => Err(Rule::KeySuperseded.into()),
        Ok(_) => Ok(Directed {
            directive: Directive::ChangeKey(KeyChange {
                institution: party.code,
                profile: profile.check_value(),
                wrapped: material.wrapped,
            }),
            by: party.name.as_str().into(),
            reason: "0800/101".into(),
        }),
        Err(UnwrapError::Integrity) => Err(Rule::KeyDamaged.into()),
        Err(UnwrapError::CheckValue) => Err(Rule::WrongCheckValue.into()),
    }
}
