//! Identifies a repeat of a request: the same operation with the same passwords.

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

use tessera_ledger::{Claims, DuplicateKey, WalletId};

/// Of a request's wallet, idempotency key and passwords. It is compared for equality and reveals nothing without this
/// process's memory.
pub(super) type Digest = [u8; 16];

/// Makes digests; its key is drawn at start and never leaves the process.
pub(super) struct Digester {
    keyed: Sha256,
}

impl Digester {
    /// `None` where the system gives no random numbers.
    pub(super) fn new() -> Option<Self> {
        let mut key = [0; 32];
        SysRng.try_fill_bytes(&mut key).ok()?;
        Some(Self {
            keyed: Sha256::new_with_prefix(key),
        })
    }

    pub(super) fn digest(&self, wallet: WalletId, key: &DuplicateKey, claims: &Claims) -> Digest {
        let mut hash = self.keyed.clone();
        hash.update(wallet.0.to_le_bytes());
        hash.update(key.0);
        for password in [&claims.password, &claims.new_password] {
            let bytes = password
                .as_ref()
                .map_or(&[][..], |password| password.expose());
            hash.update([u8::from(password.is_some())]);
            hash.update(bytes.len().to_le_bytes());
            hash.update(bytes);
        }
        if let Some(assertion) = &claims.assertion {
            hash.update(&assertion.signature);
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(&hash.finalize()[..16]);
        digest
    }
}
