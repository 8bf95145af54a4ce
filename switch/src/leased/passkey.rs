//! Reads the operations on passkeys from tags.

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::{Operation as Code, PASSKEY_NAME_CHARACTERS_MAX, tag};
use tessera_protocol::{Administrative, Message};

use sha2::{Digest as _, Sha256};
use tessera_ledger::{AccountAction, Assertion, DuplicateKey, NewPasskey, Rule, Secret, WalletId};
use tessera_vault::Purpose as Sealed;

use super::data::{Data, Reading};
use super::payer;
use crate::passkeys::{Passkeys, Purpose, bound, decode};

/// Who asks, and when.
pub(super) struct Asked<'a> {
    pub(super) wallet: WalletId,
    pub(super) session: Option<[u8; 32]>,
    pub(super) key: &'a DuplicateKey,
    pub(super) now: Timestamp,
}

/// A challenge for somebody who is not known yet: no wallet is asked.
pub(super) fn challenge(
    message: &Message<'_>,
    administrative: &Administrative<'_>,
    reading: &Reading,
    now: Timestamp,
) -> Option<Result<Box<str>, Rule>> {
    let data = Data::of(administrative);
    let is_one = Code::of(administrative.operation) == Some(Code::PasskeyChallenge)
        && data.secret(tag::SESSION) == Ok(None)
        && message.raw(37).is_some();
    is_one.then(|| configured(reading)?.challenge(&Purpose::SignIn, now))
}

/// The action of an operation that is about passkeys.
pub(super) fn read(
    code: Code,
    asked: &Asked<'_>,
    data: &Data<'_>,
    reading: &Reading,
) -> Result<AccountAction, Rule> {
    let passkeys = configured(reading)?;
    let number = || data.small(tag::NUMBER)?.ok_or(Rule::NumberMissing);
    let session = || -> Result<[u8; 32], Rule> {
        let session = asked.session.ok_or(Rule::SessionFormat)?;
        Ok(bound(asked.wallet, session))
    };
    let challenge = |purpose: Purpose| passkeys.challenge(&purpose, asked.now);
    Ok(if code == Code::PasskeySignIn {
        AccountAction::SignIn(payer::new_session(data)?)
    } else if code == Code::PasskeyChallenge {
        AccountAction::PasskeyChallenge(challenge(Purpose::Confirm(session()?))?)
    } else if code == Code::BeginPasskey {
        AccountAction::BeginPasskey(challenge(Purpose::Add(session()?))?)
    } else if code == Code::AddPasskey {
        AccountAction::AddPasskey(new(asked, session()?, data, reading)?)
    } else if code == Code::RenamePasskey {
        let (vault, name) = (&reading.vault, name(data)?);
        let sealed = payer::seal(vault, asked.wallet, Sealed::PasskeyName, name.as_bytes())?;
        AccountAction::RenamePasskey(number()?, sealed)
    } else if code == Code::RemovePasskey {
        AccountAction::RemovePasskey(number()?)
    } else {
        AccountAction::ListPasskeys
    })
}

/// What a passkey has signed, where the operation has it.
pub(super) fn assertion(data: &Data<'_>, reading: &Reading) -> Result<Option<Assertion>, Rule> {
    let (Some(id), Some(authenticator)) =
        (data.secret(tag::PASSKEY)?, data.secret(tag::AUTHENTICATOR)?)
    else {
        return Ok(None);
    };
    configured(reading)?;
    let mut parts = authenticator.splitn(2, |byte| *byte == b'.');
    let mut next = || parts.next().and_then(decode).ok_or(Rule::PasskeyFormat);
    let (authenticator, signature) = (next()?, next()?);
    let id = decode(id).ok_or(Rule::PasskeyFormat)?;
    Ok(Some(Assertion {
        passkey: Sha256::digest(id).into(),
        client_data: client_data(data)?.into(),
        authenticator: authenticator.into(),
        signature: signature.into(),
    }))
}

/// The wallet that a passkey knows; only what the operator's key has encrypted names one.
pub(super) fn wallet_of(data: &Data<'_>, reading: &Reading) -> Result<WalletId, Rule> {
    configured(reading)?;
    let user = data.secret(tag::PASSKEY_USER)?.and_then(decode);
    let user = user.ok_or(Rule::PasskeyFormat)?;
    named(&user, reading).ok_or(Rule::WrongPasskey)
}

fn named(user: &[u8], reading: &Reading) -> Option<WalletId> {
    let vault = &reading.vault;
    let opened = vault.open(WalletId::OPERATOR, Sealed::PasskeyUser, user);
    let bytes = opened.ok()?.expose().try_into().ok()?;
    Some(WalletId(u64::from_be_bytes(bytes)))
}

fn new(
    asked: &Asked<'_>,
    session: [u8; 32],
    data: &Data<'_>,
    reading: &Reading,
) -> Result<NewPasskey, Rule> {
    let user = data.secret(tag::PASSKEY_USER)?.and_then(decode);
    let user = user.ok_or(Rule::PasskeyFormat)?;
    if named(&user, reading) != Some(asked.wallet) {
        return Err(Rule::WrongPasskey);
    }
    let name = name(data)?;
    let authenticator = data.secret(tag::AUTHENTICATOR)?.and_then(decode);
    let authenticator = authenticator.ok_or(Rule::PasskeyFormat)?;
    let client_data = client_data(data)?;
    let answer = (&client_data[..], &authenticator[..]);
    let made = configured(reading)?.made(answer, session, asked.key, asked.now)?;
    let material: &Secret = &made.material;
    Ok(NewPasskey {
        digest: made.digest,
        sealed: payer::seal(
            &reading.vault,
            asked.wallet,
            Sealed::Passkey,
            material.expose(),
        )?,
        user: user.into(),
        name,
        counter: made.counter,
        synced: made.synced,
    })
}

fn name(data: &Data<'_>) -> Result<Box<str>, Rule> {
    let name = data.find(tag::DEVICE)?.unwrap_or_default();
    let name = str::from_utf8(name).map_err(|_| Rule::PasskeyNameFormat)?;
    let length = name.chars().count();
    let fits = (1..=PASSKEY_NAME_CHARACTERS_MAX).contains(&length)
        && !name.chars().any(char::is_control)
        && name.trim() == name;
    fits.then(|| name.into()).ok_or(Rule::PasskeyNameFormat)
}

fn client_data(data: &Data<'_>) -> Result<Vec<u8>, Rule> {
    let text = data.find(tag::CLIENT_DATA)?;
    text.and_then(decode).ok_or(Rule::PasskeyFormat)
}

fn configured(reading: &Reading) -> Result<&Passkeys, Rule> {
    let passkeys = reading.passkeys.as_deref();
    passkeys.ok_or(Rule::PasskeysNotConfigured)
}
