//! The vault: seals what says who a payer is (funding sources, addresses) before it goes into the journal.
//!
//! In comes a secret, out come bytes that only the keys of the ring open again, and the other way round. AES-256-GCM
//! (NIST SP 800-38D) with a random nonce; the wallet and the purpose are authenticated along, so that what
//! was sealed for one wallet opens for no other. The keys are in a file of their own, never in journal or store.
//!
//! ```text
//! ┌─────────────┬──────────┬────────────────────────────┐
//! │ key number 4│ nonce 12 │ ciphertext, 16 bytes of tag│
//! └─────────────┴──────────┴────────────────────────────┘
//! ```

mod ring;

use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, Nonce};

pub use ring::{KeyRing, KeyRingError};

use tessera_ledger::{Secret, WalletId};

const NUMBER_BYTES: usize = 4;
const NONCE_BYTES: usize = 12;

/// What something is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The number of a funding source.
    Source,
    /// An e-mail address or a mobile number.
    Contact,
    /// A confirmation code.
    Code,
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key is not in the ring any more.
    #[error("encrypted with key {0}, which is not in the key file")]
    NoKey(u32),
    /// It was not sealed for this, or was changed.
    #[error("a ciphertext cannot be decrypted: it was changed, or belongs to another wallet")]
    Damaged,
    /// There are no random numbers to be had.
    #[error("the system has no random numbers")]
    NoRandomness,
}

/// See the head of this file.
pub struct Vault {
    ring: KeyRing,
}

impl Vault {
    /// A vault with these keys; the newest seals.
    pub fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// Seals a secret for a wallet.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn seal(
        &self,
        wallet: WalletId,
        purpose: Purpose,
        secret: &[u8],
    ) -> Result<Box<[u8]>, VaultError> {
        let nonce = Nonce::<<Aes256Gcm as aes_gcm::AeadCore>::NonceSize>::try_generate()
            .map_err(|_| VaultError::NoRandomness)?;
        let (number, key) = self.ring.newest();
        let aad = bound_to(wallet, purpose);
        let payload = Payload {
            msg: secret,
            aad: &aad,
        };
        let sealed = key
            .encrypt(&nonce, payload)
            .map_err(|_| VaultError::Damaged)?;
        let mut bytes = Vec::with_capacity(NUMBER_BYTES + NONCE_BYTES + sealed.len());
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes.into())
    }

    /// Opens what [`Vault::seal`] has sealed.
    ///
    /// # Errors
    /// Where its key is gone, or it was sealed for something else.
    pub fn open(
        &self,
        wallet: WalletId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Secret, VaultError> {
        let number = key_number(sealed).ok_or(VaultError::Damaged)?;
        let key = self.ring.find(number).ok_or(VaultError::NoKey(number))?;
        let (nonce, sealed) = sealed[NUMBER_BYTES..]
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Damaged)?;
        let aad = bound_to(wallet, purpose);
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let opened = key
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| VaultError::Damaged)?;
        Ok(Secret::new(&zeroize::Zeroizing::new(opened)))
    }

    /// Whether it was sealed with a key that is not the newest.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        key_number(sealed) != Some(self.ring.newest().0)
    }

    /// Whether anything may have been sealed with a key that is not the newest.
    pub fn has_old_keys(&self) -> bool {
        self.ring.len() > 1
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Vault({} keys)", self.ring.len())
    }
}

/// The number of the key that something was sealed with.
pub fn key_number(sealed: &[u8]) -> Option<u32> {
    sealed
        .first_chunk::<NUMBER_BYTES>()
        .map(|number| u32::from_le_bytes(*number))
}

fn bound_to(wallet: WalletId, purpose: Purpose) -> [u8; 9] {
    let mut aad = [0; 9];
    aad[..8].copy_from_slice(&wallet.0.to_be_bytes());
    aad[8] = match purpose {
        Purpose::Source => 1,
        Purpose::Contact => 2,
        Purpose::Code => 3,
    };
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(KeyRing::parse(&ring::tests::text(&[1, 2])).unwrap())
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let vault = vault();
        let wallet = WalletId(7);
        let sealed = vault
            .seal(wallet, Purpose::Source, b"4970100000000006")
            .unwrap();
        let opened = vault.open(wallet, Purpose::Source, &sealed).unwrap();
        assert_eq!(opened.expose(), b"4970100000000006");
        assert_eq!(format!("{opened:?}"), "***");
        let again = vault
            .seal(wallet, Purpose::Source, b"4970100000000006")
            .unwrap();
        assert_ne!(sealed, again, "a nonce was used twice");
        let wrong = Err(VaultError::Damaged);
        assert_eq!(vault.open(WalletId(8), Purpose::Source, &sealed), wrong);
        assert_eq!(vault.open(wallet, Purpose::Contact, &sealed), wrong);
        for place in NUMBER_BYTES..sealed.len() {
            let mut other = sealed.clone();
            other[place] ^= 1;
            assert_eq!(vault.open(wallet, Purpose::Source, &other), wrong);
            assert!(
                vault
                    .open(wallet, Purpose::Source, &sealed[..place])
                    .is_err()
            );
        }
    }

    #[test]
    fn an_old_key_opens_and_the_newest_seals() {
        let old = Vault::new(KeyRing::parse(&ring::tests::text(&[1])).unwrap());
        let wallet = WalletId(7);
        let sealed = old.seal(wallet, Purpose::Contact, b"a@b.example").unwrap();
        let vault = vault();
        assert!(vault.is_outdated(&sealed));
        let opened = vault.open(wallet, Purpose::Contact, &sealed).unwrap();
        let anew = vault
            .seal(wallet, Purpose::Contact, opened.expose())
            .unwrap();
        assert!(!vault.is_outdated(&anew));
        assert_eq!(
            old.open(wallet, Purpose::Contact, &anew),
            Err(VaultError::NoKey(2))
        );
    }
}
