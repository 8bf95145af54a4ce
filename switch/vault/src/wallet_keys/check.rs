//! Whether the keys in the file are good, without opening it: also while a switch changes it.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use tessera_encryption::DataKeys;

use super::COUNTED;
use super::error::WalletKeysError;
use super::layout::{FIRST_LINE, NAME, WALLET_KEYS_PAGE};
use super::slot::{Slot, decrypt, is_free, slots};

/// A page that a switch is writing is read again so often.
const READS_MAX: u32 = 50;
const READ_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Reads every key in the file of a folder of data. How many there are; none where there is no file.
///
/// # Errors
/// Where one was changed or its data key is missing, or the file can't be read or is something else.
pub fn check_file(data: &Path, keys: &DataKeys) -> Result<u64, WalletKeysError> {
    let path = data.join(NAME);
    let failed = |why| WalletKeysError::Io {
        path: path.clone(),
        why,
    };
    let file = match File::open(&path) {
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(0),
        file => file.map_err(failed)?,
    };
    let length = file.metadata().map_err(failed)?.len();
    let mut found = 0;
    for offset in (0..length).step_by(WALLET_KEYS_PAGE) {
        let page = read_page(&file, offset, keys, &path)?;
        if offset > 0 {
            found += slots(&page).filter(|(_, slot)| !is_free(slot)).count() as u64;
        }
    }
    Ok(found)
}

/// A page whose keys are all what was written at this offset. The switch may be writing one of them: then it is read again.
///
/// # Errors
/// Where one is not, or its data key is missing, the first page is another file's, or it can't be read.
pub fn read_page(
    file: &File,
    offset: u64,
    keys: &DataKeys,
    path: &Path,
) -> Result<[u8; WALLET_KEYS_PAGE], WalletKeysError> {
    let mut page = [0; WALLET_KEYS_PAGE];
    let mut reads = 1;
    loop {
        let read = file.read_exact_at(&mut page, offset);
        read.map_err(|why| WalletKeysError::Io {
            path: path.to_owned(),
            why,
        })?;
        match check_page(&page, offset, keys, path) {
            Err(WalletKeysError::Changed { .. }) if reads < READS_MAX => {
                reads += 1;
                sleep(READ_AGAIN_AFTER);
            }
            checked => return checked.map(|()| page),
        }
    }
}

/// How many keys were made and destroyed in the file with this first page: an older copy has counted fewer.
pub fn changes_of_wallet_keys(first: &[u8; WALLET_KEYS_PAGE]) -> u64 {
    let counted = COUNTED as usize;
    u64::from_le_bytes(std::array::from_fn(|at| first[counted + at]))
}

/// Whether each key in a page is what was written at this offset.
fn check_page(
    page: &[u8; WALLET_KEYS_PAGE],
    offset: u64,
    keys: &DataKeys,
    path: &Path,
) -> Result<(), WalletKeysError> {
    if offset == 0 {
        let foreign = || WalletKeysError::Foreign {
            path: path.to_owned(),
        };
        return page
            .starts_with(FIRST_LINE)
            .then_some(())
            .ok_or_else(foreign);
    }
    for (at, slot) in slots(page).filter(|(_, slot)| !is_free(slot)) {
        let bytes = std::array::from_fn(|byte| slot[byte]);
        let offset = offset + at as u64;
        decrypt(&mut Slot { offset, bytes }, keys, path)?;
    }
    Ok(())
}
