//! argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane), in one piece of memory that is used
//! again and again.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::TryRng;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// One per thread.
pub(super) struct Hasher {
    argon2: Argon2<'static>,
    memory: Vec<Block>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
        let memory = vec![Block::default(); Params::DEFAULT.block_count()];
        Self { argon2, memory }
    }

    /// The hash in the PHC string format; `None` where the system gives no random salt.
    pub(super) fn hash(&mut self, password: &[u8]) -> Option<Box<str>> {
        let mut salt = [0; SALT_BYTES];
        SysRng.try_fill_bytes(&mut salt).ok()?;
        let hash = self.run(password, &salt)?;
        let salt = argon2::password_hash::phc::Salt::new(&salt).ok()?;
        let hash = argon2::password_hash::phc::Output::new(&hash).ok()?;
        let (memory, passes, lanes) = (
            Params::DEFAULT_M_COST,
            Params::DEFAULT_T_COST,
            Params::DEFAULT_P_COST,
        );
        Some(
            format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
                .into_boxed_str(),
        )
    }

    /// Whether the password is the one that was hashed. Without a hash it takes as long and is not.
    pub(super) fn fits(&mut self, password: &[u8], stored: Option<&str>) -> bool {
        let parsed = stored.and_then(|stored| PasswordHash::new(stored).ok());
        let known = parsed.and_then(|parsed| Some((parsed.salt?, parsed.hash?)));
        let Some((salt, hash)) = known else {
            self.run(password, &[0; SALT_BYTES]);
            return false;
        };
        self.run(password, salt.as_ref())
            .is_some_and(|found| found.as_slice().ct_eq(hash.as_bytes()).into())
    }

    fn run(&mut self, password: &[u8], salt: &[u8]) -> Option<[u8; HASH_BYTES]> {
        let mut hash = [0; HASH_BYTES];
        self.argon2
            .hash_password_into_with_memory(password, salt, &mut hash, &mut self.memory)
            .ok()?;
        Some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_hashes_and_those_of_others() {
        let mut hasher = Hasher::new();
        let hash = hasher.hash(b"correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.fits(b"correct horse", Some(&hash)));
        assert!(!hasher.fits(b"correct horsf", Some(&hash)));
        assert!(!hasher.fits(b"correct horse", None));
        assert!(!hasher.fits(b"correct horse", Some("")));
        assert_ne!(hasher.hash(b"correct horse").unwrap(), hash, "no salt");
        // The library's own way to check.
        use argon2::PasswordVerifier;
        let parsed = PasswordHash::new(&hash).unwrap();
        let theirs = Argon2::default().verify_password(b"correct horse", &parsed);
        assert!(theirs.is_ok());
    }
}
