//! 0800/101: whether a party may change its MAC key to what the message says.

use tessera_protocol::{KeyMaterial, NetworkManagement, Refusal, ResponseCode, UnwrapError};

use tessera_config::Party;
use tessera_ledger::{Directed, Directive, KeyChange, Supervision};

const SEALED_WITH_THE_OLD_KEY: Refusal = Refusal {
    code: ResponseCode::SECURITY_VIOLATION,
    field: None,
    reason: "a further change is sealed with the newest key",
};
const NO_WRAPPING_KEY: Refusal = Refusal {
    code: ResponseCode::INVALID_TRANSACTION,
    field: None,
    reason: "the party's profile has no key-encrypting key",
};
const NO_MATERIAL: Refusal = Refusal {
    code: ResponseCode::FORMAT_ERROR,
    field: Some(48),
    reason: "tag 03: the wrapped key (48 digits) and its check value (6) are missing",
};
const NOT_WRAPPED_SO: Refusal = Refusal {
    code: ResponseCode::SECURITY_VIOLATION,
    field: None,
    reason: "the key is damaged, or wrapped under another key-encrypting key",
};
const WRONG_CHECK_VALUE: Refusal = Refusal {
    code: ResponseCode::SECURITY_VIOLATION,
    field: None,
    reason: "the check value is not the new key's",
};

/// What the operator's wallet has to keep; or what the party is answered. A client that knows only the old key may
/// repeat the change, but cannot undo it with a recorded message.
pub(super) fn read(
    party: &Party,
    message: &NetworkManagement<'_>,
    under_newest: bool,
    operator_policy: &Supervision,
) -> Result<Directed, Refusal> {
    let (Some(wrapping), Some(profile)) = (&party.key_encrypting_key, &party.mac_key) else {
        return Err(NO_WRAPPING_KEY);
    };
    let material = message.key_material.and_then(KeyMaterial::read);
    let material = material.ok_or(NO_MATERIAL)?;
    let known = operator_policy.key_of(party.code, profile.check_value());
    let repeats = known.is_some_and(|known| known.newest.wrapped == material.wrapped);
    match wrapping.open(&material) {
        Ok(_) if !under_newest && !repeats => Err(SEALED_WITH_THE_OLD_KEY),
        Ok(_) => Ok(Directed {
            directive: Directive::ChangeKey(KeyChange {
                institution: party.code,
                profile: profile.check_value(),
                wrapped: material.wrapped,
            }),
            by: party.name.as_str().into(),
            reason: "0800/101".into(),
        }),
        Err(UnwrapError::Integrity) => Err(NOT_WRAPPED_SO),
        Err(UnwrapError::CheckValue) => Err(WRONG_CHECK_VALUE),
    }
}
