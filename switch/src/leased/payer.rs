//! Reads the operations on a payer's account from tags, and masks sources and contacts for display.

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use tessera_protocol::CardNumber;
use tessera_protocol::leased::{
    Operation as Code, PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, SECRET_DIGITS, SESSION_DIGITS,
    SourceKind, tag,
};

use super::data::{Data, Reading};
use tessera_kit::email_address::EmailAddress;
use tessera_ledger::{
    AccountAction, Contact, ContactAndCode, ContactChannel, NewSession, Reference, Reload, Rule,
    Secret, Source, WalletId, code_digest,
};
use tessera_vault::{Purpose, Vault};

/// What a payer knows a device by is no longer.
const DEVICE_CHARACTERS_MAX: usize = 60;
const CODE_DIGITS: u32 = 6;

/// The action of an operation that is about an account.
pub(super) fn read(
    code: Code,
    wallet: WalletId,
    data: &Data<'_>,
    reading: &Reading,
) -> Result<AccountAction, Rule> {
    let vault = &reading.vault;
    let number = || data.small(tag::NUMBER)?.ok_or(Rule::NumberMissing);
    Ok(match code {
        Code::Register => AccountAction::Register(new_session(data)?),
        Code::SignIn => AccountAction::SignIn(new_session(data)?),
        Code::Recover => AccountAction::Recover(new_session(data)?),
        Code::SetRecovery => AccountAction::SetRecovery,
        Code::SignOut => AccountAction::SignOut,
        Code::SignOutEverywhere => AccountAction::SignOutEverywhere,
        Code::EndSession => AccountAction::EndSession(number()?),
        Code::ListSessions => AccountAction::ListSessions,
        Code::ChangePassword => AccountAction::ChangePassword,
        Code::Overview => AccountAction::Overview,
        Code::Watch => AccountAction::Watch,
        Code::RevealCard => AccountAction::RevealCard(data.small(tag::NUMBER)?),
        Code::ReissueCard => AccountAction::ReissueCard,
        Code::IssueNumber => {
            let usage = data.parsed(tag::KIND, Rule::NumberUseFormat)?;
            let usage = usage.ok_or(Rule::NumberUseFormat)?;
            AccountAction::IssueNumber(usage, data.amount()?)
        }
        Code::RetireNumber => AccountAction::RetireNumber(number()?),
        Code::ListNumbers => AccountAction::ListNumbers,
        Code::AddSource => AccountAction::AddSource(source(wallet, data, vault)?),
        Code::RemoveSource => AccountAction::RemoveSource(number()?),
        Code::SetReload => {
            let source = data.small(tag::NUMBER)?;
            let threshold = data.number(tag::THRESHOLD)?.unwrap_or(0);
            let amount = data.amount()?.value();
            AccountAction::SetReload(source.map(|source| Reload {
                source,
                threshold,
                amount,
                under_way: None,
                failed_at: None,
            }))
        }
        Code::ReadOrder => AccountAction::ReadOrder,
        Code::Freeze => AccountAction::Freeze(disputed(data)?),
        Code::Unfreeze => AccountAction::Unfreeze,
        Code::SetLimits => {
            let limits = data.parsed(tag::LIMITS, Rule::LimitsFormat)?;
            AccountAction::SetLimits(limits.ok_or(Rule::LimitsFormat)?)
        }
        Code::ProposeContact => AccountAction::ProposeContact(contact(wallet, data, reading)?),
        Code::ConfirmContact => {
            let code = data.secret(tag::CODE)?.ok_or(Rule::CodeMissing)?;
            AccountAction::ConfirmContact(Secret::new(code))
        }
        Code::RemoveContact => AccountAction::RemoveContact,
        Code::SetPreferences => {
            let preferences = data.parsed(tag::PREFERENCES, Rule::PreferencesFormat)?;
            AccountAction::SetPreferences(preferences.ok_or(Rule::PreferencesFormat)?)
        }
        Code::SetLanguage => {
            let language = data.parsed(tag::LANGUAGE, Rule::LanguageFormat)?;
            AccountAction::SetLanguage(language.ok_or(Rule::LanguageFormat)?)
        }
        Code::Close => AccountAction::Close(data.small(tag::NUMBER)?),
        Code::CreateWallet
        | Code::IssueCard
        | Code::Load
        | Code::AnnounceOrder
        | Code::CancelOrder
        | Code::ReadBalance
        | Code::ReadHistory
        | Code::PasskeyChallenge
        | Code::PasskeySignIn
        | Code::BeginPasskey
        | Code::AddPasskey
        | Code::RenamePasskey
        | Code::RemovePasskey
        | Code::ListPasskeys
        | Code::AddBrowser
        | Code::RemoveBrowser
        | Code::ListBrowsers
        | Code::Unwatch => {
            return Err(Rule::NotOfAccount);
        }
    })
}

/// The transaction that the payer does not recognise.
fn disputed(data: &Data<'_>) -> Result<Option<Reference>, Rule> {
    let named = data.find(tag::REFERENCE)?;
    let read = |text| Reference::from_text(text).ok_or(Rule::ReferenceFormat);
    named.map(read).transpose()
}

/// The wallet that a handle names, and the digest of its secret.
pub(super) fn session(handle: &[u8]) -> Option<(WalletId, [u8; 32])> {
    if handle.len() != SESSION_DIGITS || !handle.iter().all(|digit| is_hex(*digit)) {
        return None;
    }
    let (wallet, secret) = handle.split_at(SESSION_DIGITS - SECRET_DIGITS);
    let wallet = u64::from_str_radix(str::from_utf8(wallet).ok()?, 16).ok()?;
    Some((WalletId(wallet), digest(secret)))
}

/// Long enough to hold out against guessing, and not so long that hashing it is an attack.
pub(super) fn is_password(password: &Secret) -> bool {
    (PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&password.expose().len())
}

pub(super) fn new_session(data: &Data<'_>) -> Result<NewSession, Rule> {
    let secret = data.secret(tag::SECRET)?.unwrap_or_default();
    if secret.len() != SECRET_DIGITS || !secret.iter().all(|digit| is_hex(*digit)) {
        return Err(Rule::SecretFormat);
    }
    let kind = data.parsed(tag::KIND, Rule::SessionKindFormat)?;
    let device = data.find(tag::DEVICE)?.unwrap_or_default();
    let device = String::from_utf8_lossy(device);
    let device: String = device
        .chars()
        .filter(|character| !character.is_control())
        .take(DEVICE_CHARACTERS_MAX)
        .collect();
    Ok(NewSession {
        digest: digest(secret),
        kind: kind.ok_or(Rule::SessionKindFormat)?,
        device: device.into(),
    })
}

fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn is_hex(digit: u8) -> bool {
    matches!(digit, b'0'..=b'9' | b'a'..=b'f')
}

fn source(wallet: WalletId, data: &Data<'_>, vault: &Vault) -> Result<Source, Rule> {
    let kind = data.parsed(tag::KIND, Rule::SourceKindFormat)?;
    let kind = kind.ok_or(Rule::SourceKindFormat)?;
    let number = data.source()?;
    let text = str::from_utf8(number.expose()).unwrap_or_default();
    let shown = match kind {
        SourceKind::Card => {
            let card = CardNumber::from_digits(text).filter(CardNumber::luhn_valid);
            card.ok_or(Rule::SourceCard)?;
            format!("**** {}", last(text, 4))
        }
        SourceKind::Account => {
            let is_one = text.len() >= 5
                && text
                    .bytes()
                    .all(|character| character.is_ascii_alphanumeric());
            if !is_one {
                return Err(Rule::SourceAccount);
            }
            format!("{}**** {}", &text[..2], last(text, 3))
        }
    };
    Ok(Source {
        // The account gives it one.
        number: 0,
        added_by: Reference(0),
        kind,
        sealed: seal(vault, wallet, Purpose::Source, number.expose())?,
        shown: shown.into(),
    })
}

fn contact(wallet: WalletId, data: &Data<'_>, reading: &Reading) -> Result<ContactAndCode, Rule> {
    let vault = &reading.vault;
    let channel = data.find(tag::KIND)?.and_then(ContactChannel::of);
    let channel = channel.ok_or(Rule::ChannelFormat)?;
    if !reading.channels.contains(&channel) {
        return Err(Rule::ChannelNotConfigured);
    }
    let address = data.secret(tag::CONTACT)?.unwrap_or_default();
    let text = str::from_utf8(address).unwrap_or_default();
    let shown = match channel {
        ContactChannel::Email => shown_email(text).ok_or(Rule::EmailFormat)?,
        ContactChannel::Mobile => shown_mobile(text).ok_or(Rule::MobileFormat)?,
    };
    let mut random = [0; 4];
    SysRng
        .try_fill_bytes(&mut random)
        .map_err(|_| Rule::NoRandomNumbers)?;
    // The bias of a remainder of 32 bits by a million is one in four thousand: no help to who guesses five times.
    let code = u32::from_le_bytes(random) % 10u32.pow(CODE_DIGITS);
    let code = Secret::new(format!("{code:0digits$}", digits = CODE_DIGITS as usize).as_bytes());
    Ok(ContactAndCode {
        contact: Contact {
            channel,
            sealed: seal(vault, wallet, Purpose::Contact, address)?,
            shown: shown.into(),
        },
        digest: code_digest(wallet, code.expose()),
        sealed_code: seal(vault, wallet, Purpose::Code, code.expose())?,
    })
}

/// On its way to the wallet, which seals it with its own key.
pub(super) fn seal(
    vault: &Vault,
    wallet: WalletId,
    purpose: Purpose,
    secret: &[u8],
) -> Result<Box<[u8]>, Rule> {
    vault
        .pass(wallet, purpose, secret)
        .map_err(|_| Rule::NotEncrypted)
}

/// Its first letter and its domain.
fn shown_email(address: &str) -> Option<String> {
    let address = EmailAddress::parse(address)?;
    let first = address.local().chars().next()?;
    Some(format!("{first}***@{}", address.domain()))
}

/// Its last two digits (ITU-T E.164).
fn shown_mobile(number: &str) -> Option<String> {
    let digits = number.strip_prefix('+')?;
    let sound =
        (8..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    sound.then(|| format!("+*** {}", last(digits, 2)))
}

fn last(text: &str, count: usize) -> &str {
    &text[text.len().saturating_sub(count)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_is_little() {
        assert_eq!(
            shown_email("alice@example.com").as_deref(),
            Some("a***@example.com")
        );
        assert_eq!(
            shown_email("jörg@bücher.example").as_deref(),
            Some("j***@bücher.example")
        );
        assert_eq!(
            shown_email("用户@例え.テスト").as_deref(),
            Some("用***@例え.テスト")
        );
        assert_eq!(shown_mobile("+491701234567").as_deref(), Some("+*** 67"));
        for wrong in [
            "",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@b@c",
            "a@b\r\nBcc: x",
        ] {
            assert_eq!(shown_email(wrong), None, "{wrong}");
        }
        for wrong in [
            "",
            "491701234567",
            "+49",
            "+49170123456x",
            "+4917012345678901",
        ] {
            assert_eq!(shown_mobile(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_handle_is_a_wallet_and_a_secret() {
        let handle = format!("{:016x}{}", 4711, "ab".repeat(24));
        let (wallet, digest) = session(handle.as_bytes()).unwrap();
        assert_eq!(wallet, WalletId(4711));
        assert_eq!(digest, <[u8; 32]>::from(Sha256::digest("ab".repeat(24))));
        assert!(session(&handle.as_bytes()[1..]).is_none());
        assert!(session(handle.to_uppercase().as_bytes()).is_none());
    }
}
