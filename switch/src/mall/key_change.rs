//! 0800/101: whether a party may change its MAC key to what the message says.

use tessera_protocol::{KeyMaterial, NetworkManagement, ResponseCode, UnwrapError};

use super::sign_on::Verdict;
use crate::config::Party;
use crate::wallet::{Directed, Directive, KeyChange};

const NO_WRAPPING_KEY: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "the party's profile has no key-encrypting key",
);
const NO_MATERIAL: Verdict = (
    ResponseCode::FORMAT_ERROR,
    "field 48 tag 03: the wrapped key (48 digits) and its check value (6) are missing",
);
const NOT_WRAPPED_SO: Verdict = (
    ResponseCode::SECURITY_VIOLATION,
    "the key is damaged, or wrapped under another key-encrypting key",
);
const WRONG_CHECK_VALUE: Verdict = (
    ResponseCode::SECURITY_VIOLATION,
    "the check value is not the new key's",
);

/// What the operator's wallet has to keep; or what the party is answered.
pub(super) fn read(party: &Party, message: &NetworkManagement<'_>) -> Result<Directed, Verdict> {
    let (Some(wrapping), Some(profile)) = (&party.key_encrypting_key, &party.mac_key) else {
        return Err(NO_WRAPPING_KEY);
    };
    let material = message.key_material.and_then(KeyMaterial::read);
    let material = material.ok_or(NO_MATERIAL)?;
    match wrapping.open(&material) {
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
