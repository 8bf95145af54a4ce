//! A digest of all that has to be the same on the nodes of a cluster and that no log carries: the parties and their keys.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use tessera_common::bounded;
use zeroize::Zeroizing;

use super::{Party, SettingsError};

/// Of the digest, as it is shown. So many distinguish any two configurations.
const BYTES: usize = 8;

/// Names these parties' files and keys, in 16 hexadecimal digits: the names and contents of the files, and the check values of the keys.
///
/// # Errors
/// Where a file can't be read.
pub(crate) fn digest(folder: &Path, parties: &[Party]) -> Result<String, SettingsError> {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for file in super::files(folder)? {
        let name = file.file_name().unwrap_or_default();
        part(name.as_encoded_bytes());
        let unreadable = |why| SettingsError::Unreadable {
            file: file.clone(),
            why,
        };
        // MAC keys may stand in it.
        let text = bounded::text_file(&file).map(Zeroizing::new);
        part(text.map_err(unreadable)?.as_bytes());
    }
    for party in parties {
        let mac_key = party.mac_key.as_ref();
        part(&mac_key.map_or([0; 3], |key| key.check_value()));
        let wrapping = party.key_encrypting_key.as_ref();
        part(&wrapping.map_or([0; 3], |key| key.check_value()));
        let secrets = party.webhook.iter().flat_map(|webhook| &webhook.secrets);
        for secret in secrets {
            part(&Sha256::digest(secret.expose())[..3]);
        }
    }
    let digits = |byte: &u8| format!("{byte:02x}");
    Ok(digest.finalize()[..BYTES].iter().map(digits).collect())
}
