//! The vault: seals what says who a payer is (funding sources, addresses) before it goes into the journal.
//!
//! In comes a secret, out come bytes that only the key of its wallet opens again, and the other way round. AES-256-GCM
//! (NIST SP 800-38D) with a random nonce; the wallet and the purpose are authenticated along, so that what
//! was sealed for one wallet opens for no other. The keys of wallets are in [a file of their own](WalletKeys), never in journal
//! or store. When a wallet ends, its key is destroyed: copies of the journal do not open any more either.
//!
//! ```text
//! ┌─────────────┬──────────┬────────────────────────────┐
//! │ key number 4│ nonce 12 │ ciphertext, 16 bytes of tag│
//! └─────────────┴──────────┴────────────────────────────┘
//! ```
//!
//! | key number | the key |
//! | --- | --- |
//! | 0 | that of the wallet |
//! | the highest | that of this process: a secret on its way from a session to its wallet, never journaled |
//! | another | one of the [ring](KeyRing) that builds before had for all wallets |

mod ring;
mod wallet_keys;

use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};

pub use ring::{KeyRing, KeyRingError};
pub use wallet_keys::{
    Accepted, Fit, SlotChanges, WALLET_KEY_SLOT, WALLET_KEYS_PAGE, WalletKeys, WalletKeysError,
    accept_lost_wallet_keys, changes_of_wallet_keys, check_file, read_page, wallet_key_pages,
};

use tessera_ledger::{Secret, WalletId};

const NUMBER_BYTES: usize = 4;
const NONCE_BYTES: usize = 12;
/// The key of the wallet.
const OF_WALLET: u32 = 0;
/// The key of this process.
const OF_PROCESS: u32 = u32::MAX;

/// What something is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The number of a funding source.
    Source,
    /// An e-mail address or a mobile number.
    Contact,
    /// A confirmation code.
    Code,
    /// The id and the public key of a passkey.
    Passkey,
    /// What the payer calls a passkey.
    PasskeyName,
    /// The number of a wallet, as its passkeys know it.
    PasskeyUser,
    /// The address and the keys of a browser that shows notifications.
    Browser,
}

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key is not in the ring any more.
    #[error("encrypted with key {0}, which is not in the key file")]
    NoKey(u32),
    /// The wallet has no key.
    #[error("erased: the wallet has no key; it is destroyed when the wallet ends")]
    Erased,
    /// It was not sealed for this, or was changed.
    #[error("a ciphertext cannot be decrypted: it was changed, or belongs to another wallet")]
    Damaged,
    /// The key of the wallet can't be had.
    #[error(transparent)]
    Keys(#[from] WalletKeysError),
    /// There are no random numbers to be had.
    #[error("the system has no random numbers")]
    NoRandomness,
}

/// See the head of this file.
pub struct Vault {
    keys: WalletKeys,
    /// Of an earlier build, where there is one.
    ring: Option<KeyRing>,
    process: Aes256Gcm,
}

impl Vault {
    /// A vault that seals with the keys of wallets, and opens what a ring has sealed too.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(keys: WalletKeys, ring: Option<KeyRing>) -> Result<Self, VaultError> {
        let process = Key::<Aes256Gcm>::try_generate().map_err(|_| VaultError::NoRandomness)?;
        Ok(Self {
            keys,
            ring,
            process: Aes256Gcm::new(&process),
        })
    }

    /// A vault in a folder, under keys that anybody may know: for tests.
    #[doc(hidden)]
    pub fn for_tests(data: &std::path::Path) -> Self {
        let keys = tessera_encryption::DataKeys::for_tests(data);
        let keys = WalletKeys::open(data, keys).expect("wallet keys");
        Self::new(keys, None).expect("random numbers")
    }

    /// Seals a secret for its way to its wallet, in this process. Nothing is read or written.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn pass(
        &self,
        wallet: WalletId,
        purpose: Purpose,
        secret: &[u8],
    ) -> Result<Box<[u8]>, VaultError> {
        sealed(OF_PROCESS, &self.process, bound_to(wallet, purpose), secret)
    }

    /// Seals a secret with the key of its wallet. The first time, the key is made and written to the disk.
    ///
    /// # Errors
    /// Where the key can't be had, or the system has no random numbers.
    pub fn seal(
        &self,
        wallet: WalletId,
        purpose: Purpose,
        secret: &[u8],
    ) -> Result<Box<[u8]>, VaultError> {
        let key = self.keys.find_or_make(wallet)?;
        sealed(OF_WALLET, &key, bound_to(wallet, purpose), secret)
    }

    /// Opens what [`Vault::seal`] or [`Vault::pass`] has sealed, or a ring.
    ///
    /// # Errors
    /// Where its key is gone, or it was sealed for something else.
    pub fn open(
        &self,
        wallet: WalletId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Secret, VaultError> {
        let aad = bound_to(wallet, purpose);
        match key_number(sealed).ok_or(VaultError::Damaged)? {
            OF_WALLET => {
                let key = self.keys.find(wallet)?.ok_or(VaultError::Erased)?;
                opened(&key, aad, sealed)
            }
            OF_PROCESS => opened(&self.process, aad, sealed),
            number => {
                let key = self.ring.as_ref().and_then(|ring| ring.find(number));
                opened(key.ok_or(VaultError::NoKey(number))?, aad, sealed)
            }
        }
    }

    /// Whether it was sealed with another key than the wallet's.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        key_number(sealed) != Some(OF_WALLET)
    }

    /// Whether anything may have been sealed with the ring of an earlier build.
    pub fn has_ring(&self) -> bool {
        self.ring.is_some()
    }

    /// The keys of wallets.
    pub fn wallet_keys(&self) -> &WalletKeys {
        &self.keys
    }
}

fn sealed(
    number: u32,
    key: &Aes256Gcm,
    aad: [u8; 9],
    secret: &[u8],
) -> Result<Box<[u8]>, VaultError> {
    let nonce = Nonce::<<Aes256Gcm as aes_gcm::AeadCore>::NonceSize>::try_generate()
        .map_err(|_| VaultError::NoRandomness)?;
    let payload = Payload {
        msg: secret,
        aad: &aad,
    };
    let ciphertext = key
        .encrypt(&nonce, payload)
        .map_err(|_| VaultError::Damaged)?;
    let mut bytes = Vec::with_capacity(NUMBER_BYTES + NONCE_BYTES + ciphertext.len());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&ciphertext);
    Ok(bytes.into())
}

fn opened(key: &Aes256Gcm, aad: [u8; 9], sealed: &[u8]) -> Result<Secret, VaultError> {
    let parts = sealed
        .get(NUMBER_BYTES..)
        .and_then(|rest| rest.split_first_chunk::<NONCE_BYTES>());
    let (nonce, ciphertext) = parts.ok_or(VaultError::Damaged)?;
    let payload = Payload {
        msg: ciphertext,
        aad: &aad,
    };
    let opened = key
        .decrypt(&(*nonce).into(), payload)
        .map_err(|_| VaultError::Damaged)?;
    Ok(Secret::new(&zeroize::Zeroizing::new(opened)))
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Vault(..)")
    }
}

/// The number of the key that something was sealed with.
fn key_number(sealed: &[u8]) -> Option<u32> {
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
        Purpose::Passkey => 4,
        Purpose::PasskeyUser => 5,
        Purpose::PasskeyName => 6,
        Purpose::Browser => 7,
    };
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::for_tests(folder.path());
        let wallet = WalletId(7);
        for seal in [Vault::seal, Vault::pass] {
            let seal = || seal(&vault, wallet, Purpose::Source, b"4970100000000006").unwrap();
            let sealed = seal();
            let opened = vault.open(wallet, Purpose::Source, &sealed).unwrap();
            assert_eq!(opened.expose(), b"4970100000000006");
            assert_eq!(format!("{opened:?}"), "***");
            assert_ne!(sealed, seal(), "a nonce was used twice");
            assert!(vault.open(WalletId(8), Purpose::Source, &sealed).is_err());
            assert!(vault.open(wallet, Purpose::Contact, &sealed).is_err());
            for place in NUMBER_BYTES..sealed.len() {
                let mut other = sealed.clone();
                other[place] ^= 1;
                let opened = vault.open(wallet, Purpose::Source, &other);
                assert!(matches!(opened, Err(VaultError::Damaged)));
                let cut = &sealed[..place];
                assert!(vault.open(wallet, Purpose::Source, cut).is_err());
            }
        }
    }

    #[test]
    fn what_passes_opens_in_this_process_only() {
        let folder = tempfile::tempdir().unwrap();
        let (wallet, vault) = (WalletId(7), Vault::for_tests(folder.path()));
        let passing = vault.pass(wallet, Purpose::Code, b"123456").unwrap();
        let sealed = vault.seal(wallet, Purpose::Code, b"123456").unwrap();
        assert!(vault.is_outdated(&passing) && !vault.is_outdated(&sealed));
        let after = Vault::for_tests(folder.path());
        assert!(after.open(wallet, Purpose::Code, &passing).is_err());
        assert!(after.open(wallet, Purpose::Code, &sealed).is_ok());
    }

    #[test]
    fn a_ring_opens_and_the_wallets_key_seals() {
        let folder = tempfile::tempdir().unwrap();
        let (wallet, bound) = (WalletId(7), bound_to(WalletId(7), Purpose::Contact));
        let ring = || KeyRing::parse(&ring::tests::text(&[1, 2])).unwrap();
        let old = sealed(2, ring().find(2).unwrap(), bound, b"a@b.example").unwrap();
        let keys = tessera_encryption::DataKeys::for_tests(folder.path());
        let keys = WalletKeys::open(folder.path(), keys).unwrap();
        let vault = Vault::new(keys, Some(ring())).unwrap();
        assert!(vault.is_outdated(&old) && vault.has_ring());
        let opened = vault.open(wallet, Purpose::Contact, &old).unwrap();
        assert_eq!(opened.expose(), b"a@b.example");
        let without = Vault::for_tests(folder.path());
        let refused = without.open(wallet, Purpose::Contact, &old);
        assert!(matches!(refused, Err(VaultError::NoKey(2))));
    }

    #[test]
    fn nothing_of_an_ended_wallet_opens() {
        let folder = tempfile::tempdir().unwrap();
        let (wallet, vault) = (WalletId(7), Vault::for_tests(folder.path()));
        let sealed = vault
            .seal(wallet, Purpose::Contact, b"a@b.example")
            .unwrap();
        vault.wallet_keys().destroy(wallet).unwrap();
        for vault in [vault, Vault::for_tests(folder.path())] {
            let opened = vault.open(wallet, Purpose::Contact, &sealed);
            assert!(matches!(opened, Err(VaultError::Erased)));
        }
    }
}
