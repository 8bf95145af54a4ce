//! What the authenticator says (Web Authentication, 6.1).
//!
//! ```text
//! ┌───────────────────┬─────────┬───────────┬─────────────────────────────────────────────┬────────────┐
//! │ SHA-256 of site 32│ flags 1 │ counter 4 │ where a passkey was made: model 16, length 2│ extensions │
//! │                   │         │           │ of the id, id, public key                   │            │
//! └───────────────────┴─────────┴───────────┴─────────────────────────────────────────────┴────────────┘
//! ```

use super::cose;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const MAY_BE_SYNCED: u8 = 1 << 3;
const IS_SYNCED: u8 = 1 << 4;
const HAS_PASSKEY: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

const MODEL: usize = 16;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    site: &'a [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    pub(super) is_synced: bool,
    /// The id and the public key of a passkey that was made.
    pub(super) made: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (site, rest) = bytes.split_first_chunk()?;
        let (&flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (made, rest) = match flags & HAS_PASSKEY {
            0 => (None, rest),
            _ => {
                let (made, rest) = read_made(rest)?;
                (Some(made), rest)
            }
        };
        // We ask for no extension, and read none.
        if rest.is_empty() != (flags & HAS_EXTENSIONS == 0) {
            return None;
        }
        // One that is synced, and can't be, is none (6.1.3).
        if flags & (MAY_BE_SYNCED | IS_SYNCED) == IS_SYNCED {
            return None;
        }
        Some(Self {
            site,
            flags,
            counter: u32::from_be_bytes(*counter),
            is_synced: flags & IS_SYNCED != 0,
            made,
        })
    }

    pub(super) fn is_for(&self, site: &[u8; 32]) -> bool {
        self.site == site
    }

    /// Whether it has seen a person, and knows by fingerprint, face or PIN that they are the owner.
    pub(super) fn proves_user(&self) -> bool {
        let both = USER_PRESENT | USER_VERIFIED;
        self.flags & both == both
    }
}

type Made<'a> = (&'a [u8], &'a [u8]);

fn read_made(bytes: &[u8]) -> Option<(Made<'_>, &[u8])> {
    let rest = bytes.get(MODEL..)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (id, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (public, rest) = rest.split_at_checked(cose::length(rest)?)?;
    Some(((id, public), rest))
}
