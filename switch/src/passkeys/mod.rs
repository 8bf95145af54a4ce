//! Passkeys (W3C Web Authentication, level 3): challenges, and what authenticators answer to them.
//!
//! In comes what the browser has sent, out comes what it proves: that a passkey was made, or that the payer has unlocked one
//! of the wallet's, here and a moment ago. What never happens here: an answer counts twice, for another site, without the
//! payer's fingerprint, face or PIN, or for another session than the one that its challenge was made for.
//!
//! Attestation is not asked for: nobody needs to know which product a payer has. So what is left of the standard's procedures
//! (7.1 and 7.2) is short enough to be here: see decision 0064.

mod authenticator;
mod challenge;
mod client_data;
mod cose;
#[cfg(test)]
mod tests;

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Assertion, DuplicateKey, PasskeyUse, Rule, Secret, WalletId};
use tessera_protocol::leased::PASSKEY_ID_BYTES_MAX;

use authenticator::AuthenticatorData;
use challenge::Challenges;
pub use challenge::Purpose;
use client_data::{Ceremony, ClientData};
use cose::PublicKey;

/// See the head of this file. Shared by all workers.
#[derive(Debug)]
pub struct Passkeys {
    /// Of the wallet server's pages, as browsers write it.
    origin: Box<str>,
    /// SHA-256 of the origin's host, which passkeys are made for.
    site: [u8; 32],
    challenges: Challenges,
}

/// A passkey that was made.
#[derive(Debug)]
pub struct Made {
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// Its id and its public key, as [`Passkeys::check`] reads them.
    pub material: Secret,
    /// Its signature counter.
    pub counter: u32,
    /// Its provider copies it to other devices.
    pub synced: bool,
}

impl Passkeys {
    /// For the pages of this origin.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(origin: &str) -> io::Result<Self> {
        Ok(Self {
            origin: origin.into(),
            site: Sha256::digest(tessera_config::host_of_origin(origin)).into(),
            challenges: Challenges::new().ok_or_else(|| io::Error::other("no random numbers"))?,
        })
    }

    /// A new challenge, base64url.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn challenge(&self, purpose: &Purpose, now: Timestamp) -> Result<Box<str>, Rule> {
        let challenge = self.challenges.make(purpose, now);
        let challenge = challenge.ok_or(Rule::NoRandomNumbers)?;
        Ok(URL_SAFE_NO_PAD.encode(challenge).into())
    }

    /// What was made for a challenge of this session (7.1). The request of this key may show it again.
    ///
    /// # Errors
    /// Where it proves nothing.
    pub fn made(
        &self,
        (client_data, authenticator): (&[u8], &[u8]),
        session: [u8; 32],
        key: &DuplicateKey,
        now: Timestamp,
    ) -> Result<Made, Rule> {
        let challenge =
            self.challenge_of(client_data, Ceremony::Create, &Purpose::Add(session), now)?;
        let data = AuthenticatorData::read(authenticator).ok_or(Rule::PasskeyFormat)?;
        let (id, public) = data.made.ok_or(Rule::PasskeyFormat)?;
        if !data.is_for(&self.site) || !data.proves_user() {
            return Err(Rule::WrongPasskey);
        }
        if id.is_empty() || id.len() > PASSKEY_ID_BYTES_MAX || PublicKey::read(public).is_none() {
            return Err(Rule::PasskeyFormat);
        }
        self.challenges.take(&challenge, key, now)?;
        Ok(Made {
            digest: Sha256::digest(id).into(),
            material: material(id, public),
            counter: data.counter,
            synced: data.is_synced,
        })
    }

    /// What a passkey has signed (7.2): for a session, or to open one. The request of this key may show it again.
    ///
    /// # Errors
    /// Where it proves nothing.
    pub fn check(
        &self,
        (number, material): (u32, &Secret),
        assertion: &Assertion,
        session: Option<[u8; 32]>,
        key: &DuplicateKey,
        now: Timestamp,
    ) -> Result<PasskeyUse, Rule> {
        let purpose = session.map_or(Purpose::SignIn, Purpose::Confirm);
        let client_data = &assertion.client_data;
        let challenge = self.challenge_of(client_data, Ceremony::Get, &purpose, now)?;
        let data = AuthenticatorData::read(&assertion.authenticator);
        let data = data.filter(|data| data.made.is_none() && data.is_for(&self.site));
        let data = data.ok_or(Rule::WrongPasskey)?;
        let (id, public) = parts(material.expose()).ok_or(Rule::WrongPasskey)?;
        let is_own = assertion.passkey == <[u8; 32]>::from(Sha256::digest(id));
        let public = PublicKey::read(public).filter(|_| is_own && data.proves_user());
        let signed = [&assertion.authenticator[..], &Sha256::digest(client_data)].concat();
        if !public.is_some_and(|public| public.has_signed(&signed, &assertion.signature)) {
            return Err(Rule::WrongPasskey);
        }
        let again = self.challenges.take(&challenge, key, now)?;
        Ok(PasskeyUse {
            number,
            counter: data.counter,
            synced: data.is_synced,
            again,
        })
    }

    /// The challenge that was answered: one of ours, for this purpose, on our pages.
    fn challenge_of(
        &self,
        client_data: &[u8],
        ceremony: Ceremony,
        purpose: &Purpose,
        now: Timestamp,
    ) -> Result<challenge::Challenge, Rule> {
        let data = ClientData::read(client_data).ok_or(Rule::PasskeyFormat)?;
        if !data.is_of(ceremony, &self.origin) {
            return Err(Rule::WrongPasskey);
        }
        let challenge = data.challenge().ok_or(Rule::PasskeyTooLate)?;
        let is_good = self.challenges.is_good(&challenge, purpose, now);
        is_good.then_some(challenge).ok_or(Rule::PasskeyTooLate)
    }
}

/// What a challenge of a session is made for: the session of this wallet, whatever its secret.
pub fn bound(wallet: WalletId, session: [u8; 32]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(wallet.0.to_be_bytes());
    hash.chain_update(session).finalize().into()
}

/// The id of a passkey, as browsers are asked for it: base64url.
pub fn id_of(material: &Secret) -> Option<String> {
    parts(material.expose()).map(|(id, _)| URL_SAFE_NO_PAD.encode(id))
}

/// The bytes of a value as it is written in tags.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A value as it is written in tags.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Length of the id (2), the id, the public key as the authenticator has written it (RFC 9052).
fn material(id: &[u8], public: &[u8]) -> Secret {
    let length = (id.len() as u16).to_le_bytes();
    Secret::new(&[&length, id, public].concat())
}

fn parts(material: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = material.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}
