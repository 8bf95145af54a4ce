//! What wraps the MAC keys that a party changes to.

use tessera_protocol::{KEY_BYTES, KeyEncryptingKey, KeyMaterial};

/// What a party needs in order to change its MAC key.
#[derive(Debug, Clone)]
pub struct Wrapping {
    key: KeyEncryptingKey,
    /// The key of the profile.
    profile: KeyMaterial,
}

impl Wrapping {
    /// Of a party whose profile has this MAC key.
    pub fn new(key: KeyEncryptingKey, profile: KeyMaterial) -> Self {
        Self { key, profile }
    }
    /// The key of the profile, as it is wrapped there.
    pub fn profile(&self) -> KeyMaterial {
        self.profile
    }

    /// Another key, wrapped alike.
    pub fn wrap(&self, key: &[u8; KEY_BYTES]) -> KeyMaterial {
        self.key.wrap(key)
    }
}
