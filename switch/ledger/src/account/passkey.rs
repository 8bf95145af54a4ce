//! The passkeys of an account (W3C Web Authentication). Their ids and public keys are sealed by the vault.

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::PASSKEYS_MAX;

use super::Account;
use crate::Rule;

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Within the wallet.
    pub number: u32,
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// Its id and its public key, sealed by the vault.
    pub sealed: Box<[u8]>,
    /// Its name at first: its provider, or the browser that it was made in.
    pub name: Box<str>,
    /// What the payer calls it, sealed by the vault: payers may choose names that say who they are.
    pub renamed: Option<Box<[u8]>>,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last used, to a minute.
    pub used_at: Timestamp,
    /// Its signature counter; 0 where it does not count.
    pub counter: u32,
    /// Its provider copies it to the payer's other devices.
    pub synced: bool,
}

/// What an answer of a passkey, whose signature fits, says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasskeyUse {
    /// Of the passkey.
    pub number: u32,
    /// Its signature counter.
    pub counter: u32,
    /// Its provider copies it to the payer's other devices.
    pub synced: bool,
    /// The same request has shown the same answer before.
    pub again: bool,
}

impl Account {
    /// The passkey whose id has this digest.
    pub fn passkey(&self, digest: &[u8; 32]) -> Option<&Passkey> {
        let mut passkeys = self.passkeys.iter();
        passkeys.find(|passkey| passkey.digest == *digest)
    }

    /// The passkey of this number.
    pub fn passkey_of(&self, number: u32) -> Option<&Passkey> {
        let mut passkeys = self.passkeys.iter();
        passkeys.find(|passkey| passkey.number == number)
    }

    /// Whether an answer whose signature fits proves that the payer asks. A counter that does not rise says that there are two
    /// copies of a passkey which cannot be copied (Web Authentication, 6.1.1).
    ///
    /// # Errors
    /// Where it does not.
    pub fn accept_passkey(&self, used: &PasskeyUse) -> Result<(), Rule> {
        let passkey = self.passkey_of(used.number).ok_or(Rule::WrongPasskey)?;
        let counts = used.counter != 0 || passkey.counter != 0;
        let repeats = used.again && used.counter == passkey.counter;
        match counts && used.counter <= passkey.counter && !repeats {
            true => Err(Rule::PasskeyCounter),
            false => Ok(()),
        }
    }

    /// Whether the passkey whose id has this digest can be added.
    pub(crate) fn takes_passkey(&self, digest: &[u8; 32]) -> Result<(), Rule> {
        if self.passkey(digest).is_some() {
            return Err(Rule::PasskeyExists);
        }
        self.takes_one_more_passkey()
    }

    /// Whether one more can be added.
    pub(crate) fn takes_one_more_passkey(&self) -> Result<(), Rule> {
        match self.passkeys.len() < PASSKEYS_MAX {
            true => Ok(()),
            false => Err(Rule::TooManyPasskeys),
        }
    }

    pub(super) fn add_passkey(&mut self, passkey: &Passkey, user: &[u8]) {
        self.numbers = passkey.number;
        self.passkeys.push(passkey.clone());
        // Browsers keep one passkey for each wallet and device: they know the wallet by its first value.
        self.passkey_user.get_or_insert_with(|| user.into());
    }

    pub(super) fn change_passkey(&mut self, number: u32, change: impl FnOnce(&mut Passkey)) {
        let mut passkeys = self.passkeys.iter_mut();
        if let Some(passkey) = passkeys.find(|passkey| passkey.number == number) {
            change(passkey);
        }
    }
}
