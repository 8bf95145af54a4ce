//! A slot of the file, byte for byte; drawn in the head of this folder.

use std::path::Path;

use aes_gcm::{Aes256Gcm, KeyInit};
use tessera_encryption::{DataKeyId, DataKeys, Purpose};
use tessera_ledger::WalletId;
use zeroize::Zeroizing;

use super::error::WalletKeysError;
use super::layout::PAGE;

const SECTOR: usize = 512;
/// Bytes of a slot.
pub const SLOT: usize = 80;
/// Of the key in its slot.
pub(super) const KEY: std::ops::Range<usize> = 24..56;

pub(super) struct Slot {
    pub offset: u64,
    pub bytes: [u8; SLOT],
}

pub(super) fn decrypt(
    slot: &mut Slot,
    keys: &DataKeys,
    path: &Path,
) -> Result<Aes256Gcm, WalletKeysError> {
    let Slot { offset, bytes } = slot;
    let wallet = wallet_of(bytes);
    let data_key = DataKeyId(data_key_of(bytes));
    let nonce = std::array::from_fn(|at| bytes[12 + at]);
    let tag = std::array::from_fn(|at| bytes[56 + at]);
    let cipher = keys.cipher(data_key, Purpose::WalletKeys, &[])?;
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&bytes[KEY]);
    cipher
        .decrypt(&nonce, &bound_to(wallet, *offset), &mut *key, &tag)
        .map_err(|_| WalletKeysError::Changed {
            path: path.to_owned(),
        })?;
    Ok(Aes256Gcm::new((&*key).into()))
}

pub(super) fn slots(page: &[u8; PAGE]) -> impl Iterator<Item = (usize, &[u8])> {
    (0..PAGE / SECTOR).flat_map(move |sector| {
        (0..SECTOR / SLOT).map(move |number| {
            let at = sector * SECTOR + number * SLOT;
            (at, &page[at..at + SLOT])
        })
    })
}

/// Whether a slot begins at this offset of the file.
pub(super) fn is_slot(offset: u64) -> bool {
    let in_sector = offset % SECTOR as u64;
    let number = in_sector / SLOT as u64;
    offset >= PAGE as u64
        && in_sector.is_multiple_of(SLOT as u64)
        && number < (SECTOR / SLOT) as u64
}

/// No data key has the number 0.
pub(super) fn is_free(slot: &[u8]) -> bool {
    data_key_of(slot) == 0
}

pub(super) fn data_key_of(slot: &[u8]) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|at| slot[8 + at]))
}

pub(super) fn wallet_of(slot: &[u8]) -> WalletId {
    WalletId(u64::from_le_bytes(std::array::from_fn(|at| slot[at])))
}

pub(super) fn bound_to(wallet: WalletId, offset: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&wallet.0.to_le_bytes());
    bytes[8..].copy_from_slice(&offset.to_le_bytes());
    bytes
}
