//! What an operator accepts about the file: that it is lost, or an older copy, and that no newer one can be restored.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use tessera_encryption::DataKeys;

use super::check::changes_of_wallet_keys;
use super::error::WalletKeysError;
use super::layout::{FIRST_LINE, NAME, WALLET_KEYS_PAGE};

/// What there was to accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// There is no file: the next start makes an empty one.
    Lost,
    /// The file is an older copy: the next start no longer warns about it.
    Older,
    /// The file is as new as it should be. Nothing was changed.
    Nothing,
}

/// Has the key table of a folder of data fit the file that is there.
///
/// # Errors
/// When file or table can't be read or written, or the file is something else.
pub fn accept_lost_wallet_keys(data: &Path, keys: &DataKeys) -> Result<Accepted, WalletKeysError> {
    let path = data.join(NAME);
    let failed = |why| WalletKeysError::Io {
        path: path.clone(),
        why,
    };
    let file = match File::open(&path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            keys.record_wallet_key_changes(None)?;
            return Ok(Accepted::Lost);
        }
        file => file.map_err(failed)?,
    };
    let mut first = [0; WALLET_KEYS_PAGE];
    file.read_exact_at(&mut first, 0).map_err(failed)?;
    if !first.starts_with(FIRST_LINE) {
        return Err(WalletKeysError::Foreign { path });
    }
    let changes = Some(changes_of_wallet_keys(&first));
    if changes >= keys.wallet_key_changes()? {
        return Ok(Accepted::Nothing);
    }
    keys.record_wallet_key_changes(changes)?;
    Ok(Accepted::Older)
}
